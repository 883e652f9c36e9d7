package anubis.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import anubis.crypto.Primitives;
import anubis.crypto.PublicKey;
import anubis.protocol.Peer;
import anubis.protocol.WireGuard;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CoalescerTest {
    private static final byte[] NO_OPTIONS = {};
    private static final int ACK = 0x10;
    private static final int PSH = 0x08;
    private static final int FIN = 0x01;

    private final MemorySegment memory = Arena.global().allocate(1 << 20);
    private final FakeTun tun = new FakeTun();
    private final Map<Optional<Peer>, Integer> lost = new HashMap<>();
    private final Coalescer coalescer = coalescer(true);
    private final Random random = new Random(11);
    private long end;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void packetsThatContinueEachOtherAreOneWrite(boolean ipv6) {
        List<byte[]> packets = new ArrayList<>();
        for (int i = 0; i < 40; i++) packets.add(tcp(ipv6, 1, 0xFFFFF000 + i * 1400, ACK, 1400));
        packets.add(tcp(ipv6, 1, 0xFFFFF000 + 40 * 1400, ACK | PSH, 77));
        assertThat(writes(packets)).containsExactly(41);

        List<byte[]> datagrams = new ArrayList<>();
        for (int i = 0; i < 40; i++) datagrams.add(SlowPackets.udp(ipv6, 1, bytes(500)));
        datagrams.add(SlowPackets.udp(ipv6, 1, bytes(499)));
        assertThat(writes(datagrams)).containsExactly(41);
    }

    @Test
    void flowsThatTakeTurnsAreOneWriteEachInTheOrderOfTheirFirstPackets() {
        List<byte[]> packets = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            for (int flow = 0; flow < 40; flow++) packets.add(tcp(false, flow, i * 100, ACK, 100));
        }
        assertThat(writes(packets)).hasSize(40).containsOnly(10);
        assertThat(tun.writes)
                .extracting(write -> SlowPackets.get16(write, 30))
                .containsExactlyElementsOf(IntStream.range(1000, 1040).boxed().toList());
    }

    @Test
    void aShorterPacketEndsASuperPacketAndALongerOneBeginsTheNext() {
        assertThat(writes(List.of(
                        tcp(false, 1, 0, ACK, 100),
                        tcp(false, 1, 100, ACK, 50),
                        tcp(false, 1, 150, ACK, 50),
                        tcp(false, 1, 200, ACK, 51))))
                .containsExactly(2, 1, 1);
        assertThat(writes(List.of(udp(50), udp(51), udp(51), udp(1), udp(1)))).containsExactly(1, 3, 1);
    }

    @Test
    void aPushEndsASuperPacketThatThenHasIt() {
        assertThat(writes(List.of(
                        tcp(true, 1, 0, ACK, 100), tcp(true, 1, 100, ACK | PSH, 100), tcp(true, 1, 200, ACK, 100))))
                .containsExactly(2, 1);
        assertThat(tun.writes.getFirst()[10 + 40 + 13]).isEqualTo((byte) (ACK | PSH));
    }

    @Test
    void whatIsNotNextInSequenceBeginsAnother() {
        assertThat(writes(List.of(
                        tcp(false, 1, 0, ACK, 100),
                        tcp(false, 1, 200, ACK, 100),
                        tcp(false, 1, 300, ACK, 100),
                        tcp(false, 1, 100, ACK, 100))))
                .containsExactly(1, 2, 1);
    }

    @Test
    void nothingFollowsAFinIntoAnEarlierSuperPacket() {
        byte[] last = tcp(false, 1, 100, ACK, 100);
        assertThat(writes(List.of(tcp(false, 1, 0, ACK, 100), tcp(false, 1, 100, ACK | FIN, 0), last)))
                .containsExactly(1, 1, 1);
        assertThat(tun.writes.getLast()).endsWith(last);
    }

    @Test
    void aFragmentKeepsItsPlaceAmongTheOthers() {
        byte[] fragment = udp(100);
        fragment[6] = 0x20;
        SlowPackets.finishIp(fragment);
        assertThat(writes(List.of(udp(100), fragment, udp(100), udp(100)))).containsExactly(1, 1, 2);
        byte[] extended = SlowPackets.ip(true, 17, 1, new byte[8], bytes(8), bytes(92));
        byte[] datagram = SlowPackets.udp(true, 1, bytes(100));
        assertThat(writes(List.of(datagram, extended, datagram, datagram))).containsExactly(1, 1, 2);
    }

    @Test
    void headersThatDifferAreNotMerged() {
        byte[] next = tcp(false, 1, 100, ACK, 100);
        List<UnaryOperator<byte[]>> changes = List.of(
                p -> with(p, 1, 3), // ECN
                p -> with(p, 6, 0), // don't fragment
                p -> with(p, 8, 63), // TTL
                p -> with(p, 12, 11), // address
                p -> with(p, 20, 9), // port
                p -> with(p, 31, 9), // acknowledgement
                p -> with(p, 33, ACK | 0x40), // ECE
                p -> with(p, 32, 0x51), // a flag in the upper byte
                p -> with(p, 34, 9)); // window
        assertThat(writes(List.of(tcp(false, 1, 0, ACK, 100), next))).containsExactly(2);
        for (UnaryOperator<byte[]> change : changes) {
            assertThat(writes(List.of(tcp(false, 1, 0, ACK, 100), change.apply(next))))
                    .containsExactly(1, 1);
        }
        byte[] next6 = SlowPackets.udp(true, 1, bytes(100));
        for (int at : new int[] {1, 3, 7, 8, 39, 41}) {
            assertThat(writes(List.of(next6, with(next6, at, 0x20))))
                    .as("byte %d", at)
                    .containsExactly(1, 1);
        }
    }

    @Test
    void aFlowWithTheSameHashIsAnother() {
        byte[] other = tcp(false, 1, 100, ACK, 100);
        // One more in the port outweighs 31 * 31 less in the address.
        SlowPackets.set16(other, 22, 443 + 1);
        SlowPackets.set16(other, 16, 0x0A00);
        SlowPackets.set16(other, 18, 0x1_0002 - 31 * 31);
        SlowPackets.finish(other, 20, 6);
        assertThat(writes(List.of(tcp(false, 1, 0, ACK, 100), other, tcp(false, 1, 100, ACK, 100))))
                .containsExactly(2, 1);

        byte[] next = tcp(true, 40, 100, ACK, 100);
        // The source is FD00::28 there, and FD00:0:0:1::9 here.
        byte[] other6 = with(with(next, 15, 1), 23, 40 - 31);
        assertThat(writes(List.of(tcp(true, 40, 0, ACK, 100), other6, next))).containsExactly(2, 1);
    }

    @Test
    void optionsMustBeTheSame() {
        byte[] options = bytes(12);
        byte[] others = options.clone();
        others[11]++;
        byte[] first = SlowPackets.tcp(false, 1, 0, ACK, options, bytes(100));
        assertThat(writes(List.of(first, SlowPackets.tcp(false, 1, 100, ACK, options, bytes(100)))))
                .containsExactly(2);
        assertThat(writes(List.of(first, SlowPackets.tcp(false, 1, 100, ACK, others, bytes(100)))))
                .containsExactly(1, 1);
        assertThat(writes(List.of(first, tcp(false, 1, 100, ACK, 100)))).containsExactly(1, 1);
    }

    @Test
    void packetsWithoutPayloadOrUdpChecksumAreWrittenAlone() {
        assertThat(writes(List.of(tcp(false, 1, 0, ACK, 0), tcp(false, 1, 0, ACK, 0))))
                .containsExactly(1, 1);
        byte[] unchecked = udp(100);
        SlowPackets.set16(unchecked, 26, 0);
        assertThat(writes(List.of(unchecked, unchecked))).containsExactly(1, 1);
        assertThat(writes(List.of(udp(0), udp(0)))).containsExactly(1, 1);
    }

    @Test
    void aSuperPacketIsNoLongerThanAnIpPacketAndHasNoMoreThan64Parts() {
        List<byte[]> packets = new ArrayList<>();
        for (int i = 0; i < 100; i++) packets.add(tcp(false, 1, i * 1400, ACK, 1400));
        assertThat(writes(packets)).containsExactly(46, 46, 8);
        List<byte[]> datagrams = new ArrayList<>();
        for (int i = 0; i < 100; i++) datagrams.add(udp(10));
        assertThat(writes(datagrams)).containsExactly(64, 36);
        byte[] longest = SlowPackets.udp(true, 1, bytes(65_535 - 8));
        assertThat(writes(List.of(longest, longest))).containsExactly(1, 1);
    }

    @Test
    void whatIsTooMuchToHoldIsWrittenInOrder() {
        List<byte[]> packets = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            for (int flow = 0; flow < 90; flow++) packets.add(tcp(false, flow, i * 100, ACK, 100));
        }
        write(packets);
        checkOrder(packets);
    }

    @Test
    void whenTheKernelRefusesASuperPacketAllIsWrittenSinglyFromThenOn() {
        tun.refusesSuperPackets = true;
        List<byte[]> packets = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            packets.add(tcp(false, 1, i * 100, ACK, 100));
            packets.add(tcp(true, 2, i * 100, ACK, 100 - i / 8));
        }
        assertThat(writes(packets)).hasSize(18).containsOnly(1);
        assertThat(tun.packets()).containsExactlyInAnyOrderElementsOf(packets);
        checkOrder(packets);
        assertThat(tun.superPackets).isOne();
        assertThat(lost).isEmpty();
        assertThat(writes(packets)).hasSize(18);
        assertThat(tun.packets()).containsExactlyElementsOf(packets);
        assertThat(tun.superPackets).isOne();
    }

    @Test
    void whoseThePacketsWereThatAreLostIsTold() {
        WireGuard wireGuard =
                new WireGuard(Primitives.get(), _ -> {}, InstantSource.system(), InstantSource.system(), () -> {});
        Peer one = wireGuard.addPeer(PublicKey.ofHex("11".repeat(32))).orElseThrow();
        Peer two = wireGuard.addPeer(PublicKey.ofHex("22".repeat(32))).orElseThrow();
        tun.errno = 5;
        add(one, tcp(false, 1, 0, ACK, 10));
        add(two, tcp(true, 2, 0, ACK, 10));
        add(one, tcp(false, 1, 10, ACK, 10));
        add(one, udp(10));
        coalescer.flush();
        assertThat(lost).isEqualTo(Map.of(Optional.of(one), 3, Optional.of(two), 1));

        lost.clear();
        tun.errno = 0;
        assertThat(writes(List.of(tcp(true, 1, 0, ACK, 1), tcp(true, 1, 1, ACK, 1))))
                .as("EIO turns nothing off")
                .containsExactly(2);
        tun.refusesSuperPackets = true;
        add(two, tcp(true, 2, 0, ACK, 10));
        add(two, tcp(true, 2, 10, ACK, 10));
        tun.errno = 5;
        coalescer.flush();
        assertThat(lost).as("one by one, and each is lost").isEqualTo(Map.of(Optional.of(two), 2));
    }

    @Test
    void aKernelWithoutUdpSegmentationGetsTcpAlone() {
        Coalescer onlyTcp = coalescer(false);
        assertThat(writes(onlyTcp, List.of(udp(10), udp(10)))).containsExactly(1, 1);
        assertThat(writes(onlyTcp, List.of(tcp(false, 1, 0, ACK, 10), tcp(false, 1, 10, ACK, 10))))
                .containsExactly(2);
    }

    /** Splitting what was written gives back what was added, in order within each flow. */
    @Test
    void anyTrafficComesOutAsItWentIn() {
        int merged = 0;
        for (int round = 0; round < 1_000; round++) {
            List<byte[]> packets = traffic(1 + random.nextInt(200));
            write(packets);
            checkOrder(packets);
            merged += packets.size() - tun.writes.size();
        }
        assertThat(merged).as("packets that were merged").isGreaterThan(20_000);
    }

    private List<byte[]> traffic(int count) {
        int flows = 1 + random.nextInt(1 + random.nextInt(80));
        int[] sequences = new int[flows];
        int[] sizes = random.ints(flows, 1, 600).toArray();
        List<byte[]> packets = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int flow = random.nextInt(flows);
            boolean ipv6 = flow % 2 == 0;
            int dice = random.nextInt(100);
            int length = dice < 92 ? sizes[flow] : random.nextInt(700);
            int flags = dice < 90 ? ACK : dice < 95 ? ACK | PSH : random.nextInt(256);
            if (dice == 99) sequences[flow] -= 2 * length;
            byte[] packet = flow % 3 == 0
                    ? SlowPackets.udp(ipv6, flow, bytes(length))
                    : SlowPackets.tcp(ipv6, flow, sequences[flow], flags, new byte[4 * (flow % 11)], bytes(length));
            sequences[flow] += length;
            if (dice >= 95) {
                // Anything in the headers, as far as the packet stays one of this length.
                int at = random.nextInt(ipv6 ? 60 : 40);
                boolean fixed = at == 0 || (ipv6 ? at == 4 || at == 5 : at == 2 || at == 3);
                if (!fixed && at < packet.length) packet[at] = (byte) random.nextInt();
                SlowPackets.finishIp(packet);
            }
            packets.add(packet);
        }
        return packets;
    }

    /** Compares flow by flow; a fragment, or what is neither TCP nor UDP, counts among all of its address pair. */
    private void checkOrder(List<byte[]> added) {
        List<byte[]> written = tun.packets();
        assertThat(written).hasSameSizeAs(added);
        assertThat(byFlow(written)).isEqualTo(byFlow(added));
    }

    private static List<String> byFlow(List<byte[]> packets) {
        // A stable sort keeps the order within a flow.
        return packets.stream()
                .map(packet -> {
                    boolean ipv4 = packet[0] >>> 4 == 4;
                    byte[] known = packet.clone();
                    int protocol = packet[ipv4 ? 9 : 6];
                    int ports = ipv4 ? 20 : 40;
                    int header = protocol == 6 ? 20 : protocol == 17 ? 8 : 65_535;
                    boolean transport = packet.length >= ports + header;
                    if (ipv4) SlowPackets.set16(known, 4, 0);
                    if (ipv4) SlowPackets.set16(known, 10, 0);
                    // Made anew in a super-packet, and wrong in the traffic with random headers.
                    if (transport) SlowPackets.set16(known, ports + (protocol == 6 ? 16 : 6), 0);
                    byte[] flow = SlowPackets.join(
                            Arrays.copyOfRange(packet, ipv4 ? 12 : 8, transport ? ports + 4 : ports),
                            new byte[] {(byte) protocol});
                    return new String[] {
                        HexFormat.of().formatHex(flow), HexFormat.of().formatHex(known)
                    };
                })
                .sorted((x, y) -> x[0].compareTo(y[0]))
                .map(both -> both[1])
                .toList();
    }

    private List<Integer> writes(List<byte[]> packets) {
        return writes(coalescer, packets);
    }

    /** How many packets there were in each write; and what was added is unchanged and comes out again. */
    private List<Integer> writes(Coalescer target, List<byte[]> packets) {
        write(target, packets);
        checkOrder(packets);
        return tun.writes.stream().map(write -> SlowPackets.split(write).size()).toList();
    }

    private Coalescer coalescer(boolean udp) {
        return new Coalescer(tun, (peer, packets) -> lost.merge(Optional.ofNullable(peer), packets, Integer::sum), udp);
    }

    private void add(Peer peer, byte[] packet) {
        MemorySegment.copy(packet, 0, memory, JAVA_BYTE, end, packet.length);
        coalescer.add(peer, memory, end, packet.length);
        end += packet.length;
    }

    private void write(List<byte[]> packets) {
        write(coalescer, packets);
    }

    private void write(Coalescer target, List<byte[]> packets) {
        tun.writes.clear();
        end = 0;
        for (byte[] packet : packets) {
            end += random.nextInt(4);
            MemorySegment.copy(packet, 0, memory, JAVA_BYTE, end, packet.length);
            target.add(null, memory, end, packet.length);
            end += packet.length;
        }
        byte[] before = memory.asSlice(0, end).toArray(JAVA_BYTE);
        target.flush();
        assertThat(memory.asSlice(0, end).toArray(JAVA_BYTE)).isEqualTo(before);
        int writes = tun.writes.size();
        target.flush();
        assertThat(tun.writes).hasSize(writes);
    }

    private byte[] tcp(boolean ipv6, int flow, int sequence, int flags, int payload) {
        return SlowPackets.tcp(ipv6, flow, sequence, flags, NO_OPTIONS, bytes(payload));
    }

    private byte[] udp(int payload) {
        return SlowPackets.udp(false, 1, bytes(payload));
    }

    private static byte[] with(byte[] packet, int at, int value) {
        byte[] changed = packet.clone();
        changed[at] = (byte) value;
        SlowPackets.finish(changed, packet[0] >>> 4 == 4 ? 20 : 40, packet[0] >>> 4 == 4 ? 6 : 17);
        return changed;
    }

    private byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
}
