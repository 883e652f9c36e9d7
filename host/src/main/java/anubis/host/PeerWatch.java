package anubis.host;

import anubis.config.UapiDevice;
import anubis.config.UapiPeer;
import anubis.crypto.PublicKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Watches the peers of one device: fed with what the device reports, it knows a state of each peer and tells what happens
 * to them. It asks nobody and has no clock. The more often it is fed the better it sees; about once a second is meant.
 * For one thread.
 */
public final class PeerWatch {
    private Map<PublicKey, PeerStatus> peers = new LinkedHashMap<>();
    private Optional<Instant> time = Optional.empty();
    private Optional<Drops> drops = Optional.empty();

    /** A watch that has seen nothing: what it sees first is no event. */
    public PeerWatch() {}

    /** A watch that goes on from what another one knew at {@code time}. */
    PeerWatch(Instant time, Collection<PeerStatus> known) {
        this.time = Optional.of(time);
        known.forEach(peer -> peers.put(peer.publicKey(), peer));
    }

    /** The peers as they were last, in the order of the device. */
    public List<PeerStatus> peers() {
        return List.copyOf(peers.values());
    }

    public Optional<PeerStatus> peer(PublicKey key) {
        return Optional.ofNullable(peers.get(key));
    }

    /** When the device was looked at last. */
    public Optional<Instant> time() {
        return time;
    }

    /**
     * Takes what the device reports now.
     *
     * @param counted its drop counters, if it has some
     */
    public List<PeerEvent> update(Instant now, UapiDevice device, Optional<Drops> counted) {
        List<PeerEvent> events = new ArrayList<>();
        Map<PublicKey, PeerStatus> before = peers;
        peers = LinkedHashMap.newLinkedHashMap(device.peers().size());
        for (UapiPeer peer : device.peers()) {
            Optional<PeerStatus> known = Optional.ofNullable(before.remove(peer.publicKey()));
            PeerStatus status = known.filter(old -> old.isBefore(peer))
                    .map(old -> old.next(peer, time.orElse(now), now))
                    .orElseGet(() -> PeerStatus.first(peer, now));
            peers.put(peer.publicKey(), status);
            if (time.isPresent()) {
                tell(known, status, now, events);
            }
        }
        before.values().stream()
                .filter(gone -> gone.state().isUp())
                .map(gone -> new PeerEvent.Removed(now, gone.publicKey(), gone.state()))
                .forEach(events::add);
        counted.ifPresent(all -> refused(all, now, events));
        time = Optional.of(now);
        return events;
    }

    /** Takes that the device is no more, and its peers with it. It may come again. */
    public List<PeerEvent> vanish(Instant now) {
        return update(now, new UapiDevice(Optional.empty(), 0, 0, List.of()), Optional.empty());
    }

    /** A peer that the device has not had until now had never been seen. */
    private static void tell(Optional<PeerStatus> known, PeerStatus status, Instant now, List<PeerEvent> events) {
        PublicKey key = status.publicKey();
        PeerState was = known.map(PeerStatus::state).orElse(PeerState.NEVER_SEEN);
        if (was != status.state()) {
            events.add(new PeerEvent.Changed(
                    now, key, was, status.state(), status.since().orElse(now)));
        }
        known.flatMap(PeerStatus::endpoint)
                .ifPresent(from -> status.endpoint()
                        .filter(to -> !to.equals(from))
                        .ifPresent(to -> events.add(new PeerEvent.Roamed(now, key, from, to))));
        if (was.isUp() && status.state().isUp()) {
            status.latestHandshake()
                    .filter(at -> !known.flatMap(PeerStatus::latestHandshake).equals(Optional.of(at)))
                    .ifPresent(at -> events.add(new PeerEvent.Rekeyed(now, key, at)));
        }
    }

    private void refused(Drops counted, Instant now, List<PeerEvent> events) {
        drops.map(counted::since).ifPresent(grown -> {
            refused(grown.unascribed(), Optional.empty(), now, events);
            grown.peers().forEach((peer, counters) -> refused(counters, Optional.of(peer), now, events));
        });
        drops = Optional.of(counted);
    }

    private static void refused(
            Map<String, Long> grown, Optional<PublicKey> peer, Instant now, List<PeerEvent> events) {
        grown.forEach((reason, count) -> events.add(new PeerEvent.Refused(now, peer, reason, count)));
    }
}
