package anubis.plan;

import anubis.config.Cidr;
import anubis.config.IpLiteral;
import anubis.config.Route;
import anubis.plan.Machine.Kind.Dummy;
import anubis.plan.Machine.Kind.Ethernet;
import anubis.plan.Machine.Kind.WireGuard;
import anubis.plan.Machine.Link;
import anubis.plan.Machine.TableRoute;
import anubis.plan.Segment.Kind;
import anubis.plan.Wall.Filter;
import anubis.plan.Wall.Translation;
import anubis.plan.Wall.Verdict;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The world of a situation: the hosts with what they have by themselves and what the plan gives them, and around them the
 * internet, which is one router with an interface on each wild segment, a NAT between it and each segment that has one, and
 * a stranger.
 */
public final class WorldBuilder {
    /** The router that all wild segments share. */
    public static final String INTERNET = "internet";

    /** The router of a wild segment is called by the segment's name and this, where it hides who is on it. */
    public static final String NAT = "-nat";

    /** The segment between that router and the internet is called by the segment's name and this. */
    static final String UPLINK = "-uplink";

    /** Where the stranger is. */
    public static final String ELSEWHERE = "elsewhere";

    /** Blocks for measuring networks, which nobody has in use: RFC 2544, RFC 5180. */
    private static final Cidr WILD_4 = Cidr.parse("198.18.0.0/15");

    private static final Cidr WILD_6 = Cidr.parse("2001:2::/48");
    private static final int TRANSIT_4 = 30;
    private static final int TRANSIT_6 = 64;
    private static final int LOOSE = 2;

    private final Network network;
    private final Situation situation;
    private final Map<String, HostPlan> plans;
    private final List<Machine> machines = new ArrayList<>();
    /** The router of each wild segment, by segment and family. */
    private final Map<String, Map<Boolean, InetAddress>> routers = new HashMap<>();

    private final Map<String, Set<InetAddress>> taken = new HashMap<>();
    private final Map<String, List<InetAddress>> visitors = new HashMap<>();

    private WorldBuilder(Network network, Situation situation, Map<String, HostPlan> plans) {
        this.network = network;
        this.situation = situation;
        this.plans = plans;
    }

    /** The world of {@code situation} when every host has what {@code plans} gives it. */
    public static World build(Network network, Situation situation, Map<String, HostPlan> plans) {
        return new WorldBuilder(network, situation, plans).build();
    }

    private World build() {
        network.hosts()
                .values()
                .forEach(host -> host.on()
                        .forEach((segment, addresses) -> taken.computeIfAbsent(segment, _ -> new HashSet<>())
                                .addAll(addresses)));
        List<Segment> wild = network.segments().values().stream()
                .filter(segment -> segment.kind() == Kind.WILD)
                .toList();
        for (Segment segment : wild) {
            Map<Boolean, InetAddress> router = new HashMap<>();
            segment.prefixes().forEach(prefix -> router.put(prefix.six(), free(segment.name(), prefix)));
            routers.put(segment.name(), router);
        }
        for (Host host : network.hosts().values()) {
            String where = situation.away().get(host.name());
            if (where != null && !situation.absent().contains(host.name())) {
                Segment segment = network.segment(where);
                visitors.put(
                        host.name(),
                        host.on().containsKey(where)
                                ? host.addressesOn(where)
                                : segment.prefixes().stream()
                                        .map(prefix -> free(where, prefix))
                                        .toList());
            }
        }
        Map<String, List<InetAddress>> names = new LinkedHashMap<>();
        for (Host host : network.hosts().values()) {
            if (!situation.absent().contains(host.name())) {
                machines.add(machine(host));
                host.endpoint()
                        .filter(endpoint -> !endpoint.isLiteral())
                        .ifPresent(endpoint -> names.put(endpoint.host(), wildAddresses(host)));
            }
        }
        outside(wild);
        return new World(situation.name(), machines, names);
    }

    /** The first address of a segment that nobody has; it is taken then. */
    private InetAddress free(String segment, Cidr prefix) {
        Set<InetAddress> all = taken.computeIfAbsent(segment, _ -> new HashSet<>());
        long number = 1;
        while (!all.add(Prefixes.nth(prefix, number))) {
            number++;
        }
        return Prefixes.nth(prefix, number);
    }

    private List<InetAddress> wildAddresses(Host host) {
        return host.on().keySet().stream()
                .map(network::segment)
                .filter(segment -> segment.kind() == Kind.WILD)
                .flatMap(segment -> host.addressesOn(segment.name()).stream())
                .sorted(Comparator.comparing(Prefixes::six))
                .toList();
    }

    // The hosts.

    /** Where a host is now. */
    private Map<Segment, List<InetAddress>> places(Host host) {
        Map<Segment, List<InetAddress>> places = new LinkedHashMap<>();
        List<InetAddress> visiting = visitors.get(host.name());
        for (Segment segment : network.segments().values()) {
            boolean inside = segment.behind(host);
            if (host.on().containsKey(segment.name()) && (visiting == null || inside)) {
                places.put(segment, host.addressesOn(segment.name()));
            }
        }
        if (visiting != null) {
            places.put(network.segment(situation.away().getOrDefault(host.name(), "")), visiting);
        }
        return places;
    }

    private Machine machine(Host host) {
        Map<String, List<Cidr>> addresses = new LinkedHashMap<>();
        Map<String, Segment> links = new LinkedHashMap<>();
        places(host).forEach((segment, own) -> {
            String link = host.interfaceOn(segment);
            links.put(link, segment);
            addresses.put(
                    link,
                    own.stream()
                            .map(address -> new Cidr(address, length(segment, Prefixes.six(address))))
                            .toList());
        });
        List<Link> all = new ArrayList<>();
        links.forEach((link, segment) -> all.add(
                new Link(link, new Ethernet(segment.name()), addresses.getOrDefault(link, List.of()), segment.mtu())));
        if (!host.internal().isEmpty()) {
            all.add(new Link(
                    HostPlan.DUMMY,
                    new Dummy(),
                    host.internal().stream()
                            .map(cidr -> Cidr.host(cidr.address()))
                            .toList(),
                    Segment.MTU));
        }
        List<TableRoute> routes = new ArrayList<>(defaults(host, links));
        HostPlan plan = plans.get(host.name());
        if (plan == null) {
            return new Machine(host.name(), all, List.of(), routes, false, false, 0, Wall.NONE, List.of());
        }
        boolean on = !situation.off().contains(host.name());
        if (on) {
            all.add(new Link(plan.link(), new WireGuard(plan.device()), plan.addresses(), plan.mtu()));
            routes.addAll(plan.routes());
        }
        return new Machine(
                host.name(),
                all,
                on ? plan.rules() : List.of(),
                routes,
                plan.forwarding4(),
                plan.forwarding6(),
                LOOSE,
                plan.wall(),
                List.of());
    }

    private static int length(Segment segment, boolean six) {
        return segment.prefixes().stream()
                .filter(prefix -> prefix.six() == six)
                .mapToInt(Cidr::length)
                .findFirst()
                .orElse(six ? 128 : 32);
    }

    /** The default routes that a host has by itself: the wild side's if it is there, else those of the gateway. */
    private List<TableRoute> defaults(Host host, Map<String, Segment> links) {
        List<TableRoute> routes = new ArrayList<>();
        for (boolean six : new boolean[] {false, true}) {
            Cidr all = six ? Prefixes.ALL_6 : Prefixes.ALL_4;
            links.entrySet().stream()
                    .sorted(Comparator.comparing(entry -> entry.getValue().kind() != Kind.WILD))
                    .flatMap(entry -> router(host, entry.getValue(), six)
                            .map(router -> TableRoute.via(Route.MAIN, all, entry.getKey(), router))
                            .stream())
                    .findFirst()
                    .ifPresent(routes::add);
        }
        return routes;
    }

    private Optional<InetAddress> router(Host host, Segment segment, boolean six) {
        if (segment.kind() == Kind.WILD) {
            return Optional.ofNullable(
                    routers.getOrDefault(segment.name(), Map.of()).get(six));
        }
        return segment.gateway()
                .filter(gateway -> !gateway.equals(host.name()))
                .filter(gateway -> !situation.absent().contains(gateway))
                .map(network::host)
                .flatMap(gateway -> gateway.addressesOn(segment.name()).stream()
                        .filter(address -> Prefixes.six(address) == six)
                        .findFirst());
    }

    // The wild side.

    private void outside(List<Segment> wild) {
        List<Link> links = new ArrayList<>();
        List<TableRoute> routes = new ArrayList<>();
        List<Machine> nats = new ArrayList<>();
        int number = 0;
        for (Segment segment : wild) {
            String link = "net" + number;
            if (segment.nat()) {
                Cidr four = new Cidr(Prefixes.nth(WILD_4, number * 4L), TRANSIT_4);
                Cidr six = transit6(number);
                String between = segment.name() + UPLINK;
                links.add(new Link(link, new Ethernet(between), first(four, six), Segment.MTU));
                InetAddress near = Prefixes.nth(six, 2);
                segment.prefixes().stream()
                        .filter(Cidr::six)
                        .forEach(prefix -> routes.add(TableRoute.via(Route.MAIN, prefix, link, near)));
                nats.add(nat(segment, between, four, six));
            } else {
                links.add(new Link(link, new Ethernet(segment.name()), routerAddresses(segment), segment.mtu()));
                segment.routed().forEach((prefix, name) -> {
                    if (!situation.absent().contains(name)) {
                        network.host(name).addressesOn(segment.name()).stream()
                                .filter(address -> Prefixes.six(address) == prefix.six())
                                .findFirst()
                                .ifPresent(via -> routes.add(TableRoute.via(Route.MAIN, prefix, link, via)));
                    }
                });
            }
            number++;
        }
        Cidr four = new Cidr(Prefixes.nth(WILD_4, number * 4L), TRANSIT_4);
        Cidr six = transit6(number);
        links.add(new Link("net" + number, new Ethernet(ELSEWHERE), first(four, six), Segment.MTU));
        machines.addAll(nats);
        machines.add(router(INTERNET, links, routes, Wall.NONE));
        machines.add(new Machine(
                Network.STRANGER,
                List.of(new Link("eth0", new Ethernet(ELSEWHERE), second(four, six), Segment.MTU)),
                List.of(),
                upward("eth0", four, six),
                false,
                false,
                0,
                Wall.NONE,
                List.of()));
    }

    private List<Cidr> routerAddresses(Segment segment) {
        Map<Boolean, InetAddress> own = routers.getOrDefault(segment.name(), Map.of());
        return segment.prefixes().stream()
                .flatMap(prefix ->
                        Stream.ofNullable(own.get(prefix.six())).map(address -> new Cidr(address, prefix.length())))
                .toList();
    }

    private static Cidr transit6(int number) {
        byte[] bytes = WILD_6.address().getAddress();
        bytes[6] = (byte) (number >> 8);
        bytes[7] = (byte) number;
        return new Cidr(IpLiteral.of(bytes), TRANSIT_6);
    }

    private static List<Cidr> first(Cidr... prefixes) {
        return Stream.of(prefixes)
                .map(prefix -> new Cidr(Prefixes.nth(prefix, 1), prefix.length()))
                .toList();
    }

    private static List<Cidr> second(Cidr... prefixes) {
        return Stream.of(prefixes)
                .map(prefix -> new Cidr(Prefixes.nth(prefix, 2), prefix.length()))
                .toList();
    }

    private static List<TableRoute> upward(String link, Cidr four, Cidr six) {
        return List.of(
                TableRoute.via(Route.MAIN, Prefixes.ALL_4, link, Prefixes.nth(four, 1)),
                TableRoute.via(Route.MAIN, Prefixes.ALL_6, link, Prefixes.nth(six, 1)));
    }

    private static Machine router(String name, List<Link> links, List<TableRoute> routes, Wall wall) {
        return new Machine(name, links, List.of(), routes, true, true, 0, wall, List.of());
    }

    /** Hides IPv4 behind one address, and keeps IPv6 from being called from outside, as such routers do. */
    private Machine nat(Segment segment, String between, Cidr four, Cidr six) {
        List<Link> links = List.of(
                new Link("up0", new Ethernet(between), second(four, six), Segment.MTU),
                new Link("in0", new Ethernet(segment.name()), routerAddresses(segment), segment.mtu()));
        return router(segment.name() + NAT, links, upward("up0", four, six), natWall());
    }

    /** What hides IPv4 that goes out by up0 behind one address, and lets nobody in who was not asked. */
    static Wall natWall() {
        Set<String> up = Set.of("up0");
        List<Filter> forward = List.of(
                new Filter(up, Set.of(), true, List.of(), List.of(), List.of(), Verdict.ACCEPT),
                new Filter(up, Set.of(), false, List.of(), List.of(), List.of(), Verdict.DROP));
        return new Wall(List.of(), forward, List.of(new Translation.Masquerade("up0", false, List.of())), Set.of());
    }
}
