package anubis.interop;

import anubis.lab.LabInterface;
import anubis.linux.NetworkNamespace;
import anubis.linux.PacketCapture;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;

/**
 * The UDP datagrams on an interface, from the moment this is made. For a few hundred a second: an ordinary user's socket
 * buffer holds little more (tcpdump, with a ring of its own, cannot run in a user namespace).
 */
final class Capture implements AutoCloseable {
    private static final int FRAME_MAX = 65_536 + 14;
    private static final int BETWEEN_LOOKS_NANOS = 500_000;
    private static final int ETHERNET_HEADER = 14;
    private static final int ETHERTYPE_OFFSET = 12;
    private static final int ETHERTYPE_IPV4 = 0x0800;
    private static final int ETHERTYPE_IPV6 = 0x86dd;
    private static final int UDP = 17;
    private static final int UDP_HEADER = 8;

    private final PacketCapture capture;
    private final List<Datagram> datagrams = new CopyOnWriteArrayList<>();
    private final Thread reader;
    private volatile boolean closed;

    /**
     * A datagram; several at once where the kernel carries them as one (GSO).
     *
     * @param source the address it came from
     * @param length of the payload, in bytes
     * @param type the first byte of the payload: the type of a WireGuard message
     */
    record Datagram(InetAddress source, int length, int type) {}

    private Capture(PacketCapture capture) {
        this.capture = capture;
        this.reader = Thread.ofPlatform().daemon().name("capture").unstarted(this::read);
    }

    static Capture on(LabInterface where) {
        try (NetworkNamespace namespace = NetworkNamespace.of(where.host().namespacePath())) {
            Capture capture = new Capture(namespace.call(() -> PacketCapture.open(where.name())));
            capture.reader.start();
            return capture;
        } catch (Exception e) {
            throw new IllegalStateException("capture on " + where.name(), e);
        }
    }

    List<Datagram> datagrams() {
        return datagrams;
    }

    private void read() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment frame = arena.allocate(FRAME_MAX);
            while (!closed) {
                int length = capture.read(frame, 0, FRAME_MAX);
                if (length > 0) {
                    add(frame.asSlice(0, length).asByteBuffer());
                } else {
                    LockSupport.parkNanos(BETWEEN_LOOKS_NANOS);
                }
            }
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    private void add(ByteBuffer frame) throws UnknownHostException {
        int type = Short.toUnsignedInt(frame.getShort(ETHERTYPE_OFFSET));
        ByteBuffer packet = frame.slice(ETHERNET_HEADER, frame.limit() - ETHERNET_HEADER);
        if (type == ETHERTYPE_IPV4 && packet.get(9) == UDP) {
            int header = (packet.get(0) & 15) * 4;
            add(packet, 12, 4, header, Short.toUnsignedInt(packet.getShort(2)) - header);
        } else if (type == ETHERTYPE_IPV6 && packet.get(6) == UDP) {
            add(packet, 8, 16, 40, Short.toUnsignedInt(packet.getShort(4)));
        }
    }

    private void add(ByteBuffer packet, int sourceOffset, int sourceLength, int header, int length)
            throws UnknownHostException {
        byte[] source = new byte[sourceLength];
        packet.get(sourceOffset, source);
        datagrams.add(new Datagram(
                InetAddress.getByAddress(source),
                length - UDP_HEADER,
                Byte.toUnsignedInt(packet.get(header + UDP_HEADER))));
    }

    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        while (reader.isAlive()) {
            try {
                reader.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        capture.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
