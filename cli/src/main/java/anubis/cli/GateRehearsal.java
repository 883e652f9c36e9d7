package anubis.cli;

import anubis.config.ConfigException;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.gate.Entry;
import anubis.gate.GateConfig;
import anubis.gate.GateDaemon;
import anubis.gate.GateTunnel;
import anubis.gate.Owner;
import anubis.gate.SqliteRegistry;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * The part of the {@link Rehearsal} in which a client asks a hub for its tunnel, over the loopback. It is asked for so seldom
 * that nothing of it is ready by then otherwise.
 */
final class GateRehearsal {
    /** The interface of the hub; that of the client is the loopback. */
    private static final String HUB = "rehearsal";

    private static final int HANDSHAKES = 200;
    /** A device takes no initiation of a peer that comes sooner after the last, nor one with the same timestamp. */
    private static final Duration BETWEEN = Duration.ofMillis(25);

    private GateRehearsal() {}

    /** With the device of the rehearsal at both ends, whose socket lies in {@code folder}. */
    static void run(Path folder) {
        try {
            Files.createSymbolicLink(folder.resolve(HUB + ".sock"), folder.resolve("lo.sock"));
            PrivateKey hubKey = PrivateKey.generate(new SecureRandom());
            PrivateKey clientKey = PrivateKey.generate(new SecureRandom());
            int port = freePort();
            GateConfig hub = config(folder, HUB, hubKey, """
                    port = %d
                    [hub]
                    name = "hub"
                    endpoints = ["192.0.2.1:51820"]
                    allowed-ips = ["10.0.0.0/8"]
                    """.formatted(port));
            GateConfig client = config(folder, "lo", clientKey, """
                    [[hubs]]
                    name = "hub"
                    key = "%s"
                    endpoint = "127.0.0.1:%d"
                    """.formatted(
                            hubKey.publicKey(Primitives.get()).base64(), port));
            Path state = folder.resolve("state");
            try (SqliteRegistry registry = SqliteRegistry.open(state)) {
                new Owner(registry, InstantSource.system()).add(entry(clientKey));
            }
            try (GateDaemon _ = GateDaemon.open(hub, state, _ -> {}, _ -> {});
                    GateDaemon _ = GateDaemon.open(client, folder.resolve("state-client"), _ -> {}, _ -> {})) {
                for (String verb : List.of("hello", "up", "status", "renew", "down")) {
                    Rehearsal.run("gate", verb, "--interface", "lo");
                }
            }
            shakeHands();
        } catch (IOException | RuntimeException | ConfigException | InterruptedException e) {
            System.err.println("the gate is not rehearsed: " + e);
        }
    }

    /** So many handshakes that the compiler remembers them: most devices have few, and wait for each. */
    private static void shakeHands() throws IOException, InterruptedException {
        Semaphore arrived = new Semaphore(0);
        try (GateTunnel hub = tunnel(arrived::release);
                GateTunnel client = tunnel(() -> {})) {
            InetSocketAddress at = new InetSocketAddress(InetAddress.getLoopbackAddress(), hub.port());
            for (int i = 0; i < HANDSHAKES; i++) {
                client.execute(() -> {
                    client.forget(hub.publicKey());
                    client.peer(hub.publicKey(), at);
                    client.send(hub.publicKey(), new byte[1]);
                });
                if (!arrived.tryAcquire(1, TimeUnit.SECONDS)) {
                    throw new IOException("no handshake over the loopback");
                }
                Thread.sleep(BETWEEN);
            }
        }
    }

    private static GateTunnel tunnel(Runnable received) throws IOException {
        PrivateKey key = PrivateKey.generate(new SecureRandom());
        return GateTunnel.open(
                new GateTunnel.Setup(key, 0, InstantSource.system()), _ -> true, (_, _, _) -> received.run());
    }

    private static int freePort() throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            return socket.getLocalPort();
        }
    }

    private static GateConfig config(Path folder, String name, PrivateKey key, String rest)
            throws IOException, ConfigException {
        Path keyFile =
                secret(folder.resolve(name + ".gate"), Base64.getEncoder().encodeToString(key.bytes()) + "\n");
        return GateConfig.read(secret(folder.resolve(name + ".toml"), """
                interface = "%s"
                key = "%s"
                """.formatted(name, keyFile) + rest));
    }

    private static Path secret(Path file, String text) throws IOException {
        return Files.writeString(
                Files.createFile(
                        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))),
                text);
    }

    private static Entry entry(PrivateKey clientKey) {
        return new Entry(
                "client",
                clientKey.publicKey(Primitives.get()),
                Rehearsal.PRODUCTION.publicKey(Primitives.get()),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                true,
                false,
                Optional.empty(),
                false,
                "");
    }
}
