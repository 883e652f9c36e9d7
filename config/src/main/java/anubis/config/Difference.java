package anubis.config;

import anubis.config.QuickConfig.DnsSettings;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The steps from what is to what should be, in an order in which no packet of an unchanged peer is dropped and none is sent
 * the wrong way at any moment: a mark before the rules that heed it, rules before the endpoint that needs them, the endpoint
 * before the route that would have caught its packets; and to take away, the other way round.
 *
 * <p>What is taken away is what this program made: its routes and rules carry its number, its addresses are those it was
 * asked for the last time.
 */
public final class Difference {
    private final String name;
    private final Observed now;
    private final HostState wanted;
    private final Optional<HostState> before;
    private final List<Step> steps = new ArrayList<>();

    private Difference(String name, Optional<HostState> before, Observed now, HostState wanted) {
        this.name = name;
        this.now = now;
        this.wanted = wanted;
        this.before = before;
    }

    /**
     * The steps that make of the interface {@code now} what is {@code wanted}; none if it is so.
     *
     * @param before what was wanted the last time, if this program brought the interface up
     */
    public static List<Step> between(Optional<HostState> before, Observed now, HostState wanted) {
        return new Difference(wanted.name(), before, now, wanted).steps();
    }

    /** The steps that take away what outlives the interface itself. */
    public static List<Step> remains(HostState before, Set<Rule> rules) {
        List<Step> steps = new ArrayList<>();
        if (!before.dns().equals(DnsSettings.NONE)) {
            steps.add(new Step.Dns(before.name(), DnsSettings.NONE, before.dns()));
        }
        sorted(rules).reversed().forEach(rule -> steps.add(rule(rule, "del", "add")));
        steps.add(new Step.Nft(before.firewall().removal(), before.firewall().script(), false));
        return steps;
    }

    private List<Step> steps() {
        UapiDevice device = now.device();
        long mark = wanted.wireguard().device().fwMark().orElse(0);
        WireGuardConfig asked = before.map(HostState::wireguard).orElse(WireGuardConfig.EMPTY);
        DeviceChange whole = DeviceChange.between(device, asked, wanted.wireguard());
        DeviceChange marked = whole.onlyMark();
        boolean remarked = mark != 0 && !marked.isEmpty() && !now.rules().isEmpty();
        if (remarked) {
            exempt(mark, "add", "del");
        }
        if (mark != 0) {
            set(marked);
        }
        if (!now.up()) {
            // Without routes there is no wrong way.
            set(whole.withoutMark());
        }
        link();
        Set<Route> added = without(wanted.routes(), now.routes());
        Set<Route> removed = without(now.routes(), wanted.routes());
        Stream<Route> moved = removed.stream()
                .filter(route -> route.table() == Route.MAIN)
                .filter(route -> wanted.routes().stream()
                        .anyMatch(other -> other.destination().equals(route.destination())));
        Set<Route> movedRoutes = new LinkedHashSet<>(moved.toList());
        add(added.stream().filter(route -> route.table() != Route.MAIN));
        sorted(without(Set.copyOf(wanted.rules()), now.rules())).forEach(rule -> steps.add(rule(rule, "add", "del")));
        remove(movedRoutes.stream());
        if (now.up()) {
            set(whole.withoutMark());
        }
        add(added.stream().filter(route -> route.table() == Route.MAIN));
        sorted(without(now.rules(), Set.copyOf(wanted.rules())))
                .reversed()
                .forEach(rule -> steps.add(rule(rule, "del", "add")));
        remove(without(removed, movedRoutes).stream());
        if (remarked) {
            exempt(mark, "del", "add");
        }
        if (mark == 0) {
            set(marked);
        }
        end();
        return List.copyOf(steps);
    }

    private void link() {
        if (now.mtu() != wanted.mtu()) {
            steps.add(ip(
                    List.of("link", "set", "dev", name, "mtu", String.valueOf(wanted.mtu())),
                    List.of("link", "set", "dev", name, "mtu", String.valueOf(now.mtu()))));
        }
        wanted.addresses().stream()
                .filter(address -> !now.addresses().contains(address))
                .forEach(address -> steps.add(address(address, "add", "del")));
        if (wanted.sourceMarked() && !before.map(HostState::sourceMarked).orElse(false)) {
            steps.add(new Step.HeedMarks());
        }
        Optional<Firewall> present = before.map(HostState::firewall).filter(_ -> now.firewall());
        if (!present.equals(Optional.of(wanted.firewall()))) {
            Firewall wall = wanted.firewall();
            steps.add(new Step.Nft(
                    wall.script(), present.map(Firewall::script).orElseGet(wall::removal), wall.essential()));
        }
        if (!now.up()) {
            steps.add(ip(List.of("link", "set", "dev", name, "up"), List.of("link", "set", "dev", name, "down")));
        }
    }

    /** The rules that are there heed the old mark: until they are gone, packets with the new one pass by them. */
    private void exempt(long mark, String verb, String opposite) {
        for (boolean six : new boolean[] {false, true}) {
            List<String> rule = List.of(
                    "fwmark",
                    "0x" + Long.toHexString(mark),
                    "pref",
                    String.valueOf(HostState.FIRST_PRIORITY - 1),
                    "lookup",
                    String.valueOf(Route.MAIN),
                    "protocol",
                    String.valueOf(Route.PROTOCOL));
            steps.add(new Step.Ip(six, joined(List.of("rule", verb), rule), joined(List.of("rule", opposite), rule)));
        }
    }

    /** What can fail comes first: an address that was taken away cannot be put back in its place. */
    private void end() {
        DnsSettings dns = before.map(HostState::dns).orElse(DnsSettings.NONE);
        if (!dns.equals(wanted.dns())) {
            steps.add(new Step.Dns(name, wanted.dns(), dns));
        }
        List<Cidr> had = before.map(HostState::addresses).orElseGet(List::of);
        had.stream()
                .filter(address ->
                        now.addresses().contains(address) && !wanted.addresses().contains(address))
                .forEach(address -> steps.add(address(address, "del", "add")));
    }

    private void set(DeviceChange change) {
        if (!change.isEmpty()) {
            steps.add(new Step.SetDevice(change, change.undo(now.device())));
        }
    }

    private void add(Stream<Route> routes) {
        sorted(routes).forEach(route -> steps.add(new Step.SetRoute(name, route, true)));
    }

    private void remove(Stream<Route> routes) {
        sorted(routes).forEach(route -> steps.add(new Step.SetRoute(name, route, false)));
    }

    /** The longest prefixes first: those that lead to less. */
    private static List<Route> sorted(Stream<Route> routes) {
        return routes.sorted(Comparator.comparingInt(
                                (Route route) -> -route.destination().length())
                        .thenComparing(Route::toString))
                .toList();
    }

    private static List<Rule> sorted(Collection<Rule> rules) {
        return rules.stream()
                .sorted(Comparator.comparing(Rule::six).thenComparingInt(Rule::priority))
                .toList();
    }

    private static <T> Set<T> without(Set<T> all, Set<T> those) {
        return all.stream().filter(each -> !those.contains(each)).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private Step address(Cidr address, String verb, String opposite) {
        return ip(
                List.of("address", verb, address.toString(), "dev", name),
                List.of("address", opposite, address.toString(), "dev", name));
    }

    private static Step rule(Rule rule, String verb, String opposite) {
        return new Step.Ip(
                rule.six(),
                joined(List.of("rule", verb), rule.arguments()),
                joined(List.of("rule", opposite), rule.arguments()));
    }

    private static Step ip(List<String> arguments, List<String> undo) {
        return new Step.Ip(false, arguments, undo);
    }

    private static List<String> joined(List<String> head, List<String> tail) {
        return Stream.concat(head.stream(), tail.stream()).toList();
    }
}
