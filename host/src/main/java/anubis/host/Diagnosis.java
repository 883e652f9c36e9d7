package anubis.host;

import anubis.config.UapiDevice;
import anubis.config.UapiPeer;
import anubis.crypto.PublicKey;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Why packets do not arrive: what the drop counters of a device say, and what no counter can. */
public final class Diagnosis {
    /** A host whose clock was never set believes to be in 1970, or in the year of its firmware. */
    private static final Instant CLOCK_MIN = Instant.parse("2026-01-01T00:00:00Z");

    private final String name;
    private final UapiDevice device;
    private final List<Finding> findings = new ArrayList<>();

    /** Whether the interface can carry packets. */
    public enum Link {
        UP,
        DOWN,
        /** Not in this network namespace. */
        ELSEWHERE;

        /** The interface {@code name} as this process sees it. */
        public static Link of(String name) throws SocketException {
            NetworkInterface link = NetworkInterface.getByName(name);
            return link == null ? ELSEWHERE : link.isUp() ? UP : DOWN;
        }
    }

    /**
     * Something that is wrong, or may be.
     *
     * @param peer whom it concerns; none if the whole interface
     * @param cause one word for programs: a counter's name, or {@code no-private-key} and its like
     * @param count packets, if it was counted
     * @param meaning what is the case
     * @param remedy what to do
     */
    public record Finding(Optional<PublicKey> peer, String cause, OptionalLong count, String meaning, String remedy) {}

    private Diagnosis(String name, UapiDevice device) {
        this.name = name;
        this.device = device;
    }

    /**
     * All that can be found, first about the interface, then peer by peer.
     *
     * @param watch knows the states of the peers
     */
    public static List<Finding> of(
            String name, Instant now, UapiDevice device, Link link, Optional<Drops> drops, PeerWatch watch) {
        Diagnosis diagnosis = new Diagnosis(name, device);
        Drops counted = drops.orElse(Drops.NONE);
        diagnosis.ofInterface(now, link);
        diagnosis.ofCounters(Optional.empty(), counted.unascribed());
        for (UapiPeer peer : device.peers()) {
            diagnosis.ofPeer(peer, watch.peer(peer.publicKey()));
            diagnosis.ofCounters(
                    Optional.of(peer.publicKey()), counted.peers().getOrDefault(peer.publicKey(), Map.of()));
        }
        return diagnosis.findings;
    }

    private void ofInterface(Instant now, Link link) {
        Optional<PublicKey> whole = Optional.empty();
        if (now.isBefore(CLOCK_MIN)) {
            found(
                    whole,
                    "clock-wrong",
                    "the clock of this host says " + now + ", so peers that have seen it later refuse its initiations",
                    "Set the clock (NTP) before the interface starts. If there is no way, take this host out of its"
                            + " peers' configuration and add it again: they forget the last timestamp then.");
        }
        if (device.privateKey().isEmpty()) {
            found(
                    whole,
                    "no-private-key",
                    "no private key is set",
                    "Set it: 'wg set NAME private-key FILE', or PrivateKey in the configuration.");
        }
        switch (link) {
            case UP -> {}
            case DOWN -> found(whole, "link-down", "the interface is down", "Set it up: 'ip link set NAME up'.");
            case ELSEWHERE ->
                found(
                        whole,
                        "link-elsewhere",
                        "the interface is not in this network namespace",
                        "Look for it in the others: 'ip netns list', 'ip -n WHERE link show NAME'.");
        }
        if (device.peers().isEmpty()) {
            found(
                    whole,
                    "no-peers",
                    "the interface has no peers",
                    "Add them: 'wg addconf NAME FILE', or the configuration's [Peer] sections.");
        }
    }

    private void ofPeer(UapiPeer peer, Optional<PeerStatus> status) {
        Optional<PublicKey> key = Optional.of(peer.publicKey());
        if (peer.allowedIps().isEmpty()) {
            found(
                    key,
                    "no-allowed-ips",
                    "it has no AllowedIPs, so nothing is sent to it, and whatever it sends is dropped",
                    "Give it AllowedIPs. If it had some, they have been given to another peer: an address belongs to one"
                            + " peer alone, the last that it was given to.");
        }
        if (peer.latestHandshake().isEmpty()) {
            neverSeen(peer, key);
            return;
        }
        PeerState state = status.map(PeerStatus::state).orElse(PeerState.QUIET);
        if (state == PeerState.GONE) {
            found(
                    key,
                    "gone",
                    "it has not answered since "
                            + status.flatMap(PeerStatus::since).orElseThrow(),
                    "Is it running? If it has moved while nobody spoke, it must speak first: PersistentKeepalive = 25 there."
                            + " If its name has another address now, set the endpoint anew.");
        } else if (state == PeerState.NO_DATA) {
            found(
                    key,
                    "no-data",
                    "it answers, but data sent since "
                            + status.flatMap(PeerStatus::since).orElseThrow() + " brought no data back",
                    "If all traffic goes one way by nature, nothing. Otherwise look on the peer: its firewall and routes,"
                            + " whether its AllowedIPs for this host hold this host's addresses, forwarding if it leads"
                            + " on to others. If small packets pass, see 'anubis mtu NAME'.");
        }
    }

    private void neverSeen(UapiPeer peer, Optional<PublicKey> key) {
        if (peer.rxBytes() > 0) {
            found(
                    key,
                    "handshake-not-completed",
                    "it asks for a handshake, and never completes one",
                    "Our answers do not reach it, or it cannot read them: look for a firewall on the way back, and whether"
                            + " both ends have the same PresharedKey, or none.");
        } else if (peer.endpoint().isEmpty()) {
            found(
                    key,
                    "no-endpoint",
                    "no address of it is known, and it has never come",
                    "Give it an Endpoint here, or let it come: its Endpoint must be this host's address and port PORT/udp,"
                            + " which firewalls must let through.");
        } else if (peer.txBytes() > 0) {
            found(
                    key,
                    "handshake-not-answered",
                    "no initiation sent to " + peer.endpoint().orElseThrow() + " was ever answered",
                    "Is the Endpoint right? Does every firewall let UDP through to that port? Is it the peer's present"
                            + " PublicKey, and is ours known there? A WireGuard that does not know us does not answer:"
                            + " look at the counters there.");
        } else {
            found(
                    key,
                    "nothing-sent",
                    "nothing was ever sent to it",
                    "A handshake begins with the first packet: send one, as 'ping' does, or set PersistentKeepalive. If you"
                            + " did, the routes lead elsewhere: 'ip route get ADDRESS' must name NAME.");
        }
    }

    private void ofCounters(Optional<PublicKey> peer, Map<String, Long> counters) {
        counters.forEach((counter, count) -> {
            Optional<DropReason> reason = DropReason.ofCounter(counter);
            findings.add(new Finding(
                    peer,
                    counter,
                    OptionalLong.of(count),
                    reason.map(DropReason::meaning).orElse("packets were dropped"),
                    filled(reason.map(DropReason::remedy)
                            .orElse("This counter is newer than this program: see the device's documentation."))));
        });
    }

    private void found(Optional<PublicKey> peer, String cause, String meaning, String remedy) {
        findings.add(new Finding(peer, cause, OptionalLong.empty(), meaning, filled(remedy)));
    }

    private String filled(String remedy) {
        return remedy.replace("NAME", name).replace("PORT", Integer.toString(device.listenPort()));
    }
}
