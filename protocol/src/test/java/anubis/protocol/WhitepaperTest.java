package anubis.protocol;

import static anubis.protocol.World.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import anubis.crypto.PresharedKey;
import anubis.crypto.PublicKey;
import anubis.protocol.World.Datagram;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Handshake and transport data byte for byte against {@link Whitepaper}, in both roles. */
class WhitepaperTest {
    private static final byte[] THEIR_KEY = new byte[32];
    private static final byte[] THEIR_EPHEMERAL = new byte[32];
    private static final World.Address THERE = new World.Address(0xc633_6401, 1234, true);
    private static final int THEIR_INDEX = 0x8070_6050;

    static {
        Arrays.fill(THEIR_KEY, (byte) 0x41);
        Arrays.fill(THEIR_EPHEMERAL, (byte) 0x53);
    }

    private final World world = new World();
    private final World.Host host = world.host(1);
    private final World.Host outside = world.host(2); // Its packets' addresses; all else is the oracle.
    private final Whitepaper oracle = new Whitepaper();

    private Peer peer(byte[] psk) {
        Peer peer = host.wireGuard
                .addPeer(PublicKey.of(Whitepaper.publicKey(THEIR_KEY)))
                .orElseThrow();
        host.wireGuard.allowedIps().insert(new Prefix(false, 0, outside.innerAddress(), 32), peer);
        peer.presharedKey(PresharedKey.of(psk));
        peer.endpoint(THERE);
        return peer;
    }

    private static byte[] psk(int value) {
        byte[] psk = new byte[32];
        Arrays.fill(psk, (byte) value);
        return psk;
    }

    private byte[] sent(int type) {
        return world.sentBy(host, type).getLast().bytes();
    }

    @Test
    void theOraclesHashIsBlake2s() {
        // RFC 7693, appendix B; the second by Python's hashlib: 200 bytes, keyed.
        assertThat(HexFormat.of().formatHex(Whitepaper.hash("abc".getBytes(StandardCharsets.US_ASCII))))
                .isEqualTo("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
        assertThat(HexFormat.of().formatHex(Whitepaper.blake2s(16, psk(7), new byte[200])))
                .isEqualTo("d144d958c08f65d95e34feb3c8190efd");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 0x77})
    void asTheInitiator(int pskByte) {
        Peer peer = peer(psk(pskByte));
        byte[] packet = World.packet(host, outside, 1, 61);
        host.sendPacket(packet);
        world.run(SECOND);
        byte[] initiation = sent(Messages.TYPE_INITIATION);

        oracle.readInitiation(initiation, THEIR_KEY);
        assertThat(oracle.initiatorStatic).isEqualTo(host.publicKey().bytes());
        // TAI64N, the nanoseconds rounded down to 2²⁴.
        assertThat(ByteBuffer.wrap(oracle.timestamp).getLong())
                .isEqualTo(0x4000_0000_0000_000aL + host.wallClock().getEpochSecond() - 1);
        assertThat(ByteBuffer.wrap(oracle.timestamp).getInt(8)).isZero();
        assertThat(new Whitepaper()
                        .initiation(
                                host.lastScalar,
                                host.key.bytes(),
                                Whitepaper.publicKey(THEIR_KEY),
                                oracle.timestamp,
                                Messages.intAt(initiation, 4)))
                .isEqualTo(initiation);

        world.inject(oracle.response(THEIR_EPHEMERAL, psk(pskByte), THEIR_INDEX), THERE, host);
        Datagram data = world.sentBy(host, Messages.TYPE_TRANSPORT).getLast();
        assertThat(data.bytes())
                .isEqualTo(Whitepaper.transport(oracle.initiatorSends, 0, THEIR_INDEX, Arrays.copyOf(packet, 64)));

        byte[] answer = Whitepaper.transport(
                oracle.responderSends, 0, oracle.initiatorIndex, World.packet(outside, host, 9, 60));
        world.inject(answer, THERE, host);
        assertThat(host.delivered).containsExactly(9L);
        assertThat(peer.latestHandshake()).contains(host.wallClock());
        assertThat(peer.sentBytes()).isEqualTo(148 + 96);
        assertThat(peer.receivedBytes()).isEqualTo(92 + 92);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 0x77})
    void asTheResponder(int pskByte) {
        Peer peer = peer(psk(pskByte));
        byte[] time = HexFormat.of().parseHex("400000006655443322110000");
        byte[] initiation =
                oracle.initiation(THEIR_EPHEMERAL, THEIR_KEY, host.publicKey().bytes(), time, THEIR_INDEX);
        world.inject(initiation, THERE, host);
        byte[] response = sent(Messages.TYPE_RESPONSE);

        Whitepaper responder = new Whitepaper();
        responder.readInitiation(initiation, host.key.bytes());
        assertThat(responder.response(host.lastScalar, psk(pskByte), Messages.intAt(response, 4)))
                .isEqualTo(response);

        oracle.readResponse(response, THEIR_EPHEMERAL, THEIR_KEY, psk(pskByte));
        assertThat(peer.latestHandshake()).as("not yet confirmed").isEmpty();
        byte[] packet = Arrays.copyOf(World.packet(outside, host, 5, 60), 64);
        world.inject(Whitepaper.transport(oracle.initiatorSends, 0, oracle.responderIndex, packet), THERE, host);
        assertThat(host.delivered).containsExactly(5L);
        assertThat(peer.latestHandshake()).contains(host.wallClock());
        host.send(outside, 6);
        assertThat(Whitepaper.openTransport(oracle.responderSends, sent(Messages.TYPE_TRANSPORT)))
                .isEqualTo(Arrays.copyOf(World.packet(host, outside, 6, 60), 64));
    }

    /** With an ephemeral key of low order the responder's part of the keys would be known to all. */
    @Test
    void aResponseWithAnEphemeralKeyOfLowOrderIsRefused() {
        peer(psk(0));
        host.send(outside, 1);
        world.run(SECOND);
        byte[] zero = new byte[32];
        Whitepaper bad = new Whitepaper();
        bad.readInitiation(sent(Messages.TYPE_INITIATION), THEIR_KEY);
        world.inject(bad.response(zero, zero, zero, psk(0), THEIR_INDEX), THERE, host);
        assertThat(host.drops(Drop.HANDSHAKE_NOT_AUTHENTIC)).isEqualTo(1);
        assertThat(world.sentBy(host, Messages.TYPE_TRANSPORT)).isEmpty();

        oracle.readInitiation(sent(Messages.TYPE_INITIATION), THEIR_KEY);
        world.inject(oracle.response(THEIR_EPHEMERAL, psk(0), THEIR_INDEX), THERE, host);
        assertThat(world.sentBy(host, Messages.TYPE_TRANSPORT))
                .as("the pending handshake is as it was")
                .hasSize(1);
    }
}
