package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.CommandResult;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import anubis.lab.LabInterface;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A WireGuard interface in a host of the lab, made by a process there and driven by the real {@code wg}. */
final class Device {
    /** Within which everything that is only a matter of a machine's speed must have happened. */
    static final Duration SOON = Duration.ofSeconds(20);

    private static final Path SOCKETS = Path.of("/run/wireguard");
    private static final Path LOGS = Path.of("target", "interop-logs");
    /** Another process had this one's number once, and what it left is not to be found by its names. */
    private static final String RUN =
            "x" + Integer.toString(36 + ThreadLocalRandom.current().nextInt(36 * 35), 36);

    private static final AtomicInteger COUNT = new AtomicInteger();

    private final Implementation implementation;
    private final LabHost host;
    private final String name;
    private final Process process;
    private final Path log;

    /**
     * @param peer a peer's public key
     * @param endpoint as {@code wg} writes it; {@code (none)} if unknown
     * @param latestHandshake nanoseconds since 1970; 0 if there was none
     * @param received bytes
     * @param sent bytes
     */
    record Peer(String peer, String endpoint, long latestHandshake, long received, long sent) {}

    private Device(Implementation implementation, LabHost host, String name) {
        this.implementation = implementation;
        this.host = host;
        this.name = name;
        this.log = log(name);
        this.process = host.start(
                builder -> {
                    builder.redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                            .environment()
                            .put("LOG_LEVEL", "verbose");
                },
                implementation.foreground(name).toArray(String[]::new));
    }

    /** The file that keeps what a process of this name says. */
    static Path log(String name) {
        try {
            return Files.createDirectories(LOGS).resolve(name + ".log");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A name no other test, nor another run at the same time, gives its interface: all namespaces share the sockets. */
    static String freshName() {
        return "an" + Long.toString(ProcessHandle.current().pid(), 36) + RUN
                + Integer.toString(COUNT.incrementAndGet(), 36);
    }

    /** Starts a device in the foreground and waits until its socket answers. */
    static Device start(Implementation implementation, LabHost host) {
        return start(implementation, host, freshName());
    }

    /** {@link #start(Implementation, LabHost)} with a name of one's own. */
    static Device start(Implementation implementation, LabHost host, String name) {
        Device device = new Device(implementation, host, name);
        assertThat(Lab.poll(SOON, () -> !device.process.isAlive() || device.answers()))
                .isTrue();
        assertThat(device.process.isAlive())
                .as(() -> "the device lives; it said: " + device.log())
                .isTrue();
        return device;
    }

    Implementation implementation() {
        return implementation;
    }

    LabHost host() {
        return host;
    }

    String name() {
        return name;
    }

    /** The process that was started, which is the device or an ancestor of it. */
    Process process() {
        return process;
    }

    Path socket() {
        return socket(name);
    }

    static Path socket(String name) {
        return SOCKETS.resolve(name + ".sock");
    }

    LabInterface link() {
        return host.interfaceNamed(name);
    }

    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean answers() {
        return answers(name);
    }

    /** Whether somebody behind the socket answers a request. */
    static boolean answers(String name) {
        try {
            return uapi(name, "get=1\n\n").contains("errno=0\n");
        } catch (IOException e) {
            return false;
        }
    }

    boolean hasInterface() {
        return host.execute("ip", "link", "show", name).status() == 0;
    }

    /** Runs {@code wg} and returns its output. */
    String wg(String... arguments) {
        return tryWg(arguments).orThrow();
    }

    CommandResult tryWg(String... arguments) {
        return host.execute(Stream.concat(Stream.of("wg"), Stream.of(arguments)).toArray(String[]::new));
    }

    /** Runs a verb of ours beside this device. */
    CommandResult anubis(String... arguments) {
        return host.execute(Implementation.verb(arguments));
    }

    /** Runs {@code wg VERB NAME FILE}, where the file holds this configuration. */
    void wgFile(String verb, String configuration) {
        try {
            Path file = Files.createTempFile("anubis-interop", ".conf");
            try {
                Files.writeString(file, configuration);
                wg(verb, name, file.toString());
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the device says of its only peer. */
    Peer peer() {
        List<Peer> peers = peers();
        assertThat(peers).hasSize(1);
        return peers.getFirst();
    }

    List<Peer> peers() {
        String answer;
        try {
            answer = uapi(name, "get=1\n\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Stream.of(answer.split("(?m)^public_key="))
                .skip(1)
                .map(peer -> new Peer(
                        peer.lines().findFirst().orElseThrow(),
                        value(peer, "endpoint"),
                        number(peer, "last_handshake_time_sec") * 1_000_000_000L
                                + number(peer, "last_handshake_time_nsec"),
                        number(peer, "rx_bytes"),
                        number(peer, "tx_bytes")))
                .toList();
    }

    private static long number(String answer, String key) {
        String value = value(answer, key);
        return value.isEmpty() ? 0 : Long.parseLong(value);
    }

    private static String value(String answer, String key) {
        return answer.lines()
                .filter(line -> line.startsWith(key + "="))
                .map(line -> line.substring(key.length() + 1))
                .findFirst()
                .orElse("");
    }

    /** Sends a request to a device's socket and returns the answer, which ends with an empty line. */
    static String uapi(String name, String request) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket(name)));
            channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
            StringBuilder answer = new StringBuilder();
            ByteBuffer buffer = ByteBuffer.allocate(65_536);
            while (!answer.toString().endsWith("\n\n") && channel.read(buffer) >= 0) {
                answer.append(StandardCharsets.US_ASCII.decode(buffer.flip()));
                buffer.clear();
            }
            return answer.toString();
        }
    }
}
