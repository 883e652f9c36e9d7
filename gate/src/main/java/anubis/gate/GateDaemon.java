package anubis.gate;

import anubis.config.UapiDevice;
import anubis.crypto.Primitives;
import anubis.crypto.PublicKey;
import anubis.host.HandshakeClock;
import anubis.host.LivePeers;
import anubis.linux.Errno;
import anubis.linux.ErrnoException;
import anubis.linux.Processes;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * The gate of a host: as a hub, as a client of others, or both; one process for each production interface. It lives in
 * the network namespace of the thread that opens it.
 */
public final class GateDaemon implements AutoCloseable {
    private static final Duration LOOK = Duration.ofMillis(100);
    private static final Duration GOODBYES = Duration.ofSeconds(3);

    private final GateConfig config;
    private final Consumer<String> log;
    private final InstantSource wall = InstantSource.system();
    private final CountDownLatch end = new CountDownLatch(1);
    private final HandshakeClock clock;
    private final LivePeers production;
    private final Optional<Registry> registry;
    private final GateTunnel tunnel;
    private final GateClient client;
    private final Optional<GateHub> hub;
    private final ControlSocket control;
    private volatile boolean serving;
    // Of the tunnel's thread.
    private int interfaceIndex;

    /**
     * Opens the gate; waits for the production interface, if that is not there yet.
     *
     * @param log takes a line for what a person should know
     * @param waiting told what is waited for, if anything is
     * @throws IOException if it cannot be: another one is running, the port is taken
     */
    public static GateDaemon open(
            GateConfig config, Path stateDirectory, Consumer<String> log, Consumer<String> waiting) throws IOException {
        return new GateDaemon(config, stateDirectory, log, waiting);
    }

    private GateDaemon(GateConfig config, Path stateDirectory, Consumer<String> log, Consumer<String> waiting)
            throws IOException {
        this.config = config;
        this.log = log;
        String name = config.interfaceName();
        this.control = ControlSocket.open(name, this::answer);
        control.start();
        this.production = new LivePeers(name);
        this.clock = HandshakeClock.open(stateDirectory, wall, log);
        UapiDevice device;
        try {
            device = awaitProduction(waiting);
        } catch (IOException e) {
            control.close();
            production.close();
            clock.close();
            throw e;
        }
        this.registry = config.hub().map(_ -> SqliteRegistry.open(stateDirectory));
        this.tunnel = openTunnel();
        this.client = new GateClient(
                tunnel,
                production,
                config.hubs(),
                ControlSocket.DIRECTORY.resolve("gate-" + name + ".session"),
                wall,
                log);
        this.hub = config.hub().map(part -> hub(part, device));
        this.interfaceIndex = index();
        tunnel.execute(() -> {
            hub.ifPresent(GateHub::start);
            tunnel.after(LOOK, this::lookAtInterface);
        });
        client.start();
        serving = true;
    }

    private UapiDevice awaitProduction(Consumer<String> waiting) throws IOException {
        boolean told = false;
        while (true) {
            try {
                UapiDevice device = production.look().join();
                if (device.privateKey().isPresent()) {
                    return device;
                }
                throw new IOException(config.interfaceName() + " has no private key");
            } catch (CompletionException | IOException e) {
                if (!told) {
                    Throwable cause = e.getCause() == null ? e : e.getCause();
                    String what = "waiting for " + config.interfaceName() + ": " + cause.getMessage();
                    log.accept(what);
                    waiting.accept(what);
                    told = true;
                }
                try {
                    Thread.sleep(LOOK);
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                    throw new IOException("interrupted", interrupted);
                }
            }
        }
    }

    private GateTunnel openTunnel() throws IOException {
        Set<PublicKey> hubs = config.hubs().stream().map(HubAddress::key).collect(Collectors.toSet());
        try {
            return GateTunnel.open(
                    new GateTunnel.Setup(config.gateKey(), config.port(), clock),
                    // A hub may tell of its clients before it has been asked anything.
                    key -> hubs.contains(key)
                            || registry.map(each -> GateHub.admits(each, key)).orElse(false),
                    this::received);
        } catch (ErrnoException e) {
            String port = "UDP port " + config.port() + " of the gate ";
            throw switch (e.errno()) {
                case Errno.EACCES ->
                    new IOException(
                            port + "is below 1,024, and needs CAP_NET_BIND_SERVICE: choose another (port = 4297 in"
                                    + " gate.toml), or let the service have it ('systemctl edit anubis-gate', as package.md"
                                    + " tells)",
                            e);
                case Errno.EADDRINUSE ->
                    new IOException(
                            port + "is taken by another process: end that ('ss -lunp' shows it), or choose another"
                                    + " (port = … in gate.toml, and in the [[hubs]] of the clients)",
                            e);
                default -> e;
            };
        }
    }

    private GateHub hub(GateConfig.HubPart part, UapiDevice device) {
        Hub own = own(part, device);
        Registry entries = registry.orElseThrow();
        Announcements announcements = new Announcements(config.hubs(), client::ask, log);
        return new GateHub(new GateHub.Parts(
                tunnel,
                own,
                part.maxPeers(),
                entries,
                new Decisions(own, entries, config.gateKey(), Primitives.get()),
                production,
                new SecondFactors(part.secondFactorProgram()),
                announcements::tell,
                config.hubs().stream().map(HubAddress::key).collect(Collectors.toSet()),
                wall,
                log));
    }

    private static Hub own(GateConfig.HubPart part, UapiDevice device) {
        PublicKey key = device.privateKey().orElseThrow().publicKey(Primitives.get());
        return new Hub(new Reply.Terms(key, part.endpoints(), part.allowedIps()), part.lease(), part.inReserveFor());
    }

    // On the tunnel's thread.

    private void received(PublicKey peer, byte[] datagram, String from) {
        switch (Reply.parse(datagram)) {
            case Parsed.Read<Reply>(Reply reply) -> client.received(peer, reply);
            case Parsed.Refused<Reply> _ -> hub.ifPresent(each -> each.received(peer, datagram, from));
        }
    }

    private int index() {
        try {
            return Processes.interfaceIndex(config.interfaceName());
        } catch (ErrnoException e) {
            return 0;
        }
    }

    /** The production interface may go, and come again as another one. */
    private void lookAtInterface() {
        int index = index();
        if (index != interfaceIndex) {
            if (interfaceIndex != 0) {
                log.accept(config.interfaceName() + " is gone");
                hub.ifPresent(GateHub::interfaceGone);
                client.interfaceGone();
                interfaceIndex = 0;
            } else {
                config.hub().ifPresent(part -> Thread.startVirtualThread(() -> came(part)));
                interfaceIndex = index;
            }
        }
        tunnel.after(LOOK, this::lookAtInterface);
    }

    private void came(GateConfig.HubPart part) {
        try {
            Hub own = own(part, awaitProduction(_ -> {}));
            tunnel.execute(() -> hub.ifPresent(each -> each.interfaceCame(own)));
        } catch (IOException e) {
            log.accept(String.valueOf(e.getMessage()));
        }
    }

    // Verbs.

    private Control.Answer answer(Control.Question question) throws IOException {
        if (!serving) {
            throw new IOException("the gate waits for " + config.interfaceName() + ": bring it up with 'anubis up "
                    + config.interfaceName() + "'");
        }
        Optional<String> name = question.value("hub");
        GateClient.Answer answer = switch (question.verb()) {
            case "up" -> client.up(name, question.value("code"), question.seconds("lease"));
            case "use" -> client.use(name.orElse(""), question.value("code"));
            case "down" -> client.down();
            case "renew" -> client.ask(Operation.RENEW, name, question.seconds("lease"));
            case "status" -> client.ask(Operation.STATUS, name, Optional.empty());
            case "hello" -> client.ask(Operation.HELLO, name, Optional.empty());
            default -> throw new IOException("the gate knows no '" + question.verb() + "'");
        };
        return Control.Answer.of(answer, client.session(), Instant.now());
    }

    /** Asks for the end: {@link #awaitEnd} returns. */
    public void end() {
        end.countDown();
    }

    /**
     * Waits for the end.
     *
     * @throws IllegalStateException if a fault has brought it
     */
    public void awaitEnd() throws InterruptedException {
        while (!end.await(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
            if (tunnel.hasEnded()) {
                tunnel.awaitEnd();
                return;
            }
        }
    }

    /** Says goodbye to all, and ends. Peers that are permanent stay in production. */
    @Override
    public void close() {
        control.close();
        client.stop();
        hub.ifPresent(each -> {
            CompletableFuture<Void> said = new CompletableFuture<>();
            tunnel.execute(() -> each.stop(said));
            try {
                said.get(GOODBYES.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                log.accept("not all clients have answered the goodbye");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (ExecutionException e) {
                throw new IllegalStateException(e);
            }
        });
        production.close();
        tunnel.close();
        registry.ifPresent(Registry::close);
        clock.close();
        config.gateKey().destroy();
    }
}
