package anubis.config;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

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
import java.util.List;
import java.util.Map;

/**
 * A device wg0 that is only a socket: it answers with what it was told to and keeps the request that was sent last. The
 * real {@code wg} sees it in a mount namespace of its own.
 */
final class SocketDevice implements AutoCloseable {
    private static final String UNSHARE = "mount -t tmpfs none /run && mkdir /run/wireguard"
            + " && mount --bind \"$0\" /run/wireguard && if [ $# -gt 0 ]; then exec wg \"$@\"; fi";

    private final Path directory;
    private final ServerSocketChannel socket;
    private volatile String request = "";
    private volatile String reply = "errno=0\n\n";

    /** How {@code wg} ended. */
    record Wg(int exit, String stdout, String stderr) {}

    /** Skips the test, by name, where {@code wg} cannot be run so. */
    SocketDevice(Path directory) throws IOException, InterruptedException {
        this.directory = directory;
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/wg")), "wireguard-tools is not installed");
        assumeTrue(wg(Map.of()).exit() == 0, "this system gives no mount namespace to this user");
        socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        socket.bind(UnixDomainSocketAddress.of(directory.resolve("wg0.sock")));
        Thread.ofVirtual().start(this::serve);
    }

    private void serve() {
        while (socket.isOpen()) {
            try (SocketChannel connection = socket.accept()) {
                BufferedReader in = new BufferedReader(Channels.newReader(connection, StandardCharsets.UTF_8));
                StringBuilder text = new StringBuilder();
                String line;
                while ((line = in.readLine()) != null) {
                    text.append(line).append('\n');
                    if (line.isEmpty()) {
                        request = text.toString();
                        Channels.newOutputStream(connection).write(reply.getBytes(StandardCharsets.US_ASCII));
                        break;
                    }
                }
            } catch (IOException broken) { // or closed
                request = broken.toString();
            }
        }
    }

    /** From now on, a request is answered with these lines and success. */
    void answers(String lines) {
        reply = lines + "errno=0\n\n";
    }

    /** Runs {@code wg} beside this device. */
    Wg wg(Map<String, String> environment, String... arguments) throws IOException, InterruptedException {
        ProcessBuilder wg = new ProcessBuilder("unshare", "-rm", "sh", "-c", UNSHARE, directory.toString());
        wg.command().addAll(List.of(arguments));
        Path stdout = directory.resolve("stdout");
        Path stderr = directory.resolve("stderr");
        wg.redirectOutput(stdout.toFile()).redirectError(stderr.toFile());
        wg.environment().put("WG_ENDPOINT_RESOLUTION_RETRIES", "0");
        wg.environment().putAll(environment);
        int exit = wg.start().waitFor();
        return new Wg(exit, Files.readString(stdout), Files.readString(stderr));
    }

    /** What {@code wg} sends when it is run so; empty if it sends nothing, and then it must have failed. */
    String sentBy(String... arguments) throws IOException, InterruptedException {
        request = "";
        Wg ended = wg(Map.of(), arguments);
        if ((ended.exit() == 0) == request.isEmpty()) {
            throw new AssertionError(ended + " has sent: " + request);
        }
        return request;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
