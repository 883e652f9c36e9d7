package anubis.config;

import anubis.config.QuickConfig.DnsSettings;
import anubis.crypto.PublicKey;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * All that an interface is on a host: what a configuration asks for, worked out with what is known of the host.
 *
 * <p><b>Loops.</b> Where the endpoint of a peer lies in a prefix that some peer is allowed, a route to that prefix would
 * catch the bearer packets and send them into the tunnel they bear. Then the bearer packets are marked, the routes go into
 * a table of the interface's own, and rules ask that table for packets without such a mark. For each length of prefix, the
 * longest first, one rule asks the main table for what is longer, and one the own table for what is as long: so the longest
 * prefix wins over both tables, as if they were one, and over those of all interfaces, for the priority of a rule follows
 * from the length. As each rule is right without those that come after it, they are added from the first to the last and
 * removed from the last to the first, and at no moment is a packet sent the wrong way.
 *
 * @param mtu in bytes
 * @param wireguard the device and its peers; of the endpoints only those that are known by address
 * @param sourceMarked whether the kernel's check of source addresses has to heed the mark
 */
public record HostState(
        String name,
        int mtu,
        List<Cidr> addresses,
        WireGuardConfig wireguard,
        Set<Route> routes,
        List<Rule> rules,
        Firewall firewall,
        boolean sourceMarked,
        DnsSettings dns) {
    /** Where our rules begin: below are those of whoever knows why, above the main table's (32766). */
    public static final int FIRST_PRIORITY = 20_000;

    /** The last of them: 129 lengths of prefix, two rules for each slot. */
    public static final int LAST_PRIORITY = FIRST_PRIORITY + 129 * 2 * Facts.SLOTS - 1;

    /** The marks 0xca60 to 0xca6f, one a slot, and the tables of the same numbers; wg-quick's 51820 is one of them. */
    static final long FIRST_MARK = 0xca60;

    /** RFC 8200, section 5. Below it Linux takes no address of IPv6; what does not fit outside is sent in fragments. */
    private static final int MIN_MTU_6 = 1280;

    private static final long MARK_MASK = 0xffff_fff0L;

    public HostState {
        addresses = List.copyOf(addresses);
        routes = Set.copyOf(routes);
        rules = List.copyOf(rules);
    }

    /** What {@code config} makes of the interface {@code name} on a host of which {@code facts} are known. */
    public static HostState of(String name, QuickConfig config, Facts facts) {
        List<Cidr> addresses = config.addresses().stream().distinct().toList();
        PrefixMap<Cidr> connected = PrefixMap.of(addresses);
        List<Cidr> prefixes = config.allowedPrefixes();
        WireGuardConfig resolved = resolved(config, facts);
        boolean loops = loops(config, prefixes, resolved, facts);
        long mark = mark(config, loops, facts);
        long table = switch (config.table()) {
            case QuickConfig.Table.Auto() -> loops ? mark : Route.MAIN;
            case QuickConfig.Table.Numbered(long number) -> number;
            case QuickConfig.Table.Off() -> 0;
        };
        // The kernel's own routes to the networks of the addresses are in the main table, which ours add to.
        boolean withConnected = config.table() instanceof QuickConfig.Table.Auto || table == Route.MAIN;
        Set<Route> routes = table == 0
                ? Set.of()
                : prefixes.stream()
                        .filter(prefix -> !withConnected || !connected.covers(prefix))
                        .map(prefix -> new Route(prefix, table))
                        .collect(Collectors.toUnmodifiableSet());
        List<Rule> rules = loops ? rules(routes, mark, facts.slot()) : List.of();
        InterfaceConfig device = config.wireguard().device();
        boolean six = addresses.stream().anyMatch(Cidr::six);
        int mtu = config.mtu().orElse(six ? Math.max(facts.mtu(), MIN_MTU_6) : facts.mtu());
        return new HostState(
                name,
                mtu,
                addresses,
                new WireGuardConfig(
                        new InterfaceConfig(
                                device.privateKey(),
                                device.listenPort(),
                                mark == 0 ? OptionalLong.empty() : OptionalLong.of(mark)),
                        resolved.peers(),
                        List.of()),
                routes,
                rules,
                Firewall.of(
                        name,
                        mtu,
                        loops ? OptionalLong.of(mark) : OptionalLong.empty(),
                        addresses,
                        config.extraPorts(),
                        device.listenPort().orElse(0)),
                rules.stream().anyMatch(rule -> !rule.six()),
                config.dns());
    }

    /** Whether a route to what the peers are allowed would catch bearer packets, so that there have to be rules. */
    public static boolean loops(QuickConfig config, Facts facts) {
        return loops(config, config.allowedPrefixes(), resolved(config, facts), facts);
    }

    /** A peer without an endpoint may turn up anywhere: a default route to it is a loop to come. */
    private static boolean loops(QuickConfig config, List<Cidr> prefixes, WireGuardConfig resolved, Facts facts) {
        return config.table() instanceof QuickConfig.Table.Auto
                && (facts.movedInside()
                        || prefixes.stream().anyMatch(prefix -> prefix.length() == 0)
                        || anyInside(
                                prefixes,
                                resolved.peers().stream()
                                        .<Endpoint>mapMulti(
                                                (peer, to) -> peer.endpoint().ifPresent(to))));
    }

    /** The mark of the bearer packets, 0 if they have none. */
    public static long mark(QuickConfig config, boolean loops, Facts facts) {
        long chosen = config.wireguard().device().fwMark().orElse(0);
        return chosen != 0 ? chosen : loops ? FIRST_MARK + facts.slot() : 0;
    }

    /**
     * Whether a peer of the device {@code now} that {@code config} has too is at an address that some peer is allowed. Where
     * the file calls it elsewhere, it counts as being there still: a packet that is on its way from there would take the
     * device's endpoint back.
     */
    public static boolean movedInside(QuickConfig config, UapiDevice now) {
        List<Cidr> prefixes = config.allowedPrefixes();
        if (!(config.table() instanceof QuickConfig.Table.Auto)
                || !anyInside(prefixes, now.peers().stream().flatMap(peer -> peer.endpoint().stream()))) {
            return false;
        }
        Set<PublicKey> staying =
                config.wireguard().peers().stream().map(PeerConfig::publicKey).collect(Collectors.toSet());
        return anyInside(
                prefixes,
                now.peers().stream()
                        .filter(peer -> staying.contains(peer.publicKey()))
                        .flatMap(peer -> peer.endpoint().stream()));
    }

    private static boolean anyInside(List<Cidr> prefixes, Stream<Endpoint> endpoints) {
        List<Cidr> hosts = endpoints
                .map(endpoint -> Cidr.host(endpoint.address()))
                .distinct()
                .toList();
        if (hosts.isEmpty()) {
            return false;
        }
        PrefixMap<Cidr> allowed = PrefixMap.of(prefixes);
        return hosts.stream().anyMatch(allowed::covers);
    }

    /** The device and its peers, whose endpoints are addresses, or nothing while a name means none. */
    private static WireGuardConfig resolved(QuickConfig config, Facts facts) {
        return new WireGuardConfig(
                config.wireguard().device(),
                config.wireguard().peers().stream()
                        .map(peer -> peer.endpoint().isEmpty()
                                ? peer
                                : peer.withEndpoint(peer.endpoint().flatMap(facts::resolve)))
                        .toList(),
                List.of());
    }

    private static List<Rule> rules(Set<Route> routes, long mark, int slot) {
        Rule.Mark bearer = (mark & MARK_MASK) == FIRST_MARK
                ? new Rule.Mark(FIRST_MARK, MARK_MASK)
                : new Rule.Mark(mark, 0xffff_ffffL);
        Set<Rule> rules = new TreeSet<>(Comparator.comparing(Rule::six).thenComparingInt(Rule::priority));
        for (Route route : routes) {
            boolean six = route.destination().six();
            int length = route.destination().length();
            int priority = FIRST_PRIORITY + ((six ? 128 : 32) - length) * 2 * Facts.SLOTS + 2 * slot;
            rules.add(new Rule(six, priority, Route.MAIN, length, Optional.empty()));
            rules.add(new Rule(six, priority + 1, mark, length - 1, Optional.of(bearer)));
        }
        return List.copyOf(rules);
    }
}
