package anubis.plan;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.config.IpLiteral;
import anubis.config.Route;
import anubis.config.Rule;
import anubis.plan.Machine.Device;
import anubis.plan.Machine.DevicePeer;
import anubis.plan.Machine.PolicyRule;
import anubis.plan.Machine.TableRoute;
import anubis.plan.Segment.Kind;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What every host gets, so that all of the network reach each other.
 *
 * <p>A host's table of its own has routes to the tunnel, and throw routes for what they would catch wrongly; a rule asks it
 * before the main table. Bearer packets have a mark, and a rule before that one sends them to the main table. Who moves
 * changes nothing: what a host is given depends on whose hub is whose, not on where anybody is.
 */
public final class Planner {
    /** The priorities of the rules: one for each family's bearer packets, then one for each family's others. */
    public static final int FIRST_PRIORITY = 4296;

    /** What keeps a NAT's memory alive, in seconds (wg(8)). */
    private static final int KEEPALIVE = 25;

    /** The MTU that fits into Ethernet with the longest headers, in bytes, and these headers: IPv6, UDP, WireGuard. */
    private static final int MTU = 1420;

    private static final int OVERHEAD = 80;

    private final Network network;
    private final Tree tree;
    private final Set<String> relays;
    private final Walls walls;

    private Planner(Network network, Situation situation) {
        this.network = network;
        tree = new Tree(network, situation);
        relays = Tree.relays(network);
        walls = new Walls(network, tree, relays);
    }

    /** By the hosts' names, for those that have WireGuard. */
    public static Map<String, HostPlan> plan(Network network, Situation situation) {
        Planner planner = new Planner(network, situation);
        Map<String, HostPlan> plans = new LinkedHashMap<>();
        for (Host host : network.hosts().values()) {
            host.key().ifPresent(_ -> plans.put(host.name(), planner.plan(host)));
        }
        return plans;
    }

    private HostPlan plan(Host host) {
        List<DevicePeer> peers = new ArrayList<>();
        tree.hub(host).ifPresent(hub -> peers.add(peer(host, hub, allowedFromHub(host))));
        tree.children(host).forEach(child -> peers.add(child(host, child)));
        return new HostPlan(
                host.name(),
                network.interfaceName(),
                host.wireguard().stream().map(Cidr::host).toList(),
                mtu(host),
                new Device(host.key().orElseThrow(), host.port(), network.port(), peers),
                host.internal().stream().map(cidr -> Cidr.host(cidr.address())).toList(),
                rules(host),
                routes(host),
                forwards(host, false),
                forwards(host, true),
                walls.of(host));
    }

    // Peers.

    private DevicePeer child(Host hub, Host child) {
        Set<Cidr> allowed = new LinkedHashSet<>(tree.subtree(child));
        child.on().forEach((segment, addresses) -> {
            // From there it may answer through the tunnel, or ask.
            if (child.role() != Role.VM
                    && network.segment(segment).kind() == Kind.LAN
                    && hub.on().containsKey(segment)) {
                addresses.stream().map(Cidr::host).forEach(allowed::add);
            }
        });
        if (hub.default4().equals(Optional.of(child.name()))) {
            allowed.add(Prefixes.ALL_4);
        }
        if (hub.default6().equals(Optional.of(child.name()))) {
            allowed.add(Prefixes.ALL_6);
        }
        return peer(hub, child, allowed);
    }

    /** What may come from the hub: for most anything, since anybody may call them. */
    private Collection<Cidr> allowedFromHub(Host host) {
        return switch (host.role()) {
            case CLOUD -> others(host);
            case GATEWAY -> host.through() == Through.EVERYTHING ? all(host) : others(host);
            // The app makes its routes of them.
            case PHONE -> tunnelled(host);
            case CENTRAL, LEAF, ROAMING, VM, APPLIANCE -> all(host);
        };
    }

    /** All of the network but what is behind the host itself. */
    private List<Cidr> others(Host host) {
        List<Cidr> own = tree.subtree(host);
        return tree.whole().stream()
                .filter(prefix -> !Prefixes.cover(own, prefix))
                .toList();
    }

    private static List<Cidr> all(Host host) {
        return Stream.of(Prefixes.ALL_4, Prefixes.ALL_6)
                .filter(prefix -> has(host, prefix.six()))
                .toList();
    }

    private static boolean has(Host host, boolean six) {
        return Prefixes.any(host.wireguard(), six);
    }

    private DevicePeer peer(Host host, Host other, Collection<Cidr> allowed) {
        Optional<Endpoint> there = endpoint(host, other);
        Optional<Endpoint> here = endpoint(other, host);
        // A name that is looked up once is worse than an initiator at the other end.
        boolean named = there.filter(endpoint -> !endpoint.isLiteral()).isPresent()
                && here.filter(Endpoint::isLiteral).isPresent();
        boolean findsUs = here.filter(Endpoint::isLiteral).isPresent();
        int keepalive = host.keepalive().orElse(there.isEmpty() || findsUs ? 0 : KEEPALIVE);
        return new DevicePeer(
                other.name(),
                other.key().orElseThrow(),
                Prefixes.reduced(allowed),
                named ? Optional.empty() : there,
                there.isEmpty() ? 0 : keepalive);
    }

    /** Where {@code host} finds {@code other}. */
    private Optional<Endpoint> endpoint(Host host, Host other) {
        if (!other.moves() && !host.moves()) {
            Optional<InetAddress> near = other.on().entrySet().stream()
                    .filter(entry -> host.on().containsKey(entry.getKey())
                            && network.segment(entry.getKey()).kind() != Kind.WILD)
                    .flatMap(entry -> entry.getValue().stream())
                    .filter(address -> common(host, other, Prefixes.six(address)))
                    .findFirst();
            if (near.isPresent()) {
                return near.map(address -> new Endpoint(IpLiteral.format(address), other.port()));
            }
        }
        if (host.role() == Role.VM || other.role() == Role.VM) {
            return other.on().entrySet().stream()
                    .filter(entry -> host.on().containsKey(entry.getKey()))
                    .flatMap(entry -> entry.getValue().stream())
                    .findFirst()
                    .map(address -> new Endpoint(IpLiteral.format(address), other.port()));
        }
        return other.endpoint();
    }

    /** Whether both have an address of that family on a segment of the network that they share. */
    private boolean common(Host host, Host other, boolean six) {
        return other.on().keySet().stream()
                .filter(name ->
                        host.on().containsKey(name) && network.segment(name).kind() != Kind.WILD)
                .anyMatch(name -> Stream.of(host, other).allMatch(each -> Prefixes.any(each.addressesOn(name), six)));
    }

    // Rules and routes.

    private List<PolicyRule> rules(Host host) {
        Optional<Rule.Mark> mark = Optional.of(new Rule.Mark(network.port(), 0xffff_ffffL));
        List<PolicyRule> rules = new ArrayList<>();
        for (boolean six : new boolean[] {false, true}) {
            if (has(host, six)) {
                int priority = FIRST_PRIORITY + (six ? 1 : 0);
                rules.add(new PolicyRule(six, priority, mark, false, Route.MAIN, -1));
                rules.add(new PolicyRule(six, priority + 2, Optional.empty(), false, network.port(), -1));
            }
        }
        return rules;
    }

    private List<TableRoute> routes(Host host) {
        List<Cidr> tunnelled = Prefixes.reduced(tunnelled(host)).stream()
                .filter(prefix -> has(host, prefix.six()))
                .toList();
        List<TableRoute> routes = new ArrayList<>();
        tunnelled.forEach(prefix -> routes.add(TableRoute.to(network.port(), prefix, network.interfaceName())));
        Set<Cidr> specific = specific(host, tunnelled);
        specific.forEach(prefix -> routes.add(TableRoute.to(network.port(), prefix, network.interfaceName())));
        Stream.concat(attached(host).stream(), besideTunnel(host))
                .filter(prefix -> Prefixes.coverStrictly(tunnelled, prefix))
                .sorted(Prefixes.ORDER)
                .forEach(prefix -> routes.add(TableRoute.thrown(network.port(), prefix)));
        return routes;
    }

    /** What of the tunnel lies in a network that is thrown: longer prefixes, which therefore have to be told. */
    private Set<Cidr> specific(Host host, List<Cidr> tunnelled) {
        List<Cidr> thrown = attached(host);
        Set<Cidr> result = new LinkedHashSet<>();
        tree.children(host).stream()
                .flatMap(child -> tree.subtree(child).stream())
                .filter(prefix -> has(host, prefix.six()))
                .filter(prefix -> Prefixes.coverStrictly(thrown, prefix) && !tunnelled.contains(prefix))
                .forEach(result::add);
        return result;
    }

    /** All that goes through the tunnel. */
    private Collection<Cidr> tunnelled(Host host) {
        Optional<Host> hub = tree.hub(host);
        if (host.role() == Role.VM) {
            return hub.map(Host::wireguard).orElse(List.of()).stream()
                    .map(Cidr::host)
                    .toList();
        }
        Set<Cidr> all = new LinkedHashSet<>(network.ranges());
        if (hub.isPresent()) {
            switch (Through.of(host)) {
                case EVERYTHING -> all.addAll(all(host));
                case NETWORK -> all.addAll(others(host));
                case NAMES -> {}
            }
        }
        List<Cidr> attached = attached(host);
        all.removeIf(prefix -> Prefixes.cover(attached, prefix));
        tree.children(host).forEach(child -> all.addAll(tree.subtree(child)));
        host.default4().ifPresent(_ -> all.add(Prefixes.ALL_4));
        host.default6().ifPresent(_ -> all.add(Prefixes.ALL_6));
        return all;
    }

    /** The networks that a host which stays where it is reaches by itself; of one that moves, those inside it. */
    private List<Cidr> attached(Host host) {
        return Stream.concat(host.on().keySet().stream().map(network::segment), tree.gatewayOf(host).stream())
                .distinct()
                .filter(segment -> !host.moves() || segment.behind(host))
                .flatMap(segment -> segment.prefixes().stream())
                .toList();
    }

    /**
     * Where other hosts are called by those on a LAN behind this one, as far as it comes there by itself: their bearer
     * packets, which have no mark here, would go through this tunnel, and the answers come back another way.
     */
    private Stream<Cidr> besideTunnel(Host host) {
        if (tree.gatewayOf(host).stream().noneMatch(segment -> segment.kind() == Kind.LAN)) {
            return Stream.of();
        }
        Set<Boolean> families = tree.addresses(host, Kind.WILD).values().stream()
                .flatMap(List::stream)
                .map(Prefixes::six)
                .collect(Collectors.toSet());
        return network.hosts().values().stream()
                .filter(other -> !other.equals(host))
                .flatMap(other -> other.endpoint().stream())
                .filter(Endpoint::isLiteral)
                .map(endpoint -> Cidr.host(endpoint.address()))
                .filter(address -> families.contains(address.six()));
    }

    // The rest.

    private boolean forwards(Host host, boolean six) {
        return relays.contains(host.name())
                && (has(host, six)
                        || tree.gatewayOf(host).stream()
                                .flatMap(segment -> segment.prefixes().stream())
                                .anyMatch(prefix -> prefix.six() == six));
    }

    /** What fits into the narrowest network that it or a peer of it may be on. */
    private int mtu(Host host) {
        return Stream.of(Stream.of(host), tree.hub(host).stream(), tree.children(host).stream())
                .flatMap(hosts -> hosts)
                .flatMap(each -> Stream.concat(each.on().keySet().stream(), each.moves() ? wild() : Stream.of()))
                .mapToInt(name -> network.segment(name).mtu() - OVERHEAD)
                .reduce(MTU, Math::min);
    }

    private Stream<String> wild() {
        return network.segments().values().stream()
                .filter(segment -> segment.kind() == Kind.WILD)
                .map(Segment::name);
    }
}
