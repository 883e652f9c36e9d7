package anubis.plan;

import anubis.config.Cidr;
import anubis.config.IpLiteral;
import anubis.plan.Machine.DevicePeer;
import anubis.plan.Machine.PolicyRule;
import anubis.plan.Machine.TableRoute;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The plan as a page of Markdown: what there is, who has a tunnel to whom, and why each route and each rule is there. */
final class PlanPage {
    private final Network network;
    private final Map<String, HostPlan> usual;
    /** Who has an address alone. */
    private final Map<Cidr, String> owners = new HashMap<>();

    private final Map<TableRoute, String> reasons = new HashMap<>();
    private StringBuilder text = new StringBuilder();

    private PlanPage(Network network, Map<String, HostPlan> usual) {
        this.network = network;
        this.usual = usual;
        network.hosts()
                .values()
                .forEach(host -> Stream.of(
                                host.internal().stream().map(Cidr::address),
                                host.wireguard().stream(),
                                host.on().values().stream().flatMap(List::stream))
                        .flatMap(addresses -> addresses)
                        .forEach(address -> owners.putIfAbsent(Cidr.host(address), host.name())));
    }

    /**
     * The page by its path, with what there is to say of each host; in a large network, each host has a page of its own.
     *
     * @param usual the plans of the first situation
     * @param files the paths of the others, by which it is known who has other files when
     */
    static Map<String, String> of(Network network, Map<String, HostPlan> usual, Collection<String> files) {
        PlanPage page = new PlanPage(network, usual);
        page.network();
        page.tunnels();
        Map<String, Set<String>> others = files.stream()
                .map(path -> path.split("/", -1))
                .filter(parts -> parts.length == 4)
                .collect(Collectors.groupingBy(
                        parts -> parts[0],
                        Collectors.mapping(parts -> parts[2], Collectors.toCollection(TreeSet::new))));
        Map<String, String> pages = new HashMap<>();
        if (network.hosts().size() <= MapLayout.MANY) {
            page.line("");
            page.line("## Host by host");
            usual.forEach((name, plan) -> page.host(plan, "### ", others.getOrDefault(name, Set.of())));
            pages.put(PlanFiles.PAGE, page.text.toString());
            return pages;
        }
        pages.put(PlanFiles.PAGE, page.text.toString());
        usual.forEach((name, plan) -> {
            page.text = new StringBuilder();
            page.host(plan, "# ", others.getOrDefault(name, Set.of()));
            pages.put(name + "/" + PlanFiles.PAGE, page.text.toString());
        });
        return pages;
    }

    private void line(String line) {
        text.append(line).append('\n');
    }

    private void row(Stream<String> cells) {
        line(cells.map(cell -> cell.isEmpty() ? " " : cell).collect(Collectors.joining(" | ", "| ", " |")));
    }

    /** Free text, of which nothing is Markdown or HTML. */
    private static String plain(String text) {
        return MapLabels.html(text).replaceAll("[\\\\`*_\\[\\]~#!|]", "\\\\$0");
    }

    private void table(String... titles) {
        line("");
        row(Stream.of(titles));
        row(Stream.of(titles).map(_ -> "---"));
    }

    private static String list(Collection<?> members) {
        return members.stream().map(Object::toString).collect(Collectors.joining(", "));
    }

    private static String addresses(Collection<InetAddress> addresses) {
        return addresses.stream().map(IpLiteral::format).collect(Collectors.joining(", "));
    }

    private void network() {
        Situation first = network.situations().getFirst();
        line("# " + plain(network.name()));
        line("");
        line(
                "Made by `anubis plan`: change the description of the network, not this page. Routes, rules and tunnels are those of"
                        + " the situation *" + first.name() + "*, unless another is named.");
        line("");
        line("![" + first.name() + "](" + PlanFiles.map(first).replace(".dot", ".svg") + ")");
        line("");
        line("WireGuard is `" + network.interfaceName() + "` on every host, with addresses of " + list(network.ranges())
                + " that are called by the host's name and `" + network.suffix() + "`. It listens on UDP port "
                + network.port()
                + (network.gatePort().isPresent()
                        ? ", the gate on " + network.gatePort().getAsInt()
                        : "")
                + ".");
        line("");
        line("## Situations");
        table("name", "what it is", "away", "absent", "other hub", "tunnel down", "map");
        for (Situation situation : network.situations()) {
            row(Stream.of(
                    situation.name(),
                    plain(situation.note()),
                    pairs(situation.away()),
                    list(new TreeSet<>(situation.absent())),
                    pairs(situation.using()),
                    list(new TreeSet<>(situation.off())),
                    "[map](" + PlanFiles.map(situation).replace(".dot", ".svg") + ")"));
        }
        line("");
        line("## Networks");
        table("name", "kind", "addresses", "others call it", "default route", "MTU");
        for (Segment segment : network.segments().values()) {
            row(Stream.of(
                    segment.name(),
                    switch (segment.kind()) {
                        case LAN -> "LAN";
                        case INSIDE -> "inside " + segment.gateway().orElse("a host");
                        case WILD -> segment.nat() ? "wild, behind NAT" : "wild";
                    },
                    list(segment.prefixes()),
                    list(segment.mapped()),
                    segment.kind() == Segment.Kind.WILD
                            ? "the internet"
                            : segment.gateway().orElse("none"),
                    String.valueOf(segment.mtu())));
        }
        line("");
        line("## Hosts");
        table("name", "role", "WireGuard", "own addresses", "reached at", "sends through the tunnel", "lets in");
        for (Host host : network.hosts().values()) {
            boolean has = usual.containsKey(host.name());
            row(Stream.of(
                    "**" + host.name() + "**",
                    host.role().toString(),
                    addresses(host.wireguard()),
                    own(host),
                    host.endpoint().map(Object::toString).orElse(""),
                    has ? through(host) : "nothing: it has none",
                    list(host.letsIn())));
        }
    }

    private static String pairs(Map<String, String> pairs) {
        return pairs.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(entry -> entry.getKey() + ": " + entry.getValue())
                .collect(Collectors.joining(", "));
    }

    private String own(Host host) {
        Stream<String> on = network.segments().values().stream()
                .filter(segment -> host.on().containsKey(segment.name()))
                .map(segment -> host.interfaceOn(segment) + " (" + segment.name() + ") "
                        + addresses(host.addressesOn(segment.name())));
        Stream<String> internal = host.internal().isEmpty()
                ? Stream.empty()
                : Stream.of(HostPlan.DUMMY + " "
                        + addresses(host.internal().stream().map(Cidr::address).toList()));
        return Stream.concat(on, internal).collect(Collectors.joining("; "));
    }

    private static String through(Host host) {
        String defaults = Stream.of(
                        host.default4().map(to -> "its IPv4 default route, by " + to),
                        host.default6().map(to -> "its IPv6 default route, by " + to))
                .flatMap(each -> each.stream())
                .collect(Collectors.joining(", "));
        return switch (host.role()) {
            case CENTRAL -> defaults.isEmpty() ? "what is at its other end" : defaults;
            case VM -> "what is for its host's WireGuard addresses";
            case CLOUD, GATEWAY, LEAF, ROAMING, PHONE, APPLIANCE ->
                switch (Through.of(host)) {
                    case EVERYTHING -> "everything";
                    case NETWORK -> "what is for the network";
                    case NAMES -> "what is sent to a name with the suffix";
                };
        };
    }

    private void tunnels() {
        line("");
        line("## Tunnels");
        line("");
        line("What one accepts from the other is also what it sends to it, if a route leads into the tunnel.");
        table("between", "and", "who can begin", "kept alive by", "the first accepts", "the second accepts");
        Set<String> done = new TreeSet<>();
        usual.forEach((name, plan) -> {
            for (DevicePeer peer : plan.device().peers()) {
                HostPlan other = usual.get(peer.name());
                String pair = Stream.of(name, peer.name()).sorted().collect(Collectors.joining(" "));
                if (other != null && done.add(pair)) {
                    other.device().peers().stream()
                            .filter(back -> back.name().equals(name))
                            .findFirst()
                            .ifPresent(back -> tunnel(name, peer, back));
                }
            }
        });
    }

    private void tunnel(String name, DevicePeer there, DevicePeer here) {
        row(Stream.of(
                name,
                there.name(),
                either(
                        name,
                        there.endpoint().isPresent(),
                        there.name(),
                        here.endpoint().isPresent()),
                either(name, there.keepalive() > 0, there.name(), here.keepalive() > 0),
                list(there.allowedIps()),
                list(here.allowedIps())));
    }

    private static String either(String one, boolean first, String other, boolean second) {
        return first && second ? "both" : first ? one : second ? other : "nobody";
    }

    // Host by host.

    private void host(HostPlan plan, String heading, Set<String> others) {
        String name = plan.host();
        line("");
        line(heading + name);
        line("");
        if (network.host(name).role() == Role.PHONE) {
            line("The app makes its routes of what it accepts: see *Tunnels*. `anubis qr` draws `" + name + "/"
                    + plan.link() + ".conf`.");
        } else {
            routing(plan);
            parameters(plan);
        }
        if (!others.isEmpty()) {
            line("");
            line("Other files, in `" + name + "/situations/`, when: " + list(others) + ".");
        }
    }

    private void routing(HostPlan plan) {
        line("The routing table " + plan.device().port()
                + " is asked before the main table, but not for bearer packets, which" + " have the mark 0x"
                + Long.toHexString(plan.device().mark()) + ":");
        table("rule", "asks");
        plan.rules().stream()
                .sorted(Comparator.comparing(PolicyRule::six).thenComparingInt(PolicyRule::priority))
                .forEach(rule -> row(Stream.of(
                        rule.priority() + (rule.six() ? ", IPv6" : ", IPv4"),
                        rule.mark().map(mark -> "for bearer packets: ").orElse("") + "table "
                                + IpText.table(rule.table()))));
        table("to", "goes", "why");
        Map<Cidr, String> accepted = new HashMap<>();
        plan.device().peers().forEach(peer -> peer.allowedIps().forEach(prefix -> accepted.put(prefix, peer.name())));
        plan.routes()
                .forEach(route -> row(Stream.of(
                        route.destination().toString(),
                        goes(route, accepted),
                        reasons.computeIfAbsent(route, this::why))));
    }

    private static String goes(TableRoute route, Map<Cidr, String> accepted) {
        return switch (route.type()) {
            case THROW -> "as the main table says (throw)";
            case UNREACHABLE, BLACKHOLE -> "nowhere";
            case UNICAST -> "through the tunnel to " + longest(route.destination(), accepted);
        };
    }

    /** The peer that takes the whole of a prefix. */
    private static String longest(Cidr to, Map<Cidr, String> accepted) {
        for (int length = to.length(); length >= 0; length--) {
            String peer = accepted.get(new Cidr(to.address(), length).masked());
            if (peer != null) {
                return peer;
            }
        }
        return "whoever has it";
    }

    /** What a route is for: who has the addresses. */
    private String why(TableRoute route) {
        Cidr to = route.destination();
        boolean thrown = route.type() == TableRoute.Type.THROW;
        if (to.length() == 0) {
            return "all that has no other way: the default route of " + (to.six() ? "IPv6" : "IPv4");
        }
        List<String> what = new ArrayList<>();
        for (Cidr range : network.ranges()) {
            if (to.contains(range)) {
                what.add("the WireGuard addresses");
            }
        }
        for (Segment segment : network.segments().values()) {
            if (Stream.concat(segment.prefixes().stream(), segment.mapped().stream())
                    .anyMatch(to::contains)) {
                what.add((thrown ? "it is on the network " : "the network ")
                        + segment.name()
                        + (thrown
                                ? ""
                                : segment.gateway()
                                        .map(host -> ", behind " + host)
                                        .orElse("")));
            }
        }
        String owner = owners.get(to);
        if (owner != null) {
            what.add("an address of " + owner);
        }
        return what.isEmpty() ? "what is behind a peer" : String.join("; ", what);
    }

    private void parameters(HostPlan plan) {
        table("kernel parameter", "because");
        KernelParameter.of(network, plan).forEach(parameter -> row(Stream.of("`" + parameter + "`", parameter.why())));
    }
}
