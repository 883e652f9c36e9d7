package anubis.plan;

import anubis.config.Endpoint;
import anubis.plan.Service.Protocol;
import anubis.plan.Tunnel.Peer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Whether packets for a peer get to it: its device begins, because it knows where the peer is, or the peer has begun by
 * itself. What was found is kept. For any number of threads.
 */
final class Tunnels {
    /** What WireGuard, UDP and IP add to a packet, in bytes. */
    static final int OVERHEAD_4 = 60;

    static final int OVERHEAD_6 = 80;

    /** A handshake initiation with UDP and IPv6, in bytes. */
    private static final int INITIATION = 196;

    private final Terrain terrain;
    private final Map<Peer, Channel> known = new ConcurrentHashMap<>();

    Tunnels(Terrain terrain) {
        this.terrain = terrain;
    }

    /**
     * The way to a peer.
     *
     * @param other what the sender is at the other end; none if nothing arrives there
     * @param trouble why
     * @param hops of the bearer packet
     * @param narrowest the interface on its way that takes least
     * @param overhead of the bearer packets, in bytes
     * @param circular whether it fails because of the tunnel that its bearer packets were to bear
     */
    record Channel(
            @Nullable Peer other,
            @Nullable Trouble trouble,
            List<Hop> hops,
            @Nullable Iface narrowest,
            int overhead,
            boolean circular) {}

    /**
     * What a bearer packet bears.
     *
     * @param peer whose bearer packet it is
     * @param inner what the borne packet bears, if that is a bearer packet, too
     */
    record Bearing(Peer peer, @Nullable Bearing inner) {
        /** The peer whose bearer packet would go into the tunnel that it bears if this one went to {@code to}; none if none would. */
        @Nullable
        Peer circle(Peer to) {
            Bearing bearing = this;
            while (bearing != null && !bearing.peer.sameTunnel(to)) {
                bearing = bearing.inner;
            }
            return bearing == null ? null : bearing.peer;
        }
    }

    /**
     * The way to a peer.
     *
     * @param bearing what the packet bears that is to go there, if it is a bearer packet
     */
    Channel channel(Peer peer, @Nullable Bearing bearing) {
        Channel channel = known.get(peer);
        if (channel == null) {
            channel = find(peer, bearing);
            // What fails because of where it was asked from may work from elsewhere.
            if (!channel.circular || bearing == null) {
                known.put(peer, channel);
            }
        }
        return channel;
    }

    private Channel find(Peer peer, @Nullable Bearing bearing) {
        Channel own = peer.said().endpoint().isPresent() ? initiate(peer, bearing) : null;
        if (own != null && own.other != null) {
            return own;
        }
        Channel best = own;
        boolean circular = own != null && own.circular;
        for (Tunnel tunnel : terrain.tunnels(peer.said().key())) {
            Peer back = tunnel.peer(peer.tunnel().device().key());
            if (back != null
                    && back.said().endpoint().isPresent()
                    && back.said().keepalive() > 0) {
                Channel theirs = initiate(back, bearing);
                if (theirs.other == peer) {
                    return new Channel(back, null, theirs.hops, theirs.narrowest, theirs.overhead, false);
                }
                best = best == null && theirs.other == null ? theirs : best;
                circular |= theirs.circular;
            }
        }
        return best == null ? nobody(peer) : new Channel(null, best.trouble, best.hops, null, 0, circular);
    }

    private static Channel failing(Trouble trouble, List<Hop> hops, boolean circular) {
        return new Channel(null, trouble, hops, null, 0, circular);
    }

    private Channel nobody(Peer peer) {
        List<Tunnel> others = terrain.tunnels(peer.said().key());
        Node node = peer.tunnel().node();
        String cause;
        Reason reason = Reason.NO_INITIATOR;
        if (others.isEmpty()) {
            cause = "it has no endpoint for " + peer.name() + ", and nobody has its key";
        } else {
            Peer back = others.getFirst().peer(peer.tunnel().device().key());
            if (back == null) {
                reason = Reason.STRANGER;
                node = others.getFirst().node();
                cause = "it does not know the key of " + peer.tunnel();
            } else if (back.said().endpoint().isEmpty()) {
                cause = "it has no endpoint for " + peer.name() + ", nor has that one for " + back.name();
            } else {
                cause = "it has no endpoint for " + peer.name() + ", which does not begin by itself: no keepalive for "
                        + back.name();
            }
        }
        return failing(Trouble.of(reason, node, cause, peer.tunnel()), List.of(), false);
    }

    /** The handshake, from its beginning here to the answer that comes back. */
    private Channel initiate(Peer peer, @Nullable Bearing inner) {
        Tunnel tunnel = peer.tunnel();
        Node node = tunnel.node();
        Endpoint endpoint = peer.said().endpoint().orElseThrow();
        Ip to = endpoint.isLiteral() ? Ip.of(endpoint.address()) : terrain.resolve(endpoint.host());
        if (to == null) {
            return failing(
                    Trouble.of(Reason.NO_INITIATOR, node, "nobody has the name " + endpoint.host(), tunnel),
                    List.of(),
                    false);
        }
        long mark = tunnel.device().mark();
        Node.RouteEntry route = node.route(to, mark);
        Ip from = node.source(route, to, route.via());
        if (from == null) {
            return failing(
                    Trouble.of(
                            Reason.BEARER_LOST,
                            node,
                            "the bearer packets to " + peer.name() + " at " + endpoint + ": " + Reason.NO_ADDRESS,
                            tunnel),
                    List.of(),
                    false);
        }
        Packet packet = new Packet(
                Protocol.UDP, false, INITIATION, from, to, tunnel.device().port(), endpoint.port());
        Walk walk = new Walk(terrain, this, node, packet, new Bearing(peer, inner), true);
        Trouble trouble = walk.request(mark);
        if (trouble == null) {
            return handshake(peer, endpoint, walk);
        }
        return lost(peer, endpoint, walk, trouble);
    }

    private Channel handshake(Peer peer, Endpoint endpoint, Walk walk) {
        Node there = walk.at();
        int port = walk.packet().toPort;
        Tunnel listening = listener(there, port);
        if (listening == null) {
            return failing(
                    Trouble.of(
                            Reason.NOBODY_LISTENS,
                            there,
                            "no WireGuard has the UDP port " + port + ", where " + peer + " is sent",
                            walk.packet()),
                    walk.there(),
                    false);
        }
        Peer other = listening.peer(peer.tunnel().device().key());
        if (!listening.device().key().equals(peer.said().key())) {
            return failing(
                    Trouble.of(
                            Reason.STRANGER,
                            there,
                            listening.iface().name() + " has another key than " + peer.tunnel() + " expects of "
                                    + peer.name() + " at " + endpoint,
                            walk.packet()),
                    walk.there(),
                    false);
        }
        if (other == null) {
            return failing(
                    Trouble.of(
                            Reason.STRANGER,
                            there,
                            listening.iface().name() + " does not know the key of " + peer.tunnel(),
                            walk.packet()),
                    walk.there(),
                    false);
        }
        Trouble trouble = walk.answer(listening);
        if (trouble != null) {
            return lost(peer, endpoint, walk, trouble);
        }
        return new Channel(
                other,
                null,
                walk.there(),
                walk.narrowest(),
                walk.packet().source.six() ? OVERHEAD_6 : OVERHEAD_4,
                false);
    }

    private static @Nullable Tunnel listener(Node node, int port) {
        for (Iface iface : node.ifaces()) {
            if (iface.tunnel() != null && iface.tunnel().device().port() == port) {
                return iface.tunnel();
            }
        }
        return null;
    }

    /** The bearer packet or its answer has not arrived. */
    private static Channel lost(Peer peer, Endpoint endpoint, Walk walk, Trouble trouble) {
        List<Hop> hops = new ArrayList<>(walk.there());
        hops.addAll(walk.back());
        boolean circular = trouble.is(Reason.BEARER_IN_OWN_TUNNEL);
        boolean tunnels = circular
                || trouble.reason().isEmpty()
                || trouble.is(Reason.BEARER_LOST)
                || trouble.is(Reason.NO_INITIATOR)
                || trouble.is(Reason.STRANGER)
                || trouble.is(Reason.NOBODY_LISTENS);
        return failing(
                tunnels
                        ? trouble
                        : new Trouble(
                                Optional.of(Reason.BEARER_LOST),
                                trouble.machine(),
                                "%s of %s at %s: %s: %s"
                                        .formatted(
                                                walk.packet().answer
                                                        ? "the answer to the bearer packets"
                                                        : "the bearer packets",
                                                peer,
                                                endpoint,
                                                trouble.reason().orElseThrow(),
                                                trouble.cause()),
                                trouble.packet()),
                hops,
                circular);
    }
}
