package anubis.device;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The header that a TUN with {@code IFF_VNET_HDR} has in front of each packet (linux/virtio_net.h), native byte order. */
final class Virtio {
    /** Its length. */
    static final int HEADER = 10;

    /** The transport checksum, at the start plus the offset given, holds no more than the pseudo-header's sum. */
    static final int NEEDS_CSUM = 1;

    static final int TYPE = 1;
    static final int GSO_NONE = 0;
    static final int GSO_TCPV4 = 1;
    static final int GSO_TCPV6 = 4;
    static final int GSO_UDP_L4 = 5;
    static final int GSO_ECN = 0x80;

    static final int HEADERS_LENGTH = 2;
    static final int GSO_SIZE = 4;
    static final int CSUM_START = 6;
    static final int CSUM_OFFSET = 8;

    private Virtio() {}

    static int u16(MemorySegment s, long offset) {
        return s.get(ValueLayout.JAVA_SHORT_UNALIGNED, offset) & 0xFFFF;
    }

    static void u16(MemorySegment s, long offset, int value) {
        s.set(ValueLayout.JAVA_SHORT_UNALIGNED, offset, (short) value);
    }
}
