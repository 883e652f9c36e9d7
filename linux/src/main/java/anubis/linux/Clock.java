package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The clock that goes on while the machine sleeps, unlike {@link System#nanoTime()}. */
public final class Clock {
    /** CLOCK_BOOTTIME, linux/time.h. */
    private static final int BOOTTIME = 7;

    /** struct timespec (seconds, nanoseconds) of each thread. */
    private static final ThreadLocal<MemorySegment> TIMESPEC =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(JAVA_LONG, 2));

    private Clock() {}

    /** Nanoseconds since the machine started, time asleep included; never goes back. Allocates nothing. */
    public static long boottime() {
        MemorySegment timespec = TIMESPEC.get();
        Libc.clockGettime(BOOTTIME, timespec.address());
        return timespec.get(JAVA_LONG, 0) * 1_000_000_000L + timespec.get(JAVA_LONG, 8);
    }
}
