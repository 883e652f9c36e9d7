package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * Sees every frame that an interface sends and receives. Needs CAP_NET_RAW. A frame starts with its link layer header
 * (14 bytes of Ethernet; none on a TUN) and can be a super-packet of up to 64 KiB. One thread reads.
 */
public final class PacketCapture implements AutoCloseable {
    // AF_PACKET in linux/socket.h, ETH_P_ALL in linux/if_ether.h, struct sockaddr_ll in linux/if_packet.h
    private static final int AF_PACKET = 17;
    private static final short ETH_P_ALL = 3;
    private static final int SOCKADDR_LL_SIZE = 20;

    private final Descriptor descriptor;
    private final MemorySegment errno = Libc.errnoSegment(Arena.global());

    private PacketCapture(int fd) {
        this.descriptor = new Descriptor(fd);
    }

    /** Starts capturing on an interface of the calling thread's network namespace. */
    public static PacketCapture open(String interfaceName) throws ErrnoException {
        int index = Processes.interfaceIndex(interfaceName);
        // Protocol 0 receives nothing: only bind() starts it, so that no frame of another interface slips in.
        int socket = Libc.socket(AF_PACKET, Sockets.SOCK_RAW | Sockets.CLOEXEC_NONBLOCK, 0);
        int fd = Libc.check(socket, "open a packet socket (needs CAP_NET_RAW, run as root)");
        try (Arena arena = Arena.ofConfined()) {
            Sockets.buffer(fd, Sockets.SO_RCVBUFFORCE, Sockets.SO_RCVBUF);
            MemorySegment address = arena.allocate(SOCKADDR_LL_SIZE, 4);
            address.set(JAVA_SHORT, 0, (short) AF_PACKET);
            address.set(JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN), 2, ETH_P_ALL);
            address.set(JAVA_INT, 4, index);
            Libc.check(Libc.bind(fd, address), "capture on " + interfaceName);
            return new PacketCapture(fd);
        } catch (ErrnoException e) {
            Libc.close(fd);
            throw e;
        }
    }

    public int fd() {
        return descriptor.number();
    }

    /** The length of the next frame, cut to the given room, or the negative errno: EAGAIN when there is none. */
    public int read(MemorySegment buffer, long offset, int length) {
        Objects.checkFromIndexSize(offset, length, buffer.byteSize());
        return Libc.read(errno, descriptor.number(), buffer.address() + offset, length);
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
