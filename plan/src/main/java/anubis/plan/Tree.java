package anubis.plan;

import anubis.config.Cidr;
import anubis.plan.Segment.Kind;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Who has a tunnel to whom in a situation: each host to its hub, and what is behind each. */
final class Tree {
    private final Network network;
    private final Map<String, String> hubs = new HashMap<>();
    private final Map<String, List<Host>> children = new HashMap<>();
    private final Map<String, List<Segment>> behind = new HashMap<>();
    private final Map<String, List<Cidr>> subtrees = new HashMap<>();
    private final List<Cidr> whole;

    Tree(Network network, Situation situation) {
        this.network = network;
        Optional<Host> central = first(Role.CENTRAL);
        Optional<Host> cloud = first(Role.CLOUD);
        network.segments()
                .values()
                .forEach(segment -> segment.gateway()
                        .ifPresent(gateway -> behind.computeIfAbsent(gateway, _ -> new ArrayList<>())
                                .add(segment)));
        for (Host host : network.hosts().values()) {
            if (host.key().isEmpty()) {
                continue;
            }
            usual(host, central, cloud)
                    .map(hub -> situation.absent().contains(hub.name()) && host.role() != Role.CLOUD
                            ? cloud.filter(other -> !other.equals(host)).orElse(hub)
                            : hub)
                    .map(hub -> Optional.ofNullable(situation.using().get(host.name()))
                            .map(network::host)
                            .orElse(hub))
                    .ifPresent(hub -> {
                        hubs.put(host.name(), hub.name());
                        children.computeIfAbsent(hub.name(), _ -> new ArrayList<>())
                                .add(host);
                    });
        }
        whole = Prefixes.reduced(Stream.of(
                        network.ranges().stream(),
                        network.segments().values().stream()
                                .filter(segment -> segment.kind() != Kind.WILD)
                                .flatMap(segment -> reachable(segment).stream()),
                        network.hosts().values().stream()
                                .flatMap(host -> host.internal().stream())
                                .map(cidr -> Cidr.host(cidr.address())))
                .flatMap(prefixes -> prefixes)
                .toList());
    }

    /** The hosts that send on packets for others in some situation, and so are ready for it in all. */
    static Set<String> relays(Network network) {
        Set<String> relays = new HashSet<>();
        for (Situation situation : network.situations()) {
            Tree tree = new Tree(network, situation);
            relays.addAll(tree.children.keySet());
        }
        for (Host host : network.hosts().values()) {
            host.default4().ifPresent(relays::add);
            host.default6().ifPresent(relays::add);
        }
        network.segments().values().forEach(segment -> segment.gateway().ifPresent(relays::add));
        return relays;
    }

    /** The hubs of those that do not have the same hub in all situations. */
    static Set<String> changing(Network network) {
        Map<String, Set<String>> hubs = new HashMap<>();
        for (Situation situation : network.situations()) {
            new Tree(network, situation)
                    .hubs.forEach((host, hub) ->
                            hubs.computeIfAbsent(host, _ -> new HashSet<>()).add(hub));
        }
        Set<String> changing = new HashSet<>();
        hubs.values().stream().filter(all -> all.size() > 1).forEach(changing::addAll);
        return changing;
    }

    private Optional<Host> first(Role role) {
        return network.hosts().values().stream()
                .filter(host -> host.role() == role)
                .findFirst();
    }

    private Optional<Host> usual(Host host, Optional<Host> central, Optional<Host> cloud) {
        if (host.hub().isPresent()) {
            return host.hub().map(network::host);
        }
        return switch (host.role()) {
            case CENTRAL, APPLIANCE -> Optional.empty();
            case VM -> owner(host);
            case CLOUD -> central;
            case LEAF -> branch(host).or(() -> central).or(() -> cloud);
            case GATEWAY, ROAMING, PHONE -> central.or(() -> cloud);
        };
    }

    /** The host that a virtual machine is in. */
    private Optional<Host> owner(Host machine) {
        return machine.on().keySet().stream()
                .map(network::segment)
                .filter(segment -> segment.kind() == Kind.INSIDE)
                .flatMap(segment -> segment.gateway().stream())
                .map(network::host)
                .findFirst();
    }

    /** The gateway of the branch that a host is in. */
    private Optional<Host> branch(Host leaf) {
        return leaf.on().keySet().stream()
                .map(network::segment)
                .flatMap(segment -> segment.gateway().stream())
                .map(network::host)
                .filter(host -> host.role() == Role.GATEWAY)
                .findFirst();
    }

    /** The host that a host's tunnel leads to. */
    Optional<Host> hub(Host host) {
        return Optional.ofNullable(hubs.get(host.name())).map(network::host);
    }

    /** The hosts whose tunnels lead to it, in the order of the description. */
    List<Host> children(Host host) {
        return children.getOrDefault(host.name(), List.of());
    }

    /** The segments whose gateway it is. */
    List<Segment> gatewayOf(Host host) {
        return behind.getOrDefault(host.name(), List.of());
    }

    /** All that is of the network, on both ends of all tunnels, in order. */
    List<Cidr> whole() {
        return whole;
    }

    /** What nobody in the wild sends from: our addresses, but for those that providers know, or that the wild has as well. */
    List<Cidr> unrouted() {
        Collection<Segment> segments = network.segments().values();
        List<Cidr> known = segments.stream()
                .filter(segment -> segment.kind() == Kind.WILD)
                .flatMap(segment -> Stream.concat(segment.prefixes().stream(), segment.routed().keySet().stream()))
                .toList();
        // Of a network that is mapped also the addresses that it has by itself.
        Stream<Cidr> mapped = segments.stream()
                .filter(segment -> !segment.mapped().isEmpty())
                .flatMap(segment -> segment.prefixes().stream());
        return Prefixes.reduced(Stream.concat(whole.stream(), mapped)
                .filter(ours -> known.stream().noneMatch(each -> each.contains(ours) || ours.contains(each)))
                .toList());
    }

    /** What others call the addresses of a segment. */
    static List<Cidr> reachable(Segment segment) {
        return segment.mapped().isEmpty() ? segment.prefixes() : segment.mapped();
    }

    /** What is reached through the tunnel to this host and not otherwise: its own, and of those whose hub it is. */
    List<Cidr> subtree(Host host) {
        List<Cidr> known = subtrees.get(host.name());
        if (known != null) {
            return known;
        }
        Set<Cidr> all = new LinkedHashSet<>(own(host));
        children(host).forEach(child -> all.addAll(subtree(child)));
        List<Cidr> result = Prefixes.reduced(all);
        subtrees.put(host.name(), result);
        return result;
    }

    private List<Cidr> own(Host host) {
        Stream<Cidr> addresses = Stream.concat(
                        host.wireguard().stream(), host.internal().stream().map(Cidr::address))
                .map(Cidr::host);
        Stream<Cidr> segments = gatewayOf(host).stream()
                .filter(segment -> segment.kind() != Kind.WILD)
                .flatMap(segment -> reachable(segment).stream());
        return Stream.concat(addresses, segments).toList();
    }

    /** Its addresses on segments of one kind, by segment. */
    Map<Segment, List<InetAddress>> addresses(Host host, Kind kind) {
        Map<Segment, List<InetAddress>> result = new LinkedHashMap<>();
        host.on().forEach((name, addresses) -> {
            Segment segment = network.segment(name);
            if (segment.kind() == kind) {
                result.put(segment, addresses);
            }
        });
        return result;
    }
}
