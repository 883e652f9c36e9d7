package anubis.protocol;

import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.LinkedHashMap;

/**
 * Lets through {@link Limits#INITIATIONS_PER_SECOND} handshake messages a second from each source, with bursts of
 * {@link Limits#INITIATIONS_BURST} (whitepaper, section 5.3). An IPv4 source is its address, an IPv6 source its /64,
 * for whoever has one address of that has them all.
 *
 * <p>Memory is bounded: of more sources than {@link #MAX_SOURCES} the one seen longest ago is forgotten. To be used by
 * one thread.
 */
final class RateLimiter {
    static final int MAX_SOURCES = 16_384;

    private static final long SECOND = 1_000_000_000L;
    /** What a message costs. Tokens are nanoseconds, so that a source earns one each nanosecond. */
    private static final long COST = SECOND / Limits.INITIATIONS_PER_SECOND;

    private static final long FULL = COST * Limits.INITIATIONS_BURST;

    /** In the order in which the sources were last seen. */
    private final LinkedHashMap<Long, Bucket> sources = new LinkedHashMap<>(16, 0.75f, true);

    private static final class Bucket {
        long tokens = FULL;
        long seen;
    }

    /**
     * Whether a message from {@code address} may be looked at.
     *
     * @param address 4 or 16 bytes, in network byte order
     * @param now in nanoseconds, from any origin; if it goes backwards nobody earns anything by that
     */
    boolean allows(byte[] address, long now) {
        forget(now);
        ByteBuffer bytes = ByteBuffer.wrap(address);
        // No IPv6 network in use begins with 32 zero bits, so the families cannot meet.
        long source = address.length == 4 ? bytes.getInt() & 0xffff_ffffL : bytes.getLong();
        Bucket bucket = sources.get(source);
        if (bucket == null) {
            if (sources.size() == MAX_SOURCES) {
                sources.pollFirstEntry();
            }
            bucket = new Bucket();
            sources.put(source, bucket);
        } else {
            bucket.tokens = Math.min(FULL, bucket.tokens + Math.max(0, now - bucket.seen));
        }
        bucket.seen = now;
        boolean allowed = bucket.tokens >= COST;
        if (allowed) {
            bucket.tokens -= COST;
        }
        return allowed;
    }

    /** How many sources are remembered. */
    int size() {
        return sources.size();
    }

    /**
     * Forgets who has not been seen for a second, for by then a bucket is full; also who was seen in a future that a
     * clock set back has undone.
     */
    private void forget(long now) {
        Iterator<Bucket> eldest = sources.values().iterator();
        while (eldest.hasNext()) {
            long idle = now - eldest.next().seen;
            if (-SECOND <= idle && idle <= SECOND) {
                return;
            }
            eldest.remove();
        }
    }
}
