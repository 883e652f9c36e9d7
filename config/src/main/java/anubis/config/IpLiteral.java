package anubis.config;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/** IP addresses as text, read as strictly as inet_pton(3) does and written as inet_ntop(3) does; names are never looked up. */
public final class IpLiteral {
    private static final int GROUPS = 8;

    private IpLiteral() {}

    /** The address, or nothing if {@code text} is not one; a zone is not part of an address. */
    public static Optional<InetAddress> parse(String text) {
        byte[] bytes = new byte[text.indexOf(':') < 0 ? 4 : 16];
        boolean valid = bytes.length == 4 ? parse4(text, bytes, 0) : parse6(text, bytes);
        return valid ? Optional.of(of(bytes)) : Optional.empty();
    }

    /** An address of its 4 or 16 bytes, network order. An IPv4-mapped one stays the IPv6 address it is. */
    public static InetAddress of(byte[] bytes) {
        try {
            return bytes.length == 4 ? InetAddress.getByAddress(bytes) : Inet6Address.getByAddress(null, bytes, -1);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("an IP address has 4 or 16 bytes, not " + bytes.length, e);
        }
    }

    private static boolean parse4(String text, byte[] to, int at) {
        int from = 0;
        for (int i = 0; i < 4; i++) {
            int dot = i < 3 ? text.indexOf('.', from) : text.length();
            if (dot < 0) {
                return false;
            }
            String part = text.substring(from, dot);
            int value = Decimals.parse(part, 255);
            if (value < 0 || (part.length() > 1 && part.charAt(0) == '0')) {
                return false;
            }
            to[at + i] = (byte) value;
            from = dot + 1;
        }
        return true;
    }

    private static boolean parse6(String text, byte[] to) {
        int gap = text.indexOf("::");
        byte[] tail = new byte[16];
        int head = parseGroups(gap < 0 ? text : text.substring(0, gap), to, gap < 0);
        int rest = gap < 0 ? 0 : parseGroups(text.substring(gap + 2), tail, true);
        if (head < 0 || rest < 0 || (gap < 0 ? head != 16 : head + rest > 14)) {
            return false;
        }
        System.arraycopy(tail, 0, to, 16 - rest, rest);
        return true;
    }

    /** Groups separated by colons, the last of them in dotted form if that is allowed; the bytes written, or -1. */
    private static int parseGroups(String text, byte[] to, boolean dottedEnd) {
        if (text.isEmpty()) {
            return 0;
        }
        String[] groups = text.split(":", -1);
        int at = 0;
        for (int i = 0; i < groups.length; i++) {
            String group = groups[i];
            if (dottedEnd && i == groups.length - 1 && group.indexOf('.') >= 0) {
                return at <= 12 && parse4(group, to, at) ? at + 4 : -1;
            }
            if (at == 16 || group.isEmpty() || group.length() > 4) {
                return -1;
            }
            int value = 0;
            for (int j = 0; j < group.length(); j++) {
                char c = group.charAt(j);
                int digit = c < 128 ? Character.digit(c, 16) : -1;
                if (digit < 0) {
                    return -1;
                }
                value = value << 4 | digit;
            }
            to[at++] = (byte) (value >> 8);
            to[at++] = (byte) value;
        }
        return at;
    }

    /** RFC 5952, and as inet_ntop(3) does, an IPv4 address inside ::/96 and ::ffff:0:0/96 in dotted form. */
    public static String format(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (bytes.length == 4) {
            return dotted(bytes, 0);
        }
        int[] groups = new int[GROUPS];
        int gap = -1;
        int gapLength = 1;
        for (int i = GROUPS - 1, zeros = 0; i >= 0; i--) {
            groups[i] = (bytes[2 * i] & 0xff) << 8 | (bytes[2 * i + 1] & 0xff);
            zeros = groups[i] == 0 ? zeros + 1 : 0;
            if (zeros > 1 && zeros >= gapLength) {
                gap = i;
                gapLength = zeros;
            }
        }
        boolean mapped = gap == 0 && (gapLength == 6 || (gapLength == 5 && groups[5] == 0xffff));
        StringBuilder text = new StringBuilder(39);
        for (int i = 0; i < GROUPS; i++) {
            if (i == gap) {
                text.append("::");
                i += gapLength - 1;
            } else if (mapped && i == 6) {
                return text.append(text.charAt(text.length() - 1) == ':' ? "" : ":")
                        .append(dotted(bytes, 12))
                        .toString();
            } else {
                text.append(text.isEmpty() || text.charAt(text.length() - 1) == ':' ? "" : ":")
                        .append(Integer.toHexString(groups[i]));
            }
        }
        return text.toString();
    }

    private static String dotted(byte[] bytes, int at) {
        return (bytes[at] & 0xff) + "." + (bytes[at + 1] & 0xff) + "." + (bytes[at + 2] & 0xff) + "."
                + (bytes[at + 3] & 0xff);
    }
}
