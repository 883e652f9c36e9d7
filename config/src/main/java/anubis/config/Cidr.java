package anubis.config;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * An IP address and the length of its prefix in bits (0 to 32 or 128), as in {@code AllowedIPs} and {@code Address}.
 * The bits after the prefix are kept: compare {@link #masked()} where only the prefix counts.
 */
public record Cidr(InetAddress address, int length) {
    public Cidr {
        if (length < 0 || length > bits(address)) {
            throw new IllegalArgumentException(
                    "a prefix of " + IpLiteral.format(address) + " has 0 to " + bits(address) + " bits, not " + length);
        }
    }

    /**
     * An address, alone or followed by {@code /} and a prefix length: {@code 10.0.0.0/8}, {@code 2001:db8::1}.
     *
     * @throws IllegalArgumentException if it is not that
     */
    public static Cidr parse(String text) {
        int slash = text.indexOf('/');
        InetAddress address = IpLiteral.parse(slash < 0 ? text : text.substring(0, slash))
                .orElseThrow(() -> new IllegalArgumentException("not an IP address"));
        int length = slash < 0 ? bits(address) : Decimals.parse(text.substring(slash + 1), bits(address));
        if (length < 0) {
            throw new IllegalArgumentException("the prefix length is not a number from 0 to " + bits(address));
        }
        return new Cidr(address, length);
    }

    /** The same prefix with all bits after it zero. */
    public Cidr masked() {
        byte[] bytes = address.getAddress();
        for (int i = 0; i < bytes.length; i++) {
            int kept = Math.clamp(length - 8 * i, 0, 8);
            bytes[i] &= (byte) (0xff00 >> kept);
        }
        return new Cidr(IpLiteral.of(bytes), length);
    }

    /** Whether it is of IPv6, not of IPv4. */
    public boolean six() {
        return address.getAddress().length == 16;
    }

    /** A prefix of one address alone. */
    public static Cidr host(InetAddress address) {
        return new Cidr(address, bits(address));
    }

    /** Whether all addresses of {@code other} are in this prefix. */
    public boolean contains(Cidr other) {
        return six() == other.six()
                && length <= other.length
                && masked().address.equals(new Cidr(other.address, length).masked().address);
    }

    /** As every record has it, but that one would be linked when it is first used, and a short verb wait for it. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Cidr cidr && length == cidr.length && address.equals(cidr.address);
    }

    /**
     * The addresses of networks differ in few bits, which are spread here over all. By 15 and not by 16: that is what a
     * {@link java.util.HashMap} does itself, and twice is as good as never.
     */
    @Override
    public int hashCode() {
        int hash = (address.hashCode() + length) * 0x9e37_79b9;
        return hash ^ hash >>> 15;
    }

    private static int bits(InetAddress address) {
        return 8 * address.getAddress().length;
    }

    /** As {@code wg} prints it, always with the length. */
    @Override
    public String toString() {
        return IpLiteral.format(address) + "/" + length;
    }
}
