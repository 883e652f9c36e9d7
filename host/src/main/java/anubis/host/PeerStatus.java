package anubis.host;

import static anubis.host.PeerState.GONE;
import static anubis.host.PeerState.HANDSHAKING;
import static anubis.host.PeerState.NEVER_SEEN;
import static anubis.host.PeerState.NO_DATA;
import static anubis.host.PeerState.QUIET;
import static anubis.host.PeerState.UP;

import anubis.config.Endpoint;
import anubis.config.UapiPeer;
import anubis.crypto.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * A peer at one moment: its state, and what that was concluded from.
 *
 * @param since when it came into its state, or the earliest moment that it is known to have been in it
 * @param rxRate bytes a second that came of late; {@code txRate} those that were sent
 * @param heard when anything authentic last came from it
 */
public record PeerStatus(
        PublicKey publicKey,
        PeerState state,
        Optional<Instant> since,
        Optional<Endpoint> endpoint,
        long rxBytes,
        long txBytes,
        long rxRate,
        long txRate,
        Optional<Instant> latestHandshake,
        Optional<Instant> heard,
        Evidence evidence) {

    /** REJECT_AFTER_TIME: so long a keypair lives, and so long a sign of life counts. */
    static final Duration FRESH = Duration.ofMinutes(3);
    /** KEEPALIVE_TIMEOUT for the answer, and twice REKEY_TIMEOUT for a new handshake and its repetition. */
    static final Duration GONE_AFTER = Duration.ofSeconds(20);
    /** An attempt repeats its initiation after REKEY_TIMEOUT; two may be lost. */
    static final Duration ATTEMPT = Duration.ofSeconds(15);
    /** How long data must be sent in vain. One unanswered packet is nothing. */
    static final Duration NO_DATA_AFTER = Duration.ofSeconds(15);
    /** What happened in a longer gap (the machine slept, its clock was set) is not judged by its length. */
    static final Duration BLIND_AFTER = Duration.ofMinutes(1);

    private static final Duration RATE_MIN = Duration.ofMillis(200);

    /**
     * Moments from which the state follows.
     *
     * @param proof when it last showed that it has the keys: transport data, or a handshake completed; not before it was gone
     * @param unanswered since when something we sent waits for an answer
     * @param asked when we last sent what wants an answer
     * @param attempt when a handshake message was last sent or received
     * @param dataFrom when we sent the first data since data last came
     * @param dataTo when we last sent data
     */
    public record Evidence(
            Optional<Instant> proof,
            Optional<Instant> unanswered,
            Optional<Instant> asked,
            Optional<Instant> attempt,
            Optional<Instant> dataFrom,
            Optional<Instant> dataTo) {

        /** The clock was set back: what it called later than {@code now} was just now, or it would count until then. */
        Evidence notAfter(Instant now) {
            return new Evidence(
                    earlier(proof, now),
                    earlier(unanswered, now),
                    earlier(asked, now),
                    earlier(attempt, now),
                    earlier(dataFrom, now),
                    earlier(dataTo, now));
        }

        /** What counts no more once the peer is gone. */
        Evidence ofGone() {
            return new Evidence(Optional.empty(), unanswered, asked, attempt, Optional.empty(), dataTo);
        }
    }

    private static Optional<Instant> earlier(Optional<Instant> time, Instant now) {
        return time.map(at -> at.isAfter(now) ? now : at);
    }

    /** What one look at a peer tells: no more than the time of its last handshake. */
    static PeerStatus first(UapiPeer peer, Instant now) {
        Optional<Instant> handshake = earlier(peer.latestHandshake(), now);
        PeerState state =
                handshake.map(at -> within(FRESH, at, now) ? UP : QUIET).orElse(NEVER_SEEN);
        return new PeerStatus(
                peer.publicKey(),
                state,
                state == QUIET ? handshake.map(at -> at.plus(FRESH)) : handshake,
                peer.endpoint(),
                peer.rxBytes(),
                peer.txBytes(),
                0,
                0,
                peer.latestHandshake(),
                handshake,
                new Evidence(
                        handshake,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()));
    }

    /** Whether {@code peer} is the one of this status later on, and not one that was removed and made anew meanwhile. */
    boolean isBefore(UapiPeer peer) {
        return peer.rxBytes() >= rxBytes
                && peer.txBytes() >= txBytes
                && (latestHandshake.isEmpty() || peer.latestHandshake().isPresent());
    }

    /** The status at {@code now} of the peer that had this one at {@code before}. */
    PeerStatus next(UapiPeer peer, Instant before, Instant now) {
        Duration interval = Duration.between(before, now);
        boolean blind = interval.isNegative() || interval.compareTo(BLIND_AFTER) > 0;
        Traffic in = Traffic.of(peer.rxBytes() - rxBytes, interval, 0);
        Traffic out = Traffic.of(peer.txBytes() - txBytes, interval, peer.persistentKeepalive());
        Optional<Instant> handshake = peer.latestHandshake().filter(at -> !latestHandshake.equals(Optional.of(at)));
        boolean hears = in.any() || handshake.isPresent();

        Optional<Instant> heardAt = hears ? Optional.of(now) : earlier(heard, now);
        Evidence next = evidence(in, out, handshake.isPresent(), blind, now).notAfter(now);
        PeerState nextState = state(peer, next, heardAt, hears, now);
        if (nextState == GONE) {
            next = next.ofGone();
        }
        boolean measurable = !blind && interval.compareTo(RATE_MIN) >= 0;
        return new PeerStatus(
                publicKey,
                nextState,
                nextState == state ? earlier(since, now) : Optional.of(since(nextState, next, handshake, now)),
                peer.endpoint(),
                peer.rxBytes(),
                peer.txBytes(),
                measurable ? rate(peer.rxBytes() - rxBytes, interval) : rxRate,
                measurable ? rate(peer.txBytes() - txBytes, interval) : txRate,
                peer.latestHandshake(),
                heardAt,
                next);
    }

    private Evidence evidence(Traffic in, Traffic out, boolean handshook, boolean blind, Instant now) {
        Optional<Instant> moment = Optional.of(now);
        boolean hears = in.any() || handshook;
        Optional<Instant> waiting = blind ? evidence.unanswered.map(since -> now) : evidence.unanswered;
        Optional<Instant> dataFrom = in.data() || blind ? Optional.empty() : evidence.dataFrom;
        boolean sends = out.data() && !in.data();
        return new Evidence(
                in.transport() || handshook ? moment : evidence.proof,
                hears ? Optional.empty() : waiting.or(() -> out.wantsAnswer() ? moment : Optional.empty()),
                out.wantsAnswer() ? moment : evidence.asked,
                in.handshake() || out.handshake() ? moment : evidence.attempt,
                dataFrom.or(() -> sends ? moment : Optional.empty()),
                out.data() ? moment : evidence.dataTo);
    }

    private PeerState state(UapiPeer peer, Evidence found, Optional<Instant> heardAt, boolean hears, Instant now) {
        boolean known = peer.latestHandshake().isPresent();
        if (known && found.unanswered.isPresent() && !within(GONE_AFTER, found.unanswered.get(), now)) {
            return GONE;
        }
        if (state == GONE && !hears) {
            return GONE;
        }
        if (known && found.proof.isPresent() && within(FRESH, found.proof.get(), now)) {
            return dataIsMissing(found, heardAt, now) ? NO_DATA : UP;
        }
        if (found.attempt.isPresent() && within(ATTEMPT, found.attempt.get(), now)) {
            return HANDSHAKING;
        }
        return known ? QUIET : NEVER_SEEN;
    }

    /** Data was sent for long enough, not too long ago, and something else than data was heard since it began. */
    private static boolean dataIsMissing(Evidence found, Optional<Instant> heardAt, Instant now) {
        return found.dataFrom.isPresent()
                && found.dataTo.isPresent()
                && !within(NO_DATA_AFTER, found.dataFrom.get(), found.dataTo.get())
                && within(FRESH, found.dataTo.get(), now)
                && heardAt.filter(at -> at.isAfter(found.dataFrom.get())).isPresent();
    }

    private static Instant since(PeerState state, Evidence found, Optional<Instant> handshake, Instant now) {
        return switch (state) {
            case GONE -> found.unanswered.orElse(now);
            case NO_DATA -> found.dataFrom.orElse(now);
            case QUIET -> found.proof.map(at -> at.plus(FRESH)).orElse(now);
            case UP -> handshake.filter(at -> at.isBefore(now)).orElse(now);
            case NEVER_SEEN, HANDSHAKING -> now;
        };
    }

    private static boolean within(Duration span, Instant from, Instant to) {
        return Duration.between(from, to).compareTo(span) < 0;
    }

    private static long rate(long bytes, Duration interval) {
        return Math.round(bytes / (interval.toNanos() / 1e9));
    }
}
