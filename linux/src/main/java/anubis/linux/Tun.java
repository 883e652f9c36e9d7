package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.Callable;

/**
 * One queue of a TUN interface: IP packets, each behind a virtio header of 10 bytes in native order ({@code struct
 * virtio_net_hdr}, linux/virtio_net.h), where the interface sends and takes super-packets for TCP and perhaps UDP. The
 * interface goes when its last queue is closed.
 *
 * <p>The kernel spreads the flows over the queues by a hash, and a flow stays in its queue. It would otherwise move to any
 * queue that a packet of its other direction is written to (drivers/net/tun.c, tun_flow_update), and there overtake what
 * still waits in the first one. But not for what a detached queue writes: so each queue has two descriptors, one to read
 * from, and a detached one to write to.
 *
 * <p>One thread reads and one thread writes at a time: more would lose nothing but could see each other's errno. The
 * other methods may be called by any thread. Buffers must live as long as the call: take them from {@link NativeMemory}.
 */
public final class Tun implements AutoCloseable {
    private static final String DEVICE = "/dev/net/tun";
    // fcntl.h: O_RDWR | O_CLOEXEC | O_NONBLOCK
    private static final int OPEN_FLAGS = 2 | 0x80000 | 0x800;

    // linux/if_tun.h
    private static final long TUNSETIFF = 0x400454caL;
    private static final long TUNGETIFF = 0x800454d2L;
    private static final long TUNSETOFFLOAD = 0x400454d0L;
    private static final long TUNSETQUEUE = 0x400454d9L;
    private static final long TUNGETDEVNETNS = 0x54e3L;
    private static final int IFF_TUN = 0x0001;
    private static final int IFF_MULTI_QUEUE = 0x0100;
    private static final int IFF_DETACH_QUEUE = 0x0400;
    private static final int IFF_NO_PI = 0x1000;
    private static final int IFF_VNET_HDR = 0x4000;
    /** Fail if the interface exists, where a second process would else get a queue of the first one's interface. */
    private static final int IFF_TUN_EXCL = 0x8000;

    private static final int TUN_F_CSUM_TSO4_TSO6 = 0x01 | 0x02 | 0x04;
    private static final int TUN_F_USO4_USO6 = 0x20 | 0x40;

    // linux/sockios.h
    private static final long SIOCGIFMTU = 0x8921L;
    private static final long SIOCSIFMTU = 0x8922L;

    /** struct ifreq, linux/if.h: the name in 16 bytes with its final zero, then a union of 24. */
    private static final int IFREQ_SIZE = 40;

    private static final int IFREQ_VALUE = 16;
    private static final int LONGEST_NAME = 15;

    private final Descriptor reader;
    private final Descriptor writer;
    private final boolean udpSegmentation;
    private final MemorySegment readErrno = Libc.errnoSegment(Arena.global());
    private final MemorySegment writeErrno = Libc.errnoSegment(Arena.global());
    private volatile String name;

    private Tun(int reader, int writer, String name, boolean udpSegmentation) {
        this.reader = new Descriptor(reader);
        this.writer = new Descriptor(writer);
        this.name = name;
        this.udpSegmentation = udpSegmentation;
    }

    /**
     * Makes an interface in the calling thread's network namespace. Needs CAP_NET_ADMIN. It is down and has no address.
     *
     * @param name 1 to 15 bytes, not in use; the kernel puts a free number in the place of {@code %d}
     */
    public static Tun open(String name) throws ErrnoException {
        int length = name.getBytes(StandardCharsets.UTF_8).length;
        if (length == 0 || length > LONGEST_NAME) {
            throw new ErrnoException(
                    "an interface name has 1 to " + LONGEST_NAME + " bytes, \"" + name + "\" has " + length,
                    Errno.EINVAL);
        }
        return attach(name, IFF_TUN_EXCL);
    }

    /** One more queue of the same interface, wherever that is now; see {@link #mtu()} for what this needs. */
    public Tun queue() throws ErrnoException {
        return whereItIs(() -> attach(name(), 0));
    }

    private static Tun attach(String wanted, int flags) throws ErrnoException {
        int writer = join(wanted, flags);
        int reader = -1;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(IFREQ_SIZE, 8);
            Libc.check(Libc.ioctl(writer, TUNGETIFF, request.address()), "TUNGETIFF");
            String name = request.getString(0);
            reader = join(name, 0);
            // The reader takes the writer's number over: the kernel warns of packets from a queue of no such number.
            request.set(JAVA_SHORT, IFREQ_VALUE, (short) IFF_DETACH_QUEUE);
            Libc.check(Libc.ioctl(writer, TUNSETQUEUE, request.address()), "detach a queue of " + name);
            Libc.check(
                    Libc.ioctl(reader, TUNSETOFFLOAD, TUN_F_CSUM_TSO4_TSO6),
                    "turn on checksum and TCP segmentation offload of " + name);
            // Since Linux 6.2.
            boolean udp = Libc.ioctl(reader, TUNSETOFFLOAD, TUN_F_CSUM_TSO4_TSO6 | TUN_F_USO4_USO6) == 0;
            return new Tun(reader, writer, name, udp);
        } catch (ErrnoException e) {
            Libc.close(reader);
            Libc.close(writer);
            throw e;
        }
    }

    /** A descriptor of one more queue. */
    private static int join(String name, int flags) throws ErrnoException {
        int fd = Libc.open(DEVICE, OPEN_FLAGS);
        if (fd < 0) {
            throw new ErrnoException("open " + DEVICE + advice(name, -fd), -fd);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = ifreq(arena, name);
            request.set(
                    JAVA_SHORT, IFREQ_VALUE, (short) (IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE | flags));
            int result = Libc.ioctl(fd, TUNSETIFF, request.address());
            if (result < 0) {
                Libc.close(fd);
                throw new ErrnoException("create interface " + name + advice(name, -result), -result);
            }
            return fd;
        }
    }

    private static String advice(String name, int errno) {
        return switch (errno) {
            case Errno.ENOENT, Errno.ENODEV ->
                " (load the module: modprobe tun; in a container, pass the device in: --device " + DEVICE + ")";
            case Errno.EPERM, Errno.EACCES -> " (needs CAP_NET_ADMIN: run as root or with that capability)";
            case Errno.EBUSY ->
                " (an interface of that name exists: remove it with \"ip link delete " + name
                        + "\" or choose another name)";
            case Errno.EINVAL -> " (not a possible name, or the name of an interface of another kind)";
            default -> "";
        };
    }

    private static MemorySegment ifreq(SegmentAllocator allocator, String name) {
        MemorySegment request = allocator.allocate(IFREQ_SIZE, 8);
        request.setString(0, name);
        return request;
    }

    /** The name now, for it can be renamed; the last one known once the interface is deleted. */
    public String name() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(IFREQ_SIZE, 8);
            if (Libc.ioctl(fd(), TUNGETIFF, request.address()) == 0) {
                name = request.getString(0);
            }
        }
        return name;
    }

    /** To wait on: readable when there is a packet, in error once the interface is deleted. */
    public int fd() {
        return reader.number();
    }

    /** Whether UDP super-packets (VIRTIO_NET_HDR_GSO_UDP_L4) come and may be written, not TCP ones alone. */
    public boolean udpSegmentation() {
        return udpSegmentation;
    }

    /**
     * Reads one packet with its virtio header, 10 + 65,535 bytes at most.
     *
     * @return the number of bytes, or the negative errno: EAGAIN when there is none, EBADFD once the interface is deleted
     */
    public int read(MemorySegment buffer, long offset, int length) {
        Objects.checkFromIndexSize(offset, length, buffer.byteSize());
        return Libc.read(readErrno, reader.number(), buffer.address() + offset, length);
    }

    /**
     * Writes one packet, its virtio header first, gathered from pieces.
     *
     * @param iovecs an array of {@code struct iovec}, 16 bytes each: address (8 bytes), length (8 bytes)
     * @param offset of the first, in bytes
     * @param count of pieces
     * @return the number of bytes, or the negative errno: EIO when the interface is down, EINVAL for a packet that the
     *     kernel does not take, EBADFD once the interface is deleted
     */
    public int writev(MemorySegment iovecs, long offset, int count) {
        Objects.checkFromIndexSize(offset, 16L * count, iovecs.byteSize());
        return Libc.writev(writeErrno, writer.number(), iovecs.address() + offset, count);
    }

    /**
     * The MTU in bytes. Works after the interface was moved to another network namespace too: it is asked for by a thread
     * that enters that one, which takes CAP_SYS_ADMIN there and in the user namespace of this process.
     */
    public int mtu() throws ErrnoException {
        return mtu(SIOCGIFMTU, 0);
    }

    /** Sets the MTU, 68 to 65,535 bytes; needs CAP_NET_ADMIN and what {@link #mtu()} needs. */
    public void mtu(int bytes) throws ErrnoException {
        mtu(SIOCSIFMTU, bytes);
    }

    private int mtu(long request, int bytes) throws ErrnoException {
        return whereItIs(() -> {
            int socket = Libc.check(
                    Libc.socket(Family.IPV4.number(), Sockets.SOCK_DGRAM | Sockets.CLOEXEC_NONBLOCK, 0), "socket");
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment ifreq = ifreq(arena, name());
                ifreq.set(JAVA_INT, IFREQ_VALUE, bytes);
                Libc.check(Libc.ioctl(socket, request, ifreq.address()), "MTU of " + name);
                return ifreq.get(JAVA_INT, IFREQ_VALUE);
            } finally {
                Libc.close(socket);
            }
        });
    }

    /** Does something in the network namespace that the interface is in. */
    private <T> T whereItIs(Callable<T> task) throws ErrnoException {
        int fd = Libc.check(Libc.ioctl(fd(), TUNGETDEVNETNS, 0), "find the network namespace of " + name);
        try (NetworkNamespace home = NetworkNamespace.owning(fd)) {
            return home.isCurrent() ? task.call() : home.call(task);
        } catch (ErrnoException e) {
            throw e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ErrnoException(name, Errno.EINTR);
        } catch (IOException e) {
            throw new ErrnoException("find the network namespace of " + name + " in /proc (" + e + ")", Errno.ENOENT);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Whether the interface is up, in whichever namespace: 0 up, −EIO down, −EBADFD deleted. A TUN is writable while it is
     * up. (A zero-length write would not tell: with virtio headers it is EINVAL in both states.)
     */
    public int linkState() {
        int events = Libc.poll(fd(), Epoll.OUT);
        if (events < 0) {
            return events;
        }
        if ((events & Epoll.ERR) != 0) {
            return -Errno.EBADFD;
        }
        return (events & Epoll.OUT) != 0 ? 0 : -Errno.EIO;
    }

    /** Gives the queue back; the thread that reads or writes should have stopped. */
    @Override
    public void close() {
        reader.close();
        writer.close();
    }
}
