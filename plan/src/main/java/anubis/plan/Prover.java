package anubis.plan;

import anubis.plan.Node.RouteEntry;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Says what becomes of packets in a world: whether a request arrives and its answer comes back, and if not, where and why.
 * For any number of threads.
 *
 * <p>Machines are taken for Linux. Every machine that has the address answers; each connection is looked at by itself, with
 * nothing known of others but of tunnels that come up by themselves.
 */
public final class Prover {
    /** A ping as ping(8) sends it, with the longer header, in bytes. */
    public static final int PING_SIZE = 104;

    private final Terrain terrain;
    private final Tunnels tunnels;

    public Prover(World world) {
        terrain = new Terrain(world);
        tunnels = new Tunnels(terrain);
    }

    /**
     * What becomes of a request, and its answer.
     *
     * @param from the machine that asks
     * @param source the address that it asks from; none: what its routes say
     * @param to the address that is asked
     * @throws IllegalArgumentException if there is no such machine
     */
    public Outcome trace(String from, Optional<InetAddress> source, InetAddress to, Service service) {
        return trace(from, source, to, service, PING_SIZE);
    }

    /**
     * The same of a packet of a size that must not be divided.
     *
     * @param size of IP, with the header, in bytes
     */
    public Outcome trace(String from, Optional<InetAddress> source, InetAddress to, Service service, int size) {
        Node node = terrain.node(from);
        Ip target = Ip.of(to);
        Ip own = own(node, source.map(Ip::of).orElse(null), target);
        if (own == null) {
            return outcome(noAddress(node, source, target), null);
        }
        Walk walk = walk(node, own, target, service, size, true);
        Trouble trouble = walk.request(0);
        if (trouble == null) {
            trouble = walk.answer(target);
        }
        return outcome(trouble, walk);
    }

    /**
     * What {@link #trace} finds wrong; nothing if all arrives.
     *
     * @param expected the machine that is meant, if it must be that one
     */
    @Nullable
    Trouble verdict(Node from, Ip to, Service service, @Nullable Node expected) {
        Ip own = own(from, null, to);
        if (own == null) {
            return noAddress(from, Optional.empty(), to);
        }
        Walk walk = walk(from, own, to, service, PING_SIZE, false);
        Trouble trouble = walk.request(0);
        if (trouble == null && expected != null && walk.at() != expected) {
            return Trouble.of(
                    Reason.OVERLAP,
                    walk.at(),
                    "what is for " + expected + " ends here: both have the address",
                    walk.packet());
        }
        return trouble == null ? walk.answer(to) : trouble;
    }

    /** Why what somebody on the segment of {@code in} sends to it is lost, wherever it goes from there; nothing if it arrives. */
    @Nullable
    Trouble injected(Iface in, Ip source, Ip to, Service service) {
        return walk(in.node(), source, to, service, PING_SIZE, false).injected(in);
    }

    Terrain terrain() {
        return terrain;
    }

    Tunnels tunnels() {
        return tunnels;
    }

    Node node(String name) {
        return terrain.node(name);
    }

    private static @Nullable Ip own(Node node, @Nullable Ip source, Ip to) {
        if (source != null) {
            return node.has(source) && source.six() == to.six() ? source : null;
        }
        RouteEntry route = node.route(to, 0);
        return route.kind() == RouteEntry.Kind.UNICAST || route.kind() == RouteEntry.Kind.LOCAL
                ? node.source(route, to, route.via())
                // Where there is no route, that is what is wrong.
                : node.any(to.six());
    }

    private Walk walk(Node node, Ip source, Ip to, Service service, int size, boolean recorded) {
        Packet packet = new Packet(service.protocol(), false, size, source, to, Packet.EPHEMERAL, service.port());
        return new Walk(terrain, tunnels, node, packet, null, recorded);
    }

    private static Trouble noAddress(Node node, Optional<InetAddress> source, Ip to) {
        if (source.isEmpty() && node.narrow(to.six())) {
            return Trouble.of(Reason.MTU, node, Walk.NARROW, "→ " + to);
        }
        return Trouble.of(
                Reason.NO_ADDRESS,
                node,
                source.map(address -> node + " does not have the address " + Ip.of(address))
                        .orElse("it has no address of " + (to.six() ? "IPv6" : "IPv4")),
                "→ " + to);
    }

    private static Outcome outcome(@Nullable Trouble trouble, @Nullable Walk walk) {
        List<Hop> there = walk == null ? List.of() : walk.there();
        List<Hop> back = walk == null ? List.of() : walk.back();
        if (trouble == null) {
            return new Outcome.Reached(there, back);
        }
        return trouble.reason()
                .<Outcome>map(reason -> new Outcome.Lost(reason, trouble.machine(), trouble.detail(), there, back))
                .orElseGet(() -> new Outcome.Unknown(trouble.machine(), trouble.detail(), there, back));
    }
}
