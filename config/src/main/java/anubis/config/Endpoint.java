package anubis.config;

import java.net.InetAddress;
import java.util.regex.Pattern;

/**
 * Where a peer is reached: an IP address (an IPv6 one may have a zone, {@code fe80::1%eth0}) or a host name, without
 * brackets, and a UDP port from 0 to 65535.
 */
public record Endpoint(String host, int port) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,253}");
    private static final Pattern ZONE = Pattern.compile("[A-Za-z0-9._-]{1,15}");

    public Endpoint {
        if (port < 0 || port > 65535) {
            throw new IllegalArgumentException("the port is not a number from 0 to 65535");
        }
        host = canonical(host);
    }

    /**
     * {@code 192.0.2.1:51820}, {@code [2001:db8::1]:51820} or {@code vpn.example.org:51820}. As {@code wg} does, it takes
     * what stands before the last colon as the host, so the brackets may be missing.
     *
     * @throws IllegalArgumentException if it is not that
     */
    public static Endpoint parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 0 || text.endsWith("]")) {
            throw new IllegalArgumentException("the port is missing");
        }
        String host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        return new Endpoint(host, Decimals.parse(text.substring(colon + 1), 65535));
    }

    /** Whether the host is an IP address, with or without a zone, and not a name to be resolved. */
    public boolean isLiteral() {
        return host.indexOf(':') >= 0 || IpLiteral.parse(host).isPresent();
    }

    /**
     * The host as an address, without its zone.
     *
     * @throws IllegalStateException if it is a name
     */
    public InetAddress address() {
        int zone = host.indexOf('%');
        return IpLiteral.parse(zone < 0 ? host : host.substring(0, zone))
                .orElseThrow(() -> new IllegalStateException(host + " is a name, not an address"));
    }

    private static String canonical(String host) {
        int percent = host.indexOf('%');
        String address = percent < 0 ? host : host.substring(0, percent);
        String zone = host.substring(address.length());
        var literal = IpLiteral.parse(address);
        boolean six = address.indexOf(':') >= 0;
        boolean valid = percent < 0
                ? literal.isPresent() || (!six && NAME.matcher(host).matches())
                : six && literal.isPresent() && ZONE.matcher(zone.substring(1)).matches();
        if (!valid) {
            throw new IllegalArgumentException("the host is neither an IP address nor a name");
        }
        return literal.map(IpLiteral::format).orElse(address) + zone;
    }

    /** As {@code wg} prints it: an IPv6 address in brackets. */
    @Override
    public String toString() {
        return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
    }
}
