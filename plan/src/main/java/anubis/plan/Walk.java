package anubis.plan;

import anubis.plan.Node.RouteEntry;
import anubis.plan.Tunnel.Grant;
import anubis.plan.Tunnel.Peer;
import anubis.plan.Tunnels.Bearing;
import anubis.plan.Tunnels.Channel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A request that is followed from machine to machine, and then its answer, as Linux has it: what came in is translated, then
 * routed, then filtered, then translated where it goes out. Confined to one thread.
 *
 * <p>Written after ip_route_input_slow() and fib_validate_source() of net/ipv4, ip6_forward() of net/ipv6, and net/netfilter.
 */
final class Walk {
    /** What is wrong where there is no IPv6 for that reason. */
    static final String NARROW = "it has an interface with an MTU of less than 1280, which has no IPv6";

    private static final int PADDING = 16;

    private final Tunnels tunnels;
    private final @Nullable Bearing bearing;
    private final Connections connections = new Connections();
    private final Neighbours neighbours;
    private final Trail trail;
    private final List<Crossing> crossings = new ArrayList<>(2);
    private Packet packet;
    private Node at;
    private final Node origin;
    private Node sender;
    /** The interface that the packet has come to; none once it is where it should be, or if it has never left. */
    private @Nullable Iface arrived;
    /** The last one that it came to. */
    private @Nullable Iface last;

    private @Nullable Trouble theft;
    /** The device that answers a bearer packet. */
    private @Nullable Tunnel answering;
    /** The narrowest interface that it went out by; for a tunnel, what its bearer packets leave of theirs. */
    private @Nullable Iface narrowest;

    /** A tunnel that was passed, from the end that it was entered by to the peer that this end is at the other. */
    private record Crossing(Peer to, Peer from, Channel channel) {}

    /**
     * @param bearing what the packet bears; none: it is no bearer packet
     * @param recorded whether the hops are wanted
     */
    Walk(Terrain terrain, Tunnels tunnels, Node from, Packet packet, @Nullable Bearing bearing, boolean recorded) {
        this.tunnels = tunnels;
        this.at = from;
        this.sender = from;
        this.origin = from;
        this.neighbours = new Neighbours(terrain);
        this.trail = new Trail(from, recorded);
        this.packet = packet;
        this.bearing = bearing;
    }

    /** The hops of the request. */
    List<Hop> there() {
        return trail.there();
    }

    /** The hops of the answer. */
    List<Hop> back() {
        return trail.back();
    }

    /** Where the packet is now. */
    Node at() {
        return at;
    }

    /** As it is now. */
    Packet packet() {
        return packet;
    }

    @Nullable
    Iface narrowest() {
        return narrowest;
    }

    /** Follows the request; nothing is wrong if it arrives. */
    @Nullable
    Trouble request(long mark) {
        return blamed(follow(mark));
    }

    /** Then follows the answer to what was asked of {@code expected}, from where the request has arrived. */
    @Nullable
    Trouble answer(Ip expected) {
        return answer(0, expected);
    }

    /** The same of a bearer packet that {@code device} answers: WireGuard takes it from wherever it comes. */
    @Nullable
    Trouble answer(Tunnel device) {
        answering = device;
        return answer(device.device().mark(), null);
    }

    private @Nullable Trouble answer(long mark, @Nullable Ip expected) {
        sender = at;
        trail.turn();
        theft = null;
        Packet request = packet;
        packet = request.answered(answering == null ? request.destination : sourceOfBearer(request, mark));
        Trouble trouble = blamed(follow(mark));
        if (trouble == null && at != origin) {
            return lost(Reason.OVERLAP, "the answer to " + origin + " ends here: both have the address");
        }
        if (trouble == null && expected != null && !packet.source.equals(expected)) {
            return lost(Reason.ASYMMETRIC, "the answer comes from another address than the one that was asked");
        }
        return trouble;
    }

    /** The address that was reached, unless the answer goes out elsewhere (send4() of drivers/net/wireguard/socket.c). */
    private Ip sourceOfBearer(Packet request, long mark) {
        RouteEntry route = at.route(request.source, mark);
        Ip other =
                route.iface() == null || route.iface() == last ? null : at.source(route, request.source, route.via());
        return other == null ? request.destination : other;
    }

    /** What goes wrong after a peer has got what was another's is that one's fault. */
    private @Nullable Trouble blamed(@Nullable Trouble trouble) {
        return trouble == null || theft == null || trouble.reason().isEmpty()
                ? trouble
                : new Trouble(
                        theft.reason(), theft.machine(), theft.cause(), theft.packet() + ": then " + trouble.cause());
    }

    private Trouble lost(Reason reason, String cause) {
        return Trouble.of(reason, at, cause, packet);
    }

    /** Follows a packet that somebody who is no machine of the world has sent to {@code in}. */
    @Nullable
    Trouble injected(Iface in) {
        arrived = in;
        return onward(null);
    }

    private @Nullable Trouble follow(long mark) {
        return onward(begin(mark));
    }

    private @Nullable Trouble onward(@Nullable Trouble begun) {
        Trouble trouble = begun;
        while (trouble == null && arrived != null) {
            trouble = arrive(arrived);
        }
        return trouble;
    }

    private @Nullable Trouble unknown() {
        List<String> unknown = at.machine().unknown();
        return unknown.isEmpty()
                ? null
                : new Trouble(Optional.empty(), at.name(), String.join("; ", unknown), packet.toString());
    }

    // On the machine that sends it.

    private @Nullable Trouble begin(long mark) {
        Trouble trouble = unknown();
        if (trouble != null) {
            return trouble;
        }
        connections.track(at, packet);
        RouteEntry route = at.route(packet.destination, mark);
        if (route.kind() == RouteEntry.Kind.LOCAL) {
            hop("", "", "local");
            connections.confirm(packet);
            arrived = null;
            return null;
        }
        String why = trail.recorded() ? at.why(packet.destination, mark) : "";
        if (route.iface() == null) {
            hop("", "", why);
            return unrouted(route);
        }
        return leave(null, route, route.iface(), why);
    }

    private void hop(String in, String out, String why) {
        trail.hop(new Hop(at.name(), in, out, why, List.of()));
    }

    // On the machines that it comes to.

    private @Nullable Trouble arrive(Iface in) {
        at = in.node();
        last = in;
        Trouble trouble = unknown();
        if (trouble != null) {
            return trouble;
        }
        String round = trail.add(in, packet);
        if (!round.isEmpty()) {
            return lost(Reason.LOOP, "it has been here before: " + round);
        }
        connections.track(at, packet);
        Ip before = packet.destination;
        connections.before(at, packet, in);
        String translated =
                trail.recorded() && !before.equals(packet.destination) ? "to " + packet.destination + "; " : "";
        RouteEntry route = at.route(packet.destination, 0);
        String why = trail.recorded() ? translated + at.why(packet.destination, 0) : "";
        if (!packet.source.six()) {
            trouble = checkSource(in);
            if (trouble != null) {
                return failed(in, why, trouble);
            }
        }
        if (route.kind() == RouteEntry.Kind.LOCAL) {
            Wall.Filter drops = at.barrier().dropsInput(packet, in.name());
            if (drops != null) {
                return failed(in, why, dropped(Barrier.text(drops) + " that comes in"));
            }
            hop(in.name(), "", why);
            connections.confirm(packet);
            arrived = null;
            return null;
        }
        if (!at.forwards(packet.destination.six())) {
            return failed(
                    in,
                    why,
                    lost(
                            Reason.NOT_FORWARDED,
                            packet.destination.six() ? "it sends on no IPv6" : "it sends on no IPv4"));
        }
        Iface out = route.iface();
        if (out == null) {
            return failed(in, why, unrouted(route));
        }
        Wall.Filter drops = at.barrier().dropsForward(packet, in.name(), out.name());
        return drops == null
                ? leave(in, route, out, why)
                : failed(in, why, dropped(Barrier.text(drops) + " from " + in.name() + " to " + out.name()));
    }

    private Trouble dropped(String cause) {
        return lost(packet.answer && !packet.established() ? Reason.ASYMMETRIC : Reason.FIREWALL, cause);
    }

    /** The packet is lost after it has come in. */
    private Trouble failed(Iface in, String why, Trouble trouble) {
        hop(in.name(), "", why);
        return trouble;
    }

    private Trouble unrouted(RouteEntry route) {
        if (at.narrow(packet.destination.six())) {
            return lost(Reason.MTU, NARROW);
        }
        return route.kind() == RouteEntry.Kind.NONE
                ? lost(Reason.NO_ROUTE, trail.noRoute(at, packet.answer))
                : lost(Reason.REFUSED_ROUTE, "table " + route.table() + ": " + route);
    }

    /** What Linux asks of the source of a packet of IPv4, whatever rp_filter is: it is not one of the machine's own. */
    private @Nullable Trouble checkSource(Iface in) {
        if (at.has(packet.source)) {
            return at == sender || trail.returns(at)
                    ? lost(Reason.LOOP, "it comes back to " + at + " by " + in.name())
                    : lost(Reason.OVERLAP, at + " itself has the address that it comes from");
        }
        return at.takes(in, packet.source)
                ? null
                : lost(
                        Reason.SOURCE_CHECK,
                        "rp_filter is " + at.machine().sourceCheck()
                                + ", and what is for the source does not go out by " + in.name());
    }

    // Out.

    private @Nullable Trouble leave(@Nullable Iface in, RouteEntry route, Iface out, String why) {
        String from = in == null ? "" : in.name();
        if (packet.size > out.mtu()) {
            hop(from, "", why);
            return lost(Reason.MTU, out.name() + " takes " + out.mtu() + " bytes, the packet has " + packet.size);
        }
        narrowest = narrowest == null || out.mtu() < narrowest.mtu() ? out : narrowest;
        Ip hop = route.via() == null ? packet.destination : route.via();
        Ip before = packet.source;
        connections.after(at, packet, out, hop);
        String how = trail.recorded() && !before.equals(packet.source) ? why + "; from " + packet.source : why;
        if (out.tunnel() != null) {
            return through(from, out.tunnel(), how);
        }
        hop(from, out.name(), how);
        Trouble trouble = neighbours.ask(at, out, hop, packet);
        arrived = neighbours.found();
        return trouble;
    }

    private @Nullable Trouble through(String from, Tunnel tunnel, String why) {
        if (bearing != null && (tunnel == bearing.peer().tunnel() || tunnel == answering)) {
            // As wg_socket_send_skb_to_peer() finds it, before a peer is looked for.
            hop(from, "", why);
            return circular(bearing.peer(), tunnel);
        }
        Grant grant = tunnel.allowed(packet.destination);
        if (grant == null) {
            hop(from, "", why);
            return lost(Reason.NO_PEER, "no peer of " + tunnel.iface().name() + " is allowed the destination");
        }
        if (theft == null && grant.before().isPresent()) {
            theft = lost(
                    Reason.ALLOWED_IPS_STOLEN,
                    grant.prefix() + " of " + grant.before().get().name() + " is given to "
                            + grant.peer().name() + ", too, which has it");
        }
        Peer peer = grant.peer();
        Peer borne = bearing == null ? null : bearing.circle(peer);
        if (borne != null) {
            hop(from, "", why);
            return circular(borne, tunnel);
        }
        Crossing crossing = crossed(peer);
        List<Hop> bearer = List.of();
        if (crossing == null) {
            Channel channel = tunnels.channel(peer, bearing);
            bearer = channel.hops();
            if (channel.other() == null) {
                trail.hop(new Hop(at.name(), from, tunnel.iface().name(), why, bearer));
                return channel.trouble();
            }
            crossing = new Crossing(peer, channel.other(), channel);
            crossings.add(crossing);
        }
        if (trail.recorded()) {
            String how = why + "; peer " + peer.name() + " by " + grant.prefix();
            trail.hop(new Hop(at.name(), from, tunnel.iface().name(), how, bearer));
        }
        Trouble trouble = fits(tunnel, crossing.channel);
        return trouble == null ? receive(crossing.to == peer ? crossing.from : crossing.to) : trouble;
    }

    /** Whether the way of the bearer packets takes one with this packet in it, padded as WireGuard does. */
    private @Nullable Trouble fits(Tunnel tunnel, Channel channel) {
        int padded = Math.min(
                (packet.size + PADDING - 1) / PADDING * PADDING, tunnel.iface().mtu());
        int bearer = padded + channel.overhead();
        Iface narrow = channel.narrowest();
        return narrow == null || bearer <= narrow.mtu()
                ? null
                : lost(
                        Reason.MTU,
                        "its bearer packet has %d bytes, %d more than %s takes"
                                .formatted(bearer, bearer - narrow.mtu(), narrow));
    }

    private Trouble circular(Peer borne, Tunnel tunnel) {
        return lost(
                Reason.BEARER_IN_OWN_TUNNEL,
                "the bearer packets of " + borne + " go into " + tunnel.iface().name());
    }

    /** A tunnel that was passed already, in either direction. */
    private @Nullable Crossing crossed(Peer to) {
        for (int i = 0; i < crossings.size(); i++) {
            Crossing crossing = crossings.get(i);
            if (crossing.to == to || crossing.from == to) {
                return crossing;
            }
        }
        return null;
    }

    /** At the other end, where the packet has come from {@code peer}. */
    private @Nullable Trouble receive(Peer peer) {
        Tunnel tunnel = peer.tunnel();
        Grant grant = tunnel.allowed(packet.source);
        arrived = tunnel.iface();
        if (grant != null && grant.peer() == peer) {
            return null;
        }
        at = tunnel.node();
        Trouble trouble = unknown();
        if (trouble != null) {
            return trouble;
        }
        hop(tunnel.iface().name(), "", "allowed IPs");
        return grant != null && grant.before().equals(Optional.of(peer))
                ? lost(
                        Reason.ALLOWED_IPS_STOLEN,
                        grant.prefix() + " of " + peer.name() + " is given to "
                                + grant.peer().name() + ", too, which has it")
                : lost(
                        Reason.NOT_ALLOWED,
                        "dropped by the allowed IPs of " + peer.name() + " on "
                                + tunnel.iface().name() + " of " + at
                                + (grant == null
                                        ? ""
                                        : ": the source is of " + grant.peer().name()));
    }
}
