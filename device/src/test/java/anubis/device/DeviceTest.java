package anubis.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import anubis.linux.NativeMemory;
import anubis.linux.UdpAddress;
import anubis.linux.UdpMessage;
import anubis.protocol.Drop;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.DatagramSocket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real devices in a network namespace of the test's own, driven through their UAPI. */
class DeviceTest {
    private static final String KEY_A = key(0x11);
    private static final String KEY_B = key(0x22);

    private Space space;

    @BeforeEach
    void makeSpace() throws Exception {
        space = new Space();
    }

    @AfterEach
    void removeSpace() throws Exception {
        if (space != null) {
            space.close();
        }
    }

    @Test
    void whatIsSetIsWhatIsTold() throws Exception {
        Device device = open("wgt0");
        assertThat(uapi(device, """
                        set=1
                        private_key=%s
                        listen_port=4500
                        fwmark=7
                        public_key=%s
                        preshared_key=%s
                        endpoint=192.0.2.9:53
                        persistent_keepalive_interval=25
                        allowed_ip=10.0.0.0/8
                        allowed_ip=fd00::/64

                        get=1

                        """.formatted(KEY_A, KEY_B, KEY_A))).isEqualTo("""
                        errno=0

                        private_key=%s
                        listen_port=4500
                        fwmark=7
                        public_key=%s
                        preshared_key=%s
                        protocol_version=1
                        endpoint=192.0.2.9:53
                        last_handshake_time_sec=0
                        last_handshake_time_nsec=0
                        tx_bytes=0
                        rx_bytes=0
                        persistent_keepalive_interval=25
                        allowed_ip=10.0.0.0/8
                        allowed_ip=fd00::/64
                        errno=0

                        """.formatted(KEY_A, KEY_B, KEY_A));
    }

    @Test
    void whatAPeerIsAllowedBeforeAndAfterItIsAllowedBetween() throws Exception {
        Device device = open("wgt0");
        String change = "set=1\npublic_key=" + KEY_B + "\nreplace_allowed_ips=true\n";
        String narrow = change + "allowed_ip=10.76.0.0/16\nallowed_ip=10.77.0.0/16\n\n";
        String wide = change
                + "allowed_ip=10.0.0.0/8\nallowed_ip=10.76.0.0/16\nallowed_ip=10.1.0.0/16\nallowed_ip=-10.1.0.0/16\n\n";
        uapi(device, narrow);
        AtomicInteger lost = new AtomicInteger();
        AtomicBoolean done = new AtomicBoolean();
        Thread packets = Thread.ofPlatform().start(() -> {
            while (!done.get()) {
                if (device.wireGuard().allowedIps().lookupIpv4(0x0a4d_0001) == null) { // 10.77.0.1
                    lost.incrementAndGet();
                }
            }
        });
        for (int i = 0; i < 500; i++) {
            uapi(device, wide);
            uapi(device, narrow);
        }
        uapi(device, wide);
        done.set(true);
        packets.join();

        assertThat(lost).hasValue(0);
        assertThat(uapi(device, "get=1\n\n")).endsWith("\nallowed_ip=10.0.0.0/8\nallowed_ip=10.76.0.0/16\nerrno=0\n\n");
    }

    @Test
    void aBadLineChangesNothing() throws Exception {
        Device device = open("wgt0");
        uapi(device, "set=1\nprivate_key=" + KEY_A + "\npublic_key=" + KEY_B + "\nallowed_ip=10.0.0.0/8\n\n");
        String before = uapi(device, "get=1\n\n");
        for (String bad : List.of("allowed_ip=10.0.0.0/99", "nonsense", "unknown=1", "endpoint=x:1")) {
            String answer = uapi(
                    device,
                    "set=1\nprivate_key=" + KEY_B + "\nlisten_port=9\nreplace_peers=true\npublic_key=" + KEY_A + "\n"
                            + bad + "\n\n");
            assertThat(answer).as(bad).matches("errno=-[1-9][0-9]*\n\n");
            assertThat(uapi(device, "get=1\n\n")).as(bad).isEqualTo(before);
        }
        // A request that is cut short may have been meant to say more.
        assertThat(uapi(device, "set=1\nreplace_peers=true\n")).isEqualTo("errno=-71\n\n");
        assertThat(uapi(device, "get=1\n\n")).isEqualTo(before);
    }

    @Test
    void aPortInUseIsAnErrorAndTheOldOneStays() throws Exception {
        Device device = open("wgt0");
        uapi(device, "set=1\nlisten_port=4500\n\n");
        ip("link", "set", "wgt0", "up");
        Space.awaitUp(device);
        try (DatagramSocket taken = space.call(() -> new DatagramSocket(4501))) {
            assertThat(uapi(device, "set=1\nlisten_port=4501\nprivate_key=" + KEY_A + "\n\n"))
                    .isEqualTo("errno=-98\n\n");
            assertThat(uapi(device, "get=1\n\n")).contains("listen_port=4500\n").doesNotContain("private_key");
            assertThat(taken.isBound()).isTrue();
        }
        assertThat(uapi(device, "set=1\nlisten_port=4501\n\n")).isEqualTo("errno=0\n\n");
        assertThat(device.listenPort()).isEqualTo(4501);
    }

    @Test
    void anAllowedIpBelongsToWhoeverGotItLast() throws Exception {
        Device device = open("wgt0");
        String stolen = uapi(
                device,
                "set=1\npublic_key=" + KEY_A + "\nallowed_ip=10.0.0.0/8\npublic_key=" + KEY_B
                        + "\nallowed_ip=10.0.0.0/8\n\nget=1\n\n");
        assertThat(stolen.indexOf("allowed_ip")).isGreaterThan(stolen.indexOf(KEY_B));
        assertThat(stolen).containsOnlyOnce("allowed_ip");
    }

    @Test
    void updateOnlyMakesNoPeerAndOurOwnKeyIsNone() throws Exception {
        Device device = open("wgt0");
        uapi(device, "set=1\npublic_key=" + KEY_B + "\nupdate_only=true\npersistent_keepalive_interval=5\n\n");
        assertThat(device.wireGuard().peers()).isEmpty();
        uapi(device, "set=1\nprivate_key=" + KEY_A + "\n\n");
        String own = device.wireGuard().publicKey().orElseThrow().hex();
        uapi(device, "set=1\npublic_key=" + own + "\nallowed_ip=10.0.0.0/8\n\n");
        assertThat(device.wireGuard().peers()).isEmpty();
    }

    @Test
    void twentyThousandPeersComeBackAsTheyWere() throws Exception {
        Device device = open("wgt0");
        StringBuilder set = new StringBuilder("set=1\n");
        for (int i = 1; i <= 20_000; i++) {
            set.append("public_key=%064x%nallowed_ip=10.%d.%d.%d/32%n"
                    .formatted(i, i >> 16, i >> 8 & 255, i & 255)
                    .replace("\r", ""));
        }
        assertThat(uapi(device, set.append("\n").toString())).isEqualTo("errno=0\n\n");
        String got = uapi(device, "get=1\n\n");
        assertThat(got.lines().filter(line -> line.startsWith("public_key=")).distinct())
                .hasSize(20_000);
        assertThat(got.lines().filter(line -> line.startsWith("allowed_ip=")).distinct())
                .hasSize(20_000);
        assertThat(uapi(device, "set=1\nreplace_peers=true\n\nget=1\n\n"))
                .isEqualTo("errno=0\n\nlisten_port=0\nerrno=0\n\n");
    }

    @Test
    void severalDevicesLiveInOneProcessAndTheirInterfacesGoWithThem() throws Exception {
        Device first = open("wgt0");
        open("wgt1");
        assertThat(ip("-br", "link")).contains("wgt0").contains("wgt1");
        first.close();
        assertThat(ip("-br", "link")).doesNotContain("wgt0").contains("wgt1");
    }

    @Test
    void aNameThatIsTakenIsRefused() throws Exception {
        open("wgt0");
        assertThatThrownBy(() -> open("wgt0")).hasMessageContaining("wgt0");
    }

    @Test
    void theDeviceEndsWhenItsInterfaceIsDeleted() throws Exception {
        Device device = open("wgt0");
        Thread waiting = Thread.ofPlatform().daemon().start(() -> {
            try {
                device.awaitEnd();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        ip("link", "delete", "wgt0");
        assertThat(waiting.join(java.time.Duration.ofSeconds(10))).isTrue();
    }

    @Test
    @Timeout(60)
    void closingWaitsForNobodyWhoHasNotSaidAll() throws Exception {
        Device device = open("wgt" + ProcessHandle.current().pid());
        List<SocketChannel> clients = new ArrayList<>();
        try (UapiSocket uapi = space.call(() -> UapiSocket.open(device))) {
            for (String said : List.of("", "\n", "set=1\nprivate_key=", "get=1\n")) {
                SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(UapiSocket.path(device.name())));
                client.write(ByteBuffer.wrap(said.getBytes(StandardCharsets.US_ASCII)));
                clients.add(client);
            }
            assertThat(uapi).isNotNull();
        }
        device.close();
        device.awaitEnd();
        for (SocketChannel client : clients) {
            try (client) {
                assertThat(read(client)).doesNotContain("errno=0").doesNotContain("private_key");
            }
        }
        assertThat(device.wireGuard().publicKey()).isEmpty();
    }

    /** What is told until the end; a reset is one too, of a connection from which not all was read. */
    private static String read(SocketChannel from) {
        try {
            return new String(Channels.newInputStream(from).readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            return "";
        }
    }

    @Test
    void handshakeMessagesThatWaitAreBoundedAndTheOthersCounted() throws Exception {
        Device device = open("wgt0");
        try (Control control = space.call(() -> new Control(device))) {
            UdpMessage received = new UdpMessage().to(new UdpAddress(new byte[] {127, 0, 0, 1}, 9, 0));
            MemorySegment message = NativeMemory.allocate(200);
            for (int i = 0; i < 5_000; i++) {
                control.offer(message, 0, 148, received);
            }
            assertThat(device.wireGuard().drops().of(Drop.HANDSHAKE_QUEUE_FULL)).isEqualTo(5_000 - 4_096);
            // Nor does what is no handshake message by its length take a place.
            for (int length : new int[] {0, 3, 193, 200}) {
                control.offer(message, 0, length, received);
            }
            assertThat(device.wireGuard().drops().of(Drop.MALFORMED)).isEqualTo(4);
        }
    }

    @Test
    void theMtuFollowsTheInterface() throws Exception {
        Device device = open("wgt0");
        ip("link", "set", "wgt0", "mtu", "1280", "up");
        Space.awaitUp(device);
        Space.await(() -> device.wireGuard().mtu() == 1280);
    }

    private Device open(String name) throws Exception {
        return space.open(name);
    }

    private String uapi(Device device, String requests) throws Exception {
        return space.uapi(device, requests);
    }

    private String ip(String... arguments) throws Exception {
        return space.ip(arguments);
    }

    private static String key(int fill) {
        return String.format("%02x", fill).repeat(32);
    }
}
