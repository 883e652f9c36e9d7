package anubis.plan;

import anubis.config.Cidr;
import anubis.plan.Place.Spot;
import anubis.plan.Segment.Kind;
import anubis.plan.Service.Protocol;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * Somebody on the same wild segment as a host, as a neighbour in a hotel: needs no route to send the host what is for any
 * address of the network, and can write any source into it. Does not change once it is made.
 */
final class Intruder {
    private static final int NUMBERS_MAX = 1 << 10;

    private final Prover prover;
    private final Expectation expectation;

    Intruder(Prover prover, Expectation expectation) {
        this.prover = prover;
        this.expectation = expectation;
    }

    /**
     * An interface by which a host is on a wild segment.
     *
     * @param services what is tried there: what the host lets in for itself alone, and what it does not let in
     * @param neighbours addresses to send from, of each family
     * @param forged addresses of other hosts
     */
    record Entrance(
            Iface in, String segment, Place place, List<Service> services, List<Ip> neighbours, List<Ip> forged) {}

    /** A packet to an entrance. */
    record Attempt(Entrance entrance, Ip source, boolean forged, Ip to, Service service) {
        /** What is wrong if it arrives. */
        String cause() {
            return "it lets in by " + entrance.in.name() + " what " + sender() + " sends it"
                    + (forged ? " with a forged source" : "");
        }

        String sender() {
            return "a neighbour on " + entrance.segment;
        }

        String detail() {
            return "it arrives (" + source + " → " + to + ")";
        }
    }

    /** Where hosts of the network can be sent something by anybody. */
    List<Entrance> entrances() {
        return StreamSupport.stream(prover.terrain().nodes().spliterator(), false)
                .flatMap(node -> node.ifaces().stream())
                .flatMap(iface -> Stream.ofNullable(entrance(iface)))
                .toList();
    }

    private @Nullable Entrance entrance(Iface in) {
        Place place = expectation.place(in.node().name());
        Segment segment =
                in.segment() == null ? null : expectation.network().segments().get(in.segment());
        if (place == null
                || segment == null
                || segment.kind() != Kind.WILD
                || place.host.key().isEmpty()) {
            return null;
        }
        Set<Service> services = new LinkedHashSet<>(expectation.closed());
        services.add(Service.PING);
        services.addAll(place.host.letsIn());
        services.add(new Service(Protocol.UDP, place.host.port()));
        List<Ip> neighbours = new ArrayList<>();
        List<Ip> forged = new ArrayList<>();
        for (boolean six : new boolean[] {false, true}) {
            neighbours.add(neighbour(segment, six));
            Stream.of(tunnelled(place, six), trusted(place, six))
                    .filter(Objects::nonNull)
                    .map(Objects::requireNonNull)
                    .forEach(forged::add);
        }
        return new Entrance(in, segment.name(), place, List.copyOf(services), neighbours, forged);
    }

    /** An address that nobody has there; where the segment has none of the family, the stranger's. */
    private Ip neighbour(Segment segment, boolean six) {
        for (Cidr prefix : segment.prefixes()) {
            for (int number = 1; prefix.six() == six && number < NUMBERS_MAX; number++) {
                Ip ip = Ip.of(Prefixes.nth(prefix, number));
                if (ip.in(Ip.of(prefix.address()), prefix.length())
                        && prover.terrain().answering(segment.name(), ip).isEmpty()) {
                    return ip;
                }
            }
        }
        return Objects.requireNonNull(prover.node(Network.STRANGER).any(six));
    }

    /** The WireGuard address of another host. */
    private @Nullable Ip tunnelled(Place place, boolean six) {
        return expectation
                .others(place)
                .flatMap(other -> other.host.wireguard().stream())
                .map(Ip::of)
                .filter(ip -> ip.six() == six)
                .findFirst()
                .orElse(null);
    }

    /** The address of another host on a network of ours, best on one behind this one. */
    private @Nullable Ip trusted(Place place, boolean six) {
        Ip any = null;
        for (Place other : expectation.others(place).toList()) {
            for (Spot spot : other.spots) {
                for (Ip ip : spot.segment().kind() == Kind.WILD ? List.<Ip>of() : spot.own()) {
                    if (ip.six() == six && spot.segment().behind(place.host)) {
                        return ip;
                    }
                    any = any == null && ip.six() == six ? ip : any;
                }
            }
        }
        return any;
    }

    /** All that is tried of one address, and must not arrive. */
    List<Attempt> attempts(Entrance entrance, Ip to) {
        Node node = entrance.in.node();
        boolean own = node.has(to);
        if (!own && !node.forwards(to.six())) {
            return List.of();
        }
        List<Attempt> all = new ArrayList<>();
        List<Service> services = entrance.services;
        for (int i = 0; i < services.size(); i++) {
            Service service = services.get(i);
            boolean shut = expectation.shut(entrance.place, own, to, service);
            for (Ip source : entrance.forged) {
                // Where all is shut that is not let in, it is enough to try one service.
                boolean tried = shut ? i == 0 : expectation.forged(entrance.place, source);
                if (tried && source.six() == to.six() && !source.equals(to)) {
                    all.add(new Attempt(entrance, source, true, to, service));
                }
            }
            if (shut) {
                Ip source = entrance.neighbours.get(to.six() ? 1 : 0);
                all.add(new Attempt(entrance, source, false, to, service));
            }
        }
        return all;
    }

    /** Why it does not arrive; nothing if it does. */
    @Nullable
    Trouble follow(Attempt attempt) {
        return prover.injected(attempt.entrance.in, attempt.source, attempt.to, attempt.service);
    }
}
