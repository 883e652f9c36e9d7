package anubis.plan;

import anubis.config.Cidr;
import anubis.plan.Service.Protocol;
import anubis.plan.Wall.Filter;
import anubis.plan.Wall.Translation;
import anubis.plan.Wall.Translation.MapDestination;
import anubis.plan.Wall.Translation.MapSource;
import anubis.plan.Wall.Translation.Masquerade;
import anubis.plan.Wall.Translation.Redirect;
import anubis.plan.Wall.Verdict;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A {@link Wall} as nft(8) reads it: one table of the family inet, which touches nobody else's. */
public final class NftText {
    /** The table that the plan gives a host. */
    public static final String TABLE = "anubis-plan";

    /** Headers of IPv4 and TCP, and of IPv6 and TCP, in bytes: what an MSS is smaller than the MTU. */
    private static final int HEADERS_4 = 40;

    private static final int HEADERS_6 = 60;

    /** Without these there is no IPv6: neighbours, routers, groups, and what is said of packets that are too big. */
    private static final String ESSENTIAL = "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded,"
            + " parameter-problem, nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert,"
            + " nd-redirect, mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept";

    static final String LOOPBACK = "iifname \"lo\" accept";

    /** What every input chain lets in, of which a {@link Wall} says nothing. */
    static final List<String> ALWAYS = List.of(
            ESSENTIAL,
            "udp sport 67 udp dport 68 accept comment \"DHCP\"",
            "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept comment \"DHCPv6\"");

    private final StringBuilder text = new StringBuilder();

    private NftText() {}

    /**
     * What {@code nft -f} is told to make the table as it should be, whatever it was, in one step.
     *
     * @param table its name
     * @param mtu of the clamped interfaces, in bytes
     */
    public static String of(String table, Wall wall, int mtu) {
        NftText nft = new NftText();
        nft.text.append("table inet %s\ndelete table inet %s\n\ntable inet %s {\n".formatted(table, table, table));
        if (!wall.input().isEmpty()) {
            nft.begin("input", "filter hook input priority filter");
            nft.line(LOOPBACK);
            nft.line("ct state established,related accept");
            ALWAYS.forEach(nft::line);
            nft.filters(wall.input());
            nft.end();
        }
        if (!wall.forward().isEmpty()) {
            nft.begin("forward", "filter hook forward priority filter");
            nft.line("ct state established,related accept");
            nft.filters(wall.forward());
            nft.end();
        }
        nft.chain(
                "incoming",
                "nat hook prerouting priority dstnat",
                wall.translations().stream().map(NftText::before));
        nft.chain(
                "outgoing",
                "nat hook postrouting priority srcnat",
                wall.translations().stream().map(NftText::after));
        nft.chain(
                "mss",
                "filter hook forward priority mangle",
                wall.clamped().stream()
                        .sorted()
                        .flatMap(link -> Stream.of("iifname", "oifname")
                                .flatMap(way -> Stream.of(
                                        mss(way, link, "ipv4", mtu - HEADERS_4),
                                        mss(way, link, "ipv6", mtu - HEADERS_6)))));
        return nft.text.append("}\n").toString();
    }

    private void begin(String chain, String what) {
        text.append("    chain ").append(chain).append(" {\n");
        line("type " + what + "; policy accept;");
    }

    private void line(String line) {
        text.append("        ").append(line).append('\n');
    }

    private void end() {
        text.append("    }\n");
    }

    /** A chain of these lines, of which empty ones do not count; none if there is no line. */
    private void chain(String name, String what, Stream<String> lines) {
        List<String> all = lines.filter(line -> !line.isEmpty()).toList();
        if (!all.isEmpty()) {
            begin(name, what);
            all.forEach(this::line);
            end();
        }
    }

    /** What is known has been accepted before. */
    private void filters(List<Filter> filters) {
        filters.stream()
                .filter(filter -> !filter.established() || filter.verdict() == Verdict.DROP)
                .flatMap(filter -> lines(filter).stream())
                .forEach(this::line);
    }

    /** One line for each combination of addresses and protocols. */
    private static List<String> lines(Filter filter) {
        String links = names("iifname", filter.in())
                + names("oifname", filter.out())
                + (filter.established() ? "ct state established,related " : "");
        String verdict = filter.verdict() == Verdict.ACCEPT ? "accept" : "drop";
        List<String> lines = new ArrayList<>();
        for (String addresses : addresses(filter)) {
            for (String services : services(filter.services())) {
                lines.add(links + addresses + services + verdict);
            }
        }
        return lines;
    }

    private static List<String> addresses(Filter filter) {
        if (filter.from().isEmpty() && filter.to().isEmpty()) {
            return List.of("");
        }
        return Stream.of(false, true)
                .filter(six -> has(filter.from(), six) && has(filter.to(), six))
                .map(six -> prefixes("saddr", filter.from(), six) + prefixes("daddr", filter.to(), six))
                .toList();
    }

    private static boolean has(List<Cidr> prefixes, boolean six) {
        return prefixes.isEmpty() || prefixes.stream().anyMatch(prefix -> prefix.six() == six);
    }

    private static String prefixes(String which, List<Cidr> prefixes, boolean six) {
        List<Cidr> members =
                prefixes.stream().filter(prefix -> prefix.six() == six).toList();
        return members.isEmpty() ? "" : ip(six) + " " + which + " " + set(members) + " ";
    }

    private static List<String> services(List<Service> services) {
        if (services.isEmpty()) {
            return List.of("");
        }
        List<String> all = new ArrayList<>();
        for (Protocol protocol : List.of(Protocol.TCP, Protocol.UDP)) {
            List<Integer> ports = services.stream()
                    .filter(service -> service.protocol() == protocol)
                    .map(Service::port)
                    .sorted()
                    .toList();
            if (!ports.isEmpty()) {
                all.add((protocol == Protocol.TCP ? "tcp" : "udp") + " dport " + set(ports) + " ");
            }
        }
        if (services.contains(Service.PING)) {
            all.add("icmp type echo-request ");
            all.add("icmpv6 type echo-request ");
        }
        return all;
    }

    /** Of a packet that comes in; empty if the translation is not for that. */
    private static String before(Translation translation) {
        return switch (translation) {
            case MapDestination map ->
                "iifname \"%s\" ".formatted(map.in()) + mapped("daddr", "dnat", map.from(), map.to());
            case Redirect redirect ->
                names("iifname", redirect.in()) + "fib daddr type local udp dport " + set(redirect.ports())
                        + " redirect to :" + redirect.to();
            case Masquerade _, MapSource _ -> "";
        };
    }

    /** Of a packet that goes out; empty if the translation is not for that. */
    private static String after(Translation translation) {
        return switch (translation) {
            case Masquerade masquerade ->
                "oifname \"%s\" meta nfproto %s ".formatted(masquerade.out(), masquerade.six() ? "ipv6" : "ipv4")
                        + prefixes("saddr !=", masquerade.except(), masquerade.six()) + "masquerade";
            case MapSource map ->
                "oifname \"%s\" ".formatted(map.out()) + mapped("saddr", "snat", map.from(), map.to());
            case MapDestination _, Redirect _ -> "";
        };
    }

    private static String mapped(String which, String verb, Cidr from, Cidr to) {
        String ip = ip(from.six());
        return "%s %s %s %s %s prefix to %s %s map { %s : %s }"
                .formatted(ip, which, from, verb, ip, ip, which, from, to);
    }

    /** {@code set} never raises an MSS, so it bounds it. */
    private static String mss(String way, String link, String family, int mss) {
        return "%s \"%s\" meta nfproto %s tcp flags syn / syn,rst tcp option maxseg size set %d"
                .formatted(way, link, family, mss);
    }

    private static String ip(boolean six) {
        return six ? "ip6" : "ip";
    }

    private static String names(String which, Collection<String> names) {
        return names.isEmpty()
                ? ""
                : which + " "
                        + set(names.stream()
                                .sorted()
                                .map(name -> '"' + name + '"')
                                .toList()) + " ";
    }

    private static String set(Collection<?> members) {
        return members.size() == 1
                ? members.iterator().next().toString()
                : members.stream().map(Object::toString).collect(Collectors.joining(", ", "{ ", " }"));
    }
}
