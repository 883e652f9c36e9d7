package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.host.LivePeers;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A hub whose registry cannot be read for a while goes on. Its production interface is not there. */
class GateHubTest {
    private static final Primitives PRIMITIVES = Primitives.get();

    private final SecureRandom random = new SecureRandom();
    private final PrivateKey hubKey = PrivateKey.generate(random);
    private final PublicKey hubPublic = hubKey.publicKey(PRIMITIVES);
    private final PrivateKey production = PrivateKey.generate(random);
    private final Entry entry = new Entry(
            "alice",
            PrivateKey.generate(random).publicKey(PRIMITIVES),
            production.publicKey(PRIMITIVES),
            List.of(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            true,
            false,
            Optional.empty(),
            false,
            "");
    private final MemoryRegistry registry = new MemoryRegistry();
    private final LivePeers peers = new LivePeers("anubis-none");
    private final BlockingQueue<String> log = new LinkedBlockingQueue<>();
    private final BlockingQueue<Operation> told = new LinkedBlockingQueue<>();
    private final GateTunnel tunnel;
    private final GateHub hub;

    GateHubTest() throws Exception {
        tunnel = GateTunnel.open(new GateTunnel.Setup(hubKey, 0, InstantSource.system()), _ -> false, (_, _, _) -> {});
        Hub own = new Hub(
                new Reply.Terms(
                        hubPublic, List.of(Endpoint.parse("192.0.2.1:51820")), List.of(Cidr.parse("10.0.0.0/8"))),
                Duration.ofHours(1),
                Optional.empty());
        hub = new GateHub(new GateHub.Parts(
                tunnel,
                own,
                9,
                registry,
                new Decisions(own, registry, hubKey, PRIMITIVES),
                peers,
                new SecondFactors(Optional.empty()),
                (what, _) -> told.add(what),
                Set.of(),
                InstantSource.system(),
                log::add));
    }

    /** Has a client that is up, as the registry says, and has renewed its lease. */
    @BeforeEach
    void start() throws Exception {
        registry.add(List.of(entry));
        Instant now = Instant.now();
        registry.put(
                Standing.NEW.coming(new Identifier(0, 1)).lease(now.plusSeconds(60), Duration.ofMinutes(1)),
                new AuditLine(
                        now, "alice", entry.gateKey(), entry.productionKey(), "up", "test", Optional.of(Code.DONE)));
        var renew = new Request(
                Operation.RENEW,
                new Identifier(0, 2),
                entry.productionKey(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        byte[] datagram = Proof.seal(renew, production, hubPublic, random, PRIMITIVES);
        onTunnel(() -> hub.received(entry.gateKey(), datagram, "192.0.2.7:9"));
    }

    @AfterEach
    void close() {
        tunnel.close();
        peers.close();
    }

    private void onTunnel(Runnable task) throws Exception {
        CompletableFuture<Void> done = new CompletableFuture<>();
        tunnel.execute(() -> {
            task.run();
            done.complete(null);
        });
        done.get(10, TimeUnit.SECONDS);
    }

    @Test
    void whenTheInterfaceGoes() throws Exception {
        registry.locked = true;
        onTunnel(hub::interfaceGone);
        assertThat(log.poll(10, TimeUnit.SECONDS)).contains("locked");
    }

    @Test
    void whenAGoodbyeIsRepeated() throws Exception {
        onTunnel(hub::interfaceGone);
        assertThat(told.poll(10, TimeUnit.SECONDS)).isEqualTo(Operation.HAS_NOT);
        registry.locked = true;
        TimeUnit.MILLISECONDS.sleep(1200); // it is repeated after a second
        onTunnel(() -> {});
    }

    @Test
    void whenItStops() throws Exception {
        registry.locked = true;
        CompletableFuture<Void> said = new CompletableFuture<>();
        tunnel.execute(() -> hub.stop(said));
        said.get(2, TimeUnit.SECONDS); // no goodbye is on its way that could be waited for
    }
}
