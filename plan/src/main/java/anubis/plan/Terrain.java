package anubis.plan;

import anubis.crypto.PublicKey;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A {@link World} in the form in which packets are followed through it quickly. Does not change once it is made. */
final class Terrain {
    private final Map<String, Node> nodes = new LinkedHashMap<>();
    private final Map<String, Segment> segments = new HashMap<>();
    private final Map<PublicKey, List<Tunnel>> tunnels = new HashMap<>();
    private final Map<String, List<InetAddress>> names;

    /** Who answers on a segment for which address: the first interface there of each machine. */
    private static final class Segment {
        final Map<Ip, List<Iface>> answering = new HashMap<>();

        void add(Ip ip, Iface iface) {
            List<Iface> all = answering.computeIfAbsent(ip, _ -> new ArrayList<>(1));
            if (all.stream().noneMatch(other -> other.node() == iface.node())) {
                all.add(iface);
            }
        }
    }

    Terrain(World world) {
        names = world.names();
        for (Machine machine : world.machines()) {
            Node node = new Node(machine);
            if (nodes.put(machine.name(), node) != null) {
                throw new IllegalArgumentException("there are two machines " + machine.name());
            }
            for (Iface iface : node.ifaces()) {
                if (iface.tunnel() != null) {
                    tunnels.computeIfAbsent(iface.tunnel().device().key(), _ -> new ArrayList<>(1))
                            .add(iface.tunnel());
                }
                if (iface.segment() != null) {
                    Segment segment = segments.computeIfAbsent(iface.segment(), _ -> new Segment());
                    // For IPv4 a machine answers for all of its addresses, for IPv6 for those of the interface.
                    for (Iface other : node.ifaces()) {
                        other.addresses().stream()
                                .filter(cidr -> other == iface || !cidr.six())
                                .forEach(cidr -> segment.add(Ip.of(cidr.address()), iface));
                    }
                }
            }
        }
    }

    Node node(String name) {
        Node node = nodes.get(name);
        if (node == null) {
            throw new IllegalArgumentException("there is no machine " + name);
        }
        return node;
    }

    Iterable<Node> nodes() {
        return nodes.values();
    }

    /** The devices with that key: one, if nobody has copied it. */
    List<Tunnel> tunnels(PublicKey key) {
        return tunnels.getOrDefault(key, List.of());
    }

    /** What a name means; the first of its addresses is the one that is taken. */
    @Nullable
    Ip resolve(String name) {
        List<InetAddress> all = names.getOrDefault(name, List.of());
        return all.isEmpty() ? null : Ip.of(all.getFirst());
    }

    /** The interfaces on a segment that answer for an address, which may be of the asking machine, too. */
    List<Iface> answering(String segment, Ip ip) {
        Segment there = segments.get(segment);
        return there == null ? List.of() : there.answering.getOrDefault(ip, List.of());
    }
}
