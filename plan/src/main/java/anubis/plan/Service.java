package anubis.plan;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a packet is for: a protocol and, but for {@link Protocol#PING}, a port from 1 to 65535. */
public record Service(Protocol protocol, int port) {
    /** An echo request of ICMP or ICMPv6. */
    public static final Service PING = new Service(Protocol.PING, 0);

    private static final Pattern FORM = Pattern.compile("(tcp|udp) ([1-9][0-9]{0,4})");
    static final int PORT_MAX = 65_535;

    /** What the planner's walls tell apart. */
    public enum Protocol {
        TCP,
        UDP,
        PING
    }

    public Service {
        if (protocol == Protocol.PING ? port != 0 : port < 1 || port > PORT_MAX) {
            throw new IllegalArgumentException("a port is a number from 1 to " + PORT_MAX);
        }
    }

    /** {@code tcp 443}, {@code udp 53} or {@code ping}; nothing if it is not that. */
    public static Optional<Service> parse(String text) {
        if (text.equals("ping")) {
            return Optional.of(PING);
        }
        Matcher parts = FORM.matcher(text);
        if (!parts.matches() || Integer.parseInt(parts.group(2)) > PORT_MAX) {
            return Optional.empty();
        }
        Protocol protocol = parts.group(1).equals("tcp") ? Protocol.TCP : Protocol.UDP;
        return Optional.of(new Service(protocol, Integer.parseInt(parts.group(2))));
    }

    /** As it is parsed. */
    @Override
    public String toString() {
        return switch (protocol) {
            case TCP -> "tcp " + port;
            case UDP -> "udp " + port;
            case PING -> "ping";
        };
    }
}
