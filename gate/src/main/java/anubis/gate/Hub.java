package anubis.gate;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The hub's own part, and what follows from it for a peer at a time.
 *
 * @param terms what clients are told to configure
 * @param longestLease the longest lease that is granted, and that of who wishes none; at least a second
 * @param inReserveFor the name of the hub that is in use instead of this one
 */
public record Hub(Reply.Terms terms, Duration longestLease, Optional<String> inReserveFor) {
    /** Refuses, by an {@link IllegalArgumentException}, what no reply has room for. */
    public Hub {
        if (longestLease.toSeconds() < 1) {
            throw new IllegalArgumentException("a lease has at least a second");
        }
        longestReply(terms, inReserveFor).bytes();
    }

    private static Reply longestReply(Reply.Terms terms, Optional<String> inReserveFor) {
        return new Reply(
                Operation.UP,
                Code.DONE,
                new Identifier(0, 0),
                terms.productionKey(),
                "x".repeat(Reply.MAX_TEXT),
                Optional.of(terms),
                Optional.of(Duration.ZERO),
                Optional.of(true),
                inReserveFor,
                true,
                Optional.of(new Identifier(0, 0)));
    }

    /**
     * Whether the peer is to be in production: what the devices are to be made equal to. A permanent
     * one is, unless another hub has it.
     */
    public boolean wants(Entry entry, Standing standing, Instant now) {
        return entry.enabled()
                && !entry.hub()
                && closed(entry, now).isEmpty()
                && (entry.permanent()
                        ? standing.at().isEmpty()
                        : left(entry, standing, now).isPresent());
    }

    /** What is left of the peer's lease; nothing for a permanent peer, and if the lease or its hours are over. */
    public Optional<Duration> left(Entry entry, Standing standing, Instant now) {
        return entry.permanent() || closed(entry, now).isPresent()
                ? Optional.empty()
                : standing.left(now, longestLease).map(left -> shortest(left, room(entry, now)));
    }

    /** How long a lease would be, in whole seconds: what is wished, if hours, expiry and the hub's longest let it. */
    Duration grant(Entry entry, Optional<Duration> wish, Instant now) {
        return Duration.ofSeconds(shortest(wish.orElse(longestLease), shortest(longestLease, room(entry, now)))
                .toSeconds());
    }

    /** Why a peer may not be up at this time. In its last second, too: no lease would fit into that. */
    static Optional<Code> closed(Entry entry, Instant now) {
        Instant soon = now.plusSeconds(1);
        if (entry.expiry().filter(soon::isAfter).isPresent()) {
            return Optional.of(Code.EXPIRED);
        }
        boolean outside = entry.hours()
                .filter(hours ->
                        hours.end(now).filter(end -> !soon.isAfter(end)).isEmpty())
                .isPresent();
        return outside ? Optional.of(Code.OUTSIDE_HOURS) : Optional.empty();
    }

    private Duration room(Entry entry, Instant now) {
        return Stream.of(entry.expiry(), entry.hours().flatMap(hours -> hours.end(now)))
                .flatMap(Optional::stream)
                .map(end -> Duration.between(now, end))
                .reduce(longestLease, Hub::shortest);
    }

    private static Duration shortest(Duration a, Duration b) {
        return a.compareTo(b) <= 0 ? a : b;
    }
}
