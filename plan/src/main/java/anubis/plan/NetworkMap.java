package anubis.plan;

import anubis.config.Cidr;
import anubis.config.IpLiteral;
import anubis.plan.Machine.DevicePeer;
import anubis.plan.Segment.Kind;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A picture of a situation, for Graphviz ({@code dot -Tsvg}): segments are boxes with the hosts in them that are there, what is
 * inside a host is a box with it in a box; tunnels are thick, with an arrow from who begins; default routes are dashed.
 */
final class NetworkMap {
    private static final String FONT = "DejaVu Sans,Verdana,sans-serif";
    private static final String DEFAULT = "#455a64";
    private static final String LOST = "#d50000";

    /** The colours of tunnels, one for each hub: dark enough on all boxes, and apart for most colour-blind people. */
    private static final List<String> HUES =
            List.of("#0072b2", "#d55e00", "#009e73", "#aa3377", "#8a6d00", "#5e35b1", "#00838f");

    private final Network network;
    private final Situation situation;
    private final Map<String, HostPlan> plans;
    private final Tree tree;
    private final MapLayout layout;
    private final boolean wilds;
    private final StringBuilder text = new StringBuilder();
    private final Map<String, String> hues = new LinkedHashMap<>();
    /** Pairs of hosts, of which the first knows where the second is. */
    private final Set<String> beginners = new HashSet<>();

    private NetworkMap(Network network, Situation situation, Map<String, HostPlan> plans) {
        this.network = network;
        this.situation = situation;
        this.plans = plans;
        this.tree = new Tree(network, situation);
        this.layout = new MapLayout(network, situation, tree);
        this.wilds = network.segments().values().stream().anyMatch(segment -> segment.kind() == Kind.WILD);
    }

    static String of(Network network, Situation situation, Map<String, HostPlan> plans) {
        return new NetworkMap(network, situation, plans).draw();
    }

    private String draw() {
        for (Host host : network.hosts().values()) {
            if (!layout.absent(host) && tree.children(host).stream().anyMatch(child -> !layout.absent(child))) {
                hues.put(host.name(), HUES.get(hues.size() % HUES.size()));
            }
        }
        plans.forEach((name, plan) -> plan.device().peers().stream()
                .filter(peer -> peer.endpoint().isPresent())
                .forEach(peer -> beginners.add(name + "\n" + peer.name())));
        text.append("digraph ").append(MapLabels.quoted(network.name())).append(" {\n");
        line(
                "graph [fontname=\"%s\", fontcolor=\"%s\", label=<%s>, labelloc=t, bgcolor=white, pad=0.3, nodesep=0.3, ranksep=0.75, splines=spline, newrank=true]"
                        .formatted(FONT, MapLabels.INK, title()));
        line("node [fontname=\"%s\", fontcolor=\"%s\", fontsize=11, shape=plain]".formatted(FONT, MapLabels.INK));
        line("edge [fontname=\"%s\", fontcolor=\"%s\", fontsize=8, color=\"%s\"]"
                .formatted(FONT, MapLabels.QUIET, MapLabels.QUIET));
        boxes();
        tunnels();
        ways();
        ranks();
        return text.append("}\n").toString();
    }

    private void line(String line) {
        text.append("  ").append(line).append(";\n");
    }

    /** What the picture is of, and what its signs mean. */
    private String title() {
        StringBuilder title = new StringBuilder(
                "<B><FONT POINT-SIZE=\"22\">%s</FONT></B><BR/><FONT POINT-SIZE=\"13\">%s</FONT><BR/><FONT POINT-SIZE=\"9\" COLOR=\"%s\">"
                        .formatted(
                                MapLabels.html(network.name()),
                                MapLabels.html(situation.note().isEmpty() ? situation.name() : situation.note()),
                                MapLabels.QUIET));
        title.append("WireGuard %s, UDP %d<BR/> <BR/>"
                .formatted(
                        network.ranges().stream().map(Cidr::toString).collect(Collectors.joining(", ")),
                        network.port()));
        hues.forEach((hub, hue) -> title.append(
                "<FONT COLOR=\"%s\"><B>━━▶</B></FONT> tunnel to %s    ".formatted(hue, MapLabels.html(hub))));
        title.append("(the arrow: who can begin)    <FONT COLOR=\"%s\"><B>╍╍▶</B></FONT> default route<BR/>"
                .formatted(DEFAULT));
        network.hosts().values().stream()
                .map(Host::role)
                .distinct()
                .sorted()
                .forEach(role -> title.append("<FONT COLOR=\"%s\">%s</FONT> %s    "
                        .formatted(MapLabels.hue(role), MapLabels.icon(role), role)));
        return title.append("</FONT><BR/> <BR/>").toString();
    }

    // The boxes and what is in them.

    private void boxes() {
        for (Segment segment : network.segments().values()) {
            if (segment.kind() != Kind.INSIDE && layout.drawn(segment)) {
                box(segment);
            }
        }
        content("");
        if (wilds) {
            line(
                    "internet [shape=ellipse, style=filled, fillcolor=\"#eceff1\", color=\"%s\", fontsize=13, margin=\"0.25,0.08\", label=\"the internet\"]"
                            .formatted(MapLabels.QUIET));
        }
    }

    private void box(Segment segment) {
        String fill = switch (segment.kind()) {
            case LAN -> "#eaf4ea";
            case INSIDE -> "#f1ecf7";
            case WILD -> "#fdf3e4";
        };
        if (!layout.inhabited(segment)) {
            line(
                    "%s [shape=box, style=\"rounded,filled\", fillcolor=\"%s\", color=\"%s\", margin=\"0.12,0.08\", label=<%s>]"
                            .formatted(bar(segment), fill, MapLabels.FAINT, MapLabels.caption(segment)));
            return;
        }
        text.append("  subgraph ")
                .append(MapLabels.quoted("cluster_" + segment.name()))
                .append(" {\n");
        line("graph [style=\"rounded,filled\", fillcolor=\"%s\", color=\"%s\", labeljust=l, margin=14, label=<%s>]"
                .formatted(fill, MapLabels.FAINT, MapLabels.caption(segment)));
        line(
                "%s [shape=box, style=\"filled,rounded\", fillcolor=\"%s\", color=\"%s\", fontcolor=white, fontsize=9, height=0.2, width=0.9, margin=\"0.08,0.02\", label=%s]"
                        .formatted(
                                bar(segment),
                                MapLabels.QUIET,
                                MapLabels.QUIET,
                                MapLabels.quoted(segment.kind() == Kind.WILD ? "router" : "switch")));
        content(segment.name());
        text.append("  }\n");
    }

    /** What is in the box of a segment. */
    private void content(String segment) {
        layout.inhabitants(segment).forEach(this::group);
        layout.nested(segment).forEach(this::box);
    }

    private static String bar(Segment segment) {
        return MapLabels.quoted("segment " + segment.name());
    }

    private static String node(String host) {
        return MapLabels.quoted("host " + host);
    }

    private void group(List<Host> hosts) {
        Host host = hosts.getFirst();
        boolean absent = layout.absent(host);
        String ink = absent ? MapLabels.FAINT : MapLabels.INK;
        String hue = absent ? MapLabels.FAINT : MapLabels.hue(host.role());
        String name = hosts.size() == 1
                ? host.name()
                : hosts.size() + " × " + host.role() + ": " + host.name() + " … "
                        + hosts.getLast().name();
        StringBuilder label = new StringBuilder(
                "<TABLE BORDER=\"%d\" COLOR=\"%s\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"3\" BGCOLOR=\"white\"%s>"
                        .formatted(
                                host.role() == Role.CENTRAL || host.role() == Role.CLOUD ? 2 : 1,
                                hue,
                                MapLabels.style(host, absent)));
        label.append("<TR><TD><FONT POINT-SIZE=\"18\" COLOR=\"%s\">%s</FONT></TD>"
                .formatted(hue, MapLabels.icon(host.role())));
        label.append("<TD ALIGN=\"LEFT\" BALIGN=\"LEFT\"><FONT COLOR=\"%s\"><B>%s</B></FONT><BR/>"
                .formatted(ink, MapLabels.html(name)));
        label.append("<FONT POINT-SIZE=\"9\" COLOR=\"%s\">%s%s</FONT></TD></TR>"
                .formatted(hue, host.role(), absent ? ", absent" : off(host) ? ", tunnel down" : ""));
        if (hosts.size() == 1) {
            addresses(host)
                    .forEach((link, addresses) -> label.append(MapLabels.cells(
                            absent ? MapLabels.FAINT : MapLabels.QUIET,
                            link,
                            addresses.stream().map(IpLiteral::format).collect(Collectors.joining("<BR/>")))));
        }
        line(node(host.name()) + " [label=<" + label.append("</TABLE>") + ">]");
    }

    private boolean off(Host host) {
        return situation.off().contains(host.name());
    }

    /** What it has where it is, by the interface. */
    private Map<String, List<InetAddress>> addresses(Host host) {
        Map<String, List<InetAddress>> all = new LinkedHashMap<>();
        if (!host.wireguard().isEmpty()) {
            all.put(network.interfaceName(), host.wireguard());
        }
        for (Segment segment : network.segments().values()) {
            boolean here = !situation.away().containsKey(host.name()) || segment.inside(host);
            if (here && !host.addressesOn(segment.name()).isEmpty()) {
                all.put(host.interfaceOn(segment), host.addressesOn(segment.name()));
            }
        }
        if (!host.internal().isEmpty()) {
            all.put(HostPlan.DUMMY, host.internal().stream().map(Cidr::address).toList());
        }
        return all;
    }

    // The lines.

    private void tunnels() {
        Set<String> done = new LinkedHashSet<>();
        for (Host host : network.hosts().values()) {
            tree.hub(host).ifPresent(hub -> {
                if (done.add(layout.drawnAs(host.name()) + "\n" + hub.name())) {
                    tunnel(host, hub);
                }
            });
        }
    }

    private void tunnel(Host host, Host hub) {
        if (layout.absent(host) || layout.absent(hub)) {
            return;
        }
        boolean begins = begins(host.name(), hub.name());
        boolean called = begins(hub.name(), host.name());
        // Who is in the wild is drawn above who is not, and a hub above the others.
        boolean hostFirst = layout.wild(host.name()) && !layout.wild(hub.name());
        Host first = hostFirst ? host : hub;
        Host second = hostFirst ? hub : host;
        boolean forward = hostFirst ? begins : called;
        boolean back = hostFirst ? called : begins;
        String dir = forward && back ? "both" : forward ? "forward" : back ? "back" : "none";
        boolean lost = !forward && !back;
        line("%s -> %s [dir=%s, color=\"%s\", penwidth=3.5, arrowsize=0.7, style=%s%s]"
                .formatted(
                        node(layout.drawnAs(first.name())),
                        node(layout.drawnAs(second.name())),
                        dir,
                        lost ? LOST : hues.getOrDefault(hub.name(), MapLabels.QUIET),
                        off(host) || off(hub) ? "dotted" : "solid",
                        lost ? ", label=\"nobody begins\"" : ""));
    }

    /** Whether one knows where the other is. */
    private boolean begins(String one, String other) {
        return beginners.contains(one + "\n" + other);
    }

    /** Cables to segments that a host is not drawn in, and default routes. */
    private void ways() {
        for (Segment segment : network.segments().values()) {
            if (!layout.drawn(segment)) {
                continue;
            }
            if (segment.kind() == Kind.WILD) {
                way("internet", bar(segment), "");
            } else {
                segment.gateway()
                        .filter(gateway -> !layout.absent(network.host(gateway)))
                        .ifPresent(gateway -> way(node(gateway), bar(segment), ""));
            }
        }
        for (Host host : network.hosts().values()) {
            // One line is enough for all that one node stands for.
            if (layout.absent(host) || !layout.drawnAs(host.name()).equals(host.name())) {
                continue;
            }
            Optional<DevicePeer> four = throughTunnel(host, false);
            Optional<DevicePeer> six = throughTunnel(host, true);
            for (Segment segment :
                    host.on().keySet().stream().map(network::segment).toList()) {
                if (layout.attached(host, segment)) {
                    boolean leads = segment.kind() == Kind.WILD && (four.isEmpty() || six.isEmpty());
                    String families = four.isPresent() ? "IPv6" : six.isPresent() ? "IPv4" : "";
                    line("%s -> %s [dir=%s, style=%s, color=\"%s\", label=\"%s\"]"
                            .formatted(
                                    bar(segment),
                                    node(host.name()),
                                    leads ? "back" : "none",
                                    leads ? "dashed" : "solid",
                                    leads ? DEFAULT : MapLabels.QUIET,
                                    leads ? families : ""));
                }
            }
            if (four.isPresent() || six.isPresent()) {
                String hub = four.or(() -> six).orElseThrow().name();
                String families = four.isEmpty() ? "IPv6" : six.isEmpty() ? "IPv4" : "";
                line("%s -> %s [style=dashed, color=\"%s\", constraint=false, label=\"%s\"]"
                        .formatted(node(layout.drawnAs(host.name())), node(layout.drawnAs(hub)), DEFAULT, families));
            }
        }
    }

    private void way(String to, String from, String label) {
        line("%s -> %s [dir=back, style=dashed, color=\"%s\", label=\"%s\"]".formatted(to, from, DEFAULT, label));
    }

    /** The internet is at the top, below it who is in the wild, then LANs: first their gateways, then the others. */
    private void ranks() {
        for (String name : layout.nodes()) {
            Host host = network.host(name);
            boolean single = tree.hub(host).isEmpty() && tree.children(host).isEmpty();
            if (layout.wild(name)) {
                line("internet -> %s [style=invis]".formatted(node(name)));
            } else if (single || layout.absent(host)) {
                layout.place(name).filter(place -> place.kind() == Kind.LAN).ifPresent(place -> rank(name, place));
            }
        }
    }

    /** Who has no tunnel that would put it there is below the gateway of its LAN, or above the LAN if it is that itself. */
    private void rank(String name, Segment lan) {
        Optional<String> above = lan.gateway().filter(gateway -> !gateway.equals(name));
        line(
                above.isPresent()
                        ? "%s -> %s [style=invis]".formatted(node(above.get()), node(name))
                        : "%s -> %s [style=invis]".formatted(node(name), bar(lan)));
        if (above.isEmpty() && wilds) {
            line("internet -> %s [style=invis, minlen=3]".formatted(node(name)));
        }
    }

    /** The peer that the default route of a host leads to. */
    private Optional<DevicePeer> throughTunnel(Host host, boolean six) {
        Cidr all = six ? Prefixes.ALL_6 : Prefixes.ALL_4;
        HostPlan plan = plans.get(host.name());
        if (plan == null
                || off(host)
                || plan.routes().stream()
                        .noneMatch(route ->
                                route.destination().equals(all) && route.link().equals(plan.link()))) {
            return Optional.empty();
        }
        return plan.device().peers().stream()
                .filter(peer -> peer.allowedIps().contains(all))
                .findFirst();
    }
}
