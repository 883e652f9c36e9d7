package anubis.bench;

import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.gate.Control;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The gate: {@code anubis gate run} at both ends, and production interfaces that {@code anubis up} has brought up, carried by
 * the engine of Anubis. The hub's interface has the clients' network for its own, the client's its own address alone.
 */
abstract sealed class AnubisGate implements Rival {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    final GateHosts hosts;
    final String command = Path.of(System.getenv("ANUBIS_ROOT"), "anubis").toString();
    /** The interface of the client, and, with another first letter, that of the hub: all namespaces share /run/anubis. */
    final String name;

    private AnubisGate(GateHosts hosts, char kind) throws IOException {
        this.hosts = hosts;
        this.name = "c" + kind + Long.toString(ProcessHandle.current().pid(), 36);
        String hubName = "h" + name.substring(1);
        PrivateKey hubGate = key();
        PrivateKey clientGate = key();
        PrivateKey client = key();
        interfaceUp(hosts.hub(), hubName, key(), GateHosts.TARGET + "/24");
        interfaceUp(hosts.client(), name, client, GateHosts.SOURCE + "/32");
        gate(hosts.hub(), hubName, hubGate, """
                [hub]
                name = "hub"
                endpoints = ["%s:51820"]
                allowed-ips = ["%s/32"]
                """.formatted(GateHosts.HUB, GateHosts.TARGET));
        run(
                hosts.hub(),
                "gate",
                "peer",
                "add",
                "client",
                "--gate-key",
                clientGate.publicKey(Primitives.get()).base64(),
                "--production-key",
                client.publicKey(Primitives.get()).base64(),
                "--allowed-ips",
                GateHosts.SOURCE + "/32");
        gate(hosts.client(), name, clientGate, """
                [[hubs]]
                name = "hub"
                key = "%s"
                endpoint = "%s:4297"
                """.formatted(
                        hubGate.publicKey(Primitives.get()).base64(), GateHosts.HUB));
    }

    /** The running daemon is asked by its socket. */
    static Rival asked(GateHosts hosts) throws IOException {
        return new Asked(hosts);
    }

    /** The command asks the running daemon. */
    static Rival command(GateHosts hosts) throws IOException {
        return new ByCommand(hosts);
    }

    private static PrivateKey key() {
        return PrivateKey.generate(new SecureRandom());
    }

    private static String text(PrivateKey key) {
        return Base64.getEncoder().encodeToString(key.bytes());
    }

    private Path secret(String file, String text) throws IOException {
        Path path = Files.createFile(
                hosts.file(file), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return Files.writeString(path, text);
    }

    private void interfaceUp(LabHost host, String interfaceName, PrivateKey key, String address) throws IOException {
        Path file = secret(interfaceName + ".conf", """
                [Interface]
                PrivateKey = %s
                Address = %s
                ListenPort = 51820
                """.formatted(text(key), address));
        run(host, "up", file.toString());
        hosts.atEnd(() -> host.execute(environment(host), command, "down", interfaceName));
    }

    private void gate(LabHost host, String interfaceName, PrivateKey key, String rest) throws IOException {
        Path keyFile = secret(host.name() + ".gate", text(key) + "\n");
        Path file = secret(host.name() + ".toml", """
                interface = "%s"
                key = "%s"
                """.formatted(interfaceName, keyFile) + rest);
        Path log = hosts.file(host.name() + ".log");
        Process gate = host.start(
                builder -> {
                    environment(host).accept(builder);
                    builder.redirectErrorStream(true).redirectOutput(Redirect.to(log.toFile()));
                },
                command,
                "gate",
                "run",
                "--config",
                file.toString());
        if (!Lab.poll(PATIENCE, () -> !gate.isAlive() || said(log).contains("ready")) || !gate.isAlive()) {
            throw new IllegalStateException("the gate does not start: " + said(log));
        }
        hosts.atEnd(() -> {
            gate.destroy();
            gate.onExit().join();
        });
    }

    private static String said(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Consumer<ProcessBuilder> environment(LabHost host) {
        return builder -> builder.environment()
                .putAll(Map.of(
                        "ANUBIS_BUILT",
                        "1",
                        "STATE_DIRECTORY",
                        hosts.file("state-" + host.name()).toString()));
    }

    final void run(LabHost host, String... arguments) {
        String[] all = new String[arguments.length + 1];
        all[0] = command;
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        host.execute(environment(host), all).orThrow();
    }

    final void ask(String verb) {
        try {
            Control.Answer answer = Control.ask(Optional.of(name), new Control.Question(verb, Map.of()));
            if (!answer.agreed()) {
                throw new IllegalStateException(verb + ": " + answer.values());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public final void down() {
        ask("down");
    }

    private static final class Asked extends AnubisGate {
        Asked(GateHosts hosts) throws IOException {
            super(hosts, 'a');
        }

        @Override
        public String name() {
            return "Anubis, the client's running daemon asked for `up`";
        }

        @Override
        public void up() {
            ask("up");
        }
    }

    private static final class ByCommand extends AnubisGate {
        ByCommand(GateHosts hosts) throws IOException {
            super(hosts, 'c');
        }

        @Override
        public String name() {
            return "Anubis, `anubis gate up`";
        }

        @Override
        public void up() {
            run(hosts.client(), "gate", "up", "--interface", name);
        }
    }
}
