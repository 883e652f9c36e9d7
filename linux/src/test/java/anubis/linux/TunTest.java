package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.linux.UdpSocket.Sharing;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A host with a TUN, 10.9.0.1 on this side, whose other side is the test. */
class TunTest {
    private static final int VIRTIO_HEADER = 10;
    private static final int GSO_UDP_L4 = 5;
    private static final int ROOM = VIRTIO_HEADER + 65_535;
    private static final byte[] HERE = {10, 9, 0, 1};
    private static final byte[] THERE = {10, 9, 0, 2};

    private final MemorySegment buffer = NativeMemory.allocate(ROOM);
    private final UdpMessage message = new UdpMessage();
    private TestNamespace host;

    @BeforeEach
    void makeHost() throws Exception {
        host = new TestNamespace();
    }

    @AfterEach
    void removeHost() throws Exception {
        if (host != null) {
            host.close();
        }
    }

    private Tun open(String name) throws Exception {
        return host.call(() -> Tun.open(name));
    }

    private Tun openUp(String name) throws Exception {
        Tun tun = open(name);
        host.ip("addr add 10.9.0.1/24 dev " + name);
        host.ip("link set " + name + " up");
        return tun;
    }

    /** Reads until an IPv4 UDP packet comes (the kernel sends IPv6 router solicitations of its own). */
    private int readUdp(Tun tun) throws ErrnoException {
        while (true) {
            int length = tun.read(buffer, 0, ROOM);
            if (length == -Errno.EAGAIN) {
                TestNamespace.awaitReadable(tun.fd());
            } else if (isUdp(length)) {
                return length;
            }
        }
    }

    private boolean isUdp(int length) {
        return length > VIRTIO_HEADER + 28
                && buffer.get(JAVA_BYTE, VIRTIO_HEADER) == 0x45
                && buffer.get(JAVA_BYTE, VIRTIO_HEADER + 9) == 17;
    }

    /** Whether an IPv4 UDP packet is there; reads until it comes or there is nothing more. */
    private boolean findUdp(Tun tun) {
        int length;
        do {
            length = tun.read(buffer, 0, ROOM);
        } while (length >= 0 && !isUdp(length));
        return length >= 0;
    }

    private int send(UdpSocket socket, int port, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        MemorySegment payload = NativeMemory.allocate(bytes.length);
        MemorySegment.copy(bytes, 0, payload, JAVA_BYTE, 0, bytes.length);
        return socket.send(message.payload(payload, 0, bytes.length).to(new UdpAddress(THERE, port, 0)));
    }

    private UdpSocket socket() throws Exception {
        return host.call(() -> UdpSocket.open(Family.IPV4, 0, Sharing.FIRST));
    }

    @Test
    void readsWhatTheKernelSends() throws Exception {
        try (Tun tun = openUp("tun0");
                UdpSocket socket = socket()) {
            assertThat(send(socket, 4000, "through the tunnel")).isEqualTo(18);
            int length = readUdp(tun);
            assertThat(length).isEqualTo(VIRTIO_HEADER + 28 + 18);
            byte[] packet = buffer.asSlice(VIRTIO_HEADER, 46).toArray(JAVA_BYTE);
            ByteBuffer fields = ByteBuffer.wrap(packet);
            assertThat(fields.getInt(12)).isEqualTo(ByteBuffer.wrap(HERE).getInt());
            assertThat(fields.getInt(16)).isEqualTo(ByteBuffer.wrap(THERE).getInt());
            assertThat(Short.toUnsignedInt(fields.getShort(20))).isEqualTo(socket.port());
            assertThat(fields.getShort(22)).isEqualTo((short) 4000);
            assertThat(new String(packet, 28, 18, StandardCharsets.UTF_8)).isEqualTo("through the tunnel");
        }
    }

    @Test
    void writesAPacketGatheredFromPieces() throws Exception {
        try (Tun tun = openUp("tun0");
                UdpSocket socket = socket()) {
            byte[] payload = "out of the tunnel".getBytes(StandardCharsets.UTF_8);
            MemorySegment header = NativeMemory.allocate(VIRTIO_HEADER + 28);
            MemorySegment.copy(udpHeaders(socket.port(), payload.length), 0, header, JAVA_BYTE, VIRTIO_HEADER, 28);
            MemorySegment.copy(payload, 0, buffer, JAVA_BYTE, 1000, payload.length);
            MemorySegment iovecs = NativeMemory.allocate(48);
            iovecs.set(JAVA_LONG, 16, header.address());
            iovecs.set(JAVA_LONG, 24, header.byteSize());
            iovecs.set(JAVA_LONG, 32, buffer.address() + 1000);
            iovecs.set(JAVA_LONG, 40, payload.length);
            assertThat(tun.writev(iovecs, 16, 2)).isEqualTo(VIRTIO_HEADER + 28 + payload.length);

            TestNamespace.awaitReadable(socket.fd());
            assertThat(socket.receive(message.payload(buffer, 0, ROOM))).isEqualTo(payload.length);
            assertThat(buffer.asSlice(0, payload.length).toArray(JAVA_BYTE)).isEqualTo(payload);
            assertThat(message.source().sameRemote(new UdpAddress(THERE, 4000, 0)))
                    .isTrue();

            header.set(JAVA_BYTE, VIRTIO_HEADER, (byte) 0x25); // neither IPv4 nor IPv6
            assertThat(tun.writev(iovecs, 16, 2)).isEqualTo(-Errno.EINVAL);
            host.ip("link set tun0 down");
            header.set(JAVA_BYTE, VIRTIO_HEADER, (byte) 0x45);
            assertThat(tun.writev(iovecs, 16, 2)).isEqualTo(-Errno.EIO);
            assertThatThrownBy(() -> tun.writev(iovecs, 17, 2)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> tun.read(buffer, 1, ROOM)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    /** IPv4 and UDP headers from THERE:4000 to HERE; the UDP checksum is left out, as IPv4 allows. */
    private static byte[] udpHeaders(int port, int payloadLength) {
        ByteBuffer packet = ByteBuffer.allocate(28);
        packet.putShort((short) 0x4500).putShort((short) (28 + payloadLength)).putInt(0);
        packet.putShort((short) 0x4011).putShort((short) 0).put(THERE).put(HERE);
        int sum = 0;
        for (int i = 0; i < 20; i += 2) {
            sum += Short.toUnsignedInt(packet.getShort(i));
        }
        packet.putShort(10, (short) ~((sum & 0xFFFF) + (sum >>> 16)));
        packet.putShort((short) 4000).putShort((short) port).putShort((short) (8 + payloadLength));
        return packet.array();
    }

    @Test
    void getsUdpSuperPacketsWhereItSaysSo() throws Exception {
        try (Tun tun = openUp("tun0");
                UdpSocket socket = socket()) {
            assumeTrue(tun.udpSegmentation(), "needs UDP segmentation on a TUN, Linux 6.2");
            message.segmentSize(1000);
            assertThat(send(socket, 4000, "x".repeat(9500))).isEqualTo(9500);
            assertThat(readUdp(tun)).isEqualTo(VIRTIO_HEADER + 28 + 9500);
            assertThat(buffer.get(JAVA_BYTE, 1)).isEqualTo((byte) GSO_UDP_L4);
            assertThat(buffer.get(JAVA_SHORT, 4)).isEqualTo((short) 1000);
        }
    }

    @Test
    void spreadsFlowsOverItsQueues() throws Exception {
        try (Tun first = openUp("tun0");
                Tun second = first.queue()) {
            assertThat(second.name()).isEqualTo("tun0");
            assertThat(second.udpSegmentation()).isEqualTo(first.udpSegmentation());
            for (int i = 0; i < 64; i++) {
                try (UdpSocket socket = socket()) {
                    assertThat(send(socket, 4000 + i, "flow " + i)).isPositive();
                }
            }
            int[] counts = new int[2];
            List<Tun> queues = List.of(first, second);
            for (int i = 0; i < 2; i++) {
                int length;
                while ((length = queues.get(i).read(buffer, 0, ROOM)) >= 0) {
                    counts[i] += isUdp(length) ? 1 : 0;
                }
                assertThat(length).isEqualTo(-Errno.EAGAIN);
            }
            assertThat(counts[0] + counts[1]).isEqualTo(64);
            assertThat(counts).doesNotContain(0);
        }
    }

    /** Whichever queue the answers are written to. The hash of a flow is the same for both directions. */
    @Test
    void keepsAFlowInItsQueue() throws Exception {
        MemorySegment answer = NativeMemory.allocate(VIRTIO_HEADER + 28);
        MemorySegment iovec = NativeMemory.allocate(16);
        iovec.set(JAVA_LONG, 0, answer.address());
        iovec.set(JAVA_LONG, 8, answer.byteSize());
        try (Tun first = openUp("tun0");
                Tun second = first.queue()) {
            for (int i = 0; i < 16; i++) {
                try (UdpSocket socket = socket()) {
                    assertThat(send(socket, 4000, "flow " + i)).isPositive();
                    Tun queue = findUdp(first) ? first : second;
                    Tun other = queue == first ? second : first;
                    MemorySegment.copy(udpHeaders(socket.port(), 0), 0, answer, JAVA_BYTE, VIRTIO_HEADER, 28);
                    assertThat(other.writev(iovec, 0, 1)).isEqualTo(VIRTIO_HEADER + 28);
                    assertThat(send(socket, 4000, "flow " + i)).isPositive();
                    assertThat(findUdp(queue)).as("flow " + i + " stays").isTrue();
                }
            }
        }
    }

    @Test
    void goesWithItsLastQueue() throws Exception {
        Tun first = openUp("tun0");
        try (Tun second = first.queue()) {
            first.close();
            assertThat(second.linkState()).isZero();
        }
        assertThat(host.ip("link show")).doesNotContain("tun0");
    }

    @Test
    void knowsItsName() throws Exception {
        try (Tun zero = open("vpn%d");
                Tun one = open("vpn%d")) {
            assertThat(zero.name()).isEqualTo("vpn0");
            assertThat(one.name()).isEqualTo("vpn1");
            host.ip("link set vpn0 name fifteen-letters");
            assertThat(zero.name()).isEqualTo("fifteen-letters");
            host.ip("link delete fifteen-letters");
            assertThat(zero.name()).isEqualTo("fifteen-letters");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'', EINVAL, 1 to 15 bytes",
        "sixteen-letters-, EINVAL, 1 to 15 bytes",
        "ööööööö+ü, EINVAL, has 17",
        "a/b, EINVAL, not a possible name",
        "'a b', EINVAL, not a possible name",
        "lo, EBUSY, ip link delete lo",
        "tun0, EBUSY, ip link delete tun0",
    })
    void saysWhatIsWrongWithAName(String name, String errno, String advice) throws Exception {
        try (Tun taken = open("tun0")) {
            assertThat(taken.name()).isEqualTo("tun0");
            assertThatThrownBy(() -> open(name).close())
                    .isInstanceOf(ErrnoException.class)
                    .hasMessageContaining(errno)
                    .hasMessageContaining(advice);
        }
    }

    @Test
    void needsNoMoreThanTheCapabilityToAdministerTheNetwork() throws Exception {
        assertThat(openWithCapabilities("-all,+net_admin")).contains("mtu 1420 of tun0 and its 2 queues");
    }

    @Test
    void saysWhichCapabilityIsMissing() throws Exception {
        assertThat(openWithCapabilities("-all")).contains("EPERM").contains("CAP_NET_ADMIN");
    }

    private String openWithCapabilities(String capabilities) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(
                "nsenter",
                "--net=" + host.namespace.path(),
                "setpriv",
                "--bounding-set=" + capabilities,
                "--inh-caps=-all",
                System.getProperty("java.home") + "/bin/java",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                ClassPath.all(),
                OpenAndSetMtu.class.getName());
        Process process = builder.redirectErrorStream(true).start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    static final class OpenAndSetMtu {
        private OpenAndSetMtu() {}

        public static void main(String[] arguments) throws ErrnoException {
            try (Tun tun = Tun.open("tun0");
                    Tun second = tun.queue()) {
                tun.mtu(1420);
                System.out.println("mtu " + second.mtu() + " of " + second.name() + " and its 2 queues");
            }
        }
    }

    @Test
    void itsMtuIsThatOfTheInterface() throws Exception {
        try (Tun tun = open("tun0")) {
            assertThat(tun.mtu()).isEqualTo(1500);
            tun.mtu(1420);
            assertThat(tun.mtu()).isEqualTo(1420);
            assertThat(host.ip("link show tun0")).contains("mtu 1420 ");
            host.ip("link set tun0 mtu 34736");
            assertThat(tun.mtu()).isEqualTo(34_736);
            tun.mtu(65_535);
            assertThat(tun.mtu()).isEqualTo(65_535);
            assertThatThrownBy(() -> tun.mtu(65_536))
                    .isInstanceOf(ErrnoException.class)
                    .hasMessageContaining("EINVAL")
                    .hasMessageContaining("tun0");
            // The thread that asks may be there itself.
            assertThat(host.call(() -> tun.mtu())).isEqualTo(65_535);

            host.ip("link delete tun0");
            assertThatThrownBy(tun::mtu).isInstanceOf(ErrnoException.class).hasMessageContaining("EBADFD");
            assertThatThrownBy(tun::queue).isInstanceOf(ErrnoException.class);
        }
    }

    @Test
    void movesToAnotherNamespace() throws Exception {
        try (TestNamespace other = new TestNamespace();
                Tun tun = openUp("tun0");
                UdpSocket socket = other.call(() -> UdpSocket.open(Family.IPV4, 0, Sharing.FIRST))) {
            host.ip("link set tun0 netns " + other.name);
            assertThat(tun.linkState()).isEqualTo(-Errno.EIO);
            tun.mtu(1280);
            assertThat(other.ip("link show tun0")).contains("mtu 1280 ");
            other.ip("link set tun0 name tun7 mtu 1281");
            other.ip("addr add 10.9.0.1/24 dev tun7");
            other.ip("link set tun7 up");
            assertThat(tun.mtu()).isEqualTo(1281);
            assertThat(tun.name()).isEqualTo("tun7");
            assertThat(tun.linkState()).isZero();
            assertThat(send(socket, 4000, "there")).isEqualTo(5);
            assertThat(readUdp(tun)).isEqualTo(VIRTIO_HEADER + 28 + 5);
            try (Tun queue = tun.queue()) {
                assertThat(queue.name()).isEqualTo("tun7");
            }
            assertThat(host.ip("link show")).doesNotContain("tun");
        }
    }

    @Test
    void tellsWhetherItIsUp() throws Exception {
        Tun tun = open("tun0");
        assertThat(tun.linkState()).isEqualTo(-Errno.EIO);
        host.ip("link set tun0 up");
        assertThat(tun.linkState()).isZero();
        host.ip("link set tun0 down");
        assertThat(tun.linkState()).isEqualTo(-Errno.EIO);
        host.ip("link set tun0 up");
        host.ip("link delete tun0");
        assertThat(tun.linkState()).isEqualTo(-Errno.EBADFD);
        assertThat(tun.read(buffer, 0, ROOM)).isEqualTo(-Errno.EBADFD);
        try (Epoll epoll = Epoll.open()) {
            epoll.add(tun.fd(), Epoll.IN, 0);
            assertThat(epoll.await(0)).isEqualTo(1);
            assertThat(epoll.events(0) & Epoll.ERR).isNotZero();
        }
        tun.close();
        tun.close();
        assertThat(tun.read(buffer, 0, ROOM)).isEqualTo(-Errno.EBADF);
    }
}
