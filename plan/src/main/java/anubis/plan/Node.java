package anubis.plan;

import anubis.config.Cidr;
import anubis.config.Route;
import anubis.config.Rule;
import anubis.plan.Machine.PolicyRule;
import anubis.plan.Machine.TableRoute;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A machine in the form in which packets are followed through it quickly. Does not change once it is made. */
final class Node {
    /** Below that Linux has no IPv6 on an interface, in bytes (RFC 8200, section 5). */
    static final int MTU_MIN_6 = 1280;

    private static final int MAIN_PRIORITY = 32_766;
    private static final int DEFAULT_PRIORITY = 32_767;
    static final long DEFAULT = 253;

    private final Machine machine;
    private final List<Iface> ifaces = new ArrayList<>();
    private final Map<String, Iface> byName = new HashMap<>();
    private final Map<Ip, Iface> local = new HashMap<>();
    private final List<RuleEntry> rules4;
    private final List<RuleEntry> rules6;
    private final Barrier barrier;

    /** What a table says, or that none does. */
    record RouteEntry(
            Kind kind,
            long table,
            Cidr prefix,
            @Nullable Iface iface,
            @Nullable Ip via,
            @Nullable Ip source) {
        /** As {@link TableRoute.Type}, and what the kernel's tables add. */
        enum Kind {
            LOCAL,
            UNICAST,
            THROW,
            UNREACHABLE,
            BLACKHOLE,
            NONE
        }

        @Override
        public String toString() {
            String what = kind == Kind.UNICAST ? "" : kind.name().toLowerCase(Locale.ROOT) + " ";
            return what
                    + (prefix.length() == 0 ? "default" : prefix.toString())
                    + (via == null ? "" : " via " + via)
                    + (iface == null ? "" : " dev " + iface.name());
        }
    }

    private static final RouteEntry LOCAL =
            new RouteEntry(RouteEntry.Kind.LOCAL, 255, Prefixes.ALL_4, null, null, null);
    private static final RouteEntry NONE = new RouteEntry(RouteEntry.Kind.NONE, 0, Prefixes.ALL_4, null, null, null);

    /** A rule and the table that it asks. */
    private record RuleEntry(PolicyRule rule, PrefixTable<RouteEntry> table) {
        boolean fits(long mark) {
            return rule.mark().map(each -> each.value() == (mark & each.mask())).orElse(true) != rule.inverted();
        }
    }

    Node(Machine machine) {
        this.machine = machine;
        for (Machine.Link link : machine.links()) {
            Iface iface = new Iface(this, link);
            ifaces.add(iface);
            byName.put(link.name(), iface);
            iface.addresses().forEach(cidr -> local.putIfAbsent(Ip.of(cidr.address()), iface));
        }
        rules4 = rules(false);
        rules6 = rules(true);
        barrier = new Barrier(machine.wall());
    }

    private List<RuleEntry> rules(boolean six) {
        Map<Long, PrefixTable<RouteEntry>> tables = new LinkedHashMap<>();
        PrefixTable<RouteEntry> main = new PrefixTable<>();
        tables.put(Route.MAIN, main);
        // The kernel's own routes come first: of two with the same prefix, the one that was there first counts.
        for (Iface iface : ifaces) {
            for (Cidr cidr : iface.addresses()) {
                if (cidr.six() == six && cidr.length() < Ip.of(cidr.address()).bits()) {
                    add(
                            main,
                            new RouteEntry(
                                    RouteEntry.Kind.UNICAST,
                                    Route.MAIN,
                                    cidr.masked(),
                                    iface,
                                    null,
                                    six ? null : Ip.of(cidr.address())));
                }
            }
        }
        for (TableRoute route : machine.routes()) {
            Iface iface = byName.get(route.link());
            boolean there = route.link().isEmpty() || (iface != null && iface.speaks(six));
            if (route.destination().six() == six && there) {
                add(tables.computeIfAbsent(route.table(), _ -> new PrefixTable<>()), entry(route, iface));
            }
        }
        List<PolicyRule> all = new ArrayList<>();
        machine.rules().stream().filter(rule -> rule.six() == six).forEach(all::add);
        all.add(new PolicyRule(six, MAIN_PRIORITY, Optional.empty(), false, Route.MAIN, -1));
        all.add(new PolicyRule(six, DEFAULT_PRIORITY, Optional.empty(), false, DEFAULT, -1));
        return all.stream()
                .sorted(Comparator.comparingInt(PolicyRule::priority))
                .map(rule -> new RuleEntry(rule, tables.getOrDefault(rule.table(), new PrefixTable<>())))
                .toList();
    }

    private static RouteEntry entry(TableRoute route, @Nullable Iface iface) {
        return new RouteEntry(
                RouteEntry.Kind.valueOf(route.type().name()),
                route.table(),
                route.destination(),
                iface,
                route.via().map(Ip::of).orElse(null),
                route.source().map(Ip::of).orElse(null));
    }

    private static void add(PrefixTable<RouteEntry> table, RouteEntry entry) {
        if (table.exactly(entry.prefix()) == null) {
            table.put(entry.prefix(), entry);
        }
    }

    String name() {
        return machine.name();
    }

    Machine machine() {
        return machine;
    }

    List<Iface> ifaces() {
        return ifaces;
    }

    Barrier barrier() {
        return barrier;
    }

    /** Any address of a family. */
    @Nullable
    Ip any(boolean six) {
        return ifaces.stream()
                .map(iface -> iface.first(six))
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    boolean has(Ip ip) {
        return local.containsKey(ip);
    }

    /** Whether one of its interfaces takes too little for the family. */
    boolean narrow(boolean six) {
        return ifaces.stream().anyMatch(iface -> !iface.speaks(six));
    }

    boolean forwards(boolean six) {
        return six ? machine.forwarding6() : machine.forwarding4();
    }

    /** Where a packet to {@code to} with that mark goes. */
    RouteEntry route(Ip to, long mark) {
        if (local.containsKey(to)) {
            return LOCAL;
        }
        for (RuleEntry rule : to.six() ? rules6 : rules4) {
            RouteEntry route = rule.fits(mark) ? rule.table.longest(to) : null;
            if (route != null && counts(rule, route)) {
                return route;
            }
        }
        return NONE;
    }

    private static boolean counts(RuleEntry rule, RouteEntry route) {
        return route.kind != RouteEntry.Kind.THROW
                && (route.kind != RouteEntry.Kind.UNICAST || route.prefix.length() > rule.rule.suppressed());
    }

    /** The rules that fit, the tables, and what they said, for people. */
    String why(Ip to, long mark) {
        if (local.containsKey(to)) {
            return "local";
        }
        StringBuilder text = new StringBuilder();
        for (RuleEntry rule : to.six() ? rules6 : rules4) {
            RouteEntry route = rule.fits(mark) ? rule.table.longest(to) : null;
            if (route != null) {
                text.append(text.isEmpty() ? "" : ", then ");
                text.append("rule ").append(rule.rule.priority());
                rule.rule
                        .mark()
                        .map(Rule.Mark::toString)
                        .ifPresent(each -> text.append(rule.rule.inverted() ? " not" : "")
                                .append(" fwmark ")
                                .append(each));
                text.append(" table ")
                        .append(table(rule.rule.table()))
                        .append(": ")
                        .append(route);
                if (counts(rule, route)) {
                    return text.toString();
                }
                text.append(route.kind == RouteEntry.Kind.THROW ? "" : " (suppressed)");
            }
        }
        return text.isEmpty() ? "no table has a route" : text + ", then none";
    }

    private static String table(long number) {
        return number == Route.MAIN ? "main" : number == DEFAULT ? "default" : String.valueOf(number);
    }

    /**
     * The address that the kernel gives a packet which it sends by that route.
     *
     * @param hop where it goes to first, or what it is for: what an address of IPv4 has to be near to
     */
    @Nullable
    Ip source(RouteEntry route, Ip to, @Nullable Ip hop) {
        if (route.source != null) {
            return route.source;
        }
        if (route.kind == RouteEntry.Kind.LOCAL) {
            return to;
        }
        return to.six() ? source6(route.iface, to) : source4(route.iface, hop);
    }

    /**
     * Whether the kernel takes a packet of IPv4 from that source, which is not the machine's own, from an interface
     * (__fib_validate_source() of net/ipv4/fib_frontend.c).
     */
    boolean takes(Iface in, Ip source) {
        if (machine.sourceCheck() == 0) {
            return true;
        }
        RouteEntry route = route(source, 0);
        return route.kind == RouteEntry.Kind.UNICAST
                && (route.iface == in || (machine.sourceCheck() == 2 && in.first(false) != null));
    }

    /** The address that what goes out by {@code out} to {@code hop}, on its way to {@code to}, gets where it is masqueraded. */
    @Nullable
    Ip masquerade(Iface out, Ip to, Ip hop) {
        return to.six() ? source6(out, to) : source4(out, hop);
    }

    /** As inet_select_addr() of Linux, net/ipv4/devinet.c: the first address whose network has the hop, else the first. */
    private @Nullable Ip source4(@Nullable Iface out, @Nullable Ip hop) {
        Ip first = null;
        if (out != null) {
            for (Cidr cidr : out.addresses()) {
                if (!cidr.six()) {
                    Ip own = Ip.of(cidr.address());
                    if (hop != null && hop.in(own, cidr.length())) {
                        return own;
                    }
                    first = first == null ? own : first;
                }
            }
        }
        for (int i = 0; first == null && i < ifaces.size(); i++) {
            if (ifaces.get(i) != out) {
                first = source4(ifaces.get(i), null);
            }
        }
        return first;
    }

    /**
     * As ipv6_dev_get_saddr() of Linux, net/ipv6/addrconf.c (RFC 6724, section 5), for addresses that are neither link-local
     * nor temporary: one of the interface, then one with the same label, then the longest common prefix; the one added last.
     */
    private @Nullable Ip source6(@Nullable Iface out, Ip to) {
        Ip best = null;
        int bestScore = -1;
        for (Iface iface : ifaces) {
            for (Cidr cidr : iface.addresses()) {
                if (cidr.six()) {
                    Ip own = Ip.of(cidr.address());
                    int score = (iface == out ? 1 << 10 : 0)
                            + (label(own) == label(to) ? 1 << 9 : 0)
                            + Math.min(own.common(to), cidr.length());
                    // In the list of an interface the last one added is the first.
                    if (score > bestScore || (score == bestScore && iface.has(best))) {
                        best = own;
                        bestScore = score;
                    }
                }
            }
        }
        return best;
    }

    /** The label of an address (Linux, net/ipv6/addrlabel.c), as far as such addresses are given to hosts. */
    private static int label(Ip ip) {
        long first = ip.high() >>> 48;
        if (first >>> 9 == 0xfc >>> 1) {
            return 5;
        }
        if (first == 0x2002) {
            return 2;
        }
        return ip.high() >>> 32 == 0x2001_0000L ? 6 : 1;
    }

    @Override
    public String toString() {
        return name();
    }
}
