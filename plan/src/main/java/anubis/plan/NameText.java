package anubis.plan;

import anubis.config.IpLiteral;
import anubis.plan.Segment.Kind;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The names of the hosts: {@code NAME} for a host's own addresses, and with the suffix for those of its tunnel. */
public final class NameText {
    private final Network network;
    private final Optional<Segment> viewer;

    /** As hosts on the segment {@code viewer} have to see them, or without one, as all others have. */
    public NameText(Network network, Optional<Segment> viewer) {
        this.network = network;
        this.viewer = viewer;
    }

    /** All names with their addresses, in the order of the description. */
    public Map<String, List<InetAddress>> names() {
        Map<String, List<InetAddress>> names = new LinkedHashMap<>();
        for (Host host : network.hosts().values()) {
            List<InetAddress> own = own(host);
            names.put(host.name(), own.isEmpty() ? host.wireguard() : own);
            if (!host.wireguard().isEmpty()) {
                names.put(host.name() + network.suffix(), host.wireguard());
            }
        }
        return names;
    }

    /**
     * Its own addresses: those that it has for itself, else those on the network inside it, on a LAN, on the network that a
     * virtual machine is on, in the wild.
     */
    private List<InetAddress> own(Host host) {
        if (!host.internal().isEmpty()) {
            return host.internal().stream().map(cidr -> cidr.address()).toList();
        }
        List<Segment> on = network.segments().values().stream()
                .filter(segment -> host.on().containsKey(segment.name()))
                .toList();
        List<List<Segment>> places = List.of(
                on.stream().filter(segment -> segment.inside(host)).toList(),
                of(on, Kind.LAN),
                of(on, Kind.INSIDE),
                of(on, Kind.WILD).stream().filter(segment -> !segment.nat()).toList());
        return places.stream()
                .map(place -> place.stream()
                        .flatMap(segment ->
                                host.addressesOn(segment.name()).stream().map(address -> seen(segment, address)))
                        .toList())
                .filter(addresses -> !addresses.isEmpty())
                .findFirst()
                .orElse(List.of());
    }

    private static List<Segment> of(List<Segment> segments, Kind kind) {
        return segments.stream().filter(segment -> segment.kind() == kind).toList();
    }

    /** Where a segment's prefix is mapped, others call it by the other prefix. */
    private InetAddress seen(Segment segment, InetAddress address) {
        if (viewer.equals(Optional.of(segment))) {
            return address;
        }
        return segment.mapped().stream()
                .filter(mapped -> mapped.six() == Prefixes.six(address))
                .map(mapped -> Ip.of(address)
                        .moved(Ip.of(mapped.address()), mapped.length())
                        .address())
                .findFirst()
                .orElse(address);
    }

    /** Lines for {@code /etc/hosts}. */
    String hosts(String head) {
        StringBuilder text = new StringBuilder(head);
        names().forEach((name, addresses) -> addresses.forEach(address -> text.append(IpLiteral.format(address))
                .append('\t')
                .append(network.domain().isEmpty() ? "" : name + "." + network.domain() + " ")
                .append(name)
                .append('\n')));
        return text.toString();
    }

    /** The zone of the domain, in the format of RFC 1035. */
    String zone(String head) {
        Map<String, List<InetAddress>> names = names();
        String server = Stream.of(Role.CENTRAL, Role.CLOUD, Role.GATEWAY)
                .flatMap(role -> network.hosts().values().stream().filter(host -> host.role() == role))
                .map(Host::name)
                .findFirst()
                .orElseGet(() -> network.hosts().keySet().iterator().next());
        List<String> lines = new ArrayList<>();
        lines.add("$ORIGIN " + network.domain() + ".");
        lines.add("$TTL 1h");
        lines.add(
                "; Raise the first number whenever the zone changes. Who serves it, and who answers for it, is a proposal.");
        lines.add("@ IN SOA " + server + " hostmaster ( 1 4h 1h 4w 5m )");
        lines.add("@ IN NS " + server);
        names.forEach((name, addresses) -> addresses.forEach(address ->
                lines.add(name + " IN " + (Prefixes.six(address) ? "AAAA " : "A ") + IpLiteral.format(address))));
        return head.replaceAll("(?m)^#", ";") + String.join("\n", lines) + "\n";
    }
}
