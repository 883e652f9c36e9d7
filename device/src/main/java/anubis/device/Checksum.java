package anubis.device;

import static anubis.device.Packets.*;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The internet checksum (RFC 1071) over native memory. A <em>sum</em> here is a ones' complement sum of big-endian
 * 16-bit words, not complemented. Sums can be added as integers before they are folded, and a checksum field holds the
 * complement of the folded sum.
 */
final class Checksum {
    // The sum does not depend on the byte order but for the order of its own two bytes (RFC 1071, section 2), so the
    // loop loads what needs no swap on any machine of today.
    private static final ValueLayout.OfLong WORD8 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt WORD4 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort WORD2 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Checksum() {}

    /** The folded sum of {@code length} bytes; an odd length counts as if a zero byte followed. */
    static int sum(MemorySegment s, long offset, int length) {
        long low = 0;
        long high = 0;
        int words = length >>> 3;
        // Two plain sums in 64 bits: C2 makes vectors of this loop, and of none that keeps a carry.
        for (int i = 0; i < words; i++) {
            long word = s.get(WORD8, offset + i * 8L);
            low += word & 0xFFFF_FFFFL;
            high += word >>> 32;
        }
        long sum = low + high;
        long at = offset + words * 8L;
        if ((length & 4) != 0) {
            sum += s.get(WORD4, at) & 0xFFFF_FFFFL;
            at += 4;
        }
        if ((length & 2) != 0) {
            sum += s.get(WORD2, at) & 0xFFFF;
            at += 2;
        }
        if ((length & 1) != 0) sum += Packets.u8(s, at);
        sum = (sum & 0xFFFF_FFFFL) + (sum >>> 32);
        int folded = fold((int) (sum & 0xFFFF) + (int) (sum >>> 16 & 0xFFFF) + (int) (sum >>> 32));
        return (folded & 0xFF) << 8 | folded >>> 8;
    }

    /** Folds a sum into 16 bits. */
    static int fold(int sum) {
        int once = (sum & 0xFFFF) + (sum >>> 16);
        return (once & 0xFFFF) + (once >>> 16);
    }

    /**
     * The sum of the pseudo-header in front of TCP or UDP (RFC 9293, section 3.1; RFC 8200, section 8.1), not folded.
     *
     * @param length of the TCP or UDP packet with its header, in bytes
     */
    static int pseudoHeader(MemorySegment s, long packet, int protocol, int length) {
        int addresses = Packets.version(s, packet) == 4
                ? sum(s, packet + IPV4_SOURCE, IPV4_HEADER - IPV4_SOURCE)
                : sum(s, packet + IPV6_SOURCE, IPV6_HEADER - IPV6_SOURCE);
        return addresses + protocol + length;
    }

    /** The checksum after one of the words it covers has changed (RFC 1624, equation 3). */
    static int adjust(int checksum, int oldWord, int newWord) {
        return ~fold((~checksum & 0xFFFF) + (~oldWord & 0xFFFF) + newWord) & 0xFFFF;
    }
}
