package anubis.plan;

import anubis.config.Cidr;
import anubis.plan.Place.Spot;
import anubis.plan.Segment.Kind;
import anubis.plan.Service.Protocol;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Who must reach whom in a situation, as it follows from the description alone: not from routes, which are what is to be
 * proved. Where there is a way in both directions, the packets must find it. Does not change once it is made.
 */
public final class Expectation {
    private final Network network;
    private final Ways ways;
    private final Map<String, Place> places;
    private final List<Service> closed;
    private final List<Cidr> unrouted;

    /** What is asked of a packet. */
    public enum Wish {
        /** It must arrive, and its answer come back. */
        MUST,
        /** It must not. */
        MUST_NOT,
        /** Nothing. */
        FREE
    }

    public Expectation(Network network, Situation situation) {
        this.network = network;
        ways = new Ways(network, situation);
        places = ways.places();
        closed = closed(network);
        unrouted = ways.unrouted();
    }

    /**
     * What is asked of a packet, sent by one host to an address of another.
     *
     * @param from a host, or {@link Network#STRANGER}
     * @param to another, or the stranger
     */
    public Wish wish(String from, String to, InetAddress address, Service service) {
        return wish(from, to, Ip.of(address), service);
    }

    Wish wish(String from, String to, Ip ip, Service service) {
        Place sender = places.get(from);
        Place target = places.get(to);
        if (from.equals(to)) {
            return Wish.FREE;
        }
        if (to.equals(Network.STRANGER) && sender != null) {
            return ways.internet(sender, ip.six()) ? Wish.MUST : Wish.FREE;
        }
        if (from.equals(Network.STRANGER) && target != null) {
            return fromOutside(target, ip, service);
        }
        return sender == null || target == null ? Wish.FREE : inside(sender, target, ip, service);
    }

    private Wish fromOutside(Place target, Ip ip, Service service) {
        Spot spot = target.spot(ip);
        boolean wild = spot == null
                ? !target.wireguard.contains(ip) && !target.internal(ip)
                : spot.segment().kind() == Kind.WILD;
        boolean lets = target.host.letsIn().contains(service);
        if (wild
                && !target.host.moves()
                && spot != null
                && lets
                && !spot.segment().nat()) {
            return Wish.MUST;
        }
        if (lets || door(network, target.host, service)) {
            return Wish.FREE;
        }
        if (wild) {
            return guarded(target) ? Wish.MUST_NOT : Wish.FREE;
        }
        boolean routed =
                places.values().stream().anyMatch(place -> place.host.letsIn().contains(service) && routed(place, ip));
        return routed ? Wish.FREE : Wish.MUST_NOT;
    }

    /** Whether the plan gives it a firewall for itself: what others' keep out is not the plan's. */
    private static boolean guarded(Place place) {
        return place.host.key().isPresent() && (!place.host.moves() || place.guarded());
    }

    /** Whether the service is a tunnel's own, or the gate's. */
    private static boolean door(Network network, Host host, Service service) {
        int port = service.port();
        return service.protocol() == Protocol.UDP
                && (port == host.port()
                        || host.extraPorts().contains(port)
                        || network.gatePort().equals(OptionalInt.of(port)));
    }

    /** Whether a provider sends what is for the address to the host, which lets in what it does for those behind it, too. */
    private static boolean routed(Place place, Ip ip) {
        return place.spots.stream()
                .filter(spot -> spot.segment().kind() == Kind.WILD)
                .flatMap(spot -> spot.segment().routed().entrySet().stream())
                .filter(entry -> entry.getValue().equals(place.host.name()))
                .map(Map.Entry::getKey)
                .anyMatch(prefix -> ip.six() == prefix.six() && ip.in(Ip.of(prefix.address()), prefix.length()));
    }

    /**
     * What is tried from outside: what is asked of all, whatever anybody lets in, and of each protocol what nobody does, so
     * that it is shut whatever is asked.
     */
    List<Service> outside(Service asked) {
        Set<Service> all = new LinkedHashSet<>(List.of(asked, Service.PING));
        network.hosts().values().forEach(host -> all.addAll(host.letsIn()));
        all.addAll(closed);
        return List.copyOf(all);
    }

    /** Of TCP and of UDP a port that nobody lets in, nor has for a tunnel. */
    List<Service> closed() {
        return closed;
    }

    private static List<Service> closed(Network network) {
        List<Service> all = new ArrayList<>();
        for (Protocol protocol : List.of(Protocol.TCP, Protocol.UDP)) {
            IntStream.iterate(Service.PORT_MAX, port -> port > 0, port -> port - 1)
                    .mapToObj(port -> new Service(protocol, port))
                    .filter(service -> network.hosts().values().stream()
                            .noneMatch(host -> host.letsIn().contains(service) || door(network, host, service)))
                    .findFirst()
                    .ifPresent(all::add);
        }
        return List.copyOf(all);
    }

    /**
     * Whether what a neighbour on a wild segment sends to a host must not arrive.
     *
     * @param own whether the host itself has the address
     */
    boolean shut(Place at, boolean own, Ip ip, Service service) {
        boolean lets = at.host.letsIn().contains(service);
        return own ? guarded(at) && !lets && !door(network, at.host, service) : !(lets && routed(at, ip));
    }

    /**
     * Whether what comes to a host in the wild can only be forged if it is from that address, so that it must not arrive
     * whatever it is for: it is ours, and no provider knows it, nor has a wild network such addresses. Who moves cannot tell
     * where it is.
     */
    boolean forged(Place at, Ip source) {
        return guarded(at) && !at.host.moves() && Ways.in(unrouted, source);
    }

    Network network() {
        return network;
    }

    /** A host that is there. */
    @Nullable
    Place place(String name) {
        return places.get(name);
    }

    /** The other hosts that are there. */
    Stream<Place> others(Place place) {
        return places.values().stream().filter(other -> !other.equals(place));
    }

    private Wish inside(Place sender, Place target, Ip ip, Service service) {
        Spot spot = target.spot(ip);
        boolean tunnelled = target.wireguard.contains(ip);
        if (spot == null && !tunnelled && !target.internal(ip)) {
            // Where it visits.
            return Wish.FREE;
        }
        if (spot != null && spot.segment().kind() == Kind.WILD) {
            boolean called =
                    target.host.letsIn().contains(service) && !spot.segment().nat();
            return called && ways.internet(sender, ip.six()) ? Wish.MUST : Wish.FREE;
        }
        boolean home = spot != null && spot.segment().kind() == Kind.LAN && target.host.moves();
        boolean deaf = home && (target.tunnel || target.guarded());
        return !deaf && named(sender, spot, ip) && ways.between(sender, ip, target) ? Wish.MUST : Wish.FREE;
    }

    /** Whether the address is what the sender has to call it: the mapped one is for others than those on the segment. */
    private static boolean named(Place sender, @Nullable Spot spot, Ip ip) {
        if (spot == null || spot.segment().mapped().stream().noneMatch(prefix -> prefix.six() == ip.six())) {
            return true;
        }
        boolean there = sender.spots.stream().anyMatch(each -> each.segment().equals(spot.segment()));
        return there == spot.own().contains(ip);
    }

    /** The addresses by which others may call a host, as far as the description has them. */
    List<Ip> addresses(String name) {
        Place place = places.get(name);
        if (place == null) {
            return List.of();
        }
        List<Ip> all = new ArrayList<>();
        if (place.tunnel) {
            place.host.wireguard().stream().map(Ip::of).forEach(all::add);
        }
        place.host.internal().stream().map(cidr -> Ip.of(cidr.address())).forEach(all::add);
        for (Spot spot : place.spots) {
            if (place.host.on().containsKey(spot.segment().name())) {
                all.addAll(spot.own());
                spot.own().stream()
                        .map(own -> spot.mapped(own))
                        .filter(Objects::nonNull)
                        .map(Objects::requireNonNull)
                        .forEach(all::add);
            }
        }
        return all;
    }

    /** Whether others call the address otherwise, so that it may be somebody else's, too. */
    boolean renamed(String name, Ip ip) {
        Place place = places.get(name);
        Spot spot = place == null ? null : place.spot(ip);
        return spot != null && spot.mapped(ip) != null;
    }

    /** The hosts that are there, in the order of the description, and the stranger. */
    public List<String> hosts() {
        return Stream.concat(places.keySet().stream(), Stream.of(Network.STRANGER))
                .toList();
    }
}
