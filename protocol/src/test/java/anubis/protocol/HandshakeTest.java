package anubis.protocol;

import static anubis.protocol.World.MILLISECOND;
import static anubis.protocol.World.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.protocol.World.Address;
import anubis.protocol.World.Datagram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Handshakes, keypairs, cookies and endpoints between hosts in virtual time, with an attacker between them. */
class HandshakeTest {
    private static final Address ELSEWHERE = new Address(0xcb00_7142, 4500, true);

    private final World world = new World();
    private final World.Host a = world.host(1);
    private final World.Host b = world.host(2);

    @BeforeEach
    void introduce() {
        World.introduce(a, b);
    }

    private void shakeHands() {
        a.send(b, 0);
        world.run(SECOND);
        assertThat(b.delivered).containsExactly(0L);
    }

    private byte[] last(World.Host host, int type) {
        return world.sentBy(host, type).getLast().bytes();
    }

    private static byte[] flipped(byte[] message, int at) {
        byte[] forged = message.clone();
        forged[at] ^= 1;
        return forged;
    }

    /** Both ends, and that they are well. */
    private void assertTalking() {
        int ofA = a.delivered.size();
        int ofB = b.delivered.size();
        a.send(b, 1_000 + ofB);
        b.send(a, 1_000 + ofA);
        world.run(SECOND);
        assertThat(b.delivered).endsWith(1_000L + ofB).hasSize(ofB + 1);
        assertThat(a.delivered).endsWith(1_000L + ofA).hasSize(ofA + 1);
    }

    // Keypairs.

    /** Section 5.4.6: before that it cannot know that the initiation was no replay. */
    @Test
    void theResponderSendsNothingBeforeTheFirstTransportMessage() {
        world.carries = datagram -> datagram.sender() == b || datagram.isHandshake();
        a.send(b, 0);
        world.run(4 * SECOND);
        b.send(a, 1);
        world.run(SECOND / 2);
        assertThat(b.canSend(a)).isFalse();
        assertThat(b.peer(a).latestHandshake()).isEmpty();
        assertThat(world.sentBy(b, Messages.TYPE_TRANSPORT)).isEmpty();

        world.carries = datagram -> true;
        a.send(b, 2);
        world.run(SECOND);
        assertThat(b.peer(a).latestHandshake()).isPresent();
        assertThat(a.delivered).containsExactly(1L);
    }

    @Test
    void theInitiatorConfirmsWithAKeepaliveWhenNothingIsStaged() {
        a.peer(b).persistentKeepalive(25, world.now());
        world.run(SECOND);
        assertThat(world.keepalivesBy(a)).hasSize(1);
        assertThat(b.canSend(a)).isTrue();
    }

    @Test
    void packetsInFlightUnderThePreviousKeypairAreReceived() {
        shakeHands();
        Keypair oldOfA = a.keypair(b);
        Keypair oldOfB = b.keypair(a);
        byte[] fromA = a.sealed(oldOfA, oldOfA.reserve(1), World.packet(a, b, 50, 60));
        byte[] fromB = b.sealed(oldOfB, oldOfB.reserve(1), World.packet(b, a, 51, 60));
        rekey();
        assertThat(a.keypair(b)).isNotSameAs(oldOfA);
        assertThat(b.keypair(a)).isNotSameAs(oldOfB);
        world.inject(fromA, a.address, b);
        world.inject(fromB, b.address, a);
        assertThat(b.delivered).contains(50L);
        assertThat(a.delivered).contains(51L);

        byte[] another = a.sealed(oldOfA, oldOfA.reserve(1), World.packet(a, b, 52, 60));
        rekey();
        world.inject(another, a.address, b);
        assertThat(b.delivered).as("two handshakes later").doesNotContain(52L);
        assertThat(b.drops(Drop.UNKNOWN_INDEX)).isEqualTo(1);
        assertThat(oldOfA.sending.destroyed() && oldOfB.receiving.destroyed()).isTrue();
        assertThat(a.indices()).isEqualTo(2);
        assertThat(b.indices()).isEqualTo(2);
    }

    private void rekey() {
        world.run(121 * SECOND);
        a.send(b, 1);
        world.run(SECOND);
    }

    @Test
    void theResponderKeepsItsCurrentKeypairUntilTheNextIsConfirmed() {
        shakeHands();
        Keypair current = b.keypair(a);
        world.carries = datagram -> datagram.sender() != b || !datagram.isHandshake();
        rekey();
        world.run(20 * SECOND);
        assertThat(world.sentBy(b, Messages.TYPE_RESPONSE)).hasSizeGreaterThan(3);
        assertThat(b.keypair(a)).isSameAs(current);
        assertThat(b.indices()).as("current and the last of the unconfirmed").isEqualTo(2);
        assertTalking();
    }

    @Test
    void simultaneousInitiationsFromBothEndsConverge() {
        a.send(b, 1);
        b.send(a, 2);
        world.run(SECOND);
        assertThat(b.delivered).containsExactly(1L);
        assertThat(a.delivered).containsExactly(2L);
        assertTalking();
        assertThat(world.sentBy(a, Messages.TYPE_INITIATION)).hasSize(1);
        assertThat(world.sentBy(b, Messages.TYPE_INITIATION)).hasSize(1);
        assertThat(a.indices()).isLessThanOrEqualTo(3);
    }

    /** Every way of losing some of the first eight datagrams, when one end begins and when both do. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whateverIsLostTheEndsConverge(boolean both) {
        for (int lost = 0; lost < 256; lost++) {
            World other = new World(lost);
            World.Host c = other.host(1);
            World.Host d = other.host(2);
            World.introduce(c, d);
            int mask = lost;
            int[] sent = {0};
            other.spread = 4 * MILLISECOND;
            other.carries = datagram -> sent[0] >= 8 || (mask >> sent[0]++ & 1) == 0;
            c.send(d, 1);
            if (both) {
                d.send(c, 2);
            }
            other.run(45 * SECOND);
            other.carries = datagram -> true;
            c.send(d, 3);
            d.send(c, 4);
            other.run(SECOND);
            assertThat(d.delivered).as("losing " + lost).endsWith(3L);
            assertThat(c.delivered).as("losing " + lost).endsWith(4L);
            assertThat(Math.max(c.indices(), d.indices())).isLessThanOrEqualTo(4);
            other.run(SECOND);
            other.forgetWire();
            other.run(10 * SECOND);
            assertThat(other.wire).as("losing " + lost).noneMatch(Datagram::isHandshake);
        }
    }

    // Replays and forgeries.

    @Test
    void aReplayedInitiationIsRefused() {
        a.send(b, 0);
        world.run(SECOND);
        byte[] initiation = last(a, Messages.TYPE_INITIATION);
        Keypair keypair = b.keypair(a);
        long received = b.peer(a).receivedBytes();
        world.forgetWire();
        world.inject(initiation, ELSEWHERE, b);
        assertThat(world.wire).isEmpty();
        assertThat(b.peer(a).drops().of(Drop.STALE_TIMESTAMP)).isEqualTo(1);
        assertThat(b.endpoint(a)).isEqualTo(a.address.withoutSource());
        assertThat(b.keypair(a)).isSameAs(keypair);
        assertThat(b.peer(a).receivedBytes()).isEqualTo(received);
    }

    @Test
    void theLastTimestampSurvivesReconfiguration() {
        shakeHands();
        byte[] initiation = last(a, Messages.TYPE_INITIATION);
        b.wireGuard.down();
        b.wireGuard.up(world.now());
        b.peer(a).presharedKey(anubis.crypto.PresharedKey.of(new byte[32]));
        b.wireGuard.clearPrivateKey();
        b.wireGuard.privateKey(b.key);
        b.befriend(a);
        world.inject(initiation, a.address, b);
        assertThat(b.drops(Drop.STALE_TIMESTAMP)).isEqualTo(1);
    }

    @Test
    void initiationsWithin20MillisecondsOfTheLastAreDropped() {
        world.carries = datagram -> false;
        a.send(b, 0);
        world.run(11 * SECOND);
        List<Datagram> initiations = world.sentBy(a, Messages.TYPE_INITIATION);
        assertThat(initiations).hasSize(3);
        world.inject(initiations.get(0).bytes(), a.address, b);
        world.sleep(20 * MILLISECOND - 1);
        world.inject(initiations.get(1).bytes(), a.address, b);
        assertThat(b.drops(Drop.INITIATION_TOO_SOON)).isEqualTo(1);
        world.sleep(1);
        world.inject(initiations.get(2).bytes(), a.address, b);
        assertThat(world.sentBy(b, Messages.TYPE_RESPONSE)).hasSize(2);
    }

    @Test
    void aForgedOrReplayedResponseLeavesThePendingHandshake() {
        List<byte[]> held = new ArrayList<>();
        world.carries = datagram -> {
            if (datagram.type() == Messages.TYPE_RESPONSE) {
                held.add(datagram.bytes());
            }
            return datagram.type() != Messages.TYPE_RESPONSE;
        };
        a.send(b, 0);
        world.run(SECOND);
        byte[] response = held.getFirst();
        byte[] own = a.publicKey().bytes();
        for (int at = Messages.RESPONSE_EPHEMERAL; at < Messages.RESPONSE_MAC1; at++) {
            world.inject(Whitepaper.withMac1(flipped(response, at), own), ELSEWHERE, a);
        }
        assertThat(a.peer(b).drops().of(Drop.HANDSHAKE_NOT_AUTHENTIC)).isEqualTo(48);
        world.inject(flipped(response, Messages.RESPONSE_MAC1), ELSEWHERE, a);
        assertThat(a.drops(Drop.WRONG_MAC1)).isEqualTo(1);
        world.inject(Whitepaper.withMac1(flipped(response, Messages.RESPONSE_RECEIVER), own), ELSEWHERE, a);
        assertThat(a.drops(Drop.UNKNOWN_INDEX)).isEqualTo(1);
        assertThat(a.endpoint(b)).isEqualTo(b.address.withoutSource());
        assertThat(a.canSend(b)).isFalse();
        assertThat(a.peer(b).receivedBytes()).isZero();

        world.inject(response, b.address, a);
        assertThat(a.canSend(b)).isTrue();
        Keypair keypair = a.keypair(b);
        world.inject(response, ELSEWHERE, a);
        assertThat(a.drops(Drop.UNKNOWN_INDEX))
                .as("it answers nothing any more")
                .isEqualTo(2);
        assertThat(a.keypair(b)).isSameAs(keypair);
        assertThat(a.endpoint(b)).isEqualTo(b.address.withoutSource());
        world.run(SECOND);
        assertThat(b.delivered).containsExactly(0L);
    }

    @Test
    void aResponseToAnOlderInitiationIsRefused() {
        List<byte[]> held = new ArrayList<>();
        world.carries = datagram -> {
            if (datagram.type() == Messages.TYPE_RESPONSE) {
                held.add(datagram.bytes());
            }
            return datagram.type() != Messages.TYPE_RESPONSE;
        };
        a.send(b, 0);
        world.run(6 * SECOND);
        assertThat(held).hasSize(2);
        world.inject(held.get(0), b.address, a);
        assertThat(a.drops(Drop.UNKNOWN_INDEX)).isEqualTo(1);
        world.inject(held.get(1), b.address, a);
        assertThat(a.canSend(b)).isTrue();
    }

    @Test
    void anInitiationWithAForgedPartIsRefused() {
        world.carries = datagram -> false;
        a.send(b, 0);
        world.run(SECOND);
        byte[] initiation = last(a, Messages.TYPE_INITIATION);
        for (int at = Messages.INITIATION_EPHEMERAL; at < Messages.INITIATION_MAC1; at += 9) {
            world.inject(
                    Whitepaper.withMac1(flipped(initiation, at), b.publicKey().bytes()), ELSEWHERE, b);
        }
        assertThat(b.drops(Drop.HANDSHAKE_NOT_AUTHENTIC)).isEqualTo(12);
        assertThat(world.sentBy(b, Messages.TYPE_RESPONSE)).isEmpty();
        assertThat(b.indices()).isZero();
    }

    @Test
    void strangersGetNoAnswer() {
        World.Host stranger = world.host(3);
        stranger.befriend(b).endpoint(b.address);
        stranger.send(b, 7);
        world.run(SECOND);
        assertThat(b.drops(Drop.UNKNOWN_PEER)).isEqualTo(1);
        assertThat(world.wire).allMatch(datagram -> datagram.sender() == stranger);
    }

    @Test
    void ephemeralKeysOfLowOrderAreRefused() {
        for (byte[] point : lowOrder()) {
            byte[] message = new byte[Messages.INITIATION_LENGTH];
            message[0] = Messages.TYPE_INITIATION;
            System.arraycopy(point, 0, message, Messages.INITIATION_EPHEMERAL, 32);
            world.inject(Whitepaper.withMac1(message, b.publicKey().bytes()), ELSEWHERE, b);
        }
        assertThat(b.drops(Drop.HANDSHAKE_NOT_AUTHENTIC)).isEqualTo(lowOrder().size());
        assertThat(world.wire).isEmpty();
    }

    @Test
    void nobodyWithAStaticKeyOfLowOrderIsToldWhoWeAre() {
        for (byte[] point : lowOrder()) {
            Peer peer = a.wireGuard.addPeer(PublicKey.of(point)).orElseThrow();
            peer.endpoint(ELSEWHERE);
            peer.persistentKeepalive(1, world.now());
        }
        world.run(20 * SECOND);
        assertThat(world.wire).isEmpty();
    }

    /** The encodings of the points of order 1, 2, 4 and 8 on the curve and its twist. */
    private static List<byte[]> lowOrder() {
        List<byte[]> points = new ArrayList<>();
        points.add(new byte[32]);
        byte[] one = new byte[32];
        one[0] = 1;
        points.add(one);
        points.add(hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"));
        points.add(hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"));
        for (int last : new int[] {0xec, 0xed, 0xee}) { // p − 1, p and p + 1
            byte[] point = new byte[32];
            Arrays.fill(point, (byte) 0xff);
            point[0] = (byte) last;
            point[31] = 0x7f;
            points.add(point);
        }
        return points;
    }

    private static byte[] hex(String text) {
        return java.util.HexFormat.of().parseHex(text);
    }

    @Test
    void aReplayedPacketIsDeliveredOnce() {
        shakeHands();
        Keypair keypair = a.keypair(b);
        byte[] datagram = a.sealed(keypair, 1000, World.packet(a, b, 5, 60));
        for (int i = 0; i < 3; i++) {
            world.inject(datagram, a.address, b);
        }
        assertThat(b.delivered).containsExactly(0L, 5L);
        assertThat(b.peer(a).drops().of(Drop.REPLAYED)).isEqualTo(2);
    }

    @Test
    void aPeerMaySendOnlyFromItsAllowedIps() {
        shakeHands();
        World.Host other = world.host(3);
        world.inject(a.sealed(a.keypair(b), 9, World.packet(other, b, 5, 60)), a.address, b);
        byte[] noIp = new byte[64];
        world.inject(a.sealed(a.keypair(b), 10, noIp), a.address, b);
        byte[] tooLong = World.packet(a, b, 5, 60);
        tooLong[3] = 100;
        world.inject(a.sealed(a.keypair(b), 11, tooLong), a.address, b);
        assertThat(b.peer(a).drops().of(Drop.SOURCE_NOT_ALLOWED)).isEqualTo(1);
        assertThat(b.peer(a).drops().of(Drop.INNER_MALFORMED)).isEqualTo(2);
        assertThat(b.delivered).containsExactly(0L);
    }

    @Test
    void senderIndicesAreUnpredictable() {
        Set<Integer> indices = new HashSet<>();
        int common = -1;
        int any = 0;
        world.carries = datagram -> false;
        for (int i = 0; i < 200; i++) {
            a.send(b, i);
            world.run(6 * SECOND);
        }
        for (Datagram datagram : world.sentBy(a, Messages.TYPE_INITIATION)) {
            int index = datagram.index(Messages.INITIATION_SENDER);
            indices.add(index);
            common &= index;
            any |= index;
        }
        assertThat(indices).hasSize(world.wire.size()).hasSizeGreaterThan(190);
        assertThat(common).as("bits always set").isZero();
        assertThat(any).as("bits ever set").isEqualTo(-1);
    }

    @Test
    void paddingIsAMultipleOf16AndNeverPastTheMtu() {
        assertThat(Transport.padded(0, 1420)).isZero();
        assertThat(Transport.padded(1, 1420)).isEqualTo(16);
        assertThat(Transport.padded(16, 1420)).isEqualTo(16);
        assertThat(Transport.padded(17, 1420)).isEqualTo(32);
        assertThat(Transport.padded(1408, 1420)).isEqualTo(1408);
        assertThat(Transport.padded(1409, 1420)).isEqualTo(1420);
        assertThat(Transport.padded(1420, 1420)).isEqualTo(1420);
        assertThat(Transport.padded(1500, 1420))
                .as("before the MTU was lowered")
                .isEqualTo(1500);

        b.wireGuard.mtu(100);
        for (int length : new int[] {28, 61, 99, 100, 101}) {
            b.sendPacket(World.packet(b, a, 1, length)); // Staged, and padded when it is sent.
        }
        world.run(SECOND);
        assertThat(world.sentBy(b, Messages.TYPE_TRANSPORT))
                .extracting(datagram -> datagram.bytes().length - Transport.OVERHEAD)
                .containsExactly(32, 64, 100, 100, 101);
    }

    // Cookies.

    @Test
    void underLoadTheNextInitiationCarriesTheCookie() {
        b.underLoad = true;
        a.send(b, 0);
        world.run(SECOND);
        assertThat(world.sentBy(b, Messages.TYPE_COOKIE_REPLY)).hasSize(1);
        assertThat(world.sentBy(b, Messages.TYPE_RESPONSE)).isEmpty();
        assertThat(b.drops(Drop.COOKIE_DEMANDED)).isEqualTo(1);
        assertThat(mac2(last(a, Messages.TYPE_INITIATION))).containsOnly(0);
        world.run(6 * SECOND);
        assertThat(mac2(last(a, Messages.TYPE_INITIATION))).isNotEqualTo(new byte[16]);
        assertThat(b.delivered).containsExactly(0L);
    }

    private static byte[] mac2(byte[] message) {
        return Arrays.copyOfRange(message, message.length - 16, message.length);
    }

    @Test
    void aResponseToAHostUnderLoadNeedsACookieToo() {
        a.underLoad = true;
        a.send(b, 0);
        world.run(20 * SECOND);
        assertThat(world.sentBy(a, Messages.TYPE_COOKIE_REPLY)).isNotEmpty();
        assertThat(b.delivered).containsExactly(0L);
    }

    @Test
    void bothUnderLoadStillFindEachOther() {
        a.underLoad = true;
        b.underLoad = true;
        a.send(b, 0);
        world.run(30 * SECOND);
        assertThat(b.delivered).containsExactly(0L);
    }

    @Test
    void aCookieIsUsedFor115Seconds() {
        b.underLoad = true;
        world.carries = datagram -> datagram.type() != Messages.TYPE_RESPONSE;
        a.send(b, 0);
        for (int i = 0; i < 40; i++) {
            world.run(5 * SECOND);
            a.send(b, i);
        }
        List<Datagram> initiations = world.sentBy(a, Messages.TYPE_INITIATION);
        List<Datagram> replies = world.sentBy(b, Messages.TYPE_COOKIE_REPLY);
        assertThat(replies).hasSize(2);
        long came = replies.get(0).at() + World.DELAY;
        for (Datagram initiation : initiations) {
            long age = initiation.at() - came;
            boolean has = !Arrays.equals(mac2(initiation.bytes()), new byte[16]);
            boolean fresh = age >= 0 && age < 115 * SECOND;
            boolean expected = fresh || initiation.at() > replies.get(1).at() + World.DELAY;
            assertThat(has).as("a cookie of " + age + " ns").isEqualTo(expected);
        }
    }

    @Test
    void underLoadTheSourceAddressMatters() {
        b.underLoad = true;
        world.carries = datagram -> datagram.type() != Messages.TYPE_RESPONSE;
        a.send(b, 0);
        world.run(6 * SECOND);
        byte[] initiation = last(a, Messages.TYPE_INITIATION);
        world.forgetWire();
        world.inject(initiation, ELSEWHERE, b);
        assertThat(b.drops(Drop.COOKIE_DEMANDED)).isEqualTo(2);
        world.inject(initiation, new Address(a.address.ip(), 1, true), b);
        assertThat(b.drops(Drop.COOKIE_DEMANDED)).as("the port, too").isEqualTo(3);
        assertThat(world.wire)
                .extracting(Datagram::to)
                .containsExactly(ELSEWHERE, new Address(a.address.ip(), 1, true));
    }

    @Test
    void underLoadASourceWithACookieIsRateLimited() {
        b.underLoad = true;
        world.carries = datagram -> datagram.type() != Messages.TYPE_RESPONSE;
        a.send(b, 0);
        world.run(6 * SECOND);
        byte[] initiation = last(a, Messages.TYPE_INITIATION);
        world.run(SECOND);
        for (int i = 0; i < 100; i++) {
            world.inject(initiation, a.address, b);
        }
        assertThat(b.drops(Drop.STALE_TIMESTAMP)).isEqualTo(5);
        assertThat(b.drops(Drop.RATE_LIMITED)).isEqualTo(95);
    }

    /** 120 kbit/s of initiations whose MAC1 is valid, from spoofed sources, for a minute. */
    @Test
    void aFloodOfSpoofedInitiationsLocksNobodyOut() {
        b.underLoad = true;
        Random random = new Random(7);
        for (int i = 0; i < 6_000; i++) {
            byte[] message = new byte[Messages.INITIATION_LENGTH];
            random.nextBytes(message);
            Messages.putInt(message, 0, Messages.TYPE_INITIATION);
            Whitepaper.withMac1(message, b.publicKey().bytes());
            Address spoofed = new Address(random.nextInt(), random.nextInt(65_536), true);
            world.at(i * (10 * MILLISECOND), () -> world.inject(message, spoofed, b));
        }
        world.run(10 * SECOND);
        a.send(b, 1);
        world.run(7 * SECOND);
        assertThat(b.delivered).containsExactly(1L);
        world.run(60 * SECOND);
        assertThat(b.indices()).isEqualTo(1);
        assertThat(b.drops(Drop.COOKIE_DEMANDED)).isEqualTo(6_001);
        long replied = world.sentBy(b, Messages.TYPE_COOKIE_REPLY).size() * 64L;
        assertThat(replied).as("no amplification").isLessThan(6_001 * 148L);
    }

    @Test
    void aForgedOrReplayedCookieReplyChangesNothing() {
        b.underLoad = true;
        world.carries = datagram -> datagram.type() != Messages.TYPE_COOKIE_REPLY;
        a.send(b, 0);
        world.run(SECOND);
        byte[] reply = last(b, Messages.TYPE_COOKIE_REPLY);
        for (int at = Messages.COOKIE_NONCE; at < reply.length; at++) {
            world.inject(flipped(reply, at), ELSEWHERE, a);
        }
        assertThat(a.peer(b).drops().of(Drop.COOKIE_NOT_AUTHENTIC)).isEqualTo(56);
        world.inject(flipped(reply, Messages.COOKIE_RECEIVER), ELSEWHERE, a);
        assertThat(a.drops(Drop.UNKNOWN_INDEX)).isEqualTo(1);
        world.inject(reply, ELSEWHERE, a); // Authentic, though it says nothing of where the peer is.
        world.inject(reply, ELSEWHERE, a);
        assertThat(a.peer(b).drops().of(Drop.COOKIE_NOT_AUTHENTIC)).isEqualTo(57);
        assertThat(a.endpoint(b)).isEqualTo(b.address.withoutSource());
        world.run(5 * SECOND);
        assertThat(b.delivered).containsExactly(0L);
    }

    // Roaming.

    @Test
    void theEndpointFollowsAuthenticPacketsInBothDirections() {
        shakeHands();
        a.moveTo(0xcb00_7101, 1111);
        a.send(b, 1);
        world.run(SECOND);
        assertThat(b.endpoint(a)).isEqualTo(a.address.withoutSource());
        assertTalking();
        b.moveTo(0xcb00_7102, 2222); // The listener, too, may be the one that moves.
        b.send(a, 2);
        world.run(SECOND);
        assertThat(a.endpoint(b)).isEqualTo(b.address.withoutSource());
        assertTalking();
    }

    @Test
    void theEndpointFollowsHandshakeMessages() {
        world.carries = datagram -> datagram.type() != Messages.TYPE_RESPONSE;
        a.moveTo(0xcb00_7101, 1111);
        a.send(b, 1);
        world.run(SECOND);
        assertThat(b.endpoint(a)).isEqualTo(a.address.withoutSource());
        byte[] response = last(b, Messages.TYPE_RESPONSE);
        assertThat(world.sentBy(b, Messages.TYPE_RESPONSE).getLast().to()).isEqualTo(a.address);
        world.inject(response, ELSEWHERE, a);
        assertThat(a.endpoint(b)).isEqualTo(ELSEWHERE.withoutSource());
    }

    @Test
    void aKeepaliveMovesTheEndpointOfAListenerThatIsSilent() {
        b.peer(a).persistentKeepalive(25, world.now());
        world.run(SECOND);
        b.moveTo(0xcb00_7102, 2222);
        world.run(26 * SECOND);
        assertTalking();
    }

    @Test
    void noUnauthenticPacketMovesTheEndpoint() {
        shakeHands();
        Keypair keypair = a.keypair(b);
        byte[] datagram = a.sealed(keypair, 50, World.packet(a, b, 5, 60));
        world.inject(datagram, a.address, b);
        world.inject(datagram, ELSEWHERE, b); // A replay.
        byte[] another = a.sealed(keypair, 51, World.packet(a, b, 5, 60));
        for (int at = Messages.TRANSPORT_RECEIVER; at < another.length; at++) {
            world.inject(flipped(another, at), ELSEWHERE, b);
        }
        assertThat(b.endpoint(a)).isEqualTo(a.address.withoutSource());
        assertThat(b.peer(a).drops().of(Drop.NOT_AUTHENTIC)).isEqualTo(another.length - 8);
        assertThat(b.drops(Drop.UNKNOWN_INDEX)).isEqualTo(4);
        world.inject(another, a.address, b);
        assertThat(b.delivered).as("nor do they use up its counter").hasSize(3);
    }

    // Reconfiguration.

    @Test
    void aNewPrivateKeyTakesEffectForEveryPeerAtOnce() {
        World.Host c = world.host(3);
        World.introduce(a, c);
        shakeHands();
        a.send(c, 0);
        world.run(SECOND);
        PrivateKey fresh = PrivateKey.generate(new Random(9));
        PublicKey freshPublic = fresh.publicKey(Primitives.get());
        a.wireGuard.privateKey(fresh);
        assertThat(a.canSend(b) || a.canSend(c)).isFalse();
        a.send(b, 1);
        world.run(SECOND);
        assertThat(b.drops(Drop.UNKNOWN_PEER)).as("it comes under the new key").isEqualTo(1);
        Peer again = b.wireGuard.addPeer(freshPublic).orElseThrow();
        b.wireGuard.allowedIps().insert(new Prefix(false, 0, a.innerAddress(), 32), again);
        world.run(6 * SECOND);
        assertThat(b.delivered).containsExactly(0L, 1L);
    }

    @Test
    void theSameKeysAgainDisturbNothing() {
        shakeHands();
        Keypair keypair = a.keypair(b);
        a.wireGuard.privateKey(a.key);
        a.peer(b).presharedKey(anubis.crypto.PresharedKey.of(new byte[32]));
        assertThat(a.keypair(b)).isSameAs(keypair);
    }

    @Test
    void aPeerWithOurOwnKeyIsRemovedOrNeverAdded() {
        shakeHands();
        assertThat(a.wireGuard.addPeer(a.publicKey())).isEmpty();
        Keypair keypair = b.keypair(a);
        b.wireGuard.privateKey(a.key);
        assertThat(b.wireGuard.peers()).isEmpty();
        assertThat(b.indices()).isZero();
        assertThat(keypair.sending.destroyed()).isTrue();
    }

    @Test
    void withoutAPrivateKeyNothingIsAnsweredOrSent() {
        b.wireGuard.clearPrivateKey();
        a.send(b, 0);
        b.send(a, 1);
        world.run(SECOND);
        assertThat(b.drops(Drop.NO_PRIVATE_KEY)).isEqualTo(1);
        assertThat(world.wire).allMatch(datagram -> datagram.sender() == a);
        b.wireGuard.privateKey(b.key);
        world.run(6 * SECOND);
        assertThat(a.delivered).containsExactly(1L);
        assertThat(b.delivered).containsExactly(0L);
    }

    @Test
    void aHandshakeThatCompletesWhileThePeerIsRemovedLeavesNothing() {
        a.send(b, 0);
        world.run(15 * MILLISECOND); // The response is on its way.
        assertThat(a.indices()).isEqualTo(1);
        PendingHandshake pending = a.pending(world.sentBy(a, 1).getFirst().index(Messages.INITIATION_SENDER));
        Peer peer = a.peer(b);
        a.wireGuard.removePeer(b.publicKey());
        assertThat(a.indices()).isZero();
        // As the control thread does that has looked the handshake up just before.
        peer.finish(pending, last(b, Messages.TYPE_RESPONSE), b.address, world.now(), a);
        assertThat(a.indices()).isZero();
        assertThat(pending.ephemeralPrivate).containsOnly(0);
        world.run(SECOND);
        assertThat(world.sentBy(a, Messages.TYPE_TRANSPORT)).isEmpty();
        assertThat(a.drops(Drop.INTERFACE_DOWN)).as("the staged packet").isEqualTo(1);
        assertThat(a.wireGuard.allowedIps().of(peer)).isEmpty();
    }

    /** What happens between the reading of an initiation, outside the peer's lock, and the response. */
    @ParameterizedTest
    @ValueSource(strings = {"removed", "down", "another private key", "no private key"})
    void anInitiationBeingReadMeanwhileLeavesNothing(String event) {
        world.carries = datagram -> false;
        a.send(b, 0);
        world.run(SECOND);
        byte[] message = last(a, Messages.TYPE_INITIATION);
        Peer peer = b.peer(a);
        Identity own = b.identity();
        Handshake.Initiation initiation = Objects.requireNonNull(b.wireGuard.handshake.read(own, message));
        byte[] timestamp = Objects.requireNonNull(b.wireGuard.handshake.timestamp(initiation, peer.staticStatic(own)));
        switch (event) {
            case "removed" -> b.wireGuard.removePeer(a.publicKey());
            case "down" -> b.wireGuard.down();
            case "another private key" -> b.wireGuard.privateKey(PrivateKey.generate(new Random(3)));
            default -> b.wireGuard.clearPrivateKey();
        }
        peer.respond(own, initiation, timestamp, a.address, world.now(), b);
        assertThat(b.indices()).isZero();
        assertThat(world.sentBy(b, Messages.TYPE_RESPONSE)).isEmpty();
        assertThat(peer.receivedBytes()).isZero();
    }

    @Test
    void aSharedSecretOfTheOldPrivateKeyIsNotKept() {
        Identity old = b.identity();
        b.wireGuard.privateKey(PrivateKey.generate(new Random(3)));
        b.peer(a).staticStatic(old); // As the control thread does that has read the old identity just before.
        b.wireGuard.privateKey(b.key);
        b.wireGuard.privateKey(PrivateKey.generate(new Random(4)));
        b.peer(a).staticStatic(old);
        PublicKey now = b.wireGuard.publicKey().orElseThrow();
        Peer renamed = a.wireGuard.addPeer(now).orElseThrow();
        renamed.endpoint(b.address);
        renamed.persistentKeepalive(25, world.now());
        world.run(SECOND);
        assertThat(renamed.latestHandshake()).isPresent();
    }

    @Test
    void aHostWhoseClockWentBackIsToldFromAReplayInTheCounters() {
        shakeHands();
        World.Host reborn = world.host(9);
        reborn.wireGuard.privateKey(a.key);
        reborn.clockError = -50L * 365 * 24 * 3600 * SECOND; // It starts in the past, as without a clock battery.
        reborn.befriend(b).endpoint(b.address);
        reborn.send(b, 5);
        world.run(SECOND);
        assertThat(b.peer(a).drops().of(Drop.STALE_TIMESTAMP)).isEqualTo(1);
    }

    @Test
    void twentyFourThousandPeersInOneConfiguration() {
        Random random = new Random(24);
        byte[] key = new byte[32];
        for (int i = 0; i < 24_000; i++) {
            random.nextBytes(key);
            Peer peer = a.wireGuard.addPeer(PublicKey.of(key)).orElseThrow();
            a.wireGuard.allowedIps().insert(new Prefix(false, 0, 0x0b00_0000 + i, 32), peer);
            peer.endpoint(ELSEWHERE);
        }
        assertThat(a.wireGuard.peers()).hasSize(24_001);
        shakeHands();
        a.wireGuard.down();
        a.wireGuard.up(world.now());
        a.wireGuard.privateKey(PrivateKey.generate(random));
        a.wireGuard.peers().forEach(peer -> a.wireGuard.removePeer(peer.publicKey()));
        assertThat(a.wireGuard.peers()).isEmpty();
        assertThat(a.indices()).isZero();
        assertThat(a.wireGuard.allowedIps().lookupIpv4(0x0b00_0007)).isNull();
    }
}
