package anubis.plan;

import anubis.config.Cidr;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A network that hosts are on: those on it reach each other without a router.
 *
 * @param name unique in the description
 * @param prefixes its addresses, without host bits, at most one of IPv4 and one of IPv6
 * @param mapped what others call the prefixes, where they overlap with others': as many bits, one to one
 * @param gateway the host that is the default route there; on a wild segment the internet is
 * @param nat whether a router hides what is on it behind one address of its own (only a wild one)
 * @param routed prefixes that the provider of a wild segment sends to a host on it, by the host's name
 * @param mtu in bytes
 */
public record Segment(
        String name,
        Kind kind,
        List<Cidr> prefixes,
        List<Cidr> mapped,
        Optional<String> gateway,
        boolean nat,
        Map<Cidr, String> routed,
        int mtu) {
    /** The MTU of Ethernet, in bytes. */
    public static final int MTU = 1500;

    /** Who is on it. */
    public enum Kind {
        /** Hosts of the network, which trust each other. */
        LAN,
        /** Virtual machines, on a bridge inside the host that is their gateway. */
        INSIDE,
        /** Anybody: a provider's, a hotel's, a carrier's. */
        WILD;

        /** As in the description. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Segment {
        prefixes = List.copyOf(prefixes);
        mapped = List.copyOf(mapped);
        routed = Collections.unmodifiableMap(new LinkedHashMap<>(routed));
    }

    /** Whether the host is its gateway. */
    public boolean behind(Host host) {
        return gateway.equals(Optional.of(host.name()));
    }

    /** Whether it is inside the host. */
    public boolean inside(Host host) {
        return kind == Kind.INSIDE && behind(host);
    }
}
