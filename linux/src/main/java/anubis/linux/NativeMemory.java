package anubis.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/** Native memory that lives as long as the process. */
public final class NativeMemory {
    private static final int CACHE_LINE = 64;

    /** What was given back, by its size. */
    private static final Map<Long, Deque<MemorySegment>> SPARE = new HashMap<>();

    private NativeMemory() {}

    /** Memory of that many bytes, zeroed, aligned to a cache line of 64 bytes, usable by every thread, never freed. */
    public static MemorySegment allocate(long bytes) {
        synchronized (SPARE) {
            Deque<MemorySegment> spare = SPARE.get(bytes);
            if (spare != null && !spare.isEmpty()) {
                return spare.pop();
            }
        }
        return Arena.global().allocate(bytes, CACHE_LINE);
    }

    /** Takes back what {@link #allocate} gave and nobody uses any more, for the next that asks for as much. */
    public static void giveBack(MemorySegment... all) {
        for (MemorySegment memory : all) {
            memory.fill((byte) 0);
            synchronized (SPARE) {
                SPARE.computeIfAbsent(memory.byteSize(), _ -> new ArrayDeque<>())
                        .push(memory);
            }
        }
    }
}
