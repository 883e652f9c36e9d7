package anubis.plan;

import anubis.plan.Segment.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Where in a {@link NetworkMap} each host is drawn, and which hosts are drawn as one. Does not change once it is made. */
final class MapLayout {
    /** With more hosts than this, those that differ in their names alone are drawn as one. */
    static final int MANY = 40;

    private final Network network;
    private final Situation situation;
    private final Tree tree;
    /** The segment each host is drawn in. */
    private final Map<String, Segment> places = new HashMap<>();
    /** Of each segment by its name, the nodes that are drawn in its box; of none, those that are drawn in no box. */
    private final Map<String, List<String>> inhabitants = new HashMap<>();
    /** The segments inside hosts by the name of the segment that the host is drawn in; empty for none. */
    private final Map<String, List<Segment>> nested = new HashMap<>();
    /** The names of the segments on which somebody has an interface who is drawn elsewhere. */
    private final Set<String> attachedTo = new HashSet<>();
    /** The hosts that one node stands for, by the first of them. */
    private final Map<String, List<Host>> nodes = new LinkedHashMap<>();
    /** The first of those that a host is drawn with. */
    private final Map<String, String> drawnAs = new HashMap<>();

    MapLayout(Network network, Situation situation, Tree tree) {
        this.network = network;
        this.situation = situation;
        this.tree = tree;
        Map<List<Object>, String> alike = new HashMap<>();
        for (Host host : network.hosts().values()) {
            home(host).ifPresent(segment -> places.put(host.name(), segment));
            String first = alike.computeIfAbsent(look(host), _ -> host.name());
            drawnAs.put(host.name(), first);
            nodes.computeIfAbsent(first, _ -> new ArrayList<>()).add(host);
        }
        for (String first : nodes.keySet()) {
            for (String box : boxes(network.host(first))) {
                inhabitants.computeIfAbsent(box, _ -> new ArrayList<>()).add(first);
            }
        }
        for (Segment segment : network.segments().values()) {
            if (segment.kind() == Kind.INSIDE) {
                String around = segment.gateway().map(this::placeName).orElse("");
                nested.computeIfAbsent(around, _ -> new ArrayList<>()).add(segment);
            }
        }
        for (Host host : network.hosts().values()) {
            host.on().keySet().stream()
                    .filter(segment -> attached(host, network.segment(segment)))
                    .forEach(attachedTo::add);
        }
    }

    /** What is seen of a host beside its name, if it may be drawn with others. */
    private List<Object> look(Host host) {
        boolean alone = network.hosts().size() <= MANY
                || !tree.children(host).isEmpty()
                || !tree.gatewayOf(host).isEmpty()
                || host.role() == Role.CENTRAL
                || host.role() == Role.CLOUD;
        return List.of(
                alone ? host.name() : host.role(),
                placeName(host.name()),
                tree.hub(host).map(Host::name),
                absent(host),
                situation.off().contains(host.name()));
    }

    /** Away, or at home on a LAN, inside another host, in the wild. */
    private Optional<Segment> home(Host host) {
        String away = situation.away().get(host.name());
        if (away != null) {
            return Optional.of(network.segment(away));
        }
        List<Segment> on = network.segments().values().stream()
                .filter(segment -> host.on().containsKey(segment.name()) && !segment.inside(host))
                .toList();
        return Stream.of(Kind.LAN, Kind.INSIDE, Kind.WILD)
                .flatMap(kind -> on.stream().filter(segment -> segment.kind() == kind))
                .findFirst();
    }

    /** The names of the boxes that a host is in: of what is inside it, else of what it is on. */
    private List<String> boxes(Host host) {
        List<String> inside = tree.gatewayOf(host).stream()
                .filter(segment -> segment.inside(host))
                .map(Segment::name)
                .toList();
        return inside.isEmpty() ? List.of(placeName(host.name())) : inside;
    }

    private String placeName(String host) {
        return place(host).map(Segment::name).orElse("");
    }

    /** The segment that a host is drawn in, if it is in any. */
    Optional<Segment> place(String host) {
        return Optional.ofNullable(places.get(host));
    }

    /** Whether a host is drawn in the wild. */
    boolean wild(String host) {
        return place(host).filter(segment -> segment.kind() == Kind.WILD).isPresent();
    }

    boolean absent(Host host) {
        return situation.absent().contains(host.name());
    }

    /** The first host of each node, in the order of the description. */
    Set<String> nodes() {
        return nodes.keySet();
    }

    /** The first of the hosts that one is drawn with: itself, if it is drawn alone. */
    String drawnAs(String host) {
        return drawnAs.getOrDefault(host, host);
    }

    /** The hosts of each node in the box of a segment; with an empty name, of those in no box. */
    List<List<Host>> inhabitants(String segment) {
        return inhabitants.getOrDefault(segment, List.of()).stream()
                .map(first -> nodes.getOrDefault(first, List.of()))
                .toList();
    }

    /** The segments whose boxes are in the box of a segment; with an empty name, of those in no box. */
    List<Segment> nested(String segment) {
        return nested.getOrDefault(segment, List.of());
    }

    /** Whether there is anything in the box of a segment. */
    boolean inhabited(Segment segment) {
        return inhabitants.containsKey(segment.name()) || nested.containsKey(segment.name());
    }

    /** Whether a segment is drawn: one in the wild only if somebody is on it now. */
    boolean drawn(Segment segment) {
        return segment.kind() != Kind.WILD || inhabited(segment) || attachedTo.contains(segment.name());
    }

    /** Whether a host has an interface on a segment that it is not drawn in. */
    boolean attached(Host host, Segment segment) {
        return host.on().containsKey(segment.name())
                && !absent(host)
                && !situation.away().containsKey(host.name())
                && !segment.inside(host)
                && !segment.name().equals(placeName(host.name()));
    }
}
