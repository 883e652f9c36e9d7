package anubis.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SplitterTest {
    private static final int ROOM = 70_000;

    private final MemorySegment memory = Arena.global().allocate(ROOM);
    private final Splitter splitter = new Splitter(memory);
    private final Random random = new Random(7);

    @Test
    void superPacketsOfEveryKindAreSplitAsTheSlowWayDoes() {
        for (int round = 0; round < 2_000; round++) {
            int size = 1 + random.nextInt(round % 3 == 0 ? 100 : round % 3 == 1 ? 1500 : 65_000);
            int payload = 1 + random.nextInt(size < 100 ? 3_000 : 65_300);
            checkSplit(randomRead(size, payload), random.nextInt(64));
        }
    }

    @Test
    void everySmallSizeIsSplitThoughItIsLessThanTheHeaders() {
        for (int size = 1; size <= 130; size++) {
            for (int payload : new int[] {1, size, size + 1, 5 * size - 1, 5 * size}) {
                checkSplit(randomRead(size, payload), 0);
            }
        }
    }

    @Test
    void finAndPushBelongToTheLastPacketAndCwrToTheFirst() {
        byte[] packet = SlowPackets.tcp(false, 1, -50, 0x80 | 0x10 | 0x08 | 0x01, new byte[0], bytes(250));
        List<byte[]> parts = checkSplit(SlowPackets.read(0x81, 100, packet, 20, 6), 0);
        assertThat(parts).extracting(part -> (int) part[33]).containsExactly(0xFFFFFF90, 0x10, 0x19);
        assertThat(parts).extracting(part -> SlowPackets.get16(part, 26)).containsExactly(0xFFCE, 50, 150);
    }

    @Test
    void aPacketThatNeedsNothingIsPassedOnAsItIs() {
        byte[] packet = SlowPackets.ip(true, 58, 1, new byte[0], bytes(8), bytes(56));
        checkSplit(SlowPackets.join(new byte[10], packet), 3);
    }

    @Test
    void aChecksumLeftToUsIsCompleted() {
        for (int round = 0; round < 2_000; round++) {
            boolean ipv6 = random.nextBoolean();
            boolean tcp = random.nextBoolean();
            byte[] payload = bytes(random.nextInt(1400));
            byte[] packet = tcp
                    ? SlowPackets.tcp(ipv6, round, round, 0x12, bytes(random.nextInt(11) * 4), payload)
                    : SlowPackets.udp(ipv6, round, payload);
            checkSplit(SlowPackets.read(0, 0, packet, ipv6 ? 40 : 20, tcp ? 6 : 17), 1);
        }
    }

    @Test
    void aUdpChecksumOfZeroIsSentInItsOtherForm() {
        for (int type : new int[] {0, 5}) {
            byte[] packet = SlowPackets.udp(false, 1, new byte[2]);
            // Adding the checksum to the data makes the checksum zero.
            SlowPackets.set16(packet, 28, SlowPackets.get16(packet, 26));
            byte[] read = SlowPackets.read(type, 1000, packet, 20, 17);
            List<byte[]> parts = checkSplit(read, 0);
            assertThat(SlowPackets.get16(parts.getFirst(), 26)).isEqualTo(0xFFFF);
        }
    }

    @Test
    void whatTheHeaderCannotMeanIsDropped() {
        byte[] tcp = SlowPackets.tcp(false, 1, 1, 0x10, bytes(12), bytes(300));
        byte[] good = SlowPackets.read(1, 100, tcp, 20, 6);
        assertThat(starts(good)).isTrue();
        assertThat(starts(changed(good, 0, 0)))
                .as("a super-packet without partial checksum")
                .isFalse();
        assertThat(starts(changed(good, 1, 4))).as("TCP over IPv6 in IPv4").isFalse();
        assertThat(starts(changed(good, 1, 3))).as("UDP fragments").isFalse();
        assertThat(starts(changed(good, 4, 0))).as("segments of nothing").isFalse();
        assertThat(starts(changed(good, 6, 16))).as("TCP inside the IP header").isFalse();
        assertThat(starts(changed(good, 10, 0x44)))
                .as("an IP header of 16 bytes")
                .isFalse();
        assertThat(starts(changed(good, 10, 0x75))).as("version 7").isFalse();
        assertThat(starts(changed(good, 42, 0x40)))
                .as("a TCP header of 16 bytes")
                .isFalse();
        byte[] headers = Arrays.copyOf(good, 10 + 20 + 32);
        assertThat(starts(headers)).as("no payload").isTrue();
        assertThat(starts(Arrays.copyOf(good, 61))).as("TCP options cut off").isFalse();
        assertThat(starts(new byte[10])).as("no packet").isFalse();
        assertThat(starts(new byte[0])).as("nothing").isFalse();
        byte[] single = SlowPackets.read(0, 0, tcp, 20, 6);
        assertThat(starts(changed(single, 7, 2)))
                .as("a checksum behind the end")
                .isFalse();
        assertThat(starts(Arrays.copyOf(single, 100))).as("a packet cut off").isFalse();
        assertThat(splitter.next()).isZero();
    }

    /** The splitter's own buffer ends where it may read no further, so reaching beyond throws. */
    @Test
    void noReadWhateverIsInItReachesOutsideOrEndsInAnException() {
        MemorySegment around = Arena.global().allocate(20).fill((byte) 0x5A);
        for (int round = 0; round < 100_000; round++) {
            byte[] read = randomRead(1 + random.nextInt(200), 1 + random.nextInt(400));
            for (int i = random.nextInt(5); i >= 0; i--) {
                read[random.nextInt(Math.min(read.length, 90))] = (byte) random.nextInt();
            }
            int length = random.nextInt(4) == 0 ? random.nextInt(read.length + 1) : read.length;
            int at = 20;
            MemorySegment exact = memory.asSlice(0, at + length + Splitter.ROOM_BEHIND);
            exact.fill((byte) 0x5A);
            MemorySegment.copy(read, 0, exact, JAVA_BYTE, at, length);
            Splitter fresh = new Splitter(exact);
            if (fresh.start(at, length)) {
                int packets = 0;
                boolean inside = true;
                for (int n = fresh.next(); n > 0; n = fresh.next()) {
                    inside &= fresh.offset() >= at + 10 && fresh.offset() + n <= at + length;
                    packets++;
                }
                assertThat(inside).isTrue();
                assertThat(packets).isBetween(1, length);
            } else {
                assertThat(fresh.next()).isZero();
            }
            assertThat(MemorySegment.mismatch(exact, 0, at, around, 0, at)).isEqualTo(-1);
            assertThat(MemorySegment.mismatch(exact, at + length, exact.byteSize(), around, 0, 16))
                    .isEqualTo(-1);
        }
    }

    /** Splits and compares, and pads each packet as the one who seals it does. */
    private List<byte[]> checkSplit(byte[] read, int at) {
        List<byte[]> expected = SlowPackets.split(read);
        MemorySegment.copy(read, 0, memory, JAVA_BYTE, at, read.length);
        assertThat(splitter.start(at, read.length)).isTrue();
        for (byte[] packet : expected) {
            int length = splitter.next();
            byte[] got = memory.asSlice(splitter.offset(), length).toArray(JAVA_BYTE);
            assertThat(got).isEqualTo(packet);
            memory.asSlice(splitter.offset() + length, 15).fill((byte) 0xEE);
        }
        assertThat(splitter.next()).isZero();
        assertThat(splitter.next()).isZero();
        return expected;
    }

    private byte[] randomRead(int size, int payload) {
        boolean ipv6 = random.nextBoolean();
        boolean tcp = random.nextBoolean();
        byte[] between = random.nextInt(4) == 0 ? new byte[ipv6 ? 8 * (1 + random.nextInt(20)) : 8] : new byte[0];
        byte[] header = bytes(tcp ? 20 + 4 * random.nextInt(11) : 8);
        if (tcp) header[12] = (byte) ((header.length / 4) << 4 | (header[12] & 15));
        int protocol = tcp ? 6 : 17;
        byte[] packet = SlowPackets.ip(ipv6, protocol, random.nextInt(), between, header, bytes(payload));
        int type = tcp ? (ipv6 ? 4 : 1) | (random.nextBoolean() ? 0x80 : 0) : 5;
        return SlowPackets.read(type, size, packet, (ipv6 ? 40 : 20) + between.length, protocol);
    }

    private byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] changed(byte[] read, int at, int value) {
        byte[] changed = read.clone();
        changed[at] = (byte) value;
        return changed;
    }

    private boolean starts(byte[] read) {
        MemorySegment.copy(read, 0, memory, JAVA_BYTE, 0, read.length);
        return splitter.start(0, read.length);
    }
}
