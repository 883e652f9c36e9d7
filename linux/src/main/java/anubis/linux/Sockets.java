package anubis.linux;

/** What several kinds of socket share; numbers from {@code asm-generic/socket.h} and {@code linux/net.h}. */
final class Sockets {
    static final int SOCK_DGRAM = 2;
    static final int SOCK_RAW = 3;
    static final int CLOEXEC = 0x80000;
    static final int CLOEXEC_NONBLOCK = CLOEXEC | 0x800;

    static final int SOL_SOCKET = 1;
    static final int SO_ERROR = 4;
    static final int SO_SNDBUF = 7;
    static final int SO_RCVBUF = 8;
    static final int SO_REUSEPORT = 15;
    static final int SO_ATTACH_FILTER = 26;
    static final int SO_SNDBUFFORCE = 32;
    static final int SO_RCVBUFFORCE = 33;
    static final int SO_MARK = 36;

    /** 7 MiB, so that bursts at line rate are not lost while a worker is busy. */
    private static final int BUFFER = 7 << 20;

    private Sockets() {}

    /** A large buffer: past the system's limit where CAP_NET_ADMIN allows, else as far as the limit goes. */
    static void buffer(int fd, int force, int plain) {
        if (Libc.setsockopt(fd, SOL_SOCKET, force, BUFFER) < 0) {
            Libc.setsockopt(fd, SOL_SOCKET, plain, BUFFER);
        }
    }
}
