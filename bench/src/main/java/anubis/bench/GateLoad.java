package anubis.bench;

import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.gate.GateTunnel;
import anubis.gate.Identifier;
import anubis.gate.InnerUdp;
import anubis.gate.Operation;
import anubis.gate.Parsed;
import anubis.gate.Proof;
import anubis.gate.Reply;
import anubis.gate.Request;
import anubis.lab.LabHost;
import anubis.linux.NetworkNamespace;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Many clients of one hub, each with a gate tunnel of its own, that ask as often as the hub lets them. */
final class GateLoad implements AutoCloseable {
    /** The address of the hub in production, /10; clients have those after it. */
    static final String NETWORK = "10.64.0.1";

    /** A hub answers a client five times a second. */
    private static final Duration PAUSE = Duration.ofMillis(210);

    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration AGAIN = Duration.ofSeconds(1);
    private static final long TAI64 = (1L << 62) + 10;

    private final LabHost host;
    private final PublicKey hub;
    private final InetSocketAddress at;
    private final List<Client> clients = new ArrayList<>();
    private final AtomicInteger answers = new AtomicInteger();
    private volatile Operation[] asked = {};
    private volatile boolean asking;

    GateLoad(LabHost host, PublicKey hub, String address) {
        this.host = host;
        this.hub = hub;
        this.at = new InetSocketAddress(InetAddress.ofLiteral(address), InnerUdp.PORT);
    }

    static PrivateKey gateKey(int number) {
        return PrivateKey.generate(new Random(2L * number));
    }

    static PrivateKey productionKey(int number) {
        return PrivateKey.generate(new Random(2L * number + 1));
    }

    static String address(int number) {
        int host = number + 2;
        return "10." + (64 + (host >> 16)) + "." + (host >> 8 & 0xff) + "." + (host & 0xff);
    }

    /** A client. What is not said otherwise is of the thread of its tunnel. */
    private final class Client implements AutoCloseable {
        private final PrivateKey key;
        private final SecureRandom random = new SecureRandom();
        private final GateTunnel tunnel;
        private final Semaphore answered = new Semaphore(0);
        private Optional<Identifier> last = Optional.empty();
        private boolean waiting;
        private int turn;

        Client(int number) throws Exception {
            this.key = productionKey(number);
            try (NetworkNamespace network = NetworkNamespace.of(host.namespacePath())) {
                this.tunnel = network.call(() -> GateTunnel.open(
                        new GateTunnel.Setup(gateKey(number), 0, InstantSource.system()),
                        _ -> false,
                        (_, datagram, _) -> received(datagram)));
            }
            tunnel.execute(() -> tunnel.peer(hub, at));
        }

        private void ask(Operation operation) {
            Instant now = Instant.now();
            Identifier wished = new Identifier(TAI64 + now.getEpochSecond(), now.getNano());
            Identifier identifier = last.map(wished::after).orElse(wished);
            last = Optional.of(identifier);
            waiting = true;
            Request request = new Request(
                    operation,
                    identifier,
                    key.publicKey(Primitives.get()),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty());
            send(identifier, Proof.seal(request, key, hub, random, Primitives.get()));
        }

        private void send(Identifier identifier, byte[] datagram) {
            if (waiting && last.equals(Optional.of(identifier))) {
                tunnel.send(hub, datagram);
                tunnel.after(AGAIN, () -> send(identifier, datagram));
            }
        }

        private void received(byte[] datagram) {
            if (waiting
                    && Reply.parse(datagram) instanceof Parsed.Read<Reply>(Reply reply)
                    && last.equals(Optional.of(reply.identifier()))) {
                if (!reply.code().agrees()) {
                    throw new IllegalStateException(reply.operation() + ": " + reply.sentence());
                }
                waiting = false;
                answered.release();
            }
        }

        /** Asks for what is to be asked, until the end. */
        private void askOn() {
            if (waiting) {
                tunnel.after(PAUSE, this::askOn);
            } else if (asking) {
                if (turn > 0) {
                    answers.incrementAndGet();
                }
                ask(asked[turn++ % asked.length]);
                tunnel.after(PAUSE, this::askOn);
            }
        }

        @Override
        public void close() {
            tunnel.close();
        }
    }

    /** Has clients come that stay: each shakes hands, and asks for the status once. */
    void come(int from, int to) throws Exception {
        for (int number = from; number < to; number++) {
            Client client = new Client(number);
            clients.add(client);
            client.tunnel.execute(() -> client.ask(Operation.STATUS));
            awaitAnswer(client);
        }
    }

    /** As {@link #come}, but they do not stay. */
    void comeAndGo(int from, int to) throws Exception {
        for (int number = from; number < to; number++) {
            try (Client client = new Client(number)) {
                client.tunnel.execute(() -> client.ask(Operation.STATUS));
                awaitAnswer(client);
            }
        }
    }

    private static void awaitAnswer(Client client) throws InterruptedException {
        if (!client.answered.tryAcquire(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new IllegalStateException("the hub does not answer");
        }
    }

    /** Has all that have come ask in turn for these, as often as they may, and returns how many answers there were. */
    int ask(Duration time, Operation... operations) throws InterruptedException {
        answers.set(0);
        asked = operations;
        asking = true;
        Random random = new Random(4);
        for (Client client : clients) {
            client.tunnel.execute(() -> {
                client.turn = 0;
                client.tunnel.after(Duration.ofMillis(random.nextLong(PAUSE.toMillis())), client::askOn);
            });
        }
        Thread.sleep(time);
        asking = false;
        int counted = answers.get();
        Thread.sleep(PATIENCE.dividedBy(4)); // what is still under way
        return counted;
    }

    @Override
    public void close() {
        clients.forEach(Client::close);
    }
}
