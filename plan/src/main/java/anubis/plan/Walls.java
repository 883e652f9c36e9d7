package anubis.plan;

import anubis.config.Cidr;
import anubis.plan.Segment.Kind;
import anubis.plan.Service.Protocol;
import anubis.plan.Wall.Filter;
import anubis.plan.Wall.Translation;
import anubis.plan.Wall.Verdict;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The firewall of each host: towards the wild side it is closed but for the tunnel and what is let in. */
final class Walls {
    private final Network network;
    private final Tree tree;
    private final Set<String> relaying;
    private final Set<String> gates;

    /** What nobody in the wild sends from. */
    private final List<Cidr> forged;

    Walls(Network network, Tree tree, Set<String> relaying) {
        this.network = network;
        this.tree = tree;
        this.relaying = relaying;
        this.gates = network.gatePort().isEmpty() ? Set.of() : Tree.changing(network);
        this.forged = tree.unrouted();
    }

    Wall of(Host host) {
        Set<String> wild = links(host, Kind.WILD);
        Set<String> inside = inside(host);
        List<Filter> input = new ArrayList<>();
        List<Filter> forward = new ArrayList<>();
        if (host.moves()) {
            // Wherever it is, it trusts the tunnel alone, and what is inside it.
            Set<String> trusted = new HashSet<>(inside);
            trusted.add(network.interfaceName());
            if (host.role() == Role.ROAMING && host.through() != Through.NAMES) {
                input.add(accept(trusted, false, List.of()));
                input.add(accept(Set.of(), true, List.of()));
                input.add(accept(Set.of(), false, doors(host)));
                input.add(drop(Set.of()));
            }
            forward.add(accept(trusted, false, List.of()));
            forward.add(accept(Set.of(), true, List.of()));
            forward.add(drop(Set.of()));
        } else if (!wild.isEmpty()) {
            if (!forged.isEmpty()) {
                input.add(new Filter(wild, Set.of(), false, List.of(), forged, List.of(), Verdict.DROP));
            }
            input.add(accept(wild, true, List.of()));
            input.add(accept(wild, false, doors(host)));
            input.add(drop(wild));
            forward.add(accept(wild, true, List.of()));
            List<Cidr> routed = routed(host);
            if (!host.letsIn().isEmpty() && !routed.isEmpty()) {
                if (!forged.isEmpty()) {
                    forward.add(new Filter(wild, Set.of(), false, List.of(), forged, List.of(), Verdict.DROP));
                }
                // Nobody else in the wild would send it here but who is on the same segment, and wants in.
                forward.add(new Filter(wild, Set.of(), false, host.letsIn(), List.of(), routed, Verdict.ACCEPT));
            }
            forward.add(drop(wild));
        }
        boolean relays = relaying.contains(host.name());
        return new Wall(
                input,
                relays ? forward : List.of(),
                translations(host, relays),
                relays ? Set.of(network.interfaceName()) : Set.of());
    }

    /** What providers send to the host, for those behind it. */
    private List<Cidr> routed(Host host) {
        return tree.addresses(host, Kind.WILD).keySet().stream()
                .flatMap(segment -> segment.routed().entrySet().stream())
                .filter(entry -> entry.getValue().equals(host.name()))
                .map(entry -> entry.getKey())
                .sorted(Prefixes.ORDER)
                .toList();
    }

    private static Filter accept(Set<String> in, boolean established, List<Service> services) {
        return new Filter(in, Set.of(), established, services, List.of(), List.of(), Verdict.ACCEPT);
    }

    private static Filter drop(Set<String> in) {
        return new Filter(in, Set.of(), false, List.of(), List.of(), List.of(), Verdict.DROP);
    }

    /** The tunnel's own ports, and what the host lets in. */
    private List<Service> doors(Host host) {
        boolean hub = host.role() == Role.CENTRAL || host.role() == Role.CLOUD || gates.contains(host.name());
        IntStream ports =
                IntStream.concat(IntStream.of(host.port()), hub ? network.gatePort().stream() : IntStream.empty());
        return Stream.concat(
                        // What is redirected has its new port where the filter sees it.
                        ports.mapToObj(port -> new Service(Protocol.UDP, port)), host.letsIn().stream())
                .distinct()
                .toList();
    }

    private List<Translation> translations(Host host, boolean relays) {
        List<Translation> all = new ArrayList<>();
        if (!host.extraPorts().isEmpty()) {
            all.add(new Translation.Redirect(
                    host.moves() ? Set.of() : links(host, Kind.WILD), host.extraPorts(), host.port()));
        }
        for (Segment segment : tree.gatewayOf(host)) {
            for (Cidr mapped : segment.mapped()) {
                Cidr real = segment.prefixes().stream()
                        .filter(prefix -> prefix.six() == mapped.six())
                        .findFirst()
                        .orElseThrow();
                all.add(new Translation.MapDestination(network.interfaceName(), mapped, real));
                all.add(new Translation.MapSource(network.interfaceName(), real, mapped));
            }
        }
        if (relays) {
            masquerades(host, all);
        }
        return all;
    }

    /** What goes out into the wild with addresses to which no answer would find back gets one that is known there. */
    private void masquerades(Host host, List<Translation> to) {
        boolean all = host.moves() && host.through() == Through.EVERYTHING;
        Set<Segment> wild = all
                ? Set.of()
                : host.moves() ? wilds() : tree.addresses(host, Kind.WILD).keySet();
        for (String link :
                wild.stream().map(host::interfaceOn).distinct().sorted().toList()) {
            for (boolean six : new boolean[] {false, true}) {
                List<Cidr> known = wild.stream()
                        .filter(segment -> host.interfaceOn(segment).equals(link))
                        .flatMap(segment -> segment.routed().entrySet().stream())
                        .filter(entry -> entry.getValue().equals(host.name()))
                        .map(entry -> entry.getKey())
                        .filter(prefix -> prefix.six() == six)
                        .sorted(Prefixes.ORDER)
                        .toList();
                boolean needed =
                        tree.whole().stream().anyMatch(prefix -> prefix.six() == six && !Prefixes.cover(known, prefix));
                boolean speaks = host.moves()
                        || wild.stream()
                                .filter(segment -> host.interfaceOn(segment).equals(link))
                                .flatMap(segment -> host.addressesOn(segment.name()).stream())
                                .anyMatch(address -> Prefixes.six(address) == six);
                if (needed && speaks) {
                    to.add(new Translation.Masquerade(link, six, known));
                }
            }
        }
    }

    private Set<Segment> wilds() {
        return network.segments().values().stream()
                .filter(segment -> segment.kind() == Kind.WILD)
                .collect(Collectors.toSet());
    }

    private Set<String> links(Host host, Kind kind) {
        return tree.addresses(host, kind).keySet().stream()
                .map(host::interfaceOn)
                .collect(Collectors.toSet());
    }

    /** The bridges inside a host. */
    private Set<String> inside(Host host) {
        return tree.gatewayOf(host).stream()
                .filter(segment -> segment.inside(host))
                .map(host::interfaceOn)
                .collect(Collectors.toSet());
    }
}
