package anubis.plan;

import anubis.config.Cidr;
import anubis.plan.Place.Spot;
import anubis.plan.Segment.Kind;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Who has a way to whom in a situation: a chain of hosts, each on a segment with the next, or its hub, or whose hub it is. It
 * is asked of the description, and of no route; every tunnel whose two ends are there and not off has to come up. Does not
 * change once it is made.
 */
final class Ways {
    /** More hosts than any way has. */
    private static final int FAR = 32;

    private final Network network;
    private final Situation situation;
    private final Map<String, Place> places = new LinkedHashMap<>();
    private final List<Cidr> whole;
    private final List<Cidr> unrouted;

    Ways(Network network, Situation situation) {
        this.network = network;
        this.situation = situation;
        Tree tree = new Tree(network, situation);
        whole = tree.whole();
        unrouted = tree.unrouted();
        for (Host host : network.hosts().values()) {
            if (!situation.absent().contains(host.name())) {
                places.put(host.name(), place(host));
            }
        }
        places.values().forEach(place -> join(place, tree));
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
            boolean inside = segment.behind(host);
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

    /** Tells a place its hub, and whose hub it is. */
    private void join(Place place, Tree tree) {
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

    /** What nobody in the wild sends from. */
    List<Cidr> unrouted() {
        return unrouted;
    }

    /** The hosts that are there, by name, in the order of the description. */
    Map<String, Place> places() {
        return places;
    }

    /** Whether there is one from a host to an address of another, and one back to the address that the first asks from. */
    boolean between(Place sender, Ip ip, Place target) {
        Ip own = source(sender, target, ip);
        return own != null && goes(sender, ip, target) && goes(target, own, sender);
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
        Ip own = spot.own().stream()
                .filter(each -> each.six() == ip.six())
                .findFirst()
                .orElse(null);
        Ip other = own == null ? null : spot.mapped(own);
        return other == null
                        || target.spots.stream().anyMatch(each -> each.segment().equals(spot.segment()))
                ? own
                : other;
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
            boolean up = next != null && (child == null ? at.linked() : child.linked());
            return up && at.speaks(ip.six()) && Objects.requireNonNull(next).speaks(ip.six()) ? next : null;
        }
        Spot spot = plain(at, ip.six());
        return spot == null ? null : router(spot, at, ip.six());
    }

    /** The segment on which {@code at} reaches the target without anybody else. */
    private static @Nullable Spot sharedSpot(Place at, Place target, Ip ip) {
        for (Spot spot : at.spots) {
            boolean own = spot.segment().behind(at.host);
            if (spot.segment().kind() == Kind.WILD
                    || (at.host.moves() && at.tunnel && !own && Through.of(at.host) != Through.NAMES)) {
                continue;
            }
            for (Spot each : target.spots) {
                if (each.segment().equals(spot.segment())
                        && each.own().stream()
                                .anyMatch(address -> address.equals(ip) || (own && ip.equals(spot.mapped(address))))) {
                    return spot;
                }
            }
        }
        return null;
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
                && switch (Through.of(at.host)) {
                    case EVERYTHING -> true;
                    case NETWORK -> in(whole, ip) && !in(at.own, ip);
                    case NAMES -> in(network.ranges(), ip);
                };
    }

    static boolean in(List<Cidr> prefixes, Ip ip) {
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
            if (spot.speaks(six) && spot.segment().kind() == Kind.WILD) {
                return spot;
            }
            if (best == null && spot.speaks(six) && router(spot, at, six) != null) {
                best = spot;
            }
        }
        return best;
    }

    private @Nullable Place router(Spot spot, Place at, boolean six) {
        Place gateway = spot.segment().gateway().map(places::get).orElse(null);
        return gateway != null
                        && !gateway.equals(at)
                        && gateway.spots.stream()
                                .anyMatch(each -> each.segment().equals(spot.segment()) && each.speaks(six))
                ? gateway
                : null;
    }

    /** Whether a host reaches anybody in the wild, by what way so ever. */
    boolean internet(Place at, boolean six) {
        return internet(at, six, FAR);
    }

    private boolean internet(Place at, boolean six, int far) {
        Boolean known = at.internet.get(six);
        return known == null ? findInternet(at, six, far) : known;
    }

    private boolean findInternet(Place at, boolean six, int far) {
        if (far == 0) {
            return false;
        }
        Optional<String> named = six ? at.host.default6() : at.host.default4();
        boolean all = at.host.role() != Role.VM && Through.of(at.host) == Through.EVERYTHING;
        if (at.tunnel && at.speaks(six) && (named.isPresent() || (all && at.hub != null))) {
            Place next = named.isPresent() ? named.map(places::get).orElse(null) : at.hub;
            boolean up = next != null && next.speaks(six) && (next.equals(at.hub) ? at.linked() : next.linked());
            return up && internet(Objects.requireNonNull(next), six, far - 1);
        }
        return outside(at, six, far);
    }

    /** The same without its tunnel. */
    private boolean outside(Place at, boolean six, int far) {
        Spot spot = plain(at, six);
        if (spot == null || spot.segment().kind() == Kind.WILD) {
            return spot != null;
        }
        Place gateway = router(spot, at, six);
        return gateway != null && internet(gateway, six, far - 1);
    }
}
