package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The kernel's clocks that count from its start. */
public final class Clock {
    // linux/time.h
    private static final int CLOCK_MONOTONIC = 1;
    private static final int CLOCK_BOOTTIME = 7;

    /** struct timespec (seconds, nanoseconds) of each thread. */
    private static final ThreadLocal<MemorySegment> TIMESPEC =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(JAVA_LONG, 2));

    private Clock() {}

    /** Nanoseconds since the machine started, time asleep included; never goes back. Allocates nothing. */
    public static long boottime() {
        return time(CLOCK_BOOTTIME);
    }

    /** Nanoseconds since the machine started, time asleep not counted; never goes back. */
    static long monotonic() {
        return time(CLOCK_MONOTONIC);
    }

    private static long time(int clock) {
        MemorySegment timespec = TIMESPEC.get();
        Libc.clockGettime(clock, timespec.address());
        return timespec.get(JAVA_LONG, 0) * 1_000_000_000L + timespec.get(JAVA_LONG, 8);
    }
}
