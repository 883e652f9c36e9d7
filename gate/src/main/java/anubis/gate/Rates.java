package anubis.gate;

import anubis.crypto.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;

/**
 * Lets through so many datagrams a second of each gate key, after a burst. Of more keys than {@link #MAX_KEYS} the one
 * seen longest ago is forgotten. To be used by one thread.
 */
final class Rates {
    static final int MAX_KEYS = 16_384;
    static final int BURST = 20;

    private static final long SECOND = Duration.ofSeconds(1).toMillis();
    private static final int PER_SECOND = 5;
    /** What a datagram costs; a key earns one each millisecond. */
    private static final long COST = SECOND / PER_SECOND;

    private final LinkedHashMap<PublicKey, Bucket> buckets = new LinkedHashMap<>(16, 0.75f, true);

    private record Bucket(long tokens, Instant seen) {}

    /** Whether a datagram may be looked at. Nobody earns anything by a clock that goes backwards. */
    boolean allows(PublicKey gateKey, Instant now) {
        Bucket bucket = buckets.getOrDefault(gateKey, new Bucket(COST * BURST, now));
        long earned = Math.clamp(bucket.seen.until(now).toMillis(), 0, COST * BURST);
        long tokens = Math.min(COST * BURST, bucket.tokens + earned);
        boolean allowed = tokens >= COST;
        buckets.put(gateKey, new Bucket(allowed ? tokens - COST : tokens, now));
        if (buckets.size() > MAX_KEYS) {
            buckets.pollFirstEntry();
        }
        return allowed;
    }
}
