package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.host.LivePeers;
import anubis.host.UapiClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A change of the registry is seen at once, also by a hub that is just looking for leases that are over. */
class ReconcileTest {
    private static final Primitives PRIMITIVES = Primitives.get();

    private final SecureRandom random = new SecureRandom();
    private final PrivateKey hubKey = PrivateKey.generate(random);
    private final PublicKey hubPublic = hubKey.publicKey(PRIMITIVES);
    private final PrivateKey production = PrivateKey.generate(random);
    private final Entry alice = entry("alice", production.publicKey(PRIMITIVES), false);
    private final Entry printer = entry("printer", key(), true);
    private final MemoryRegistry registry = new MemoryRegistry();

    private PublicKey key() {
        return PrivateKey.generate(random).publicKey(PRIMITIVES);
    }

    private Entry entry(String name, PublicKey productionKey, boolean permanent) {
        return new Entry(
                name,
                key(),
                productionKey,
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                true,
                permanent,
                Optional.empty(),
                false,
                "");
    }

    /** A device without peers, that takes everything. */
    private static void device(ServerSocketChannel listener) {
        while (true) {
            try (SocketChannel connection = listener.accept();
                    BufferedReader in = new BufferedReader(Channels.newReader(connection, StandardCharsets.US_ASCII))) {
                for (String line = in.readLine(); line != null && !line.isEmpty(); ) {
                    line = in.readLine();
                }
                connection.write(StandardCharsets.US_ASCII.encode("errno=0\n\n"));
            } catch (IOException e) {
                return;
            }
        }
    }

    private static AuditLine line(Entry of) {
        return new AuditLine(
                Instant.now(), of.name(), of.gateKey(), of.productionKey(), "up", "test", Optional.of(Code.DONE));
    }

    @Test
    void whileItLooks() throws Exception {
        assumeTrue(Files.isWritable(Path.of("/var/run")), "a device's socket cannot be made without root");
        Files.createDirectories(UapiClient.DIRECTORY);
        String name = "rc" + Long.toString(ProcessHandle.current().pid(), Character.MAX_RADIX);
        Path socket = UapiClient.DIRECTORY.resolve(name + ".sock");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
                LivePeers peers = new LivePeers(name);
                GateTunnel tunnel = GateTunnel.open(
                        new GateTunnel.Setup(hubKey, 0, InstantSource.system()), _ -> false, (_, _, _) -> {})) {
            listener.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofPlatform().daemon().start(() -> device(listener));
            Hub own = new Hub(
                    new Reply.Terms(
                            hubPublic, List.of(Endpoint.parse("192.0.2.1:51820")), List.of(Cidr.parse("10.0.0.0/8"))),
                    Duration.ofHours(1),
                    Optional.empty());
            GateHub hub = new GateHub(new GateHub.Parts(
                    tunnel,
                    own,
                    9,
                    registry,
                    new Decisions(own, registry, hubKey, PRIMITIVES),
                    peers,
                    new SecondFactors(Optional.empty()),
                    (_, _) -> {},
                    Set.of(),
                    InstantSource.system(),
                    _ -> {}));
            registry.add(List.of(alice));
            registry.put(
                    Standing.NEW
                            .coming(new Identifier(0, 1))
                            .lease(Instant.now().plusMillis(600), Duration.ofMillis(600)),
                    line(alice));
            tunnel.execute(hub::start);
            TimeUnit.MILLISECONDS.sleep(300);
            CountDownLatch slow = new CountDownLatch(1);
            CompletableFuture<Boolean> _ = peers.call(() -> slow.await(10, TimeUnit.SECONDS));
            TimeUnit.MILLISECONDS.sleep(800); // by now it looks whether alice's lease is over
            tunnel.execute(() -> {
                registry.add(List.of(printer));
                registry.version++;
            });
            TimeUnit.MILLISECONDS.sleep(500); // by now it has seen the change
            slow.countDown();
            TimeUnit.MILLISECONDS.sleep(1500);
            CompletableFuture<Boolean> held = new CompletableFuture<>();
            tunnel.execute(() ->
                    held.complete(registry.standing(printer.productionKey()).held()));
            assertThat(held.get(10, TimeUnit.SECONDS)).isTrue();
        } finally {
            Files.deleteIfExists(socket);
        }
    }
}
