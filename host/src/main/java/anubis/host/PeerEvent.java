package anubis.host;

import anubis.config.Endpoint;
import anubis.crypto.PublicKey;
import java.time.Instant;
import java.util.Optional;

/** Something that happened to a peer, at the time when it was noticed. */
public sealed interface PeerEvent {
    Instant time();

    /** The peer; none where a packet cannot be ascribed to one. */
    Optional<PublicKey> peer();

    /** One word for it: {@code came}, {@code went}, {@code changed}, {@code roamed}, {@code rekeyed}, {@code refused}. */
    String kind();

    /** The peer is in another state, since {@code since}. It came if that is up, and went if that is gone. */
    record Changed(Instant time, PublicKey key, PeerState was, PeerState state, Instant since) implements PeerEvent {
        @Override
        public Optional<PublicKey> peer() {
            return Optional.of(key);
        }

        @Override
        public String kind() {
            if (state == PeerState.GONE) {
                return "went";
            }
            return state.isUp() && !was.isUp() ? "came" : "changed";
        }
    }

    /** The peer was up and has been taken out of the device. */
    record Removed(Instant time, PublicKey key, PeerState was) implements PeerEvent {
        @Override
        public Optional<PublicKey> peer() {
            return Optional.of(key);
        }

        @Override
        public String kind() {
            return "went";
        }
    }

    /** The endpoint is another: the peer has moved, or somebody has set it. */
    record Roamed(Instant time, PublicKey key, Endpoint was, Endpoint endpoint) implements PeerEvent {
        @Override
        public Optional<PublicKey> peer() {
            return Optional.of(key);
        }

        @Override
        public String kind() {
            return "roamed";
        }
    }

    /** A peer that was up has new keys, since {@code handshake}. */
    record Rekeyed(Instant time, PublicKey key, Instant handshake) implements PeerEvent {
        @Override
        public Optional<PublicKey> peer() {
            return Optional.of(key);
        }

        @Override
        public String kind() {
            return "rekeyed";
        }
    }

    /** The device has dropped {@code count} more packets for a reason, a counter of {@link Drops}. */
    record Refused(Instant time, Optional<PublicKey> peer, String reason, long count) implements PeerEvent {
        @Override
        public String kind() {
            return "refused";
        }
    }
}
