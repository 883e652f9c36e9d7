package anubis.host;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A socket that gives to each operation the reply that was set for it, and closes the connection at any other. */
final class FakeDevice implements AutoCloseable {
    private final ServerSocketChannel socket;
    private final Map<String, String> replies = new ConcurrentHashMap<>();
    private final Path directory;
    private final String name;
    private final Thread thread;

    FakeDevice(Path directory, String name) throws IOException {
        this.directory = directory;
        this.name = name;
        socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        socket.bind(UnixDomainSocketAddress.of(directory.resolve(name + ".sock")));
        thread = Thread.ofPlatform().daemon().start(this::serve);
    }

    /** Without errno and the empty line at its end. */
    FakeDevice reply(String operation, String text) {
        replies.put(operation, text + "errno=0\n\n");
        return this;
    }

    UapiClient client() {
        return new UapiClient(directory, name, Duration.ofMinutes(1));
    }

    private void serve() {
        while (socket.isOpen()) {
            try (SocketChannel connection = socket.accept()) {
                BufferedReader in = new BufferedReader(Channels.newReader(connection, StandardCharsets.US_ASCII));
                String reply = replies.get(String.valueOf(in.readLine())); // none if only the connection was wanted
                if (reply != null && "".equals(in.readLine())) {
                    Channels.newOutputStream(connection).write(reply.getBytes(StandardCharsets.US_ASCII));
                }
            } catch (IOException gone) {
                // So is the client, or the test is over.
            }
        }
    }

    /** Nobody answers after this: while a thread accepts, the socket is not really closed. */
    @Override
    public void close() throws IOException {
        socket.close();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
