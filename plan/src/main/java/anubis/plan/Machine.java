package anubis.plan;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.config.Rule;
import anubis.crypto.PublicKey;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * All of a machine that decides where a packet goes: as Linux does it, with its own addresses in the table that is asked
 * first, and routes to the networks of its addresses in the main table.
 *
 * @param name unique in its world
 * @param links its interfaces, but for the loopback
 * @param rules policy rules beside the kernel's own three (0: local, 32766: main, 32767: default)
 * @param routes beside those that follow from the addresses
 * @param forwarding4 whether it sends on packets of IPv4 that are not for it
 * @param forwarding6 the same of IPv6
 * @param sourceCheck the kernel's rp_filter of IPv4 on all interfaces: 0 none, 1 strict, 2 loose
 * @param unknown what of its configuration is not understood: whatever passes here may go otherwise
 */
public record Machine(
        String name,
        List<Link> links,
        List<PolicyRule> rules,
        List<TableRoute> routes,
        boolean forwarding4,
        boolean forwarding6,
        int sourceCheck,
        Wall wall,
        List<String> unknown) {
    public Machine {
        links = List.copyOf(links);
        rules = List.copyOf(rules);
        routes = List.copyOf(routes);
        unknown = List.copyOf(unknown);
    }

    /**
     * An interface that is up.
     *
     * @param addresses with the length of the network's prefix; /32 and /128 have no network
     * @param mtu in bytes
     */
    public record Link(String name, Kind kind, List<Cidr> addresses, int mtu) {
        public Link {
            addresses = List.copyOf(addresses);
        }
    }

    /** What an interface leads to. */
    public sealed interface Kind {
        /** The segment of that name. */
        record Ethernet(String segment) implements Kind {}

        /** Its peers. */
        record WireGuard(Device device) implements Kind {}

        /** Nothing: it holds addresses. */
        record Dummy() implements Kind {}
    }

    /**
     * A WireGuard device.
     *
     * @param port where it listens
     * @param mark of its bearer packets, 0 for none
     */
    public record Device(PublicKey key, int port, long mark, List<DevicePeer> peers) {
        public Device {
            peers = List.copyOf(peers);
        }
    }

    /**
     * A peer of a device.
     *
     * @param name the machine it is, for people
     * @param keepalive in seconds, 0 for none
     */
    public record DevicePeer(
            String name, PublicKey key, List<Cidr> allowedIps, Optional<Endpoint> endpoint, int keepalive) {
        public DevicePeer {
            allowedIps = List.copyOf(allowedIps);
        }
    }

    /**
     * A policy rule: for packets with that mark (all if none) of {@code iif} (all if none), {@code table} is asked. The first
     * table with a route for the packet decides; a throw route sends it on to the next rule.
     *
     * @param priority the smaller, the earlier
     * @param inverted the mark is that of packets that it is not for
     * @param suppressed an answer whose prefix has at most so many bits does not count; -1: each counts
     */
    public record PolicyRule(
            boolean six, int priority, Optional<Rule.Mark> mark, boolean inverted, long table, int suppressed) {}

    /**
     * A route of a numbered table.
     *
     * @param destination without host bits
     * @param link the interface it leads to; empty if it leads nowhere
     * @param via the router on it
     * @param source the address that the machine itself sends from
     */
    public record TableRoute(
            long table,
            Cidr destination,
            Type type,
            String link,
            Optional<InetAddress> via,
            Optional<InetAddress> source) {
        /** What becomes of a packet. */
        public enum Type {
            UNICAST,
            /** The next rule is asked. */
            THROW,
            UNREACHABLE,
            BLACKHOLE
        }

        /** One that sends to an interface. */
        public static TableRoute to(long table, Cidr destination, String link) {
            return new TableRoute(table, destination, Type.UNICAST, link, Optional.empty(), Optional.empty());
        }

        /** One that sends to a router. */
        public static TableRoute via(long table, Cidr destination, String link, InetAddress router) {
            return new TableRoute(table, destination, Type.UNICAST, link, Optional.of(router), Optional.empty());
        }

        /** One that has the next rule asked. */
        public static TableRoute thrown(long table, Cidr destination) {
            return new TableRoute(table, destination, Type.THROW, "", Optional.empty(), Optional.empty());
        }
    }

    /** The interfaces' names on a segment. */
    public Set<String> linksOn(String segment) {
        return links.stream()
                .filter(link -> link.kind() instanceof Kind.Ethernet ethernet
                        && ethernet.segment().equals(segment))
                .map(Link::name)
                .collect(Collectors.toUnmodifiableSet());
    }

    /** The interface of that name. */
    public Optional<Link> link(String linkName) {
        return links.stream().filter(link -> link.name().equals(linkName)).findFirst();
    }
}
