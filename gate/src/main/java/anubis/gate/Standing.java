package anubis.gate;

import anubis.crypto.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What a hub remembers of a production key, and what the devices are to be made equal to.
 *
 * @param last the greatest identifier that it has accepted
 * @param leaseEnd until when the peer is to be up
 * @param lease how long its lease was when it was granted; zero if it has none
 * @param since the identifier of the last {@code up}, be it at another hub, that was accepted
 * @param at the production key of the hub that has the client up instead of this one
 * @param held whether the gate may have put the peer into production: what it has not put there it never touches
 */
public record Standing(
        Optional<Identifier> last,
        Optional<Instant> leaseEnd,
        Duration lease,
        Optional<Identifier> since,
        Optional<PublicKey> at,
        boolean held) {
    /** Of a key that has never asked. */
    public static final Standing NEW =
            new Standing(Optional.empty(), Optional.empty(), Duration.ZERO, Optional.empty(), Optional.empty(), false);

    /**
     * What is left of the lease; nothing if it is over. One that would end later than any can is of a clock that was set
     * back meanwhile, and over, too.
     */
    public Optional<Duration> left(Instant now, Duration longest) {
        return leaseEnd.map(end -> Duration.between(now, end))
                .filter(left -> left.isPositive() && left.compareTo(longest) <= 0);
    }

    /** With another last identifier. */
    Standing asked(Identifier identifier) {
        return new Standing(Optional.of(identifier), leaseEnd, lease, since, at, held);
    }

    /** With a lease of that length until {@code end}. */
    Standing lease(Instant end, Duration length) {
        return new Standing(last, Optional.of(end), length, since, at, held);
    }

    Standing withoutLease() {
        return new Standing(last, Optional.empty(), Duration.ZERO, since, at, held);
    }

    Standing held(boolean in) {
        return new Standing(last, leaseEnd, lease, since, at, in);
    }

    /** Coming here by the {@code up} with that identifier, from whatever hub. */
    Standing coming(Identifier up) {
        return new Standing(last, leaseEnd, lease, Optional.of(up), Optional.empty(), true);
    }

    /** At another hub since that {@code up}, or, with an empty {@code hub}, at none. */
    Standing at(Optional<PublicKey> hub, Identifier up) {
        return new Standing(last, leaseEnd, lease, Optional.of(up), hub, held);
    }
}
