package anubis.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ChecksumTest {
    @Test
    void theSumOfEveryLengthAndAlignmentIsTheSlowSum() {
        byte[] bytes = new byte[2016];
        new Random(1).nextBytes(bytes);
        MemorySegment segment = Arena.global().allocate(bytes.length, 8).copyFrom(MemorySegment.ofArray(bytes));
        for (int length = 0; length <= 2000; length++) {
            for (int offset = 0; offset < 16; offset++) {
                assertThat(Checksum.sum(segment, offset, length))
                        .as("%d bytes at %d", length, offset)
                        .isEqualTo(SlowPackets.sum(bytes, offset, offset + length));
            }
        }
    }

    @Test
    void carriesAreNotLostWhereEveryBitIsSet() {
        MemorySegment segment = Arena.global().allocate(70_000).fill((byte) 0xFF);
        for (int length : new int[] {1, 2, 3, 8, 9, 1420, 65_535, 69_999}) {
            int expected = (length & 1) == 0 ? 0xFFFF : 0xFF00;
            assertThat(Checksum.sum(segment, 0, length)).as("%d bytes", length).isEqualTo(expected);
        }
    }

    @Test
    void aSumIsFoldedAsOftenAsNeeded() {
        assertThat(Checksum.fold(0x1_FFFF)).isEqualTo(1);
        assertThat(Checksum.fold(0x7FFF_FFFF)).isEqualTo(0x7FFF);
        assertThat(Checksum.fold(0xFFFF)).isEqualTo(0xFFFF);
    }

    @Test
    void theExampleOfRfc1624() {
        assertThat(Checksum.adjust(0xDD2F, 0x5555, 0x3285)).isZero();
    }

    @Test
    void thePseudoHeaderOfBothVersions() {
        for (boolean ipv6 : new boolean[] {false, true}) {
            byte[] packet = SlowPackets.udp(ipv6, 3, new byte[11]);
            MemorySegment segment = Arena.global().allocate(packet.length).copyFrom(MemorySegment.ofArray(packet));
            int transport = ipv6 ? 40 : 20;
            assertThat(Checksum.fold(Checksum.pseudoHeader(segment, 0, 17, 19)))
                    .isEqualTo(SlowPackets.pseudo(packet, transport, 17));
        }
    }
}
