package anubis.protocol;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class IndexTableTest {
    private final IndexTable<Object> table = new IndexTable<>();
    private final Random random = new Random(1945);
    private final Randomness randomness = random::nextBytes;

    private static Randomness counting(int... indices) {
        return new Randomness() {
            private int next;

            @Override
            public void fill(byte[] bytes) {
                throw new AssertionError();
            }

            @Override
            public int nextInt() {
                return indices[next++];
            }
        };
    }

    @Test
    void findsWhatWasInserted() {
        Object one = new Object();
        Object two = new Object();
        int first = table.insert(one, randomness);
        int second = table.insert(two, randomness);
        assertThat(table.lookup(first)).isSameAs(one);
        assertThat(table.lookup(second)).isSameAs(two);
        assertThat(table.lookup(first + 1)).isNull();
        assertThat(table.size()).isEqualTo(2);
    }

    @Test
    void anIndexInUseIsNotGivenAgain() {
        assertThat(table.insert("one", counting(7))).isEqualTo(7);
        assertThat(table.insert("two", counting(7, 7, 0))).isZero();
        assertThat(table.lookup(7)).isEqualTo("one");
        assertThat(table.remove(7, "one")).isTrue();
        assertThat(table.insert("three", counting(7))).isEqualTo(7);
        assertThat(table.lookup(7)).isEqualTo("three");
        assertThat(table.size()).isEqualTo(2);
    }

    @Test
    void onlyTheVeryValueIsReplacedOrRemoved() {
        Object value = new ArrayList<>();
        Object equal = new ArrayList<>();
        Object other = new Object();
        int index = table.insert(value, randomness);
        assertThat(table.replace(index, equal, other)).isFalse();
        assertThat(table.remove(index, equal)).isFalse();
        assertThat(table.replace(index + 1, value, other)).isFalse();
        assertThat(table.remove(index + 1, value)).isFalse();
        assertThat(table.lookup(index)).isSameAs(value);
        assertThat(table.replace(index, value, other)).isTrue();
        assertThat(table.lookup(index)).isSameAs(other);
        assertThat(table.remove(index, value)).isFalse();
        assertThat(table.remove(index, other)).isTrue();
        assertThat(table.remove(index, other)).isFalse();
        assertThat(table.replace(index, other, value)).isFalse();
        assertThat(table.lookup(index)).isNull();
        assertThat(table.size()).isZero();
    }

    @Test
    void indicesThatMeetInOneSlotAreToldApart() {
        int[] indices = {0, 16, 32, 48, 64, 15, 31, -1, Integer.MIN_VALUE};
        for (int index : indices) {
            table.insert("value " + index, counting(index));
        }
        for (int index : indices) {
            assertThat(table.lookup(index)).isEqualTo("value " + index);
        }
        Object middle = requireNonNull(table.lookup(32));
        assertThat(table.remove(32, middle)).isTrue();
        assertThat(table.lookup(32)).isNull();
        assertThat(table.lookup(64)).isEqualTo("value 64");
        assertThat(table.lookup(80)).isNull();
    }

    @Test
    void agreesWithAMapAndShrinksAgain() {
        Map<Integer, Object> expected = new HashMap<>();
        List<Integer> indices = new ArrayList<>();
        int widest = 0;
        for (int i = 0; i < 100_000; i++) {
            // Grows for the first half and shrinks for the second.
            boolean insert = indices.isEmpty() || random.nextInt(100) < (i < 50_000 ? 70 : 30);
            if (insert) {
                Object value = new Object();
                int index = table.insert(value, randomness);
                assertThat(expected.put(index, value)).isNull();
                indices.add(index);
            } else {
                int at = random.nextInt(indices.size());
                Integer index = indices.set(at, indices.getLast());
                indices.removeLast();
                Object value = requireNonNull(expected.remove(index));
                assertThat(table.remove(index, value)).isTrue();
                assertThat(table.lookup(index)).isNull();
            }
            assertThat(table.size()).isEqualTo(expected.size());
            widest = Math.max(widest, table.table.length());
            if (i % 10_000 == 0) {
                expected.forEach(
                        (index, value) -> assertThat(table.lookup(index)).isSameAs(value));
            }
        }
        expected.forEach((index, value) -> assertThat(table.lookup(index)).isSameAs(value));
        assertThat(widest).isEqualTo(65_536);
        expected.forEach(
                (index, value) -> assertThat(table.remove(index, value)).isTrue());
        assertThat(table.size()).isZero();
        assertThat(table.table.length()).isEqualTo(16);
    }

    @Test
    void comingAndGoingDoesNotGrowTheTable() {
        for (int i = 0; i < 100_000; i++) {
            Object value = new Object();
            assertThat(table.remove(table.insert(value, randomness), value)).isTrue();
        }
        assertThat(table.table.length()).isEqualTo(16);
    }

    /** What a slot must hold for the index that is looked up. */
    private static final class Tagged {
        volatile int index;
    }

    @Test
    void readersNeverMissWhatStaysWhileOthersComeAndGo() throws Exception {
        IndexTable<Tagged> shared = new IndexTable<>();
        int[] staying = new int[64];
        for (int i = 0; i < staying.length; i++) {
            Tagged value = new Tagged();
            staying[i] = shared.insert(value, randomness);
            value.index = staying[i];
        }
        AtomicBoolean done = new AtomicBoolean();
        Callable<Long> reader = () -> {
            Random dice = new Random(3);
            long lookups = 0;
            while (!done.get() || lookups < 10_000) {
                int index = staying[dice.nextInt(staying.length)];
                Tagged found = shared.lookup(index);
                if (found == null || found.index != index) {
                    throw new AssertionError("lost index " + index);
                }
                if (shared.lookup(index ^ 1) != null) {
                    throw new AssertionError("found what was never inserted");
                }
                lookups++;
            }
            return lookups;
        };
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Future<Long>> readers = List.of(threads.submit(reader), threads.submit(reader));
            try {
                for (int round = 0; round < 60; round++) {
                    Map<Integer, Tagged> coming = new HashMap<>();
                    for (int i = 0; i < 1_000; i++) {
                        Tagged value = new Tagged();
                        coming.put(shared.insert(value, randomness), value);
                    }
                    coming.forEach((index, value) ->
                            assertThat(shared.remove(index, value)).isTrue());
                    Tagged fresh = new Tagged();
                    fresh.index = staying[round];
                    Tagged old = requireNonNull(shared.lookup(staying[round]));
                    assertThat(shared.replace(staying[round], old, fresh)).isTrue();
                }
            } finally {
                done.set(true);
            }
            for (Future<Long> future : readers) {
                assertThat(future.get()).isGreaterThanOrEqualTo(10_000);
            }
        }
        assertThat(shared.size()).isEqualTo(staying.length);
    }
}
