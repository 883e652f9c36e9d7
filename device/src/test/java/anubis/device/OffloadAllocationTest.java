package anubis.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The transport path allocates nothing, however many packets pass. */
class OffloadAllocationTest {
    private static final int ROUNDS = 20_000;

    @Test
    void splittingAndCoalescingAllocateNothing() throws ReflectiveOperationException {
        MemorySegment from = Arena.global().allocate(70_000);
        MemorySegment to = Arena.global().allocate(70_000);
        byte[] payload = new byte[40 * 1380];
        new Random(5).nextBytes(payload);
        byte[][] reads = {
            SlowPackets.read(1, 1380, SlowPackets.tcp(false, 1, 1, 0x10, new byte[12], payload), 20, 6),
            SlowPackets.read(5, 1380, SlowPackets.udp(true, 1, payload), 40, 17)
        };
        Splitter splitter = new Splitter(from);
        AtomicInteger lost = new AtomicInteger();
        Coalescer coalescer =
                new Coalescer((iovecs, offset, count) -> count, (peer, packets) -> lost.addAndGet(packets), true);
        pass(reads, from, to, splitter, coalescer);
        long before = allocated();
        long baseline = allocated() - before;
        pass(reads, from, to, splitter, coalescer);
        long bytes = allocated() - before - baseline;
        assertThat(lost).hasValue(0);
        // The compiler's own leftovers, such as a loop replaced while it runs, are not per packet.
        assertThat(bytes).isLessThan(ROUNDS);
    }

    private static void pass(
            byte[][] reads, MemorySegment from, MemorySegment to, Splitter splitter, Coalescer coalescer) {
        for (int round = 0; round < ROUNDS; round++) {
            byte[] read = reads[round & 1];
            MemorySegment.copy(read, 0, from, JAVA_BYTE, 0, read.length);
            splitter.start(0, read.length);
            long at = 0;
            for (int length = splitter.next(); length > 0; length = splitter.next()) {
                MemorySegment.copy(from, splitter.offset(), to, at, length);
                coalescer.add(null, to, at, length);
                at += length;
            }
            coalescer.flush();
        }
    }

    /** By reflection, since the module under test has no business with the management modules. */
    private static long allocated() throws ReflectiveOperationException {
        Object threads = Class.forName("java.lang.management.ManagementFactory")
                .getMethod("getThreadMXBean")
                .invoke(null);
        Method bytes = Class.forName("com.sun.management.ThreadMXBean").getMethod("getCurrentThreadAllocatedBytes");
        return (long) bytes.invoke(threads);
    }
}
