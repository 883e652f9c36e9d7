package anubis.protocol;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** What the protocol must know of the IP packets that it carries. */
public final class InnerPacket {
    private static final int IPV4_HEADER = 20;
    private static final int IPV6_HEADER = 40;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private InnerPacket() {}

    /** The length that an IPv4 or IPv6 header claims; -1 if it is neither, or claims more than {@code available}. */
    public static int length(MemorySegment segment, long offset, int available) {
        int length = -1;
        if (available >= IPV4_HEADER) {
            int version = (segment.get(ValueLayout.JAVA_BYTE, offset) & 0xf0) >> 4;
            if (version == 4) {
                length = segment.get(SHORT, offset + 2) & 0xffff;
                length = length < IPV4_HEADER ? -1 : length;
            } else if (version == 6 && available >= IPV6_HEADER) {
                length = IPV6_HEADER + (segment.get(SHORT, offset + 4) & 0xffff);
            }
        }
        return length > available ? -1 : length;
    }
}
