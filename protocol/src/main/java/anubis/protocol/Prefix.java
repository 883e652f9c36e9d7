package anubis.protocol;

import java.nio.ByteBuffer;

/**
 * An IP prefix such as {@code 10.0.0.0/8}. Bits behind the prefix are always zero: they are cleared when it is made.
 *
 * @param ipv6 whether this is an IPv6 prefix, else it is one of IPv4
 * @param high the first 64 bits of an IPv6 address; 0 for IPv4
 * @param low the last 64 bits of an IPv6 address; the IPv4 address in the low 32 bits
 * @param length the number of bits that count, 0 to 32 or 128
 */
public record Prefix(boolean ipv6, long high, long low, int length) {
    private static final int IPV4_BITS = 32;
    private static final int IPV6_BITS = 128;
    private static final int GROUPS = 8;
    private static final long MAPPED = 0xffffL;

    /** @throws IllegalArgumentException if the length does not fit the address family */
    public Prefix {
        int bits = ipv6 ? IPV6_BITS : IPV4_BITS;
        if (length < 0 || length > bits) {
            throw new IllegalArgumentException(
                    "an IPv" + (ipv6 ? 6 : 4) + " prefix has 0 to " + bits + " bits, not " + length);
        }
        high = ipv6 ? high & mask(length) : 0;
        low = ipv6 ? low & mask(length - Long.SIZE) : low & mask(length) >>> IPV4_BITS;
    }

    /**
     * The first {@code length} bits of an address in network byte order.
     *
     * @throws IllegalArgumentException if the address has neither 4 nor 16 bytes or the length does not fit it
     */
    public static Prefix of(byte[] address, int length) {
        ByteBuffer bytes = ByteBuffer.wrap(address);
        return switch (address.length) {
            case 4 -> new Prefix(false, 0, bytes.getInt() & 0xffff_ffffL, length);
            case 16 -> new Prefix(true, bytes.getLong(), bytes.getLong(), length);
            default -> throw new IllegalArgumentException("an IP address has 4 or 16 bytes, not " + address.length);
        };
    }

    /** The canonical text: {@code 10.0.0.0/8}, {@code 2001:db8::/32} (RFC 5952). */
    @Override
    public String toString() {
        if (!ipv6) {
            return dotted() + "/" + length;
        }
        if (high == 0 && low >>> IPV4_BITS == MAPPED) {
            return "::ffff:" + dotted() + "/" + length;
        }
        StringBuilder groups = new StringBuilder(":");
        for (int shift = 2 * Long.SIZE - Short.SIZE; shift >= 0; shift -= Short.SIZE) {
            long half = shift < Long.SIZE ? low : high;
            groups.append(Long.toHexString(half >>> shift & 0xffff)).append(':');
        }
        // The first of the longest runs of two or more zero groups is left out (section 4.2).
        String text = groups.toString();
        int at = -1;
        for (int run = GROUPS; run > 1 && at < 0; run--) {
            String zeros = ":0".repeat(run) + ":";
            at = text.indexOf(zeros);
            text = at < 0 ? text : text.substring(0, at) + "::" + text.substring(at + zeros.length());
        }
        int from = text.startsWith("::") ? 0 : 1;
        int to = text.length() - (text.endsWith("::") ? 0 : 1);
        return text.substring(from, to) + "/" + length;
    }

    private String dotted() {
        return (low >> 24 & 0xff) + "." + (low >> 16 & 0xff) + "." + (low >> 8 & 0xff) + "." + (low & 0xff);
    }

    private static long mask(int bits) {
        if (bits <= 0) {
            return 0;
        }
        return bits >= Long.SIZE ? -1L : -1L << (Long.SIZE - bits);
    }
}
