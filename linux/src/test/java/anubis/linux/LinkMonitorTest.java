package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import anubis.linux.LinkMonitor.LinkEvent;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinkMonitorTest {
    /** Polls until an event is there; fails after ten seconds without any. */
    private static LinkEvent awaitEvent(LinkMonitor monitor, Predicate<LinkEvent> wanted) throws ErrnoException {
        List<LinkEvent> seen = new ArrayList<>();
        while (true) {
            List<LinkEvent> events = monitor.poll();
            seen.addAll(events);
            for (LinkEvent event : events) {
                if (wanted.test(event)) {
                    return event;
                }
            }
            if (events.isEmpty()) {
                try (Epoll epoll = Epoll.open()) {
                    epoll.add(monitor.fd(), Epoll.IN, 0);
                    assertThat(epoll.await(10_000)).as("seen: %s", seen).isEqualTo(1);
                }
            }
        }
    }

    @Test
    void seesWhatHappensToAnInterface() throws Exception {
        try (TestNamespace test = new TestNamespace();
                LinkMonitor monitor = test.call(LinkMonitor::open)) {
            assertThat(monitor.poll()).isEmpty();
            try (Tun _ = test.call(() -> Tun.open("tun0"))) {
                int index = test.call(() -> Processes.interfaceIndex("tun0"));
                LinkEvent changed = new LinkEvent(index, false);
                awaitEvent(monitor, changed::equals);
                for (String change : List.of("mtu 1420", "up", "down", "name tun1")) {
                    monitor.poll(); // A change may have been told in several events.
                    test.ip("link set tun0 " + change);
                    awaitEvent(monitor, changed::equals);
                }
                test.ip("link delete tun1");
                awaitEvent(monitor, new LinkEvent(index, true)::equals);
            }
            assertThat(monitor.poll()).isEmpty();
        }
    }

    @Test
    void asksForAllThatIsThereWhenReportsWereLost(@TempDir Path folder) throws Exception {
        try (TestNamespace test = new TestNamespace();
                LinkMonitor monitor = test.call(LinkMonitor::open);
                Tun tun = test.call(() -> Tun.open("tun0"))) {
            StringBuilder batch = new StringBuilder();
            for (int i = 1; i <= 2000; i++) {
                batch.append("link set tun0 mtu ").append(2000 + i).append('\n');
            }
            Path file = Files.writeString(folder.resolve("batch"), batch);
            TestNamespace.run("ip", "-n", test.name, "-batch", file.toString());
            assertThat(tun.mtu()).isEqualTo(4000);
            // Nothing has happened to the loopback, so that is told only because it was asked for.
            awaitEvent(monitor, new LinkEvent(1, false)::equals);
        }
    }

    @Test
    void survivesMessagesCutShortAndMalformed() {
        byte[] message = linkMessage();
        List<LinkEvent> whole = parsed(message, message.length);
        assertThat(whole).containsExactly(new LinkEvent(7, false));
        for (int length = 0; length < message.length; length++) {
            assertThat(parsed(message, length)).hasSizeLessThanOrEqualTo(1);
        }
        Random random = new Random(1);
        for (int i = 0; i < 100_000; i++) {
            byte[] broken = message.clone();
            for (int n = random.nextInt(1, 4); n > 0; n--) {
                broken[random.nextInt(broken.length)] = (byte) random.nextInt();
            }
            assertThatCode(() -> parsed(broken, broken.length)).doesNotThrowAnyException();
        }
        for (int length : new int[] {0, 15, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            MemorySegment.ofArray(message).set(JAVA_INT.withByteAlignment(1), 0, length);
            assertThat(parsed(message, message.length)).isEmpty();
        }
    }

    private static List<LinkEvent> parsed(byte[] message, int length) {
        // Memory of exactly that length: a look past the end would throw.
        MemorySegment segment = NativeMemory.allocate(Math.max(length, 1)).asSlice(0, length);
        MemorySegment.copy(message, 0, segment, JAVA_BYTE, 0, length);
        List<LinkEvent> events = new ArrayList<>();
        LinkMonitor.parse(segment, length, events);
        return events;
    }

    /** An RTM_NEWLINK with one attribute, the name. */
    private static byte[] linkMessage() {
        MemorySegment message = NativeMemory.allocate(40);
        message.set(JAVA_INT, 0, 40);
        message.set(JAVA_SHORT, 4, (short) 16);
        message.set(JAVA_INT, 20, 7);
        message.set(JAVA_INT, 24, 1);
        message.set(JAVA_SHORT, 32, (short) 8);
        message.set(JAVA_SHORT, 34, (short) 3);
        message.setString(36, "wg0");
        return message.toArray(JAVA_BYTE);
    }
}
