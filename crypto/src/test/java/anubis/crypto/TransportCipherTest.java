package anubis.crypto;

import static anubis.crypto.Vectors.NOTHING;
import static anubis.crypto.Vectors.random;
import static anubis.crypto.Vectors.sequence;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@ParameterizedClass
@MethodSource("anubis.crypto.Vectors#providers")
class TransportCipherTest {
    private static final int TAG = Primitives.TAG_LENGTH;

    private final Provider provider;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment packet = arena.allocate(70_000);
    private final TransportCipher cipher;

    TransportCipherTest(Provider provider) {
        this.provider = provider;
        cipher = provider.transportCipher();
        assertThat(cipher.use(new SymmetricKey(sequence(32)))).isTrue();
    }

    @AfterEach
    void close() {
        arena.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 16, 64, 1420, 65_535})
    void inPlaceAndOutOfPlace(int length) {
        byte[] plaintext = random(new Random(length), length);
        byte[] expected = provider.seal(sequence(32), 5, plaintext, NOTHING);
        put(9, plaintext);
        cipher.seal(5, packet, 9, length, packet, 9);
        assertThat(get(9, length + TAG)).isEqualTo(expected);
        MemorySegment elsewhere = arena.allocate(length + 1);
        assertThat(cipher.open(5, packet, 9, length, elsewhere, 1)).isTrue();
        assertThat(elsewhere.asSlice(1).toArray(JAVA_BYTE)).isEqualTo(plaintext);
        assertThat(get(9, length + TAG)).as("the ciphertext stays as it is").isEqualTo(expected);
        assertThat(cipher.open(5, packet, 9, length, packet, 9)).isTrue();
        assertThat(get(9, length)).isEqualTo(plaintext);
        cipher.seal(5, elsewhere, 1, length, packet, 3);
        assertThat(get(3, length + TAG)).isEqualTo(expected);
    }

    @Test
    void nothingIsWrittenAroundAPacket() {
        packet.fill((byte) 0x55);
        cipher.seal(1, packet, 100, 50, packet, 100);
        assertThat(cipher.open(1, packet, 100, 50, packet, 300)).isTrue();
        assertThat(get(0, 100)).containsOnly(0x55);
        assertThat(get(166, 134)).containsOnly(0x55);
        assertThat(get(350, 100)).containsOnly(0x55);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 0xffffffffL, 0x100000000L, Long.MAX_VALUE, Long.MIN_VALUE, -1})
    void theCounterIsUnsignedAndLittleEndian(long counter) {
        put(0, sequence(20));
        cipher.seal(counter, packet, 0, 20, packet, 0);
        assertThat(get(0, 36)).isEqualTo(provider.seal(sequence(32), counter, sequence(20), NOTHING));
    }

    @Test
    void whatIsForgedIsNotOpened() {
        put(0, sequence(20));
        cipher.seal(5, packet, 0, 20, packet, 0);
        for (int bit = 0; bit < 36 * Byte.SIZE; bit++) {
            flip(bit);
            assertThat(cipher.open(5, packet, 0, 20, packet, 100)).isFalse();
            flip(bit);
        }
        assertThat(cipher.open(6, packet, 0, 20, packet, 100)).isFalse();
        assertThat(cipher.open(5, packet, 0, 19, packet, 100)).isFalse();
        assertThat(cipher.open(5, packet, 0, 20, packet, 100))
                .as("a forgery leaves nothing behind")
                .isTrue();
        assertThat(get(100, 20)).isEqualTo(sequence(20));
    }

    @Test
    void theSameCounterAgain() {
        put(0, sequence(20));
        cipher.seal(0, packet, 0, 20, packet, 100);
        cipher.seal(0, packet, 0, 20, packet, 200);
        assertThat(get(200, 36)).isEqualTo(get(100, 36));
    }

    @Test
    void keysTakeTurns() {
        var one = new SymmetricKey(sequence(32));
        var other = new SymmetricKey(random(new Random(1), 32));
        byte[] otherBytes = random(new Random(1), 32);
        for (int round = 0; round < 3; round++) {
            put(0, sequence(20));
            assertThat(cipher.use(one)).isTrue();
            cipher.seal(round, packet, 0, 20, packet, 100);
            assertThat(get(100, 36)).isEqualTo(provider.seal(sequence(32), round, sequence(20), NOTHING));
            assertThat(cipher.use(other)).isTrue();
            cipher.seal(round, packet, 0, 20, packet, 200);
            assertThat(get(200, 36)).isEqualTo(provider.seal(otherBytes, round, sequence(20), NOTHING));
            assertThat(cipher.open(round, packet, 100, 20, packet, 0)).isFalse();
            assertThat(cipher.open(round, packet, 200, 20, packet, 0)).isTrue();
        }
    }

    @Test
    void aDestroyedKeyIsRefused() {
        var key = new SymmetricKey(sequence(32));
        key.destroy();
        assertThat(cipher.use(key)).isFalse();
        refusesPackets();
    }

    @Test
    void aKeyDestroyedWhileInForceIsRefused() {
        var key = new SymmetricKey(sequence(32));
        assertThat(cipher.use(key)).isTrue();
        assertThat(cipher.use(key)).isTrue();
        key.destroy();
        assertThat(cipher.use(key)).isFalse();
        refusesPackets();
    }

    @Test
    void aForgottenKeyMustBeTakenAgain() {
        cipher.forget();
        refusesPackets();
        cipher.forget();
        assertThat(cipher.use(new SymmetricKey(sequence(32)))).isTrue();
        put(0, sequence(20));
        cipher.seal(5, packet, 0, 20, packet, 0);
        assertThat(get(0, 36)).isEqualTo(provider.seal(sequence(32), 5, sequence(20), NOTHING));
    }

    @Test
    void bytesOutsideASegmentAreRefused() {
        MemorySegment small = arena.allocate(100);
        outside(() -> cipher.seal(1, small, 0, 100, small, 0));
        outside(() -> cipher.seal(1, small, 0, 85, small, 0));
        outside(() -> cipher.seal(1, small, 90, 20, packet, 0));
        outside(() -> cipher.seal(1, small, -1, 20, packet, 0));
        outside(() -> cipher.seal(1, small, 0, -1, packet, 0));
        outside(() -> cipher.seal(1, small, Long.MAX_VALUE, 20, packet, 0));
        outside(() -> cipher.seal(1, packet, 0, 20, small, 65));
        outside(() -> cipher.open(1, small, 0, 85, packet, 0));
        outside(() -> cipher.open(1, packet, 0, 101, small, 0));
        outside(() -> cipher.open(1, packet, 0, -1, small, 0));
        outside(() -> cipher.open(1, packet, 0, -16, small, 0));
        outside(() -> cipher.open(1, packet, Long.MIN_VALUE, 20, small, 0));
        outside(() -> cipher.open(1, packet, 0, 20, small, 81));
        MemorySegment heap = MemorySegment.ofArray(new byte[100]);
        assertThatIllegalArgumentException().isThrownBy(() -> cipher.seal(1, heap, 0, 20, packet, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> cipher.seal(1, packet, 0, 20, heap, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> cipher.open(1, heap, 0, 20, packet, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> cipher.open(1, packet, 0, 20, heap, 0));
    }

    /** All the same key, each packet a cipher of its own: contexts that are shared, or freed too early, would show. */
    @Test
    void manyThreadsAtOnce() throws Exception {
        var key = new SymmetricKey(sequence(32));
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            var results = new ArrayList<Future<Boolean>>();
            for (int thread = 0; thread < 8; thread++) {
                long first = thread * 1000L;
                results.add(threads.submit(() -> roundTrips(key, first)));
            }
            for (Future<Boolean> result : results) {
                assertThat(result.get()).isTrue();
            }
        }
    }

    private boolean roundTrips(SymmetricKey key, long first) {
        boolean right = true;
        try (var own = Arena.ofConfined()) {
            MemorySegment memory = own.allocate(200);
            for (long counter = first; counter < first + 500; counter++) {
                TransportCipher another = provider.transportCipher();
                right &= another.use(key);
                MemorySegment.copy(sequence(100), 0, memory, JAVA_BYTE, 0, 100);
                another.seal(counter, memory, 0, 100, memory, 0);
                right &= another.open(counter, memory, 0, 100, memory, 0);
                right &= memory.asSlice(0, 100).mismatch(MemorySegment.ofArray(sequence(100))) == -1;
            }
        }
        return right;
    }

    private void refusesPackets() {
        assertThatIllegalStateException().isThrownBy(() -> cipher.seal(1, packet, 0, 20, packet, 0));
        assertThatIllegalStateException().isThrownBy(() -> cipher.open(1, packet, 0, 20, packet, 0));
    }

    private static void outside(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(call);
    }

    private void put(long at, byte[] bytes) {
        MemorySegment.copy(bytes, 0, packet, JAVA_BYTE, at, bytes.length);
    }

    private byte[] get(long at, long length) {
        return packet.asSlice(at, length).toArray(JAVA_BYTE);
    }

    private void flip(int bit) {
        long at = bit / Byte.SIZE;
        packet.set(JAVA_BYTE, at, (byte) (packet.get(JAVA_BYTE, at) ^ (1 << (bit % Byte.SIZE))));
    }
}
