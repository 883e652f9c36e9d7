package anubis.device;

import anubis.linux.Processes;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.net.BindException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/** The socket through which {@code wg} drives a device: {@code /var/run/wireguard/NAME.sock}. */
public final class UapiSocket implements AutoCloseable {
    /** Where every WireGuard in user space has its socket. */
    public static final Path DIRECTORY = Path.of("/var/run/wireguard");

    private static final long RETRY_NANOS = 100_000_000L;
    private static final int OWNER_ONLY = 0177;

    private final Device device;
    private final Path path;
    private final ServerSocketChannel listener;
    private final WatchService watch;
    private final Set<SocketChannel> connections = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    private UapiSocket(Device device, Path path, ServerSocketChannel listener, WatchService watch) {
        this.device = device;
        this.path = path;
        this.listener = listener;
        this.watch = watch;
    }

    /** The socket of the interface {@code name}. */
    public static Path path(String name) {
        return DIRECTORY.resolve(name + ".sock");
    }

    /**
     * Serves a device until it is closed; it also ends the device when the socket is removed.
     *
     * @throws IOException if the socket cannot be made, or another process serves it
     */
    public static UapiSocket open(Device device) throws IOException {
        Path path = path(device.name());
        refuseIfServed(path);
        try {
            return listen(device, path);
        } catch (IOException e) {
            throw new IOException(path + " cannot be made; does its folder belong to this user? (" + e + ")", e);
        }
    }

    /** One at a time: the mask is the process's. */
    private static synchronized UapiSocket listen(Device device, Path path) throws IOException {
        Files.createDirectories(DIRECTORY);
        // Listens under another name first: wg removes a socket that does not listen yet.
        Path unlisted = path.resolveSibling(
                path.getFileName() + "." + ProcessHandle.current().pid());
        Files.deleteIfExists(unlisted);
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        int mask = Processes.umask(OWNER_ONLY);
        try {
            listener.bind(UnixDomainSocketAddress.of(unlisted));
        } finally {
            Processes.umask(mask);
        }
        Files.move(unlisted, path, StandardCopyOption.ATOMIC_MOVE);
        WatchService watch = DIRECTORY.getFileSystem().newWatchService();
        DIRECTORY.register(watch, StandardWatchEventKinds.ENTRY_DELETE);
        UapiSocket uapi = new UapiSocket(device, path, listener, watch);
        device.thread("uapi", uapi::accept);
        device.thread("watch", uapi::watch);
        return uapi;
    }

    /** A socket that nobody answers was left behind by a process that was killed, and is replaced. */
    private static void refuseIfServed(Path path) throws BindException {
        if (Files.exists(path) && isAlive(path)) {
            throw new BindException(path + ": another process serves this interface; end it, or choose another name");
        }
    }

    private static boolean isAlive(Path path) {
        try (SocketChannel probe = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            return probe.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    private void accept() {
        while (!closed) {
            try {
                SocketChannel connection = listener.accept();
                connections.add(connection);
                if (closed) {
                    connection.close();
                    return;
                }
                device.thread("uapi", () -> serve(connection));
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                LockSupport.parkNanos(RETRY_NANOS); // No file descriptor left, perhaps: that passes.
            }
        }
    }

    private void serve(SocketChannel connection) {
        try (connection;
                BufferedReader in = new BufferedReader(
                        new InputStreamReader(Channels.newInputStream(connection), StandardCharsets.ISO_8859_1));
                Writer out = new BufferedWriter(
                        new OutputStreamWriter(Channels.newOutputStream(connection), StandardCharsets.ISO_8859_1))) {
            new Uapi(device).serve(in, out);
        } catch (IOException e) {
            // The other end has gone: nobody is left to tell.
        } finally {
            connections.remove(connection);
        }
    }

    private void watch() {
        try {
            while (!closed && Files.exists(path)) {
                WatchKey key = watch.take();
                key.pollEvents();
                key.reset();
            }
            device.end();
        } catch (InterruptedException | ClosedWatchServiceException e) {
            // Closed.
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            watch.close();
            Files.deleteIfExists(path); // While it is still ours.
            listener.close();
            for (SocketChannel connection : connections) {
                connection.close();
            }
        } catch (IOException e) {
            device.fail(e);
        }
    }
}
