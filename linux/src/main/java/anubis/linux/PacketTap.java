package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Sees the beginning of every packet that any interface of a network namespace sends or receives, without its link layer
 * header. Needs CAP_NET_RAW. One thread reads.
 */
public final class PacketTap implements AutoCloseable {
    // AF_PACKET in linux/socket.h, ETH_P_ALL in linux/if_ether.h in network byte order
    private static final int AF_PACKET = 17;
    private static final int ETH_P_ALL = 3 << 8;

    // struct sockaddr_ll in linux/if_packet.h: family 0, protocol 2, interface 4, type of hardware 8, type of packet 10
    private static final int SOCKADDR_LL_SIZE = 20;
    private static final int PACKET_OTHERHOST = 3;
    private static final int PACKET_OUTGOING = 4;

    /** How much is seen of a packet, in bytes. */
    private static final int SEEN_MAX = 128;

    // struct msghdr in linux/socket.h: name 0, its length 8, iovec 16, their number 24; behind it what it points to
    private static final int IOVEC = 56;
    private static final int NAME = 72;
    private static final int DATA = 96;

    private final Descriptor descriptor;
    private final MemorySegment memory = Arena.ofAuto().allocate(DATA + SEEN_MAX, 8);
    private final MemorySegment errno = Libc.errnoSegment(Arena.ofAuto());

    /**
     * A packet.
     *
     * @param interfaceIndex where it goes or came
     * @param out whether it goes
     * @param start its first 128 bytes
     */
    public record Seen(int interfaceIndex, boolean out, ByteBuffer start) {}

    private PacketTap(int fd) {
        this.descriptor = new Descriptor(fd);
        memory.set(JAVA_LONG, 0, memory.address() + NAME);
        memory.set(JAVA_LONG, 16, memory.address() + IOVEC);
        memory.set(JAVA_LONG, 24, 1);
        memory.set(JAVA_LONG, IOVEC, memory.address() + DATA);
        memory.set(JAVA_LONG, IOVEC + 8, SEEN_MAX);
    }

    /** Begins to look, in the calling thread's network namespace. */
    public static PacketTap open() throws ErrnoException {
        int socket = Libc.socket(AF_PACKET, Sockets.SOCK_DGRAM | Sockets.CLOEXEC_NONBLOCK, ETH_P_ALL);
        int fd = Libc.check(socket, "open a packet socket (needs CAP_NET_RAW, run as root)");
        Sockets.buffer(fd, Sockets.SO_RCVBUFFORCE, Sockets.SO_RCVBUF);
        return new PacketTap(fd);
    }

    public int fd() {
        return descriptor.number();
    }

    /** The next packet but those that only pass by on their segment; empty if there is none yet. */
    public Optional<Seen> next() {
        while (true) {
            memory.set(JAVA_INT, 8, SOCKADDR_LL_SIZE);
            int length = Libc.recvmsg(errno, descriptor.number(), memory.address(), 0);
            if (length < 0) {
                return Optional.empty();
            }
            int type = Byte.toUnsignedInt(memory.get(JAVA_BYTE, NAME + 10));
            if (type != PACKET_OTHERHOST) {
                ByteBuffer start = ByteBuffer.wrap(memory.asSlice(DATA, length).toArray(JAVA_BYTE));
                return Optional.of(new Seen(memory.get(JAVA_INT, NAME + 4), type == PACKET_OUTGOING, start));
            }
        }
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
