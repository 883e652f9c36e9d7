package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class NativeMemoryTest {
    @Test
    void whatWasGivenBackIsUsedAgainAndHoldsNothing() {
        MemorySegment first = NativeMemory.allocate(12_345);
        first.set(JAVA_BYTE, 12_344, (byte) 7);
        NativeMemory.giveBack(first);

        MemorySegment second = NativeMemory.allocate(12_345);
        assertThat(second.address()).isEqualTo(first.address());
        assertThat(second.get(JAVA_BYTE, 12_344)).isZero();
        assertThat(NativeMemory.allocate(12_345).address()).isNotEqualTo(first.address());
    }
}
