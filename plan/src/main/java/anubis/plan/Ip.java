package anubis.plan;

import anubis.config.IpLiteral;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * An address as two numbers, for whoever compares millions of them: an IPv4 address is the lower 32 bits of {@code low}.
 */
record Ip(boolean six, long high, long low) {
    private static final int BITS_4 = 32;
    private static final int BITS_6 = 128;

    static Ip of(InetAddress address) {
        ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
        return bytes.remaining() == 4
                ? new Ip(false, 0, Integer.toUnsignedLong(bytes.getInt()))
                : new Ip(true, bytes.getLong(), bytes.getLong());
    }

    InetAddress address() {
        return IpLiteral.of(
                six
                        ? ByteBuffer.allocate(16).putLong(high).putLong(low).array()
                        : ByteBuffer.allocate(4).putInt((int) low).array());
    }

    /** The length of an address, in bits. */
    int bits() {
        return six ? BITS_6 : BITS_4;
    }

    /** The bits of {@code low} that belong to a prefix of {@code length} bits. */
    static long lowMask(boolean six, int length) {
        int bits = six ? length - Long.SIZE : length + BITS_4;
        return bits <= 0 ? 0 : -1L << (Long.SIZE - bits);
    }

    /** The bits of {@code high} that belong to a prefix of IPv6 of {@code length} bits. */
    static long highMask(int length) {
        return length == 0 ? 0 : length >= Long.SIZE ? -1L : -1L << (Long.SIZE - length);
    }

    /** How many leading bits are the same. */
    int common(Ip other) {
        if (!six) {
            return Long.numberOfLeadingZeros(low ^ other.low) - BITS_4;
        }
        return high != other.high
                ? Long.numberOfLeadingZeros(high ^ other.high)
                : Long.SIZE + Long.numberOfLeadingZeros(low ^ other.low);
    }

    /** Whether it lies in the prefix of {@code length} bits that {@code prefix} begins with. */
    boolean in(Ip prefix, int length) {
        return six == prefix.six
                && ((low ^ prefix.low) & lowMask(six, length)) == 0
                && ((high ^ prefix.high) & highMask(length)) == 0;
    }

    /** The address with the first {@code length} bits of {@code prefix} and the other bits of this one. */
    Ip moved(Ip prefix, int length) {
        long lowMask = lowMask(six, length);
        long highMask = highMask(length);
        return new Ip(
                six,
                six ? (prefix.high & highMask) | (high & ~highMask) : 0,
                (prefix.low & lowMask) | (low & ~lowMask & (six ? -1L : 0xffff_ffffL)));
    }

    @Override
    public int hashCode() {
        return hash(high, low);
    }

    /** Spreads the few bits in which neighbours differ over all. */
    static int hash(long high, long low) {
        long mixed = (high * 0x9e37_79b9_7f4a_7c15L ^ low) * 0xbf58_476d_1ce4_e5b9L;
        return (int) (mixed ^ mixed >>> 32);
    }

    @Override
    public String toString() {
        return IpLiteral.format(address());
    }
}
