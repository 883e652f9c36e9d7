package anubis.host;

import anubis.config.DeviceChange;
import anubis.config.UapiDevice;
import anubis.config.UapiReply;
import anubis.host.UapiException.Reason;
import java.io.EOFException;
import java.io.IOException;
import java.io.Serial;
import java.net.ConnectException;
import java.net.ProtocolException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Speaks to a running WireGuard device through its UAPI socket (WireGuard's cross-platform interface), whoever made it.
 * Every request has a connection of its own, as those of {@code wg} have, unless the client is a {@linkplain #lasting lasting}
 * one. Any thread may use a client.
 */
public final class UapiClient implements WireGuardInterface {
    /** The system property that puts another folder in the place of {@link #DIRECTORY}, for a rehearsal. */
    public static final String DIRECTORY_PROPERTY = "anubis.sockets";

    /** Where the sockets of all user-space devices are, {@code NAME.sock}. */
    public static final Path DIRECTORY = Path.of(System.getProperty(DIRECTORY_PROPERTY, "/var/run/wireguard"));

    public static final Duration TIMEOUT = Duration.ofSeconds(10);

    private static final String SUFFIX = ".sock";
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_=+.-]{1,15}");

    private final String name;
    private final Path socket;
    private final Duration timeout;
    private final boolean lasting;
    /** Where no request is under way on it, for the next one. */
    private final AtomicReference<@Nullable SocketChannel> idle = new AtomicReference<>();

    /** Takes the lines of a reply but its errno and the empty line at its end. */
    @FunctionalInterface
    public interface LineSink {
        void accept(String line) throws IOException;
    }

    /**
     * A client of the interface {@code name}, whose socket is in {@code directory}; each request may take {@code timeout}.
     *
     * @throws IllegalArgumentException if {@code name} cannot name an interface: 1 to 15 of {@code A-Za-z0-9_=+.-}
     */
    public UapiClient(Path directory, String name, Duration timeout) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("an interface has a name of 1 to 15 letters, digits or _=+.-");
        }
        this(name, directory.resolve(name + SUFFIX), timeout, false);
    }

    private UapiClient(String name, Path socket, Duration timeout, boolean lasting) {
        this.name = name;
        this.socket = socket;
        this.timeout = timeout;
        this.lasting = lasting;
    }

    /** A client of the interface {@code name} of this host. */
    public UapiClient(String name) {
        this(DIRECTORY, name, TIMEOUT);
    }

    /** The same, but its connection stays from one request to the next until {@link #hangUp}, if the device leaves it open. */
    UapiClient lasting() {
        return new UapiClient(name, socket, timeout, true);
    }

    /**
     * The interfaces in {@code directory} that answer, in its order, as {@code wg} lists them; none if there is no such
     * directory. A socket that a dead process has left behind is no interface.
     *
     * @throws UapiException if this user may not look
     */
    public static List<String> interfaces(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(file -> file.endsWith(SUFFIX))
                    .map(file -> file.substring(0, file.length() - SUFFIX.length()))
                    .filter(name -> NAME.matcher(name).matches())
                    .filter(name -> new UapiClient(directory, name, TIMEOUT).answers())
                    .toList();
        } catch (NoSuchFileException none) {
            return List.of();
        } catch (AccessDeniedException e) {
            UapiException said = new UapiException(
                    Reason.NOT_PERMITTED, 0, "this user may not look into " + directory + ": run this as root");
            said.initCause(e);
            throw said;
        }
    }

    /** Whether a device serves the socket now, or would if this user were permitted. */
    public boolean answers() {
        try (SocketChannel connection = connect()) {
            return connection.isConnected();
        } catch (UapiException e) {
            return e.reason() != Reason.NO_INTERFACE;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public boolean exists() {
        return answers();
    }

    /**
     * The whole state of the device.
     *
     * @throws UapiException if it cannot be reached or refuses
     * @throws ProtocolException if its answer is not of the protocol
     */
    @Override
    public UapiDevice get() throws IOException {
        UapiReply reply = new UapiReply();
        request("get=1\n\n", reply::accept);
        return reply.device();
    }

    /**
     * Changes the device.
     *
     * @throws UapiException if it cannot be reached or refuses
     */
    @Override
    public void set(DeviceChange change) throws IOException {
        request(change.request(), line -> {});
    }

    @Override
    public Optional<Drops> drops() throws UapiException {
        return Drops.of(this);
    }

    /**
     * Any operation: {@code text} is one request, ended by an empty line.
     *
     * @throws UapiException if the device cannot be reached or answers with an errno that is not 0
     * @throws EOFException if it breaks off
     */
    public void request(String text, LineSink reply) throws IOException {
        SocketChannel kept = idle.getAndSet(null);
        if (kept != null) {
            try {
                request(kept, text, reply);
                return;
            } catch (UnheardException e) {
                // The device has closed it since.
            }
        }
        request(connect(), text, reply);
    }

    private void request(SocketChannel connection, String text, LineSink reply) throws IOException {
        // A blocking channel has no time limit of its own; closing it ends whatever is being waited for.
        CompletableFuture<Void> deadline = new CompletableFuture<>();
        deadline.orTimeout(timeout.toNanos(), TimeUnit.NANOSECONDS).exceptionally(_ -> close(connection));
        boolean whole = false;
        try {
            exchange(connection, text, reply);
            whole = true;
        } catch (ClosedChannelException e) {
            if (deadline.isCompletedExceptionally()) {
                throw timedOut("has not answered in " + timeout.toMillis() + " ms");
            }
            throw e;
        } finally {
            deadline.complete(null);
            close(whole && lasting ? idle.getAndSet(connection) : connection);
        }
    }

    private void exchange(SocketChannel connection, String text, LineSink reply) throws IOException {
        UapiLines lines = new UapiLines(connection, name);
        UapiReply status = new UapiReply();
        for (String line = first(connection, text, lines); !line.isEmpty(); line = lines.next()) {
            if (line.startsWith("errno=")) {
                status.accept(line);
            } else {
                reply.accept(line);
            }
        }
        if (status.errno() != 0) {
            throw UapiException.refused(name, status.errno());
        }
    }

    /** Sends a request; returns the first line of the answer. */
    private static String first(SocketChannel connection, String text, UapiLines lines) throws IOException {
        ByteBuffer request = StandardCharsets.US_ASCII.encode(text);
        try {
            while (request.hasRemaining()) {
                connection.write(request);
            }
            return lines.next();
        } catch (ClosedChannelException | ProtocolException e) {
            throw e; // it took too long, or has answered something
        } catch (IOException e) {
            throw new UnheardException(e);
        } finally {
            // It contains keys.
            request.clear();
            request.put(new byte[request.capacity()]);
        }
    }

    /** The device has broken off, and has answered nothing to the last request. */
    private static final class UnheardException extends EOFException {
        @Serial
        private static final long serialVersionUID = 1;

        UnheardException(IOException cause) {
            super(cause.getMessage());
            initCause(cause);
        }
    }

    /** Closes the connection that is idle, if there is one. */
    void hangUp() {
        close(idle.getAndSet(null));
    }

    private SocketChannel connect() throws IOException {
        if (Files.notExists(socket)) {
            throw new UapiException(
                    Reason.NO_INTERFACE, 0, "there is no interface " + name + ": " + socket + " does not exist");
        }
        SocketChannel connection = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            // Where too many wait to be accepted it would wait, too, and without a limit.
            connection.configureBlocking(false);
            connection.connect(UnixDomainSocketAddress.of(socket));
            connection.configureBlocking(true);
            return connection;
        } catch (IOException e) {
            connection.close();
            UapiException said = why(e);
            said.initCause(e);
            throw said;
        }
    }

    /** What the system said is only in the text of the exception, so the socket itself is asked. */
    private UapiException why(IOException failed) {
        if (failed instanceof ConnectException) {
            return new UapiException(
                    Reason.NO_INTERFACE, 0, "nobody serves " + socket + ": the device " + name + " has ended");
        }
        return Files.isWritable(socket)
                ? timedOut("accepts no connection")
                : new UapiException(Reason.NOT_PERMITTED, 0, "this user may not use " + socket + ": run this as root");
    }

    private UapiException timedOut(String how) {
        return new UapiException(Reason.TIMED_OUT, 0, "the device " + name + " " + how + "; is its process alive?");
    }

    private static @Nullable Void close(@Nullable SocketChannel connection) {
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (IOException e) {
            // It is closed all the same.
        }
        return null;
    }
}
