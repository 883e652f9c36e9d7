package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * An unconnected UDP socket, bound to a port on all addresses of its family in the network namespace of the thread that
 * opened it. Any number of threads may use it, each with a {@link UdpMessage} of its own.
 *
 * <p>ICMP errors are not reported, for the kernel reports none on an unconnected socket that does not ask for them
 * (IP_RECVERR): a peer that is away disturbs no other.
 */
public final class UdpSocket implements AutoCloseable {
    // linux/in.h
    static final int IPPROTO_IP = 0;
    static final int IP_TOS = 1;
    static final int IP_PKTINFO = 8;
    private static final int IP_MTU_DISCOVER = 10;
    private static final int IP_RECVTOS = 13;
    private static final int IP_PMTUDISC_DONT = 0;
    // linux/in6.h
    static final int IPPROTO_IPV6 = 41;
    private static final int IPV6_MTU_DISCOVER = 23;
    private static final int IPV6_V6ONLY = 26;
    private static final int IPV6_RECVPKTINFO = 49;
    static final int IPV6_PKTINFO = 50;
    private static final int IPV6_RECVTCLASS = 66;
    static final int IPV6_TCLASS = 67;
    // linux/udp.h
    static final int SOL_UDP = 17;
    static final int UDP_SEGMENT = 103;
    static final int UDP_GRO = 104;
    // linux/bpf_common.h: BPF_RET | BPF_K
    private static final short BPF_RET = 0x06;
    // linux/socket.h
    private static final int MSG_DONTWAIT = 0x40;

    private static final int LARGEST_SOCKADDR = 28;
    private static final ValueLayout.OfShort BIG_SHORT = JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);

    /** How several sockets come to share a port, among which the kernel spreads the peers by a hash of their address. */
    public enum Sharing {
        /** The first of a port: opening fails with EADDRINUSE if anyone has it already. */
        FIRST,
        /** One more on the port of a {@link #FIRST} socket of the same user. */
        FURTHER
    }

    private final Descriptor descriptor;
    private final Family family;
    private final int port;
    private volatile boolean segmentation;

    private UdpSocket(int fd, Family family, int port, boolean segmentation) {
        this.descriptor = new Descriptor(fd);
        this.family = family;
        this.port = port;
        this.segmentation = segmentation;
    }

    /**
     * Opens a socket: buffers of 7 MiB, IPv6 alone where the family is that, fragmentation allowed, the local address and
     * traffic class of each datagram reported, datagrams put together (UDP_GRO, Linux 5.0) where the kernel can.
     *
     * @param port 0 for a free one
     */
    public static UdpSocket open(Family family, int port, Sharing sharing) throws ErrnoException {
        int type = Sockets.SOCK_DGRAM | Sockets.CLOEXEC_NONBLOCK;
        int fd = Libc.check(Libc.socket(family.number(), type, 0), "open a UDP socket for " + family);
        try (Arena arena = Arena.ofConfined()) {
            Sockets.buffer(fd, Sockets.SO_RCVBUFFORCE, Sockets.SO_RCVBUF);
            Sockets.buffer(fd, Sockets.SO_SNDBUFFORCE, Sockets.SO_SNDBUF);
            if (family == Family.IPV4) {
                set(fd, IPPROTO_IP, IP_PKTINFO, 1);
                set(fd, IPPROTO_IP, IP_RECVTOS, 1);
                set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
            } else {
                set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
                set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
                set(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
                set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IP_PMTUDISC_DONT);
            }
            int _ = Libc.setsockopt(fd, SOL_UDP, UDP_GRO, 1);

            // Whoever sets SO_REUSEPORT before bind() may join a port unasked: hence the first does it after.
            if (sharing == Sharing.FURTHER) {
                set(fd, Sockets.SOL_SOCKET, Sockets.SO_REUSEPORT, 1);
            }
            MemorySegment address = arena.allocate(LARGEST_SOCKADDR, 8);
            address.set(JAVA_SHORT, 0, (short) family.number());
            address.set(BIG_SHORT, 2, (short) port);
            Libc.check(Libc.bind(fd, address), "bind UDP port " + port + " for " + family);
            if (sharing == Sharing.FIRST) {
                set(fd, Sockets.SOL_SOCKET, Sockets.SO_REUSEPORT, 1);
            }
            Libc.check(Libc.getsockname(fd, address), "getsockname");
            boolean segmentation = Libc.getsockopt(fd, SOL_UDP, UDP_SEGMENT) >= 0;
            return new UdpSocket(fd, family, Short.toUnsignedInt(address.get(BIG_SHORT, 2)), segmentation);
        } catch (ErrnoException e) {
            Libc.close(fd);
            throw e;
        }
    }

    private static void set(int fd, int level, int option, int value) throws ErrnoException {
        Libc.check(Libc.setsockopt(fd, level, option, value), "setsockopt " + level + "/" + option);
    }

    public int port() {
        return port;
    }

    public int fd() {
        return descriptor.number();
    }

    public Family family() {
        return family;
    }

    /** The firewall mark (SO_MARK) of what is sent; 0 for none. Needs CAP_NET_ADMIN. */
    public void mark(int mark) throws ErrnoException {
        set(fd(), Sockets.SOL_SOCKET, Sockets.SO_MARK, mark);
    }

    /** Whether {@link UdpMessage#segmentSize} may be used: false for good once a route could not do it (EIO). */
    public boolean segmentation() {
        return segmentation;
    }

    /**
     * Receives into the message's payload, without waiting.
     *
     * @return the number of bytes, or the negative errno: EAGAIN when there is nothing
     */
    public int receive(UdpMessage message) {
        message.prepareReceive();
        int count = Libc.recvmsg(message.errno(), descriptor.number(), message.header(), MSG_DONTWAIT);
        if (count >= 0) {
            message.received();
        }
        return count;
    }

    /**
     * Sends the message's payload, without waiting.
     *
     * @return the number of bytes, or the negative errno. EIO for a segmented message: send the datagrams singly. EINVAL,
     *     ENODEV, EADDRNOTAVAIL and ENETUNREACH (IPv4 on newer kernels, 6.18 for one) for an address with a source: that
     *     source may be gone, send to {@link UdpAddress#withoutSource}
     */
    public int send(UdpMessage message) {
        message.prepareSend();
        int count = Libc.sendmsg(message.errno(), descriptor.number(), message.header(), MSG_DONTWAIT);
        if (count == -Errno.EIO && message.segmentSize() > 0) {
            segmentation = false;
        }
        return count;
    }

    /** Takes the error that is pending on the socket (SO_ERROR), so that epoll stops reporting it: an errno, or 0. */
    public int pendingError() {
        return Math.abs(Libc.getsockopt(fd(), Sockets.SOL_SOCKET, Sockets.SO_ERROR));
    }

    /** Takes no further datagrams, as if it were closed; what has come before can still be received. */
    public void refuse() {
        try (Arena arena = Arena.ofConfined()) {
            // struct sock_filter, linux/filter.h: code 0 (u16), jumps 2 and 3, operand 4: accept no byte of any.
            MemorySegment instruction = arena.allocate(8, 8);
            instruction.set(JAVA_SHORT, 0, BPF_RET);
            // struct sock_fprog: length 0 (u16), instructions 8
            MemorySegment program = arena.allocate(16, 8);
            program.set(JAVA_SHORT, 0, (short) 1);
            program.set(JAVA_LONG, 8, instruction.address());
            int _ = Libc.setsockopt(fd(), Sockets.SOL_SOCKET, Sockets.SO_ATTACH_FILTER, program);
        }
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
