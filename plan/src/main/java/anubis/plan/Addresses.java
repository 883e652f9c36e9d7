package anubis.plan;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.config.IpLiteral;
import anubis.plan.TomlReading.Wrong;
import java.net.InetAddress;
import java.util.List;
import java.util.stream.Collectors;

/** Addresses as a description has them; what is none is refused with what would be right. */
final class Addresses {
    /** The first byte of what begins IPv4's reserved addresses (RFC 1112, section 4). */
    private static final int RESERVED_4 = 240;

    private Addresses() {}

    static Cidr prefix(String text) {
        Cidr cidr = Cidr.parse(text);
        if (text.indexOf('/') < 0) {
            throw new Wrong(
                    "its length is missing", "write as in " + new Cidr(cidr.address(), cidr.six() ? 64 : 24).masked());
        }
        if (!cidr.masked().equals(cidr)) {
            throw new Wrong("it has bits beyond its length", "write " + cidr.masked());
        }
        if (cidr.length() == 0) {
            throw new Wrong("it is the whole internet", "write the network's own prefix");
        }
        return usable(cidr);
    }

    /** What every host has by itself, or none has alone: to such addresses no packet finds a way to another host. */
    static Cidr usable(Cidr cidr) {
        InetAddress address = cidr.address();
        int first = address.getAddress()[0] & 0xff;
        boolean four = address.getAddress().length == 4;
        if (address.isLoopbackAddress()
                || address.isLinkLocalAddress()
                || address.isMulticastAddress()
                || address.isAnyLocalAddress()
                || (four && (first == 0 || first >= RESERVED_4))) {
            throw new Wrong("no host is reached there from another", "write addresses of one host alone");
        }
        return cidr;
    }

    static List<InetAddress> numbered(long number, List<Cidr> prefixes) {
        for (Cidr prefix : prefixes) {
            int bits = (prefix.six() ? 128 : 32) - prefix.length();
            long end = bits > 31 ? Integer.MAX_VALUE : 1L << bits;
            if (number < 0 || number >= end || isReserved(Prefixes.nth(prefix, number), prefix)) {
                throw new Wrong(
                        "no host in " + prefix + " has this number",
                        "write a number from 1 to " + (end - (prefix.six() ? 1 : 2)));
            }
        }
        return prefixes.stream().map(prefix -> Prefixes.nth(prefix, number)).toList();
    }

    static InetAddress address(Object value, List<Cidr> prefixes, String where) {
        String text = TomlReading.text(value);
        int slash = text.indexOf('/');
        if (slash >= 0 && IpLiteral.parse(text.substring(0, slash)).isPresent()) {
            throw new Wrong("it has a length, which its network has already", "write " + text.substring(0, slash));
        }
        InetAddress address =
                IpLiteral.parse(text).orElseThrow(() -> new IllegalArgumentException("not an IP address"));
        Cidr host = usable(Cidr.host(address));
        for (Cidr prefix : prefixes) {
            if (prefix.contains(host)) {
                if (isReserved(address, prefix)) {
                    throw new Wrong(
                            "it is the address of the network itself, or its broadcast", "choose another in " + prefix);
                }
                return address;
            }
        }
        if (prefixes.isEmpty()) {
            return address;
        }
        throw new Wrong(
                "it is not in the " + where,
                "choose one in "
                        + prefixes.stream().map(Cidr::toString).collect(Collectors.joining(" or "))
                        + ", or correct the prefixes there");
    }

    /** The first and, of IPv4, the last address of a prefix are no host's, unless it has no others. */
    private static boolean isReserved(InetAddress address, Cidr prefix) {
        int bits = (prefix.six() ? 128 : 32) - prefix.length();
        return bits > 1
                && (address.equals(prefix.address())
                        || (!prefix.six() && address.equals(Prefixes.nth(prefix, (1L << bits) - 1))));
    }

    static Endpoint endpoint(String text, int port) {
        String bare = text.startsWith("[") && text.endsWith("]") ? text.substring(1, text.length() - 1) : text;
        boolean alone = bare.indexOf(':') < 0 || IpLiteral.parse(bare).isPresent();
        Endpoint endpoint = alone ? new Endpoint(bare, port) : Endpoint.parse(text);
        if (endpoint.port() == 0) {
            throw new IllegalArgumentException("there is no port 0");
        }
        return endpoint;
    }
}
