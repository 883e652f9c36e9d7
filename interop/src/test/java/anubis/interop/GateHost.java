package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.CommandResult;
import anubis.lab.LabHost;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A host of a {@link GateLab}: its production interface, the process of its gate, and the files that both are made from. Its
 * number is the last of its addresses: {@code 10.1.0.N} outside, {@code 10.9.0.N} and, as if a network lay behind it, {@code
 * 10.20.N.1} inside.
 */
final class GateHost {
    static final int PORT = 51820;

    final LabHost host;
    final int number;
    /** Of the production interface, which no other test has. */
    final String name = Device.freshName();

    final KeyPair keys;
    final KeyPair gateKeys;
    private final Path directory;
    private int starts;
    private @Nullable Process gate;

    /**
     * What a verb of the gate said.
     *
     * @param status 0 if the hub agreed
     * @param values the lines {@code key: value}
     */
    record Said(int status, Map<String, String> values, String stderr) {
        String value(String key) {
            return values.getOrDefault(key, "");
        }
    }

    GateHost(LabHost host, int number, Path directory) {
        this.host = host;
        this.number = number;
        this.directory = directory;
        this.keys = KeyPair.generate(host);
        this.gateKeys = KeyPair.generate(host);
        write("gate.key", gateKeys.privateKey());
        write("production.key", keys.privateKey());
    }

    String outer() {
        return "10.1.0." + number;
    }

    String inner() {
        return "10.9.0." + number;
    }

    /** The network behind it. */
    String network() {
        return "10.20." + number + ".0/24";
    }

    /** Its address in {@link #network}. */
    String far() {
        return "10.20." + number + ".1";
    }

    /** A file that only its owner can read. */
    Path write(String file, String text) {
        try {
            Path path = directory.resolve(host.name() + "-" + file);
            Files.deleteIfExists(path);
            Files.createFile(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            return Files.writeString(path, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path file(String file) {
        return directory.resolve(host.name() + "-" + file);
    }

    /** Where its gate keeps what outlives it. */
    Path state() {
        return file("state");
    }

    // Production.

    private Path configuration(String sections) {
        return write(
                "w.conf",
                "[Interface]\nPrivateKey = " + keys.privateKey() + "\nListenPort = " + PORT + "\n" + sections);
    }

    /** Makes the production interface by {@code anubis up}. */
    void up(String peers) {
        Path file = configuration("Address = " + inner() + "/32, " + far() + "/32\nMTU = 1420\n" + peers);
        try {
            Path named = file.resolveSibling(name + ".conf");
            Files.move(file, named, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            run("up", named.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Makes it of wireguard-go, {@code ip} and {@code wg}, as if we did not exist. */
    void stock(String peers) {
        Device device = Device.start(Implementation.WIREGUARD_GO, host, name);
        device.wg("setconf", name, configuration(peers).toString());
        device.link().mtu(1420).address(inner() + "/32", far() + "/32").up();
    }

    /** The public keys of its peers. */
    Set<String> peers() {
        return new TreeSet<>(
                host.execute("wg", "show", name, "peers").stdout().lines().toList());
    }

    boolean has(GateHost peer) {
        return peers().contains(peer.keys.publicKey());
    }

    /** What {@code wg show NAME WHAT} says of a peer. */
    String wg(String what, GateHost peer) {
        return host.run("wg", "show", name, what)
                .lines()
                .filter(line -> line.startsWith(peer.keys.publicKey()))
                .map(line -> line.substring(peer.keys.publicKey().length()).strip())
                .collect(Collectors.joining());
    }

    /** The destinations of routes that go to its production interface and were made for peers that come and go. */
    Set<String> routes() {
        return host.run("ip", "route", "show", "dev", name, "proto", "203")
                .lines()
                .map(line -> line.split(" ", 2)[0])
                .collect(Collectors.toCollection(TreeSet::new));
    }

    boolean reaches(String address) {
        return host.reaches(address);
    }

    // Its gate.

    /** Runs a verb of ours. */
    CommandResult anubis(String... words) {
        return host.execute(this::environment, Implementation.verb(words));
    }

    private void environment(ProcessBuilder builder) {
        builder.environment().put("STATE_DIRECTORY", state().toString());
    }

    /** Runs a verb that has to succeed. */
    String run(String... words) {
        return anubis(words).orThrow();
    }

    /** Runs {@code anubis gate VERB ...} of a client. */
    Said gate(String... words) {
        CommandResult result =
                anubis(Stream.concat(Stream.of("gate"), Stream.concat(Stream.of(words), Stream.of("-i", name)))
                        .toArray(String[]::new));
        return new Said(
                result.status(),
                result.stdout()
                        .lines()
                        .map(line -> line.split(": ", 2))
                        .filter(parts -> parts.length == 2)
                        .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1])),
                result.stderr());
    }

    /** The verdict of a verb, which is asked over the gate's socket, as the verb does it. */
    String ask(String verb, String... values) {
        return asked(verb, values).getOrDefault("verdict", "");
    }

    /** All that the gate says, with a key {@code error} if it is nothing good. */
    Map<String, String> asked(String verb, String... values) {
        Map<String, String> said = new HashMap<>();
        try (SocketChannel channel =
                SocketChannel.open(UnixDomainSocketAddress.of("/run/anubis/gate-" + name + ".sock"))) {
            channel.write(StandardCharsets.UTF_8.encode(Stream.concat(Stream.of("verb=" + verb), Stream.of(values))
                    .collect(Collectors.joining("\n", "", "\n\n"))));
            String text = new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
            text.lines()
                    .map(line -> line.split("=", 2))
                    .filter(parts -> parts.length == 2)
                    .forEach(parts -> said.put(parts[0], parts[1]));
        } catch (IOException e) {
            said.put("error", String.valueOf(e.getMessage()));
        }
        return said;
    }

    /** Runs its gate, and waits until it is ready. */
    void startGate() {
        startGate("gate.toml");
    }

    /** The same from another file. */
    void startGate(String file) {
        awaitReady(launch(List.of(), file));
    }

    /** The same by a command that is to become the gate. */
    void startGateBy(String... before) {
        awaitReady(launch(List.of(before), "gate.toml"));
    }

    private void awaitReady(Process process) {
        RoutedLab.await("that the gate is ready: " + said(), () -> said().contains("ready") || !process.isAlive());
        assertThat(process.isAlive()).as(() -> said()).isTrue();
    }

    private Process launch(List<String> before, String file) {
        starts++;
        Path log = log();
        Process process = host.start(
                builder -> {
                    environment(builder);
                    builder.redirectErrorStream(true)
                            .redirectOutput(log.toFile())
                            .environment()
                            .put("LOG_LEVEL", "verbose");
                },
                Stream.concat(
                                before.stream(),
                                Stream.of(Implementation.verb(
                                        "gate", "run", "-c", file(file).toString())))
                        .toArray(String[]::new));
        gate = process;
        return process;
    }

    private Path log() {
        return Device.log(name + "-gate-" + host.name() + "-" + starts);
    }

    /** What the gate that was started last has said. */
    String said() {
        try {
            return Files.readString(log());
        } catch (IOException e) {
            return "";
        }
    }

    Process process() {
        Process process = gate;
        assertThat(process).isNotNull();
        return java.util.Objects.requireNonNull(process);
    }

    /** Ends its gate with SIGTERM, and waits. */
    void stopGate() {
        process().destroy();
        awaitEnd();
    }

    /** Ends its gate as {@code kill -9} does, and waits. */
    void killGate() {
        process().destroyForcibly();
        awaitEnd();
    }

    private void awaitEnd() {
        RoutedLab.await("the end of the gate", () -> !process().isAlive());
    }

    /** The last lines of its audit log, each as {@code name what verdict}. */
    List<String> log(int lines) {
        return run("gate", "log", "-n", Integer.toString(lines)).lines().toList();
    }
}
