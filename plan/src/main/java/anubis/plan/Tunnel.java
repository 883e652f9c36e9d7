package anubis.plan;

import anubis.config.Cidr;
import anubis.crypto.PublicKey;
import anubis.plan.Machine.Device;
import anubis.plan.Machine.DevicePeer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A WireGuard device: whose the allowed IPs are. */
final class Tunnel {
    private final Iface iface;
    private final Device device;
    private final Map<PublicKey, Peer> peers = new LinkedHashMap<>();
    private final Map<Cidr, Grant> grants = new LinkedHashMap<>();
    private final PrefixTable<Grant> four = new PrefixTable<>();
    private final PrefixTable<Grant> six = new PrefixTable<>();

    /** A peer of a device. */
    static final class Peer {
        private final Tunnel tunnel;
        private final DevicePeer said;

        Peer(Tunnel tunnel, DevicePeer said) {
            this.tunnel = tunnel;
            this.said = said;
        }

        Tunnel tunnel() {
            return tunnel;
        }

        DevicePeer said() {
            return said;
        }

        String name() {
            return said.name();
        }

        /** Whether the other one is the same, or this end of the same tunnel at its other end. */
        boolean sameTunnel(Peer other) {
            return this == other
                    || (said.key().equals(other.tunnel.device.key())
                            && other.said.key().equals(tunnel.device.key()));
        }

        @Override
        public String toString() {
            return tunnel + " to " + name();
        }
    }

    /** A prefix, the peer that has it, and the one that it was given to before. */
    record Grant(Cidr prefix, Peer peer, Optional<Peer> before) {}

    Tunnel(Iface iface, Device device) {
        this.iface = iface;
        this.device = device;
        for (DevicePeer said : device.peers()) {
            Peer peer = new Peer(this, said);
            peers.put(said.key(), peer);
            for (Cidr prefix : said.allowedIps()) {
                Grant before = grants.get(prefix.masked());
                Optional<Peer> other = before == null || before.peer.said.key().equals(said.key())
                        ? Optional.empty()
                        : Optional.of(before.peer);
                Grant grant = new Grant(prefix.masked(), peer, other);
                grants.put(grant.prefix, grant);
                (prefix.six() ? six : four).put(prefix, grant);
            }
        }
    }

    Iface iface() {
        return iface;
    }

    Node node() {
        return iface.node();
    }

    Device device() {
        return device;
    }

    Iterable<Peer> peers() {
        return peers.values();
    }

    /** What each prefix was given to; of those that were given twice, the last one. */
    Iterable<Grant> grants() {
        return grants.values();
    }

    /** The peer with that key. */
    @Nullable
    Peer peer(PublicKey key) {
        return peers.get(key);
    }

    /** To whom packets to that address go, and from whom packets from it may come. */
    @Nullable
    Grant allowed(Ip ip) {
        return (ip.six() ? six : four).longest(ip);
    }

    @Override
    public String toString() {
        return iface.toString();
    }
}
