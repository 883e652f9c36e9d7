package anubis.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.linux.Family;
import anubis.linux.NativeMemory;
import anubis.linux.UdpAddress;
import anubis.protocol.Drop;
import anubis.protocol.Keypair;
import anubis.protocol.Peer;
import anubis.protocol.Sink;
import anubis.protocol.Transport;
import anubis.protocol.WireGuard;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a worker sends, through real sockets, where the network does not do what is asked of it. */
class SenderTest {
    private static final byte[] LOCALHOST = {127, 0, 0, 1};
    private static final int PACKET = 1_400;

    private final MemorySegment packet = NativeMemory.allocate(2_000);
    private final WireGuard wireGuard = machine();
    private final Sender sender = new Sender(wireGuard, new Transport(wireGuard), 0);
    private Space space;
    private Binding binding;
    private DatagramSocket receiver;
    private NetworkEndpoint endpoint;
    private Peer peer;
    private Keypair keypair;

    private static WireGuard machine() {
        WireGuard machine = new WireGuard(
                Primitives.get(),
                new SecureRandom()::nextBytes,
                InstantSource.system(),
                InstantSource.system(),
                () -> {});
        machine.privateKey(PrivateKey.generate(new SecureRandom()));
        machine.up(0);
        return machine;
    }

    /** A socket to send through, one that receives, and a keypair from a handshake with a machine that has no socket. */
    @BeforeEach
    void begin() throws Exception {
        space = new Space();
        binding = space.call(() -> Binding.open(0, 1, 0));
        sender.binding = binding;
        receiver = space.call(() -> new DatagramSocket(0, InetAddress.ofLiteral("127.0.0.1")));
        endpoint = new NetworkEndpoint(new UdpAddress(LOCALHOST, receiver.getLocalPort(), 0));
        WireGuard other = machine();
        other.addPeer(wireGuard.publicKey().orElseThrow());
        peer = wireGuard.addPeer(other.publicKey().orElseThrow()).orElseThrow();
        peer.endpoint(endpoint);
        peer.persistentKeepalive(25, 0);
        Queue<byte[]> messages = new ArrayDeque<>();
        Sink sink = (_, datagram, length, _) ->
                messages.add(datagram.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
        wireGuard.onDeadline(0, sink);
        other.receive(messages.remove(), endpoint, false, 0, sink);
        wireGuard.receive(messages.remove(), endpoint, false, 0, sink);
        keypair = Objects.requireNonNull(peer.sendingKeypair(0));
    }

    @AfterEach
    void end() throws Exception {
        if (space != null) {
            binding.close();
            receiver.close();
            space.close();
        }
    }

    private void add(NetworkEndpoint to) {
        assertThat(sender.add(keypair, to, 0, packet, 0, PACKET, 0)).isTrue();
    }

    private int receive() throws Exception {
        receiver.setSoTimeout(10_000);
        DatagramPacket received = new DatagramPacket(new byte[2_000], 2_000);
        receiver.receive(received);
        return received.getLength();
    }

    private void assertReceived(int count) throws Exception {
        for (int i = 0; i < count; i++) {
            assertThat(receive()).isEqualTo(PACKET + 8 + Transport.OVERHEAD);
        }
        assertThat(wireGuard.drops().total()).isZero();
    }

    @Test
    void aRunGoesOutAsOne() throws Exception {
        for (int i = 0; i < 10; i++) {
            add(endpoint);
        }
        sender.flush(0);
        assertReceived(10);
        assertThat(peer.sentBytes()).isGreaterThan(10 * PACKET);
    }

    /** A segment that does not fit the route is refused; as datagrams of their own they are cut into fragments. */
    @Test
    void aRunThatTheRouteRefusesGoesOutOneByOne() throws Exception {
        assumeTrue(
                Objects.requireNonNull(binding.socket(Family.IPV4, 0)).segmentation(), "needs UDP_SEGMENT, Linux 4.18");
        space.ip("link", "set", "lo", "mtu", "1280");
        for (int round = 1; round <= 2; round++) {
            for (int i = 0; i < 10; i++) {
                add(endpoint);
            }
            sender.flush(0);
            assertReceived(10);
        }
    }

    @Test
    void aLocalAddressThatIsGoneIsForgotten() throws Exception {
        NetworkEndpoint gone = gone();
        peer.endpoint(gone);
        add(gone);
        add(gone);
        sender.flush(0);
        assertReceived(2);
        NetworkEndpoint left = (NetworkEndpoint) Objects.requireNonNull(peer.currentEndpoint());
        assertThat(left.udp()).isEqualTo(endpoint.udp());
    }

    @Test
    void anEndpointLearntInTheMeantimeStays() throws Exception {
        NetworkEndpoint gone = gone();
        NetworkEndpoint learnt = new NetworkEndpoint(new UdpAddress(LOCALHOST, 9, 0));
        peer.endpoint(gone);
        add(gone);
        peer.endpoint(learnt); // As another worker does that receives from there.
        sender.flush(0);
        assertReceived(1);
        assertThat(peer.currentEndpoint()).isSameAs(learnt);
    }

    /** The receiver, as seen through an address and an interface that this host has no more. */
    private NetworkEndpoint gone() {
        byte[] local = {10, 9, 8, 7};
        return new NetworkEndpoint(new UdpAddress(LOCALHOST, receiver.getLocalPort(), 0, local, 99));
    }

    @Test
    void withoutASocketAllIsCounted() {
        sender.binding = null;
        add(endpoint);
        add(endpoint);
        sender.flush(0);
        assertThat(peer.drops().of(Drop.NETWORK_SEND_FAILED)).isEqualTo(2);
    }
}
