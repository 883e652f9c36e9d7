package anubis.gate;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What a hub remembers of a production key, and what the devices are to be made equal to.
 *
 * @param last the greatest identifier that it has accepted
 * @param leaseEnd until when the peer is to be up
 */
public record Standing(Optional<Identifier> last, Optional<Instant> leaseEnd) {
    /** Of a key that has never asked. */
    public static final Standing NEW = new Standing(Optional.empty(), Optional.empty());

    /**
     * What is left of the lease; nothing if it is over. One that would end later than any can is of a clock that was set
     * back meanwhile, and over, too.
     */
    public Optional<Duration> left(Instant now, Duration longest) {
        return leaseEnd.map(end -> Duration.between(now, end))
                .filter(left -> left.isPositive() && left.compareTo(longest) <= 0);
    }
}
