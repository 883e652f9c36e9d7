package anubis.gate;

import java.util.concurrent.atomic.AtomicLongArray;

/** A counter for each {@link Refusal}. Any thread may use it. */
@SuppressWarnings("EnumOrdinal") // An array by ordinal; nothing of it is stored.
public final class RefusalCounters {
    private final AtomicLongArray counters = new AtomicLongArray(Refusal.values().length);

    public RefusalCounters() {}

    public void count(Refusal reason) {
        counters.incrementAndGet(reason.ordinal());
    }

    public long of(Refusal reason) {
        return counters.get(reason.ordinal());
    }
}
