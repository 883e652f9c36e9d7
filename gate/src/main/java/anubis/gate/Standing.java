package anubis.gate;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What a hub remembers of a production key, and what the devices are to be made equal to.
 *
 * @param last the greatest identifier that it has accepted
 * @param leaseEnd until when the peer is to be up
 * @param lease how long its lease was when it was granted; zero if it has none
 * @param held whether the gate may have put the peer into production: what it has not put there it never touches
 */
public record Standing(Optional<Identifier> last, Optional<Instant> leaseEnd, Duration lease, boolean held) {
    /** Of a key that has never asked. */
    public static final Standing NEW = new Standing(Optional.empty(), Optional.empty(), Duration.ZERO, false);

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
        return new Standing(Optional.of(identifier), leaseEnd, lease, held);
    }

    /** With a lease of that length until {@code end}. */
    Standing lease(Instant end, Duration length) {
        return new Standing(last, Optional.of(end), length, held);
    }

    Standing withoutLease() {
        return new Standing(last, Optional.empty(), Duration.ZERO, held);
    }

    Standing held(boolean in) {
        return new Standing(last, leaseEnd, lease, in);
    }
}
