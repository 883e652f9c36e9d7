package anubis.cli;

import anubis.config.ConfigException;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.gate.Entry;
import anubis.gate.GateConfig;
import anubis.gate.GateDaemon;
import anubis.gate.Owner;
import anubis.gate.SqliteRegistry;
import java.io.IOException;
import java.net.DatagramSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * The part of the {@link Rehearsal} in which a client asks a hub for its tunnel, over the loopback. It is asked for so seldom
 * that nothing of it is ready by then otherwise.
 */
final class GateRehearsal {
    /** The interface of the hub; that of the client is the loopback. */
    private static final String HUB = "rehearsal";

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
        } catch (IOException | RuntimeException | ConfigException e) {
            System.err.println("the gate is not rehearsed: " + e);
        }
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
