package anubis.plan;

import anubis.config.Cidr;
import anubis.plan.Segment.Kind;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Who must reach whom in a situation, as it follows from the description alone: not from routes, which are what is to be
 * proved. Does not change once it is made.
 *
 * <p>It is asked of the tunnels and segments whether there is a way: a chain of hosts, each on a segment with the next, or its
 * hub, or whose hub it is. Where there is one in both directions, the packets must find it.
 */
public final class Expectation {
    /** More hosts than any way has. */
    private static final int FAR = 32;

    private final Network network;
    private final Situation situation;
    private final Map<String, Place> places = new LinkedHashMap<>();
    private final List<Cidr> whole;

    /** What is asked of a packet. */
    public enum Wish {
        /** It must arrive, and its answer come back. */
        MUST,
        /** It must not. */
        MUST_NOT,
        /** Nothing. */
        FREE
    }

    /** A segment that a host is on now, and its addresses there. */
    private record Spot(Segment segment, List<Ip> own) {
        boolean speaks(boolean six) {
            return own.stream().anyMatch(ip -> ip.six() == six);
        }
    }

    /** A host of the situation. */
    private static final class Place {
        final Host host;
        final List<Spot> spots = new ArrayList<>();
        final Set<Ip> wireguard = new HashSet<>();
        final PrefixTable<Place> children4 = new PrefixTable<>();
        final PrefixTable<Place> children6 = new PrefixTable<>();
        boolean tunnel;

        @Nullable
        Place hub;
        /** Whether bearer packets get to the hub. */
        boolean linked;

        List<Cidr> own = List.of();
        final Map<Boolean, Boolean> internet = new HashMap<>();

        Place(Host host) {
            this.host = host;
        }

        boolean speaks(boolean six) {
            return wireguard.stream().anyMatch(ip -> ip.six() == six);
        }

        boolean guarded() {
            return host.role() == Role.ROAMING && host.through() != Through.NAMES;
        }

        @Nullable
        Place child(Ip ip) {
            return (ip.six() ? children6 : children4).longest(ip);
        }
    }

    public Expectation(Network network, Situation situation) {
        this.network = network;
        this.situation = situation;
        Tree tree = new Tree(network, situation);
        whole = tree.whole();
        for (Host host : network.hosts().values()) {
            if (!situation.absent().contains(host.name())) {
                places.put(host.name(), place(host));
            }
        }
        for (Place place : places.values()) {
            place.own = tree.subtree(place.host);
            place.hub = tree.hub(place.host).map(hub -> places.get(hub.name())).orElse(null);
            for (Host child : place.tunnel ? tree.children(place.host) : List.<Host>of()) {
                Place other = places.get(child.name());
                if (other != null && other.tunnel) {
                    tree.subtree(child)
                            .forEach(prefix -> (prefix.six() ? place.children6 : place.children4).put(prefix, other));
                }
            }
        }
        // Bearer packets of some go through the tunnels of others.
        for (boolean more = true; more; ) {
            more = false;
            for (Place place : places.values()) {
                Place hub = place.hub;
                if (!place.linked && hub != null && place.tunnel && hub.tunnel && linked(place, hub)) {
                    place.linked = true;
                    more = true;
                }
            }
        }
        for (Place place : places.values()) {
            for (boolean six : new boolean[] {false, true}) {
                place.internet.put(six, findInternet(place, six, FAR));
            }
        }
    }

    private Place place(Host host) {
        Place place = new Place(host);
        String where = situation.away().get(host.name());
        for (Segment segment : network.segments().values()) {
            boolean inside = segment.gateway().equals(Optional.of(host.name()));
            if (segment.name().equals(where)) {
                List<InetAddress> own = host.addressesOn(segment.name());
                place.spots.add(new Spot(
                        segment,
                        (own.isEmpty()
                                        ? segment.prefixes().stream()
                                                .map(Cidr::address)
                                                .toList()
                                        : own)
                                .stream().map(Ip::of).toList()));
            } else if (host.on().containsKey(segment.name()) && (where == null || inside)) {
                place.spots.add(new Spot(
                        segment,
                        host.addressesOn(segment.name()).stream().map(Ip::of).toList()));
            }
        }
        place.tunnel = host.key().isPresent() && !situation.off().contains(host.name());
        if (place.tunnel) {
            host.wireguard().stream().map(Ip::of).forEach(place.wireguard::add);
        }
        return place;
    }

    /** Whether bearer packets find a way between two hosts, if each knows where the other is. */
    private boolean linked(Place one, Place other) {
        for (boolean six : new boolean[] {false, true}) {
            boolean shared = one.spots.stream()
                    .filter(spot -> spot.speaks(six))
                    .anyMatch(spot -> other.spots.stream()
                            .anyMatch(each -> each.segment.equals(spot.segment) && each.speaks(six)));
            if (shared || (outside(one, six, FAR) && outside(other, six, FAR))) {
                return true;
            }
        }
        return false;
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
            return internet(sender, ip.six(), FAR) ? Wish.MUST : Wish.FREE;
        }
        if (from.equals(Network.STRANGER) && target != null) {
            return fromOutside(target, ip, service);
        }
        return sender == null || target == null ? Wish.FREE : inside(sender, target, ip, service);
    }

    private Wish fromOutside(Place target, Ip ip, Service service) {
        Spot spot = spot(target, ip);
        boolean wild = spot == null
                ? !target.wireguard.contains(ip) && !internal(target, ip)
                : spot.segment.kind() == Kind.WILD;
        boolean lets = target.host.letsIn().contains(service);
        if (wild && !target.host.moves() && spot != null && lets && !spot.segment.nat()) {
            return Wish.MUST;
        }
        // What others' firewalls keep out is not the plan's.
        boolean ours = target.host.key().isPresent() && (!target.host.moves() || target.guarded());
        if (wild) {
            return ours && !lets ? Wish.MUST_NOT : Wish.FREE;
        }
        boolean letSomewhere =
                network.hosts().values().stream().anyMatch(host -> host.letsIn().contains(service));
        return letSomewhere ? Wish.FREE : Wish.MUST_NOT;
    }

    private Wish inside(Place sender, Place target, Ip ip, Service service) {
        Spot spot = spot(target, ip);
        boolean tunnelled = target.wireguard.contains(ip);
        if (spot == null && !tunnelled && !internal(target, ip)) {
            // Where it visits.
            return Wish.FREE;
        }
        if (spot != null && spot.segment.kind() == Kind.WILD) {
            return target.host.letsIn().contains(service) && internet(sender, ip.six(), FAR) ? Wish.MUST : Wish.FREE;
        }
        boolean home = spot != null && spot.segment.kind() == Kind.LAN && target.host.moves();
        boolean deaf = home && (target.tunnel || target.guarded());
        if (deaf || !named(sender, spot, ip)) {
            return Wish.FREE;
        }
        Ip own = source(sender, target, ip);
        return own != null && goes(sender, ip, target) && goes(target, own, sender) ? Wish.MUST : Wish.FREE;
    }

    private static boolean internal(Place place, Ip ip) {
        return place.host.internal().stream()
                .anyMatch(cidr -> Ip.of(cidr.address()).equals(ip));
    }

    /** The segment on which a host has the address, by whichever of its names. */
    private static @Nullable Spot spot(Place place, Ip ip) {
        for (Spot spot : place.spots) {
            for (Ip own : spot.own) {
                if (own.equals(ip) || ip.equals(mapped(spot.segment, own))) {
                    return spot;
                }
            }
        }
        return null;
    }

    /** What others call an address of a segment, where that is not its own. */
    private static @Nullable Ip mapped(Segment segment, Ip own) {
        for (Cidr mapped : segment.mapped()) {
            if (mapped.six() == own.six()) {
                return own.moved(Ip.of(mapped.address()), mapped.length());
            }
        }
        return null;
    }

    /** Whether the address is what the sender has to call it: the mapped one is for others than those on the segment. */
    private static boolean named(Place sender, @Nullable Spot spot, Ip ip) {
        if (spot == null || spot.segment.mapped().stream().noneMatch(prefix -> prefix.six() == ip.six())) {
            return true;
        }
        boolean there = sender.spots.stream().anyMatch(each -> each.segment.equals(spot.segment));
        return there == spot.own.contains(ip);
    }

    /** The address that the sender asks from, as the target sees it. */
    private @Nullable Ip source(Place sender, Place target, Ip ip) {
        Spot direct = sharedSpot(sender, target, ip);
        if (direct == null && sender.tunnel && tunnelled(sender, ip)) {
            return sender.wireguard.stream()
                    .filter(own -> own.six() == ip.six())
                    .findFirst()
                    .orElse(null);
        }
        Spot spot = direct == null ? plain(sender, ip.six()) : direct;
        if (spot == null) {
            return null;
        }
        Ip own = spot.own.stream()
                .filter(each -> each.six() == ip.six())
                .findFirst()
                .orElse(null);
        Ip other = own == null ? null : mapped(spot.segment, own);
        return other == null || target.spots.stream().anyMatch(each -> each.segment.equals(spot.segment)) ? own : other;
    }

    /** Whether there is a way to an address of {@code target}. */
    private boolean goes(Place from, Ip ip, Place target) {
        Place at = from;
        for (int hops = 0; hops < FAR && at != null; hops++) {
            if (at.equals(target)) {
                return true;
            }
            at = next(at, ip, target);
        }
        return false;
    }

    private @Nullable Place next(Place at, Ip ip, Place target) {
        if (sharedSpot(at, target, ip) != null) {
            return target;
        }
        if (at.tunnel && tunnelled(at, ip)) {
            Place child = at.child(ip);
            Place next = child == null ? at.hub : child;
            boolean up = next != null && (child == null ? at.linked : child.linked);
            return up && at.speaks(ip.six()) && Objects.requireNonNull(next).speaks(ip.six()) ? next : null;
        }
        Spot spot = plain(at, ip.six());
        return spot == null ? null : router(spot, at, ip.six());
    }

    /** The segment on which {@code at} reaches the target without anybody else. */
    private static @Nullable Spot sharedSpot(Place at, Place target, Ip ip) {
        for (Spot spot : at.spots) {
            boolean own = spot.segment.gateway().equals(Optional.of(at.host.name()));
            if (spot.segment.kind() == Kind.WILD
                    || (at.host.moves() && at.tunnel && !own && through(at) != Through.NAMES)) {
                continue;
            }
            for (Spot each : target.spots) {
                if (each.segment.equals(spot.segment)
                        && each.own.stream()
                                .anyMatch(address ->
                                        address.equals(ip) || (own && ip.equals(mapped(spot.segment, address))))) {
                    return spot;
                }
            }
        }
        return null;
    }

    private static Through through(Place place) {
        return place.host.role() == Role.CLOUD ? Through.NETWORK : place.host.through();
    }

    /** Whether the plan is that {@code at} sends what is for the address through its tunnel. */
    private boolean tunnelled(Place at, Ip ip) {
        Place hub = at.hub;
        if (at.host.role() == Role.VM) {
            return hub != null && hub.wireguard.contains(ip);
        }
        if (at.child(ip) != null) {
            return true;
        }
        return at.speaks(ip.six())
                && hub != null
                && switch (through(at)) {
                    case EVERYTHING -> true;
                    case NETWORK -> in(whole, ip) && !in(at.own, ip);
                    case NAMES -> in(network.ranges(), ip);
                };
    }

    private static boolean in(List<Cidr> prefixes, Ip ip) {
        for (int i = 0; i < prefixes.size(); i++) {
            if (ip.in(Ip.of(prefixes.get(i).address()), prefixes.get(i).length())) {
                return true;
            }
        }
        return false;
    }

    /** The segment by which a host has a default route of its own: the wild one, or one with a gateway. */
    private @Nullable Spot plain(Place at, boolean six) {
        Spot best = null;
        for (Spot spot : at.spots) {
            if (spot.speaks(six) && spot.segment.kind() == Kind.WILD) {
                return spot;
            }
            if (best == null && spot.speaks(six) && router(spot, at, six) != null) {
                best = spot;
            }
        }
        return best;
    }

    private @Nullable Place router(Spot spot, Place at, boolean six) {
        Place gateway = spot.segment.gateway().map(places::get).orElse(null);
        return gateway != null
                        && !gateway.equals(at)
                        && gateway.spots.stream()
                                .anyMatch(each -> each.segment.equals(spot.segment) && each.speaks(six))
                ? gateway
                : null;
    }

    /** Whether a host reaches anybody in the wild, by what way so ever. */
    private boolean internet(Place at, boolean six, int far) {
        Boolean known = at.internet.get(six);
        return known == null ? findInternet(at, six, far) : known;
    }

    private boolean findInternet(Place at, boolean six, int far) {
        if (far == 0) {
            return false;
        }
        Optional<String> named = six ? at.host.default6() : at.host.default4();
        boolean all = at.host.role() != Role.VM && through(at) == Through.EVERYTHING;
        if (at.tunnel && at.speaks(six) && (named.isPresent() || (all && at.hub != null))) {
            Place next = named.isPresent() ? named.map(places::get).orElse(null) : at.hub;
            boolean up = next != null && next.speaks(six) && (next.equals(at.hub) ? at.linked : next.linked);
            return up && internet(Objects.requireNonNull(next), six, far - 1);
        }
        return outside(at, six, far);
    }

    /** The same without its tunnel. */
    private boolean outside(Place at, boolean six, int far) {
        Spot spot = plain(at, six);
        if (spot == null || spot.segment.kind() == Kind.WILD) {
            return spot != null;
        }
        Place gateway = router(spot, at, six);
        return gateway != null && internet(gateway, six, far - 1);
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
            if (place.host.on().containsKey(spot.segment.name())) {
                all.addAll(spot.own);
                spot.own.stream()
                        .map(own -> mapped(spot.segment, own))
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
        Spot spot = place == null ? null : spot(place, ip);
        return spot != null && mapped(spot.segment, ip) != null;
    }

    /** The hosts that are there, in the order of the description, and the stranger. */
    public List<String> hosts() {
        return Stream.concat(places.keySet().stream(), Stream.of(Network.STRANGER))
                .toList();
    }
}
