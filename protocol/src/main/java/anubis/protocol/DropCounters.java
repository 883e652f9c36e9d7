package anubis.protocol;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;

/** A counter for each {@link Drop}. Any thread may use it. */
@SuppressWarnings("EnumOrdinal") // An array by ordinal; nothing of it is stored.
public final class DropCounters {
    private static final int REASONS = Drop.values().length;

    private final AtomicLongArray counters = new AtomicLongArray(REASONS);

    DropCounters() {}

    public void count(Drop reason, long packets) {
        counters.addAndGet(reason.ordinal(), packets);
    }

    public long of(Drop reason) {
        return counters.get(reason.ordinal());
    }

    /** All reasons together. */
    public long total() {
        return IntStream.range(0, REASONS).mapToLong(counters::get).sum();
    }
}
