package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.gate.Decision.Act;
import anubis.gate.Decision.Answer;
import anubis.gate.Decision.Silence;
import anubis.protocol.Drop;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Requests that are repeated, reordered, cut, made longer, or made by others; clocks that jump. */
class AttacksTest {
    private static final Primitives PRIMITIVES = Primitives.get();
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
    private static final Instant NOW = Instant.parse("2026-11-24T12:00:00Z");

    private final SecureRandom random = new SecureRandom();
    private final PrivateKey hubKey = PrivateKey.generate(random);
    private final PublicKey hubPublic = hubKey.publicKey(PRIMITIVES);
    private final Party alice = new Party("alice");
    private final Party mallory = new Party("mallory");
    private final MemoryRegistry registry = new MemoryRegistry();
    private final Hub hub = new Hub(
            new Reply.Terms(
                    hubKey.publicKey(PRIMITIVES),
                    List.of(Endpoint.parse("192.0.2.1:51820")),
                    List.of(Cidr.parse("10.0.0.0/8"))),
            Duration.ofHours(1),
            Optional.empty());
    private final Decisions decisions = new Decisions(hub, registry, hubKey, PRIMITIVES);
    private final List<AutoCloseable> open = new ArrayList<>();

    /** Somebody in the registry. */
    private final class Party {
        final PrivateKey production = PrivateKey.generate(random);
        final PublicKey key = production.publicKey(PRIMITIVES);
        final PrivateKey gate = PrivateKey.generate(random);
        final PublicKey gateKey = gate.publicKey(PRIMITIVES);
        final String name;

        Party(String name) {
            this.name = name;
        }

        Entry entry(boolean enabled) {
            return new Entry(
                    name,
                    gateKey,
                    key,
                    List.of(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    enabled,
                    false,
                    Optional.empty(),
                    false,
                    "");
        }
    }

    AttacksTest() {
        registry.add(List.of(alice.entry(true), mallory.entry(true)));
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private byte[] datagram(Operation operation, int identifier, PublicKey names, PrivateKey prover) {
        var request = new Request(
                operation, new Identifier(0, identifier), names, Optional.empty(), Optional.empty(), Optional.empty());
        return Proof.seal(request, prover, hubPublic, random, PRIMITIVES);
    }

    private byte[] datagram(Operation operation, int identifier) {
        return datagram(operation, identifier, alice.key, alice.production);
    }

    private Decision decide(Party by, byte[] datagram, Instant now) {
        return decisions.decide(by.gateKey, datagram, "192.0.2.7:9", now);
    }

    private Code code(Decision decision, Instant now) {
        return switch (decision) {
            case Act act -> decisions.settle(act, Code.DONE, now).code();
            case Answer(Reply reply) -> reply.code();
            case Silence silence -> throw new AssertionError(silence);
        };
    }

    private Code ask(Operation operation, int identifier, Instant now) {
        return code(decide(alice, datagram(operation, identifier), now), now);
    }

    private boolean wanted(Instant now) {
        return hub.wants(alice.entry(true), registry.standing(alice.key), now);
    }

    // Who asks.

    @Test
    void forAnotherOnesKeyNobodyIsAuthorised() {
        // Even with its private key: both keys must be of one entry.
        byte[] stolen = datagram(Operation.UP, 9, alice.key, alice.production);
        assertThat(code(decide(mallory, stolen, NOW), NOW)).isEqualTo(Code.NOT_AUTHORISED);
        byte[] unproved = datagram(Operation.UP, 9, alice.key, mallory.production);
        assertThat(code(decide(alice, unproved, NOW), NOW)).isEqualTo(Code.NOT_AUTHORISED);
        assertThat(registry.standing(alice.key)).isEqualTo(Standing.NEW);
        assertThat(ask(Operation.UP, 1, NOW)).isEqualTo(Code.DONE);
    }

    @Test
    void theGateKeyOfWhoIsDisabledIsAStrangers() {
        assertThat(ask(Operation.UP, 1, NOW)).isEqualTo(Code.DONE);
        registry.replace(
                alice.entry(false),
                new AuditLine(NOW, "alice", alice.gateKey, alice.key, "disabled", "owner", Optional.of(Code.DONE)));
        for (Operation each : List.of(Operation.UP, Operation.STATUS, Operation.HELLO, Operation.DOWN)) {
            assertThat(decide(alice, datagram(each, 2), NOW)).isEqualTo(new Silence(Refusal.STRANGER));
        }
        assertThat(GateHub.admits(registry, alice.gateKey)).isFalse();
        assertThat(wanted(NOW)).isTrue(); // of the entry as it was
        assertThat(hub.wants(alice.entry(false), registry.standing(alice.key), NOW))
                .isFalse();
    }

    // What is asked.

    @Test
    void whatIsCutOrMadeLongerDoesNothing() {
        byte[] up = datagram(Operation.UP, 1);
        for (int length = 0; length < up.length; length++) {
            Decision decision = decisions.decide(alice.gateKey, Arrays.copyOf(up, length), "", NOW);
            assertThat(decision).isNotInstanceOf(Act.class);
        }
        for (int length : new int[] {up.length + 1, up.length + 3, InnerUdp.MAX_PAYLOAD, InnerUdp.MAX_PAYLOAD + 1}) {
            assertThat(decide(mallory, Arrays.copyOf(up, length), NOW)).isNotInstanceOf(Act.class);
        }
        assertThat(registry.standing(alice.key)).isEqualTo(Standing.NEW);
        // The bucket is empty, not the hub.
        assertThat(ask(Operation.UP, 1, NOW.plusSeconds(60))).isEqualTo(Code.DONE);
    }

    @Test
    void aGoodbyeThatIsForgedOrOldEndsNothing() {
        byte[] goodbye = datagram(Operation.GOODBYE, 2);
        assertThat(ask(Operation.UP, 1, NOW)).isEqualTo(Code.DONE);
        assertThat(code(decide(alice, datagram(Operation.GOODBYE, 3, alice.key, mallory.production), NOW), NOW))
                .isEqualTo(Code.NOT_AUTHORISED);
        assertThat(code(decide(mallory, goodbye, NOW), NOW)).isEqualTo(Code.NOT_AUTHORISED);
        assertThat(wanted(NOW)).isTrue();
        assertThat(code(decide(alice, goodbye, NOW), NOW)).isEqualTo(Code.DONE);
        assertThat(ask(Operation.UP, 4, NOW)).isEqualTo(Code.DONE);
        // Once more, after its reply is no longer the last one.
        assertThat(code(decide(alice, goodbye, NOW), NOW)).isEqualTo(Code.TOO_OLD);
        assertThat(wanted(NOW)).isTrue();
    }

    // Clocks.

    @Test
    void aClockSetBackGivesNobodyMoreTime() {
        assertThat(ask(Operation.UP, 1, NOW)).isEqualTo(Code.DONE);
        assertThat(wanted(NOW.plusSeconds(3599))).isTrue();
        assertThat(wanted(NOW.plusSeconds(3600))).isFalse();
        assertThat(wanted(NOW.minusSeconds(86_400))).isFalse();
        // Requests are compared with no clock.
        Instant past = NOW.minusSeconds(86_400);
        assertThat(ask(Operation.UP, 2, past)).isEqualTo(Code.DONE);
        assertThat(wanted(past.plusSeconds(60))).isTrue();
        assertThat(ask(Operation.UP, 1, past)).isEqualTo(Code.TOO_OLD);
        assertThat(ask(Operation.RENEW, 3, past)).isEqualTo(Code.DONE);
        // The lease of the past is over when the clock is right again.
        assertThat(wanted(NOW)).isFalse();
    }

    @Test
    void aClockSetBackLetsNobodyAskMoreOften() {
        Rates rates = new Rates();
        int let = 0;
        for (int i = 0; i < 200; i++) {
            let += rates.allows(alice.gateKey, NOW.minusSeconds(i)) ? 1 : 0;
        }
        assertThat(let).isEqualTo(Rates.BURST);
        assertThat(rates.allows(alice.gateKey, NOW.minusSeconds(198))).isTrue();
    }

    /** A client whose clock was set back asks with greater identifiers all the same. */
    @Test
    void identifiersGrowWhateverTheClockDoes() throws Exception {
        Instant[] now = {NOW};
        BlockingQueue<Request> heard = new LinkedBlockingQueue<>();
        GateTunnel answering = open(hubKey, (_, datagram, _) -> {
            if (Request.parse(datagram) instanceof Parsed.Read<Request>(Request request)) {
                heard.add(request);
            }
        });
        GateTunnel asking = open(alice.gate, (_, _, _) -> {});
        asking.execute(() -> asking.peer(hubPublic, new InetSocketAddress(LOOPBACK, answering.port())));
        Asker asker = new Asker(asking, () -> now[0]);
        Identifier last = new Identifier(0, 0);
        for (int step : new int[] {0, -86_400, 86_400, -1, 0}) {
            now[0] = now[0].plusSeconds(step);
            asking.execute(() -> asker.ask(
                    new Asker.Question(hubPublic, Operation.HELLO),
                    alice.production.duplicate(),
                    new CompletableFuture<>()));
            Request request = heard.poll(10, TimeUnit.SECONDS);
            assertThat(request).isNotNull();
            assertThat(request.identifier()).isGreaterThan(last);
            last = request.identifier();
        }
    }

    private GateTunnel open(PrivateKey key, GateTunnel.Receiver receiver) throws Exception {
        GateTunnel tunnel = GateTunnel.open(new GateTunnel.Setup(key, 0, InstantSource.system()), _ -> true, receiver);
        open.add(tunnel);
        return tunnel;
    }

    // On the way.

    /** Somebody between client and hub, who sends each datagram of the client three times, the last one late and backwards. */
    private int attacker(int hubPort) throws SocketException {
        DatagramSocket near = new DatagramSocket(0, LOOPBACK);
        DatagramSocket far = new DatagramSocket(0, LOOPBACK);
        open.add(near);
        open.add(far);
        InetSocketAddress[] client = new InetSocketAddress[1];
        List<byte[]> kept = new ArrayList<>();
        Thread.startVirtualThread(() -> forward(near, packet -> {
            client[0] = (InetSocketAddress) packet.getSocketAddress();
            byte[] bytes = Arrays.copyOf(packet.getData(), packet.getLength());
            kept.addFirst(bytes);
            far.send(new DatagramPacket(bytes, bytes.length, LOOPBACK, hubPort));
            for (byte[] old : kept) {
                far.send(new DatagramPacket(old, old.length, LOOPBACK, hubPort));
            }
        }));
        Thread.startVirtualThread(() -> forward(far, packet -> {
            if (client[0] != null) {
                near.send(new DatagramPacket(packet.getData(), packet.getLength(), client[0]));
            }
        }));
        return near.getLocalPort();
    }

    private interface Each {
        void of(DatagramPacket packet) throws java.io.IOException;
    }

    private static void forward(DatagramSocket from, Each each) {
        try {
            while (true) {
                DatagramPacket packet = new DatagramPacket(new byte[2048], 2048);
                from.receive(packet);
                each.of(packet);
            }
        } catch (java.io.IOException e) {
            // It has been closed.
        }
    }

    @Test
    void whatIsRepeatedAndReorderedOnTheWayIsHeardOnce() throws Exception {
        BlockingQueue<Decision> decided = new LinkedBlockingQueue<>();
        GateTunnel answering =
                open(hubKey, (peer, datagram, from) -> decided.add(decisions.decide(peer, datagram, from, NOW)));
        GateTunnel asking = open(alice.gate, (_, _, _) -> {});
        int between = attacker(answering.port());
        asking.execute(() -> asking.peer(hubPublic, new InetSocketAddress(LOOPBACK, between)));
        int times = 6;
        for (int i = 1; i <= times; i++) {
            byte[] request = datagram(i % 2 == 1 ? Operation.UP : Operation.DOWN, i);
            asking.execute(() -> asking.send(hubPublic, request));
            Decision decision = decided.poll(10, TimeUnit.SECONDS);
            assertThat(decision).isInstanceOf(Act.class);
            Reply reply = decisions.settle((Act) decision, Code.DONE, NOW);
            assertThat(reply.code()).isEqualTo(Code.DONE);
        }
        // A request of before in a new tunnel datagram gets a reply, and does nothing.
        byte[] again = datagram(Operation.UP, 1);
        asking.execute(() -> asking.send(hubPublic, again));
        Decision decision = decided.poll(10, TimeUnit.SECONDS);
        assertThat(decision).isInstanceOf(Answer.class);
        assertThat(((Answer) decision).reply().code()).isEqualTo(Code.TOO_OLD);
        assertThat(decided).isEmpty();
        assertThat(answering.dropped(Drop.REPLAYED)).isPositive();
        assertThat(wanted(NOW)).isFalse();
    }
}
