package anubis.gate;

import anubis.host.Tunnel;
import anubis.linux.Processes;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;

/** The gate's end of {@link Control}. */
final class ControlSocket implements AutoCloseable {
    static final Path DIRECTORY = Path.of(System.getProperty(Tunnel.DIRECTORY_PROPERTY, "/run/anubis"));

    private static final String PREFIX = "gate-";
    private static final String SUFFIX = ".sock";
    private static final int OWNER_ONLY = 0177;
    private static final int AT_A_TIME = 16;

    private final Path path;
    private final ServerSocketChannel listener;
    private final Answering answering;
    private final Semaphore free = new Semaphore(AT_A_TIME);

    /** Answers a question; it may take its time. */
    @FunctionalInterface
    interface Answering {
        Control.Answer answer(Control.Question question) throws IOException;
    }

    private ControlSocket(Path path, ServerSocketChannel listener, Answering answering) {
        this.path = path;
        this.listener = listener;
        this.answering = answering;
    }

    /**
     * The interface of the only gate that runs here.
     *
     * @throws IOException if there is none, or more than one
     */
    static String only() throws IOException {
        try (Stream<Path> files = Files.list(DIRECTORY)) {
            List<String> names = files.map(file -> String.valueOf(file.getFileName()))
                    .filter(file -> file.startsWith(PREFIX) && file.endsWith(SUFFIX))
                    .filter(file -> isAlive(DIRECTORY.resolve(file)))
                    .map(file -> file.substring(PREFIX.length(), file.length() - SUFFIX.length()))
                    .toList();
            if (names.size() == 1) {
                return names.getFirst();
            }
            throw new IOException(
                    names.isEmpty()
                            ? "no gate runs here: start one with 'anubis gate run'"
                            : "several gates run here: name one of " + names + " with --interface");
        } catch (NoSuchFileException e) {
            throw new IOException("no gate runs here: start one with 'anubis gate run'", e);
        } catch (AccessDeniedException e) {
            throw new IOException("this user may not look into " + DIRECTORY + ": run this as root", e);
        }
    }

    static Path path(String interfaceName) {
        return DIRECTORY.resolve(PREFIX + interfaceName + SUFFIX);
    }

    /**
     * Takes the socket of an interface, which is not answered before {@link #start}.
     *
     * @throws IOException if another gate has it
     */
    static ControlSocket open(String interfaceName, Answering answering) throws IOException {
        Path path = path(interfaceName);
        if (!Files.isDirectory(DIRECTORY)) {
            Files.createDirectories(
                    DIRECTORY, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        if (Files.exists(path) && isAlive(path)) {
            throw new IOException(path + ": another gate serves " + interfaceName + "; end it first");
        }
        Files.deleteIfExists(path);
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        int mask = Processes.umask(OWNER_ONLY);
        try {
            listener.bind(UnixDomainSocketAddress.of(path));
        } finally {
            Processes.umask(mask);
        }
        return new ControlSocket(path, listener, answering);
    }

    private static boolean isAlive(Path path) {
        try (SocketChannel probe = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            return probe.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    void start() {
        Thread.ofPlatform().name("gate-control").daemon().start(this::accept);
    }

    private void accept() {
        while (true) {
            try {
                free.acquire();
                SocketChannel connection = listener.accept();
                Thread.startVirtualThread(() -> {
                    try {
                        serve(connection);
                    } finally {
                        free.release();
                    }
                });
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                free.release(); // no file descriptor left, perhaps: that passes
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void serve(SocketChannel connection) {
        try (connection;
                BufferedReader in = new BufferedReader(Channels.newReader(connection, StandardCharsets.UTF_8))) {
            StringBuilder out = new StringBuilder();
            try {
                Map<String, String> values = Control.read(in);
                String verb = values.remove("verb");
                Control.Answer answer = answering.answer(new Control.Question(verb == null ? "" : verb, values));
                out.append("agreed=").append(answer.agreed() ? "yes" : "no").append('\n');
                answer.values()
                        .forEach((key, value) ->
                                out.append(key).append('=').append(value).append('\n'));
            } catch (IOException | IllegalArgumentException e) {
                out.append("error=")
                        .append(String.valueOf(e.getMessage()).replace('\n', ' '))
                        .append('\n');
            }
            connection.write(StandardCharsets.UTF_8.encode(out.append('\n').toString()));
        } catch (IOException e) {
            // The other end has gone: nobody is left to tell.
        }
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(path);
            listener.close();
        } catch (IOException e) {
            // The process is ending anyway.
        }
    }
}
