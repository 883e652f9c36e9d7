package anubis.protocol;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;

/**
 * Makes the timestamps of initiations: TAI64N labels (whitepaper, section 5.1), 12 bytes, big-endian: 2⁶² plus the
 * seconds of TAI, as 64 bits, and the nanoseconds, as 32.
 *
 * <p>Each label is later than those before, also on a clock that stands still or is set back: a responder refuses an
 * initiation whose timestamp is not later than the last one. Any thread may call.
 */
public final class Tai64n {
    public static final int LENGTH = 12;

    /** The label of 1970-01-01, when TAI was taken to be 10 s ahead of UTC. Leap seconds are not counted. */
    private static final long EPOCH = 0x4000_0000_0000_000aL;

    private static final int LAST_NANOSECOND = 999_999_999;
    /** 2²⁴ ns, 17 ms: nanoseconds are rounded down to a multiple of that, so that nobody learns more of our clock. */
    private static final int GRAIN = 1 << 24;

    private final InstantSource clock;
    private byte[] last = new byte[LENGTH];

    public Tai64n(InstantSource clock) {
        this.clock = clock;
    }

    /** The label of the present or, if that is not later than the one handed out before, the next one after that. */
    public synchronized byte[] next() {
        Instant now = clock.instant();
        byte[] label = label(EPOCH + now.getEpochSecond(), now.getNano() / GRAIN * GRAIN);
        if (compare(label, last) <= 0) {
            long seconds = ByteBuffer.wrap(last).getLong();
            int nanoseconds = ByteBuffer.wrap(last).getInt(Long.BYTES);
            label = nanoseconds < LAST_NANOSECOND ? label(seconds, nanoseconds + 1) : label(seconds + 1, 0);
        }
        last = label;
        return label.clone();
    }

    /** Below, at or above 0 as {@code a} is earlier than, the same as or later than {@code b}. */
    public static int compare(byte[] a, byte[] b) {
        return Arrays.compareUnsigned(a, b);
    }

    private static byte[] label(long seconds, int nanoseconds) {
        return ByteBuffer.allocate(LENGTH).putLong(seconds).putInt(nanoseconds).array();
    }
}
