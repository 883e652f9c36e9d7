package anubis.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ReplayWindowTest {
    private static final long WINDOW = Limits.REPLAY_WINDOW;
    private static final long LIMIT = WINDOW + 1;
    private static final long LAST = Limits.REJECT_AFTER_MESSAGES - 1;

    private record Step(int number, long counter, boolean accepted) {}

    private static void play(Step... steps) {
        ReplayWindow window = new ReplayWindow();
        for (Step step : steps) {
            assertThat(window.accept(step.counter))
                    .as("step %d, counter %s", step.number, Long.toUnsignedString(step.counter))
                    .isEqualTo(step.accepted);
        }
    }

    @Test
    void truthTable() {
        play(
                new Step(1, 0, true),
                new Step(2, 1, true),
                new Step(3, 1, false),
                new Step(4, 9, true),
                new Step(5, 8, true),
                new Step(6, 7, true),
                new Step(7, 7, false),
                new Step(8, LIMIT, true),
                new Step(9, LIMIT - 1, true),
                new Step(10, LIMIT - 1, false),
                new Step(11, LIMIT - 2, true),
                new Step(12, 2, true),
                new Step(13, 2, false),
                new Step(14, LIMIT + 16, true),
                new Step(15, 3, false),
                new Step(16, LIMIT + 16, false),
                new Step(17, LIMIT * 4, true),
                new Step(18, LIMIT * 4 - WINDOW, true),
                new Step(19, 10, false),
                new Step(20, LIMIT * 4 - LIMIT, false),
                new Step(21, LIMIT * 4 - (LIMIT + 1), false),
                new Step(22, LIMIT * 4 - (LIMIT - 2), true),
                new Step(23, LIMIT * 4 + 1 - LIMIT, false),
                new Step(24, 0, false),
                new Step(25, LAST, true),
                new Step(26, LAST, false),
                new Step(27, LAST + 1, false),
                new Step(28, LAST - 1, true),
                new Step(29, LAST - WINDOW, true),
                new Step(30, LAST - WINDOW - 1, false),
                new Step(31, LAST - 2, true),
                new Step(32, -1, false),
                new Step(33, -2, false),
                new Step(34, LAST + 2, false),
                new Step(35, 0, false));
    }

    @Test
    void theLargestCountersMoveNothing() {
        play(
                new Step(1, Limits.REJECT_AFTER_MESSAGES, false),
                new Step(2, -1, false),
                new Step(3, 0, true),
                new Step(4, Long.MAX_VALUE, true),
                new Step(5, Long.MIN_VALUE, true),
                new Step(6, Long.MAX_VALUE, false),
                new Step(7, Long.MAX_VALUE - WINDOW + 1, true),
                new Step(8, Long.MAX_VALUE - WINDOW, false));
    }

    @Test
    void aJumpClearsEveryWordItPasses() {
        for (long jump : new long[] {1, 63, 64, 65, 127, 128, 8127, 8128, 8129, 8191, 8192, 8193, 1L << 40}) {
            ReplayWindow window = new ReplayWindow();
            for (long counter = 0; counter < 8192; counter++) {
                assertThat(window.accept(counter)).isTrue();
            }
            long newest = 8191 + jump;
            assertThat(window.accept(newest)).isTrue();
            for (long counter = newest - WINDOW - 2; counter <= newest; counter++) {
                boolean fresh = counter > 8191 && counter < newest && counter >= newest - WINDOW;
                assertThat(window.accept(counter))
                        .as("counter %d after a jump to %d", counter, newest)
                        .isEqualTo(fresh);
            }
        }
    }

    @Test
    void agreesWithASetOfAllCounters() {
        Random random = new Random(6479);
        for (int round = 0; round < 50; round++) {
            ReplayWindow window = new ReplayWindow();
            Set<Long> seen = new HashSet<>();
            long newest = 0;
            int spread = 1 << random.nextInt(1, 16);
            for (int i = 0; i < 5_000; i++) {
                long counter = Math.max(0, newest + random.nextInt(-spread, spread / 4 + 2));
                boolean fresh = counter >= newest - WINDOW && seen.add(counter);
                assertThat(window.accept(counter)).isEqualTo(fresh);
                newest = Math.max(newest, counter);
            }
        }
    }

    @Test
    void eachPacketIsAcceptedByOneOfManyThreads() throws Exception {
        ReplayWindow window = new ReplayWindow();
        int counters = 50_000;
        Callable<Integer> worker = () ->
                (int) IntStream.range(0, counters).filter(i -> window.accept(i)).count();
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            int accepted = 0;
            for (Future<Integer> future : threads.invokeAll(List.of(worker, worker, worker))) {
                accepted += future.get();
            }
            assertThat(accepted).isEqualTo(counters);
        }
    }
}
