package anubis.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Native memory that lives as long as the process. */
public final class NativeMemory {
    private static final int CACHE_LINE = 64;

    private NativeMemory() {}

    /** Memory of that many bytes, zeroed, aligned to a cache line of 64 bytes, usable by every thread, never freed. */
    public static MemorySegment allocate(long bytes) {
        return Arena.global().allocate(bytes, CACHE_LINE);
    }
}
