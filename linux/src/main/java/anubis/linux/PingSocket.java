package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * Sends echo requests of ICMP or ICMPv6 from the network namespace of the thread that opened it, and receives what is
 * answered to whomever there. Needs CAP_NET_RAW. One thread at a time.
 */
public final class PingSocket implements AutoCloseable {
    // linux/in.h, linux/in6.h, linux/icmp.h, linux/icmpv6.h
    private static final int IPPROTO_ICMP = 1;
    private static final int IPPROTO_ICMPV6 = 58;
    private static final int SOL_RAW = 255;
    /** ICMP_FILTER and ICMPV6_FILTER: a bit for each type of message that is not to be received. */
    private static final int FILTER = 1;

    private static final int FILTER_SIZE = 32;

    /** Type 0, code 1, checksum 2, identifier 4, sequence 6; RFC 792, RFC 4443 section 4. */
    private static final int HEADER = 8;

    private static final int SOCKADDR_IN_SIZE = 16;
    private static final int SOCKADDR_IN6_SIZE = 28;

    // struct msghdr in linux/socket.h: name 0, its length 8, iovec 16, their number 24; behind it what it points to
    private static final int IOVEC = 56;
    private static final int NAME = 72;
    private static final int DATA = 104;
    private static final int LENGTH_MAX = 2048;

    private final Descriptor descriptor;
    private final Family family;
    private final MemorySegment memory = Arena.ofAuto().allocate(DATA + LENGTH_MAX, 8);
    private final MemorySegment errno = Libc.errnoSegment(Arena.ofAuto());

    private PingSocket(int fd, Family family) {
        this.descriptor = new Descriptor(fd);
        this.family = family;
        memory.set(JAVA_LONG, 0, memory.address() + NAME);
        memory.set(JAVA_LONG, 16, memory.address() + IOVEC);
        memory.set(JAVA_LONG, 24, 1);
        memory.set(JAVA_LONG, IOVEC, memory.address() + DATA);
    }

    /** Opens one in the calling thread's network namespace. */
    public static PingSocket open(Family family) throws ErrnoException {
        boolean six = family == Family.IPV6;
        int socket = Libc.socket(
                family.number(), Sockets.SOCK_RAW | Sockets.CLOEXEC_NONBLOCK, six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
        int fd = Libc.check(socket, "open a raw socket (needs CAP_NET_RAW, run as root)");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment blocked = arena.allocate(six ? FILTER_SIZE : Integer.BYTES, 4);
            blocked.fill((byte) 0xff);
            int reply = replyType(family);
            int word = reply / Integer.SIZE * Integer.BYTES;
            blocked.set(JAVA_INT, word, blocked.get(JAVA_INT, word) & ~(1 << reply % Integer.SIZE));
            Libc.check(Libc.setsockopt(fd, six ? IPPROTO_ICMPV6 : SOL_RAW, FILTER, blocked), "filter echo replies");
            return new PingSocket(fd, family);
        } catch (ErrnoException e) {
            Libc.close(fd);
            throw e;
        }
    }

    private static int requestType(Family family) {
        return family == Family.IPV6 ? 128 : 8;
    }

    private static int replyType(Family family) {
        return family == Family.IPV6 ? 129 : 0;
    }

    public int fd() {
        return descriptor.number();
    }

    /**
     * Sends a request; 0, or the negative errno where this host already knows that it cannot.
     *
     * @param to 4 or 16 bytes
     * @param identifier 0 to 65,535
     * @param sequence 0 to 65,535
     * @param payload at most 2040 bytes
     */
    public int send(byte[] to, int identifier, int sequence, byte[] payload) {
        boolean six = family == Family.IPV6;
        ByteBuffer message = ByteBuffer.allocate(HEADER + payload.length);
        message.put((byte) requestType(family)).put((byte) 0).putShort((short) 0);
        message.putShort((short) identifier).putShort((short) sequence).put(payload);
        if (!six) { // The kernel does it for ICMPv6.
            message.putShort(2, checksum(message));
        }
        memory.asSlice(NAME, SOCKADDR_IN6_SIZE).fill((byte) 0);
        memory.set(JAVA_SHORT, NAME, (short) family.number());
        MemorySegment.copy(to, 0, memory, JAVA_BYTE, NAME + (six ? 8 : 4), family.addressLength());
        memory.set(JAVA_INT, 8, six ? SOCKADDR_IN6_SIZE : SOCKADDR_IN_SIZE);
        MemorySegment.copy(message.array(), 0, memory, JAVA_BYTE, DATA, message.capacity());
        memory.set(JAVA_LONG, IOVEC + 8, message.capacity());
        return Math.min(0, Libc.sendmsg(errno, descriptor.number(), memory.address(), 0));
    }

    /** RFC 1071. */
    private static short checksum(ByteBuffer message) {
        int sum = 0;
        for (int i = 0; i < message.capacity(); i += 2) {
            sum += Byte.toUnsignedInt(message.get(i)) << 8;
            sum += i + 1 < message.capacity() ? Byte.toUnsignedInt(message.get(i + 1)) : 0;
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        return (short) ~(sum + (sum >>> 16));
    }

    /** The payload of the next reply that has come; empty if there is none yet. */
    public Optional<byte[]> next() {
        memory.set(JAVA_INT, 8, SOCKADDR_IN6_SIZE);
        memory.set(JAVA_LONG, IOVEC + 8, LENGTH_MAX);
        int length = Libc.recvmsg(errno, descriptor.number(), memory.address(), 0);
        if (length < 0) {
            return Optional.empty();
        }
        byte[] packet = memory.asSlice(DATA, length).toArray(JAVA_BYTE);
        int start = HEADER + (family == Family.IPV6 ? 0 : (packet[0] & 0xf) * 4); // IPv4 comes with its header
        return Optional.of(Arrays.copyOfRange(packet, start, packet.length));
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
