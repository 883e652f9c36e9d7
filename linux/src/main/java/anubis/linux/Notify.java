package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Tells the service manager how this process is, by the protocol of {@code sd_notify(3)}: one datagram of assignments to
 * the Unix socket that NOTIFY_SOCKET names. Does nothing where that is not set, as outside of a service; and who listens
 * no more is not told, since that is no reason for the service itself to fail. Any thread may use it.
 */
public final class Notify {
    private static final int AF_UNIX = 1;

    private final Optional<String> socket;

    /** @param socket a path, or {@code @} and the name of an abstract socket */
    Notify(Optional<String> socket) {
        this.socket = socket;
    }

    /** The manager of the service that this process is, if it is one. */
    public static Notify manager() {
        return new Notify(Optional.ofNullable(System.getenv("NOTIFY_SOCKET")));
    }

    /** The service has started, or has reloaded its configuration. */
    public void ready() {
        send("READY=1");
    }

    /** The service reloads its configuration; {@link #ready} ends that, whether the new one was taken or not. */
    public void reloading() {
        send("RELOADING=1\nMONOTONIC_USEC=" + Clock.monotonic() / 1_000);
    }

    /** The service begins to end. */
    public void stopping() {
        send("STOPPING=1");
    }

    /** What the service does at present, in a few words for {@code systemctl status}. */
    public void status(String text) {
        send("STATUS=" + text.replace('\n', ' '));
    }

    private void send(String assignments) {
        socket.ifPresent(name -> {
            int fd = Libc.socket(AF_UNIX, Sockets.SOCK_DGRAM | Sockets.CLOEXEC, 0);
            if (fd < 0) {
                return;
            }
            try (Arena arena = Arena.ofConfined()) {
                byte[] message = assignments.getBytes(StandardCharsets.UTF_8);
                MemorySegment content = arena.allocate(message.length).copyFrom(MemorySegment.ofArray(message));
                if (Libc.connect(fd, address(arena, name)) >= 0) {
                    Libc.write(Libc.errnoSegment(arena), fd, content.address(), message.length);
                }
            } finally {
                Libc.close(fd);
            }
        });
    }

    /** struct sockaddr_un: sun_family (u16), sun_path. The kernel refuses one that is too long. */
    static MemorySegment address(Arena arena, String name) {
        byte[] path = name.getBytes(StandardCharsets.UTF_8);
        if (name.startsWith("@")) {
            path[0] = 0;
        }
        MemorySegment address = arena.allocate(2 + path.length, 2);
        address.set(JAVA_SHORT, 0, (short) AF_UNIX);
        address.asSlice(2).copyFrom(MemorySegment.ofArray(path));
        return address;
    }
}
