package anubis.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class Tai64nTest {
    private static final HexFormat HEX = HexFormat.of();

    private Instant now = Instant.EPOCH;
    private final Tai64n labels = new Tai64n(() -> now);

    private String next() {
        return HEX.formatHex(labels.next());
    }

    private static byte[] bytes(String hex) {
        return HEX.parseHex(hex);
    }

    @Test
    void aLabelIsBigEndianAndTaiBeganTenSecondsAhead() {
        assertThat(next()).isEqualTo("400000000000000a" + "00000000");
        now = Instant.ofEpochSecond(0x2a2b2c2d - 10);
        assertThat(next()).isEqualTo("400000002a2b2c2d" + "00000000");
        now = Instant.parse("2106-02-07T06:28:16Z");
        assertThat(next()).isEqualTo("400000010000000a" + "00000000");
    }

    @Test
    void nanosecondsAreRoundedDown() {
        now = Instant.ofEpochSecond(1, (1 << 24) - 1);
        assertThat(next()).isEqualTo("400000000000000b" + "00000000");
        now = Instant.ofEpochSecond(1, 1 << 24);
        assertThat(next()).isEqualTo("400000000000000b" + "01000000");
        now = Instant.ofEpochSecond(1, 999_999_999);
        assertThat(next()).isEqualTo("400000000000000b" + "3b000000");
    }

    @Test
    void aClockThatStandsStillGivesLaterLabels() {
        assertThat(next()).isEqualTo("400000000000000a" + "00000000");
        assertThat(next()).isEqualTo("400000000000000a" + "00000001");
        assertThat(next()).isEqualTo("400000000000000a" + "00000002");
    }

    @Test
    void aClockSetBackGivesLaterLabelsUntilItHasCaughtUp() {
        now = Instant.parse("2026-11-22T12:00:00Z");
        byte[] before = labels.next();
        now = Instant.EPOCH;
        for (int i = 0; i < 100; i++) {
            byte[] label = labels.next();
            assertThat(Tai64n.compare(label, before)).isPositive();
            before = label;
        }
        now = Instant.parse("2026-11-22T12:00:00.5Z");
        byte[] label = labels.next();
        assertThat(Tai64n.compare(label, before)).isPositive();
        assertThat(label).endsWith(0x1d, 0, 0, 0);
    }

    @Test
    void aLabelThatWasHandedOutIsTheCallers() {
        labels.next()[11] = 77;
        assertThat(next()).isEqualTo("400000000000000a00000001");
    }

    @Test
    void comparesUnsigned() {
        assertThat(Tai64n.compare(bytes("800000000000000000000000"), bytes("7fffffffffffffffffffffff")))
                .isPositive();
        assertThat(Tai64n.compare(bytes("400000000000000a00000080"), bytes("400000000000000a0000007f")))
                .isPositive();
        assertThat(Tai64n.compare(bytes("400000000000000a00000000"), bytes("400000000000000a00000000")))
                .isZero();
        assertThat(Tai64n.compare(bytes("400000000000000a3b9ac9ff"), bytes("400000000000000b00000000")))
                .isNegative();
    }

    @Test
    void strictlyMonotonicAndValidWhateverTheClockDoes() {
        Random random = new Random(64);
        byte[] before = new byte[Tai64n.LENGTH];
        for (int i = 0; i < 20_000; i++) {
            now = now.plus(Duration.ofNanos(random.nextLong(-3_000_000_000L, 3_000_000_000L)));
            byte[] label = labels.next();
            assertThat(Tai64n.compare(label, before)).isPositive();
            assertThat(ByteBuffer.wrap(label).getInt(8)).isBetween(0, 999_999_999);
            before = label;
        }
    }

    @Test
    void manyThreadsGetDifferentLabels() throws Exception {
        Callable<List<String>> worker = () -> {
            List<String> mine = new ArrayList<>();
            for (int i = 0; i < 5_000; i++) {
                mine.add(next());
            }
            return mine;
        };
        TreeSet<String> all = new TreeSet<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            for (Future<List<String>> future : threads.invokeAll(List.of(worker, worker, worker))) {
                assertThat(future.get()).isSorted();
                all.addAll(future.get());
            }
        }
        assertThat(all).hasSize(15_000);
    }
}
