package anubis.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The headers of IP, TCP and UDP where they lie: offsets and lengths in bytes, big-endian accessors, and the two bits of
 * explicit congestion notification (ECN). Offsets of the TCP and UDP fields count from the start of that header.
 */
final class Packets {
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    static final int TCP = 6;
    static final int UDP = 17;

    static final int IPV4_HEADER = 20;
    static final int IPV4_LENGTH = 2;
    static final int IPV4_ID = 4;
    static final int IPV4_FRAGMENT = 6;
    static final int IPV4_TTL = 8;
    static final int IPV4_PROTOCOL = 9;
    static final int IPV4_CHECKSUM = 10;
    static final int IPV4_SOURCE = 12;
    static final int IPV4_DESTINATION = 16;

    static final int IPV6_HEADER = 40;
    static final int IPV6_LENGTH = 4;
    static final int IPV6_PROTOCOL = 6;
    static final int IPV6_SOURCE = 8;
    static final int IPV6_DESTINATION = 24;

    static final int TCP_HEADER = 20;
    static final int TCP_SEQUENCE = 4;
    static final int TCP_ACKNOWLEDGEMENT = 8;
    /** The header's length in words of four bytes is the upper half of this byte. */
    static final int TCP_DATA_OFFSET = 12;

    static final int TCP_FLAGS = 13;
    static final int TCP_CHECKSUM = 16;
    static final int FIN = 0x01;
    static final int PSH = 0x08;
    static final int ACK = 0x10;
    static final int CWR = 0x80;

    static final int UDP_HEADER = 8;
    static final int UDP_LENGTH = 4;
    static final int UDP_CHECKSUM = 6;

    /** The ECN codepoint "congestion experienced"; 0 is "not ECN-capable", 1 ECT(1), 2 ECT(0) (RFC 3168, section 5). */
    static final int ECN_CE = 3;

    private Packets() {}

    static int u8(MemorySegment s, long offset) {
        return s.get(JAVA_BYTE, offset) & 0xFF;
    }

    static int u16(MemorySegment s, long offset) {
        return s.get(SHORT, offset) & 0xFFFF;
    }

    static void u8(MemorySegment s, long offset, int value) {
        s.set(JAVA_BYTE, offset, (byte) value);
    }

    static void u16(MemorySegment s, long offset, int value) {
        s.set(SHORT, offset, (short) value);
    }

    /** The version that the packet claims, 4 or 6 where it is an IP packet at all. */
    static int version(MemorySegment s, long packet) {
        return u8(s, packet) >>> 4;
    }

    /** The ECN codepoint of a whole IP packet. */
    static int ecn(MemorySegment s, long packet) {
        int second = u8(s, packet + 1);
        return (version(s, packet) == 4 ? second : second >>> 4) & 3;
    }

    /** Sets the ECN codepoint of a whole IP packet, and adjusts the header checksum of an IPv4 one. */
    static void ecn(MemorySegment s, long packet, int ecn) {
        int old = u16(s, packet);
        if (version(s, packet) == 4) {
            int now = (old & ~3) | ecn;
            u16(s, packet, now);
            int checksum = u16(s, packet + IPV4_CHECKSUM);
            u16(s, packet + IPV4_CHECKSUM, Checksum.adjust(checksum, old, now));
        } else {
            u16(s, packet, (old & ~0x30) | ecn << 4);
        }
    }

    /**
     * What becomes of the inner codepoint when a packet leaves the tunnel (RFC 6040, section 4.2, figure 4).
     *
     * @param outer the outer header's traffic class; its upper six bits are ignored
     * @return the inner codepoint to set, or -1 if the packet must be dropped: the network has marked a packet whose
     *     sender would not understand
     */
    static int ecnDecapsulate(int inner, int outer) {
        return switch (outer & 3) {
            case ECN_CE -> inner == 0 ? -1 : ECN_CE;
            case 1 -> inner == 2 ? 1 : inner;
            default -> inner;
        };
    }
}
