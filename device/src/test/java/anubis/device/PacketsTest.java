package anubis.device;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.protocol.InnerPacket;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class PacketsTest {
    private static final int DROP = -1;

    @Test
    void theLengthIsTheOneThatTheHeaderClaims() {
        byte[] ipv4 = SlowPackets.udp(false, 1, new byte[10]);
        assertThat(length(ipv4, 38)).isEqualTo(38);
        assertThat(length(ipv4, 37)).isEqualTo(-1);
        assertThat(length(SlowPackets.join(ipv4, new byte[10]), 48)).isEqualTo(38);
        SlowPackets.set16(ipv4, 2, 19);
        assertThat(length(ipv4, 38)).isEqualTo(-1);
        SlowPackets.set16(ipv4, 2, 20);
        assertThat(length(ipv4, 38)).isEqualTo(20);
        SlowPackets.set16(ipv4, 2, 0xFFFF);
        assertThat(length(ipv4, 38)).isEqualTo(-1);

        byte[] ipv6 = SlowPackets.udp(true, 1, new byte[10]);
        assertThat(length(ipv6, 58)).isEqualTo(58);
        assertThat(length(ipv6, 57)).isEqualTo(-1);
        SlowPackets.set16(ipv6, 4, 0);
        assertThat(length(ipv6, 40)).isEqualTo(40);
        assertThat(length(ipv6, 39)).isEqualTo(-1);
    }

    @Test
    void whatIsNoIpPacketHasNoLength() {
        byte[] other = SlowPackets.udp(false, 1, new byte[10]);
        other[0] = 0x55;
        assertThat(length(other, 38)).isEqualTo(-1);
        assertThat(length(new byte[0], 0)).isEqualTo(-1);
        assertThat(length(new byte[] {0x45}, 1)).isEqualTo(-1);
    }

    @Test
    void settingEcnChangesItsTwoBitsAndKeepsTheHeaderChecksumTrue() {
        for (boolean ipv6 : new boolean[] {false, true}) {
            for (int ds = 0; ds < 256; ds++) {
                for (int ecn = 0; ecn < 4; ecn++) {
                    byte[] packet = withClass(ipv6, ds);
                    MemorySegment segment = nativeCopy(packet);
                    assertThat(Packets.ecn(segment, 0)).isEqualTo(ds & 3);
                    Packets.ecn(segment, 0, ecn);
                    byte[] expected = withClass(ipv6, (ds & ~3) | ecn);
                    assertThat(segment.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(expected);
                }
            }
        }
    }

    /** RFC 6040, figure 4, with the codepoints in numeric order: not-ECT, ECT(1), ECT(0), CE. */
    @Test
    void leavingTheTunnelFollowsTheTableOfRfc6040() {
        int[][] byInnerThenOuter = {{0, 0, 0, DROP}, {1, 1, 1, 3}, {2, 1, 2, 3}, {3, 3, 3, 3}};
        for (int inner = 0; inner < 4; inner++) {
            for (int outer = 0; outer < 4; outer++) {
                assertThat(Packets.ecnDecapsulate(inner, 0x88 | outer))
                        .as("inner %d, outer %d", inner, outer)
                        .isEqualTo(byInnerThenOuter[inner][outer]);
            }
        }
    }

    private static byte[] withClass(boolean ipv6, int trafficClass) {
        byte[] packet = SlowPackets.udp(ipv6, 0, new byte[4]);
        if (ipv6) SlowPackets.set16(packet, 0, 0x6000 | trafficClass << 4);
        else packet[1] = (byte) trafficClass;
        SlowPackets.finishIp(packet);
        return packet;
    }

    private static int length(byte[] packet, int available) {
        return InnerPacket.length(nativeCopy(packet), 0, available);
    }

    private static MemorySegment nativeCopy(byte[] bytes) {
        return Arena.ofAuto().allocate(bytes.length).copyFrom(MemorySegment.ofArray(bytes));
    }
}
