package anubis.plan;

import anubis.config.Cidr;
import anubis.config.IpLiteral;
import java.math.BigInteger;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Arithmetic of prefixes and addresses. */
final class Prefixes {
    static final Cidr ALL_4 = Cidr.parse("0.0.0.0/0");
    static final Cidr ALL_6 = Cidr.parse("::/0");

    /** IPv4 before IPv6, then by address, the shorter first. */
    static final Comparator<Cidr> ORDER = Comparator.comparing(Cidr::six)
            .thenComparing(cidr -> cidr.address().getAddress(), Arrays::compareUnsigned)
            .thenComparingInt(Cidr::length);

    private Prefixes() {}

    /** The same prefixes without host bits, in order, without those that lie in others of them. */
    static List<Cidr> reduced(Collection<Cidr> prefixes) {
        Map<Boolean, Set<Integer>> lengths = new HashMap<>();
        Set<Cidr> all = new HashSet<>();
        for (Cidr prefix : prefixes) {
            all.add(prefix.masked());
            lengths.computeIfAbsent(prefix.six(), _ -> new TreeSet<>()).add(prefix.length());
        }
        List<Cidr> reduced = new ArrayList<>();
        for (Cidr prefix : all) {
            boolean inside = false;
            for (int length : lengths.getOrDefault(prefix.six(), Set.of())) {
                inside |= length < prefix.length() && all.contains(new Cidr(prefix.address(), length).masked());
            }
            if (!inside) {
                reduced.add(prefix);
            }
        }
        reduced.sort(ORDER);
        return reduced;
    }

    /** Whether one of the prefixes has the whole of {@code other} in it, and is not the same. */
    static boolean coverStrictly(Collection<Cidr> prefixes, Cidr other) {
        return prefixes.stream().anyMatch(prefix -> prefix.length() < other.length() && prefix.contains(other));
    }

    /** Whether one of the prefixes has the whole of {@code other} in it. */
    static boolean cover(Collection<Cidr> prefixes, Cidr other) {
        return prefixes.stream().anyMatch(prefix -> prefix.contains(other));
    }

    static boolean six(InetAddress address) {
        return address.getAddress().length == 16;
    }

    /** Whether any of the addresses is of the family. */
    static boolean any(Collection<InetAddress> addresses, boolean six) {
        return addresses.stream().anyMatch(address -> six(address) == six);
    }

    /** The address {@code number} places after the first of the prefix. */
    static InetAddress nth(Cidr prefix, long number) {
        byte[] bytes = prefix.masked().address().getAddress();
        BigInteger sum = new BigInteger(1, bytes).add(BigInteger.valueOf(number));
        byte[] digits = sum.toByteArray();
        byte[] result = new byte[bytes.length];
        int length = Math.min(digits.length, result.length);
        System.arraycopy(digits, digits.length - length, result, result.length - length, length);
        return IpLiteral.of(result);
    }

    /** How many places after the first of the prefix the address is; 0 if it is not in it, or further than an int says. */
    static long number(InetAddress address, Cidr prefix) {
        if (!prefix.contains(Cidr.host(address))) {
            return 0;
        }
        BigInteger first = new BigInteger(1, prefix.masked().address().getAddress());
        BigInteger number = new BigInteger(1, address.getAddress()).subtract(first);
        return number.bitLength() < Integer.SIZE ? number.longValue() : 0;
    }
}
