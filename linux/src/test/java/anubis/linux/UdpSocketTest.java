package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.linux.UdpSocket.Sharing;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class UdpSocketTest {
    private static final int ROOM = 70_000;

    private final MemorySegment buffer = NativeMemory.allocate(ROOM);
    private final UdpMessage message = new UdpMessage();

    /** The n-th address of a test network. */
    private static byte[] address(Family family, int n) {
        return InetAddress.ofLiteral((family == Family.IPV4 ? "10.7.0." : "fd07::") + n)
                .getAddress();
    }

    /** Two hosts with address 1 and 2 on a veth pair, 1 also having address 3. */
    private static final class Pair implements AutoCloseable {
        final TestNamespace one = new TestNamespace();
        final TestNamespace two = new TestNamespace();

        Pair() throws IOException {
            one.ip("link add v1 type veth peer name v2 netns " + two.name);
            one.ip("addr add 10.7.0.1/24 dev v1");
            one.ip("addr add 10.7.0.3/24 dev v1");
            one.ip("addr add fd07::1/64 dev v1 nodad");
            one.ip("addr add fd07::3/64 dev v1 nodad");
            two.ip("addr add 10.7.0.2/24 dev v2");
            two.ip("addr add fd07::2/64 dev v2 nodad");
            one.ip("link set v1 up");
            two.ip("link set v2 up");
        }

        UdpSocket open(TestNamespace host, Family family, int port) throws Exception {
            return host.call(() -> UdpSocket.open(family, port, Sharing.FIRST));
        }

        @Override
        public void close() throws IOException {
            one.close();
            two.close();
        }
    }

    private int receive(UdpSocket socket) throws ErrnoException {
        TestNamespace.awaitReadable(socket.fd());
        return socket.receive(message.payload(buffer, 0, ROOM));
    }

    private int send(UdpSocket socket, UdpAddress to, byte[] payload) {
        MemorySegment.copy(payload, 0, buffer, JAVA_BYTE, 0, payload.length);
        return socket.send(message.payload(buffer, 0, payload.length).to(to));
    }

    private byte[] received(int length) {
        return buffer.asSlice(0, length).toArray(JAVA_BYTE);
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @EnumSource
    void answersFromTheAddressThatAPeerWroteTo(Family family) throws Exception {
        try (Pair pair = new Pair();
                UdpSocket server = pair.open(pair.one, family, 4000);
                UdpSocket client = pair.open(pair.two, family, 0)) {
            assertThat(server.port()).isEqualTo(4000);
            assertThat(client.port()).isPositive();
            assertThat(client.family()).isEqualTo(family);
            for (int n : new int[] {3, 1}) {
                assertThat(send(client, new UdpAddress(address(family, n), 4000, 0), bytes(100)))
                        .isEqualTo(100);
                assertThat(receive(server)).isEqualTo(100);
                assertThat(received(100)).isEqualTo(bytes(100));
                assertThat(message.receivedSegmentSize()).isZero();
                assertThat(message.controlTruncated()).isFalse();
                UdpAddress source = message.source();
                int index = pair.one.call(() -> Processes.interfaceIndex("v1"));
                assertThat(source)
                        .isEqualTo(new UdpAddress(address(family, 2), client.port(), 0, address(family, n), index));
                assertThat(message.isFrom(source)).isTrue();
                assertThat(message.isFrom(source.withoutSource())).isFalse();
                assertThat(message.isFrom(
                                new UdpAddress(address(family, 2), client.port(), 0, address(family, 4 - n), index)))
                        .isFalse();
                assertThat(message.isFrom(
                                new UdpAddress(address(family, 2), client.port(), 0, address(family, n), index + 1)))
                        .isFalse();
                assertThat(message.isFrom(
                                new UdpAddress(address(family, 2), client.port() ^ 1, 0, address(family, n), index)))
                        .isFalse();
                assertThat(message.isFrom(
                                new UdpAddress(address(family, 9), client.port(), 0, address(family, n), index)))
                        .isFalse();

                assertThat(send(server, source, bytes(7))).isEqualTo(7);
                assertThat(receive(client)).isEqualTo(7);
                assertThat(received(7)).isEqualTo(bytes(7));
                assertThat(message.source().sameRemote(new UdpAddress(address(family, n), 4000, 0)))
                        .isTrue();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void saysWhenTheSourceIsGone(Family family) throws Exception {
        try (Pair pair = new Pair();
                UdpSocket server = pair.open(pair.one, family, 4000);
                UdpSocket client = pair.open(pair.two, family, 4000)) {
            UdpAddress gone = new UdpAddress(address(family, 2), 4000, 0, address(family, 77), 0);
            assertThat(send(server, gone, bytes(5))).isIn(-Errno.EINVAL, -Errno.EADDRNOTAVAIL, -Errno.ENETUNREACH);
            UdpAddress noInterface = new UdpAddress(address(family, 2), 4000, 0, address(family, 1), 4711);
            assertThat(send(server, noInterface, bytes(5)))
                    .isIn(-Errno.EINVAL, -Errno.ENODEV, -Errno.EADDRNOTAVAIL, -Errno.ENETUNREACH);
            assertThat(send(server, gone.withoutSource(), bytes(5))).isEqualTo(5);
            assertThat(receive(client)).isEqualTo(5);
        }
    }

    @Test
    void keepsTheScopeOfALinkLocalPeer() throws Exception {
        try (Pair pair = new Pair()) {
            pair.one.ip("addr add fe80::1/64 dev v1 nodad");
            pair.two.ip("addr add fe80::2/64 dev v2 nodad");
            try (UdpSocket server = pair.open(pair.one, Family.IPV6, 4000);
                    UdpSocket client = pair.open(pair.two, Family.IPV6, 4000)) {
                int there = pair.two.call(() -> Processes.interfaceIndex("v2"));
                int here = pair.one.call(() -> Processes.interfaceIndex("v1"));
                byte[] one = InetAddress.ofLiteral("fe80::1").getAddress();
                assertThat(send(client, new UdpAddress(one, 4000, there), bytes(5)))
                        .isEqualTo(5);
                assertThat(receive(server)).isEqualTo(5);
                UdpAddress source = message.source();
                assertThat(source.scope()).isEqualTo(here);
                assertThat(source.local()).isEqualTo(one);
                assertThat(send(server, source, bytes(6))).isEqualTo(6);
                assertThat(receive(client)).isEqualTo(6);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void sendsTenSegmentsAtOnceAndReceivesThemAtOnce(Family family) throws Exception {
        try (Pair pair = new Pair();
                UdpSocket server = pair.open(pair.one, family, 4000);
                UdpSocket client = pair.open(pair.two, family, 4000)) {
            assumeTrue(client.segmentation(), "needs UDP_SEGMENT, Linux 4.18");
            int total = 9 * 1300 + 500;
            message.segmentSize(1300);
            assertThat(send(client, new UdpAddress(address(family, 1), 4000, 0), bytes(total)))
                    .isEqualTo(total);
            message.segmentSize(0);
            assertThat(receive(server)).isEqualTo(total);
            assertThat(message.receivedSegmentSize()).isEqualTo(1300);
            assertThat(received(total)).isEqualTo(bytes(total));
            assertThat(client.segmentation()).isTrue();

            // The segment size is not left over in a message that is used again.
            assertThat(send(client, new UdpAddress(address(family, 1), 4000, 0), bytes(3000)))
                    .isEqualTo(3000);
            assertThat(receive(server)).isEqualTo(3000);
            assertThat(message.receivedSegmentSize()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatCameBeforeItRefusedIsStillReceived(Family family) throws Exception {
        try (Pair pair = new Pair();
                UdpSocket server = pair.open(pair.one, family, 4000);
                UdpSocket client = pair.open(pair.two, family, 4000)) {
            UdpAddress to = new UdpAddress(address(family, 1), 4000, 0);
            for (int i = 1; i <= 5; i++) {
                assertThat(send(client, to, bytes(i))).isEqualTo(i);
            }
            server.refuse();
            for (int i = 6; i <= 10; i++) {
                assertThat(send(client, to, bytes(i))).isEqualTo(i);
            }
            for (int i = 1; i <= 5; i++) {
                assertThat(receive(server)).isEqualTo(i);
            }
            assertThat(server.receive(message)).isEqualTo(-Errno.EAGAIN);
        }
    }

    /** Also where there was no room for all of the control data. */
    @ParameterizedTest
    @EnumSource
    void theSegmentSizeIsAmongTheFirstThatTheKernelTells(Family family) throws Exception {
        try (Pair pair = new Pair();
                UdpSocket server = pair.open(pair.one, family, 4000);
                UdpSocket client = pair.open(pair.two, family, 4000)) {
            assumeTrue(client.segmentation(), "needs UDP_SEGMENT, Linux 4.18");
            // Timestamps; TTL, options and original destination, or what IPv6 has of the kind.
            Libc.setsockopt(server.fd(), Sockets.SOL_SOCKET, 35, 1);
            for (int option : family == Family.IPV4 ? new int[] {12, 7, 20} : new int[] {51, 74, 56}) {
                Libc.setsockopt(
                        server.fd(), family == Family.IPV4 ? UdpSocket.IPPROTO_IP : UdpSocket.IPPROTO_IPV6, option, 1);
            }
            assertThat(send(client, new UdpAddress(address(family, 1), 4000, 0), bytes(3)))
                    .isEqualTo(3);
            assertThat(receive(server)).isEqualTo(3);
            assertThat(message.controlTruncated()).isTrue();
            assertThat(message.receivedSegmentSize()).isZero();
            message.segmentSize(1000);
            assertThat(send(client, new UdpAddress(address(family, 1), 4000, 0), bytes(4500)))
                    .isEqualTo(4500);
            assertThat(receive(server)).isEqualTo(4500);
            assertThat(message.controlTruncated()).isTrue();
            assertThat(message.receivedSegmentSize()).isEqualTo(1000);
        }
    }

    @ParameterizedTest
    @EnumSource
    void carriesTheTrafficClass(Family family) throws Exception {
        try (Pair pair = new Pair();
                UdpSocket server = pair.open(pair.one, family, 4000);
                UdpSocket client = pair.open(pair.two, family, 4000)) {
            assertThat(message.receivedTrafficClass()).isEqualTo(-1);
            UdpAddress to = new UdpAddress(address(family, 1), 4000, 0);
            for (int trafficClass : new int[] {0x88, 0xB9, 1, 2, 3, 0}) {
                message.trafficClass(trafficClass);
                assertThat(send(client, to, bytes(5))).isEqualTo(5);
                assertThat(receive(server)).isEqualTo(5);
                assertThat(message.receivedTrafficClass()).isEqualTo(trafficClass);
            }
            // With a source and segments in the same control buffer.
            UdpAddress from = new UdpAddress(address(family, 1), 4000, 0, address(family, 2), 0);
            message.trafficClass(0xB8).segmentSize(100);
            assertThat(send(client, from, bytes(200))).isEqualTo(200);
            assertThat(receive(server)).isEqualTo(200);
            assertThat(message.receivedTrafficClass()).isEqualTo(0xB8);
            assertThat(message.receivedSegmentSize()).isEqualTo(100);
            message.trafficClass(-1).segmentSize(0);
            assertThat(send(client, from, bytes(5))).isEqualTo(5);
            assertThat(receive(server)).isEqualTo(5);
            assertThat(message.receivedTrafficClass()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPortIsSharedOnlyWithThoseWhoAreMeantToShareIt(Family family) throws Exception {
        try (Pair pair = new Pair();
                UdpSocket first = pair.open(pair.one, family, 4000)) {
            assertThatThrownBy(() -> pair.open(pair.one, family, 4000).close())
                    .isInstanceOfSatisfying(
                            ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EADDRINUSE))
                    .hasMessageContaining("4000")
                    .hasMessageContaining("EADDRINUSE");
            try (UdpSocket further = pair.one.call(() -> UdpSocket.open(family, 4000, Sharing.FURTHER));
                    UdpSocket third = pair.one.call(() -> UdpSocket.open(family, 4000, Sharing.FURTHER))) {
                assertThatThrownBy(() -> pair.open(pair.one, family, 4000).close())
                        .isInstanceOf(ErrnoException.class);
                List<UdpSocket> clients = new ArrayList<>();
                for (int i = 0; i < 64; i++) {
                    UdpSocket client = pair.open(pair.two, family, 0);
                    clients.add(client);
                    assertThat(send(client, new UdpAddress(address(family, 1), 4000, 0), bytes(5)))
                            .isEqualTo(5);
                }
                // Delivery over a veth pair is complete when send() returns or soon after: count until all are there.
                int[] counts = new int[3];
                try (Epoll epoll = Epoll.open()) {
                    List<UdpSocket> servers = List.of(first, further, third);
                    for (int i = 0; i < servers.size(); i++) {
                        epoll.add(servers.get(i).fd(), Epoll.IN, i);
                    }
                    for (int all = 0; all < 64; ) {
                        int events = epoll.await(10_000);
                        assertThat(events).as("after %s datagrams", all).isPositive();
                        for (int i = 0; i < events; i++) {
                            int server = epoll.token(i);
                            while (servers.get(server).receive(message.payload(buffer, 0, ROOM)) >= 0) {
                                counts[server]++;
                                all++;
                            }
                        }
                    }
                }
                assertThat(counts).doesNotContain(0);
                for (UdpSocket client : clients) {
                    client.close();
                }
            }
        }
    }

    @Test
    void bothFamiliesHaveThePortToThemselves() throws Exception {
        try (Pair pair = new Pair();
                UdpSocket v4 = pair.open(pair.one, Family.IPV4, 4000);
                UdpSocket v6 = pair.open(pair.one, Family.IPV6, 4000);
                UdpSocket client = pair.open(pair.two, Family.IPV4, 4000)) {
            assertThat(send(client, new UdpAddress(address(Family.IPV4, 1), 4000, 0), bytes(5)))
                    .isEqualTo(5);
            assertThat(receive(v4)).isEqualTo(5);
            assertThat(v6.receive(message)).isEqualTo(-Errno.EAGAIN);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPeerThatIsAwayDisturbsNoOther(Family family) throws Exception {
        try (Pair pair = new Pair();
                UdpSocket socket = pair.open(pair.one, family, 4000);
                UdpSocket other = pair.open(pair.two, family, 4000);
                PacketCapture capture = pair.one.call(() -> PacketCapture.open("v1"));
                Epoll epoll = Epoll.open()) {
            assertThat(send(socket, new UdpAddress(address(family, 2), 4001, 0), bytes(5)))
                    .isEqualTo(5);
            int protocolOffset = 14 + (family == Family.IPV4 ? 9 : 6);
            int icmp = family == Family.IPV4 ? 1 : 58;
            int unreachable = family == Family.IPV4 ? 3 : 1;
            int typeOffset = 14 + (family == Family.IPV4 ? 20 : 40);
            boolean answered = false;
            while (!answered) {
                TestNamespace.awaitReadable(capture.fd());
                int length = capture.read(buffer, 0, ROOM);
                answered = length > typeOffset
                        && buffer.get(JAVA_BYTE, protocolOffset) == icmp
                        && buffer.get(JAVA_BYTE, typeOffset) == unreachable;
            }
            assertThat(socket.receive(message.payload(buffer, 0, ROOM))).isEqualTo(-Errno.EAGAIN);
            assertThat(send(socket, new UdpAddress(address(family, 2), 4000, 0), bytes(6)))
                    .isEqualTo(6);
            assertThat(receive(other)).isEqualTo(6);
            assertThat(socket.pendingError()).isZero();
            epoll.add(socket.fd(), 0, 0);
            assertThat(epoll.await(0)).isZero();
        }
    }

    @Test
    void marksWhatItSends() throws Exception {
        try (Pair pair = new Pair();
                UdpSocket client = pair.open(pair.two, Family.IPV4, 4000)) {
            pair.two.ip("rule add fwmark 5 prohibit");
            UdpAddress to = new UdpAddress(address(Family.IPV4, 1), 4000, 0);
            assertThat(send(client, to, bytes(5))).isEqualTo(5);
            client.mark(5);
            assertThat(send(client, to, bytes(5))).isEqualTo(-Errno.EACCES);
            client.mark(0);
            assertThat(send(client, to, bytes(5))).isEqualTo(5);
        }
    }

    @Test
    void givesUpSegmentationWhereARouteCannotDoIt() throws Exception {
        try (Pair pair = new Pair();
                UdpSocket client = pair.open(pair.two, Family.IPV4, 4000)) {
            assumeTrue(client.segmentation(), "needs UDP_SEGMENT, Linux 4.18");
            // Segments cannot go through an IPsec policy.
            try {
                String ends = " src 10.7.0.2 dst 10.7.0.1 ";
                pair.two.ip("xfrm state add" + ends + "proto esp spi 1 mode transport enc ecb(cipher_null) 0x");
                pair.two.ip("xfrm policy add" + ends + "dir out tmpl" + ends + "proto esp mode transport");
            } catch (AssertionError e) {
                assumeTrue(false, "needs ESP in the kernel: " + e.getMessage());
            }
            message.segmentSize(1000);
            assertThat(send(client, new UdpAddress(address(Family.IPV4, 1), 4000, 0), bytes(3000)))
                    .isEqualTo(-Errno.EIO);
            assertThat(client.segmentation()).isFalse();
        }
    }

    @Test
    void errorsAreNumbersAndCallsAfterCloseAreErrors() throws Exception {
        try (Pair pair = new Pair()) {
            UdpSocket socket = pair.open(pair.two, Family.IPV4, 4000);
            assertThat(socket.receive(message.payload(buffer, 0, ROOM))).isEqualTo(-Errno.EAGAIN);
            assertThat(send(socket, new UdpAddress(new byte[] {8, 8, 8, 8}, 1, 0), bytes(5)))
                    .isEqualTo(-Errno.ENETUNREACH);
            assertThat(send(socket, new UdpAddress(address(Family.IPV6, 1), 1, 0), bytes(5)))
                    .isEqualTo(-Errno.EAFNOSUPPORT);
            assertThat(send(socket, new UdpAddress(address(Family.IPV4, 1), 4000, 0), bytes(65_508)))
                    .isEqualTo(-Errno.EMSGSIZE);
            assertThat(send(socket, new UdpAddress(address(Family.IPV4, 1), 4000, 0), bytes(65_507)))
                    .isEqualTo(65_507);
            socket.close();
            socket.close();
            assertThat(socket.fd()).isEqualTo(-1);
            assertThat(socket.receive(message)).isEqualTo(-Errno.EBADF);
            assertThat(socket.send(message)).isEqualTo(-Errno.EBADF);
        }
    }

    @Test
    void refusesAPayloadOutsideItsSegment() {
        assertThatThrownBy(() -> message.payload(buffer, 1, ROOM)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
