package anubis.protocol;

import static anubis.protocol.World.MILLISECOND;
import static anubis.protocol.World.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import anubis.crypto.PresharedKey;
import anubis.protocol.World.Datagram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every rule of section 6 of the whitepaper, between two hosts in virtual time. */
class TimersTest {
    private final World world = new World();
    private final World.Host a = world.host(1);
    private final World.Host b = world.host(2);

    @BeforeEach
    void introduce() {
        World.introduce(a, b);
    }

    /** {@code a} initiates at 0; its keypair is made at 20 ms, that of {@code b} at 10 ms. */
    private void shakeHands() {
        a.send(b, 0);
        world.run(SECOND);
        assertThat(b.delivered).containsExactly(0L);
    }

    /** As {@link #shakeHands}, and until nothing more is sent: one keepalive by {@code b} has answered the packet. */
    private void shakeHandsAndRest() {
        shakeHands();
        world.runUntil(30 * SECOND);
        world.forgetWire();
    }

    private List<Datagram> initiations(World.Host host) {
        return world.sentBy(host, Messages.TYPE_INITIATION);
    }

    private void loseHandshakes() {
        world.carries = datagram -> !datagram.isHandshake();
    }

    // Section 6.2: the limits of a keypair.

    @Test
    void theInitiatorAloneRekeysAfter120Seconds() {
        shakeHands();
        world.forgetWire();
        for (long id = 1; id < 600; id++) {
            a.send(b, id);
            b.send(a, id);
            world.run(SECOND);
        }
        // The handshakes at 0 s, and 120 s after the keypair, at the next packet: 121 s, 242 s, 363 s, 484 s.
        assertThat(initiations(a))
                .extracting(Datagram::at)
                .containsExactly(121 * SECOND, 242 * SECOND, 363 * SECOND, 484 * SECOND);
        assertThat(initiations(b)).isEmpty();
        assertThat(b.delivered).isEqualTo(LongStream.range(0, 600).boxed().toList());
        assertThat(a.delivered).isEqualTo(LongStream.range(1, 600).boxed().toList());
    }

    @Test
    void neitherRekeysByAgeAloneWhenNothingIsSent() {
        shakeHandsAndRest();
        world.run(400 * SECOND);
        assertThat(world.wire).isEmpty();
    }

    @Test
    void bothRekeyAfterSoManyMessages() {
        for (World.Host host : List.of(a, b)) {
            World.Host other = host == a ? b : a;
            shakeHandsOnce();
            world.run(20 * SECOND);
            world.forgetWire();
            host.keypair(other).counter.set(Limits.REKEY_AFTER_MESSAGES - 2);
            host.send(other, 1);
            world.run(SECOND);
            assertThat(initiations(host)).isEmpty();
            host.send(other, 2);
            world.run(SECOND);
            assertThat(initiations(host)).hasSize(1);
            assertThat(host.keypair(other).reserve(0)).isLessThan(10);
        }
    }

    private void shakeHandsOnce() {
        if (!a.canSend(b)) {
            shakeHands();
        }
    }

    @Test
    void nothingIsSentAfterTheLastCounter() {
        shakeHandsAndRest();
        loseHandshakes();
        a.keypair(b).counter.set(Limits.REJECT_AFTER_MESSAGES - 2);
        for (int id = 1; id <= 5; id++) {
            a.send(b, id);
        }
        world.run(SECOND);
        assertThat(world.sentBy(a, Messages.TYPE_TRANSPORT))
                .extracting(Datagram::counter)
                .containsExactly(Limits.REJECT_AFTER_MESSAGES - 2, Limits.REJECT_AFTER_MESSAGES - 1);
        assertThat(a.canSend(b)).isFalse();
        assertThat(b.delivered).containsExactly(0L, 1L, 2L);

        world.carries = datagram -> true;
        world.run(10 * SECOND);
        assertThat(b.delivered).as("the rest goes under the next keypair").containsExactly(0L, 1L, 2L, 3L, 4L, 5L);
    }

    @Test
    void theCounterDoesNotWrap() {
        shakeHandsAndRest();
        loseHandshakes();
        Keypair keypair = a.keypair(b);
        keypair.counter.set(-1);
        for (int id = 1; id <= 5; id++) {
            a.send(b, id);
        }
        assertThat(keypair.reserve(1)).isEqualTo(Keypair.EXHAUSTED);
        assertThat(world.sentBy(a, Messages.TYPE_TRANSPORT)).isEmpty();
    }

    @Test
    void countersPastTheLastAreNotReceived() {
        shakeHandsAndRest();
        Keypair keypair = a.keypair(b);
        for (long counter : new long[] {-1, Limits.REJECT_AFTER_MESSAGES, Limits.REJECT_AFTER_MESSAGES + 1}) {
            world.inject(a.sealed(keypair, counter, World.packet(a, b, 1, 60)), a.address, b);
        }
        assertThat(b.delivered).containsExactly(0L);
        assertThat(b.drops(Drop.REPLAYED)).isEqualTo(3);

        // A jump by nearly 2⁶⁴ is no more work than another, and what lies before it is too old.
        world.inject(a.sealed(keypair, Limits.REJECT_AFTER_MESSAGES - 1, World.packet(a, b, 2, 60)), a.address, b);
        world.inject(a.sealed(keypair, 2, World.packet(a, b, 3, 60)), a.address, b);
        assertThat(b.delivered).containsExactly(0L, 2L);
    }

    @Test
    void nothingIsSentUnderAKeypairOf180Seconds() {
        shakeHands();
        loseHandshakes();
        world.runUntil(180 * SECOND + 20 * MILLISECOND - 1);
        a.send(b, 1);
        assertThat(a.canSend(b)).isTrue();
        world.forgetWire();
        world.run(1);
        assertThat(a.canSend(b)).isFalse();
        a.send(b, 2);
        b.send(a, 3);
        world.run(SECOND);
        assertThat(world.sentBy(a, Messages.TYPE_TRANSPORT)).isEmpty();
        assertThat(world.sentBy(b, Messages.TYPE_TRANSPORT)).isEmpty();
    }

    @Test
    void nothingIsReceivedUnderAKeypairOf180Seconds() {
        shakeHands();
        loseHandshakes();
        Keypair keypair = a.keypair(b);
        world.runUntil(180 * SECOND + 10 * MILLISECOND - 1);
        world.inject(a.sealed(keypair, 100, World.packet(a, b, 1, 60)), a.address, b);
        world.run(1);
        world.inject(a.sealed(keypair, 101, World.packet(a, b, 2, 60)), a.address, b);
        assertThat(b.delivered).containsExactly(0L, 1L);
        assertThat(b.peer(a).drops().of(Drop.KEYPAIR_EXPIRED)).isEqualTo(1);
    }

    @Test
    void theInitiatorThatReceivesRekeysAfter165Seconds() {
        shakeHandsAndRest();
        world.runUntil(165 * SECOND + 20 * MILLISECOND - World.DELAY);
        b.send(a, 1);
        world.run(SECOND);
        assertThat(initiations(a)).hasSize(1);
    }

    @Test
    void theInitiatorThatReceivesDoesNotRekeyBefore165Seconds() {
        shakeHandsAndRest();
        world.runUntil(165 * SECOND + 20 * MILLISECOND - World.DELAY - 1);
        b.send(a, 1);
        world.run(9 * SECOND);
        assertThat(initiations(a)).isEmpty();
    }

    @Test
    void theResponderThatReceivesDoesNotRekey() {
        shakeHandsAndRest();
        loseHandshakes();
        world.runUntil(170 * SECOND);
        a.send(b, 1);
        world.run(9 * SECOND);
        assertThat(b.delivered).containsExactly(0L, 1L);
        assertThat(initiations(b)).isEmpty();
    }

    // Section 6.4: retries.

    @Test
    void aHandshakeIsRetriedEvery5SecondsFor90SecondsAndThenGivenUp() {
        loseHandshakes();
        for (int id = 0; id < 3; id++) {
            a.send(b, id);
        }
        world.run(600 * SECOND);
        List<Datagram> sent = initiations(a);
        assertThat(sent.getFirst().at()).isZero();
        assertThat(sent.getLast().at()).isBetween(80 * SECOND, 90 * SECOND + 333 * MILLISECOND);
        List<Long> gaps = new ArrayList<>();
        for (int i = 1; i < sent.size(); i++) {
            gaps.add(sent.get(i).at() - sent.get(i - 1).at());
        }
        assertThat(gaps)
                .hasSizeBetween(16, 18)
                .allSatisfy(gap -> assertThat(gap)
                        .isBetween(Limits.REKEY_TIMEOUT, Limits.REKEY_TIMEOUT + Limits.REKEY_TIMEOUT_JITTER_MAX));
        assertThat(new HashSet<>(gaps)).as("jitter").hasSizeGreaterThan(10);
        assertThat(a.peer(b).drops().of(Drop.HANDSHAKE_GAVE_UP)).isEqualTo(3);

        world.forgetWire();
        world.carries = datagram -> true;
        a.send(b, 3);
        world.run(SECOND);
        assertThat(initiations(a)).as("the user's next packet begins anew").hasSize(1);
        assertThat(b.delivered).containsExactly(3L);
    }

    @Test
    void eachRetryHasKeysOfItsOwnAndALaterTimestamp() {
        loseHandshakes();
        a.send(b, 0);
        world.run(60 * SECOND);
        Set<List<Byte>> ephemerals = new HashSet<>();
        for (Datagram datagram : initiations(a)) {
            ephemerals.add(bytes(datagram, Messages.INITIATION_EPHEMERAL, Messages.INITIATION_STATIC));
        }
        assertThat(ephemerals).hasSameSizeAs(initiations(a));
        assertThat(a.indices()).as("one handshake is pending at a time").isEqualTo(1);

        // In order all are accepted: each has a timestamp later than the one before.
        for (Datagram datagram : initiations(a)) {
            world.inject(datagram.bytes(), a.address, b);
            world.run(SECOND);
        }
        assertThat(world.sentBy(b, Messages.TYPE_RESPONSE)).hasSameSizeAs(ephemerals);
    }

    private static List<Byte> bytes(Datagram datagram, int from, int to) {
        List<Byte> bytes = new ArrayList<>();
        for (byte b : Arrays.copyOfRange(datagram.bytes(), from, to)) {
            bytes.add(b);
        }
        return bytes;
    }

    @Test
    void whoeverStillSendsStillTries() {
        loseHandshakes();
        for (int id = 0; id < 300; id++) {
            a.send(b, id);
            world.run(SECOND);
        }
        assertThat(initiations(a).getLast().at()).isGreaterThan(290 * SECOND);
        world.run(600 * SECOND);
        assertThat(initiations(a).getLast().at()).isBetween(380 * SECOND, 390 * SECOND);
    }

    @Test
    void manyPacketsCauseOneInitiation() {
        loseHandshakes();
        for (int id = 0; id < 100; id++) {
            a.send(b, id);
            world.run(40 * MILLISECOND);
        }
        assertThat(initiations(a)).hasSize(1);
    }

    @Test
    void aResponderDoesNotInitiateWithinTheTimeoutOfItsResponse() {
        world.carries = datagram -> datagram.sender() != a || datagram.isHandshake();
        a.send(b, 0);
        world.run(15 * MILLISECOND);
        b.send(a, 1);
        world.run(5 * SECOND - 10 * MILLISECOND);
        assertThat(initiations(b)).isEmpty();
        assertThat(world.sentBy(b, Messages.TYPE_TRANSPORT)).as("not confirmed").isEmpty();
        world.run(SECOND);
        assertThat(a.delivered)
                .as("but what it has staged need not wait for more")
                .containsExactly(1L);
    }

    // Section 6.5: keepalives.

    @Test
    void aPassiveKeepaliveComesAfter10SecondsOfSilence() {
        shakeHandsAndRest();
        long start = world.now();
        b.send(a, 1);
        world.run(60 * SECOND);
        assertThat(world.keepalivesBy(a))
                .extracting(Datagram::at)
                .containsExactly(start + World.DELAY + Limits.KEEPALIVE_TIMEOUT);
        assertThat(world.keepalivesBy(b)).as("no keepalive answers a keepalive").isEmpty();
        assertThat(world.wire).hasSize(2);
    }

    @Test
    void noPassiveKeepaliveComesWhenSomethingWasSent() {
        shakeHandsAndRest();
        b.send(a, 1);
        world.run(9 * SECOND);
        a.send(b, 2);
        world.run(9 * SECOND);
        assertThat(world.keepalivesBy(a)).isEmpty();
    }

    @Test
    void anotherKeepaliveComesWhenMoreWasReceivedMeanwhile() {
        shakeHandsAndRest();
        long start = world.now() + World.DELAY;
        b.send(a, 1);
        world.run(6 * SECOND);
        b.send(a, 2);
        world.run(60 * SECOND);
        assertThat(world.keepalivesBy(a))
                .extracting(Datagram::at)
                .containsExactly(start + 10 * SECOND, start + 20 * SECOND);
    }

    @Test
    void aNewHandshakeIsMadeWhenDataIsNotAnsweredFor15Seconds() {
        shakeHandsAndRest();
        world.carries = datagram -> datagram.sender() == a;
        assertThat(World.whereIs(a.peer(b)).sourced()).isTrue();
        long start = world.now();
        a.send(b, 1);
        world.run(8 * SECOND);
        a.send(b, 2);
        world.run(8 * SECOND);
        assertThat(initiations(a)).hasSize(1);
        assertThat(initiations(a).getFirst().at())
                .isBetween(start + 15 * SECOND, start + 15 * SECOND + Limits.REKEY_TIMEOUT_JITTER_MAX);
        assertThat(World.whereIs(a.peer(b)).sourced())
                .as("the local address may be what fails")
                .isFalse();
    }

    @Test
    void noNewHandshakeIsMadeWhenDataIsAnswered() {
        shakeHandsAndRest();
        a.send(b, 1);
        world.run(14 * SECOND);
        b.send(a, 1);
        world.run(60 * SECOND);
        assertThat(initiations(a)).isEmpty();
        assertThat(initiations(b)).isEmpty();
    }

    @Test
    void aKeepaliveNeedsNoAnswer() {
        shakeHandsAndRest();
        world.carries = datagram -> datagram.sender() == b;
        b.send(a, 1);
        world.run(100 * SECOND);
        assertThat(world.keepalivesBy(a)).hasSize(1);
        assertThat(initiations(a)).isEmpty();
    }

    @Test
    void aPersistentKeepaliveBeginsAtOnceAndKeepsGoing() {
        a.peer(b).persistentKeepalive(25, world.now());
        world.run(SECOND);
        assertThat(initiations(a)).hasSize(1);
        assertThat(world.keepalivesBy(a)).hasSize(1);
        world.run(3600 * SECOND);
        List<Long> sent = world.wire.stream()
                .filter(datagram -> datagram.sender() == a)
                .map(Datagram::at)
                .toList();
        assertThat(sent.getLast()).isGreaterThan(3570 * SECOND);
        for (int i = 1; i < sent.size(); i++) {
            assertThat(sent.get(i) - sent.get(i - 1)).isLessThanOrEqualTo(25 * SECOND);
        }
        assertThat(sent.size()).isLessThan(220);
        assertThat(initiations(b)).isEmpty();
        assertThat(world.keepalivesBy(b)).isEmpty();
    }

    @Test
    void aPersistentKeepaliveIsCountedFromTheLastPacketEitherWay() {
        a.peer(b).persistentKeepalive(25, world.now());
        world.runUntil(40 * SECOND);
        world.forgetWire();
        b.send(a, 1);
        world.runUntil(49 * SECOND);
        a.send(b, 1); // Answered by a keepalive after 10 s; from then on nobody sends.
        long quiet = 59 * SECOND + 2 * World.DELAY;
        world.runUntil(quiet + 25 * SECOND - 1);
        assertThat(world.keepalivesBy(a)).isEmpty();
        world.run(1);
        assertThat(world.keepalivesBy(a)).hasSize(1);
    }

    @Test
    void aPersistentKeepaliveTriesForEverToReachItsPeer() {
        loseHandshakes();
        a.peer(b).persistentKeepalive(25, world.now());
        world.run(7200 * SECOND);
        assertThat(initiations(a).getLast().at()).isGreaterThan(7100 * SECOND);
        world.carries = datagram -> true;
        world.run(60 * SECOND);
        assertThat(a.canSend(b)).isTrue();
    }

    @Test
    void aPersistentKeepaliveEndsWhenItIsTurnedOff() {
        a.peer(b).persistentKeepalive(25, world.now());
        world.run(60 * SECOND);
        a.peer(b).persistentKeepalive(0, world.now());
        world.forgetWire();
        world.run(300 * SECOND);
        assertThat(world.wire).isEmpty();
    }

    @Test
    void aPersistentKeepaliveWaitsForTheInterface() {
        a.wireGuard.down();
        a.peer(b).persistentKeepalive(25, world.now());
        world.run(60 * SECOND);
        assertThat(world.wire).isEmpty();
        a.wireGuard.up(world.now());
        world.run(SECOND);
        assertThat(world.keepalivesBy(a)).hasSize(1);
    }

    // Section 6.3: what ends.

    @Test
    void keysAreWipedAfter540Seconds() {
        shakeHands();
        Keypair ofA = a.keypair(b);
        Keypair ofB = b.keypair(a);
        world.runUntil(540 * SECOND);
        assertThat(List.of(ofA.sending, ofA.receiving, ofB.sending, ofB.receiving))
                .noneMatch(anubis.crypto.SymmetricKey::destroyed);
        world.runUntil(540 * SECOND + 20 * MILLISECOND);
        assertThat(List.of(ofA.sending, ofA.receiving, ofB.sending, ofB.receiving))
                .allMatch(anubis.crypto.SymmetricKey::destroyed);
        assertThat(a.indices() + b.indices()).isZero();
    }

    @Test
    void aHandshakeThatFailedIsWipedToo() {
        loseHandshakes();
        a.send(b, 0);
        world.run(95 * SECOND);
        int index = initiations(a).getLast().index(Messages.INITIATION_SENDER);
        PendingHandshake pending = a.pending(index);
        world.run(540 * SECOND);
        assertThat(a.indices()).isZero();
        assertThat(pending.ephemeralPrivate).containsOnly(0);
    }

    @Test
    void theEphemeralKeyIsWipedWhenTheHandshakeIsComplete() {
        a.send(b, 0);
        world.run(MILLISECOND);
        int index = initiations(a).getLast().index(Messages.INITIATION_SENDER);
        PendingHandshake pending = a.pending(index);
        assertThat(pending.ephemeralPrivate).isNotEqualTo(new byte[32]);
        world.run(SECOND);
        assertThat(pending.ephemeralPrivate).containsOnly(0);
    }

    @Test
    void nothingIsLeftWhenTheInterfaceGoesDown() {
        shakeHands();
        Keypair keypair = a.keypair(b);
        loseHandshakes();
        world.run(300 * SECOND);
        a.send(b, 1);
        a.wireGuard.down();
        assertThat(keypair.sending.destroyed()).isTrue();
        assertThat(a.indices()).isZero();
        assertThat(a.drops(Drop.INTERFACE_DOWN)).isEqualTo(1);
        world.forgetWire();
        world.run(600 * SECOND);
        assertThat(world.sentBy(a, Messages.TYPE_INITIATION)).isEmpty();
    }

    @Test
    void aPacketStagedWhileTheInterfaceGoesDownDoesNotSilenceItForEver() {
        a.wireGuard.down();
        a.send(b, 1); // As a worker does that has not yet heard of it.
        world.run(60 * SECOND);
        assertThat(world.wire).isEmpty();
        a.wireGuard.up(world.now());
        a.send(b, 2);
        world.run(SECOND);
        assertThat(b.delivered).contains(2L);
    }

    @Test
    void aSecondInterfaceLifeMayInitiateAtOnce() {
        shakeHands();
        a.wireGuard.down();
        a.wireGuard.up(world.now());
        a.send(b, 1);
        world.run(SECOND);
        assertThat(b.delivered).containsExactly(0L, 1L);
    }

    @Test
    void aPeerThatIsRemovedIsCalledNoMore() {
        shakeHands();
        assertThat(a.wireGuard.nextDeadline()).isLessThan(Long.MAX_VALUE);
        a.wireGuard.removePeer(b.publicKey());
        assertThat(a.wireGuard.nextDeadline()).isEqualTo(Long.MAX_VALUE);
    }

    /** What one keypair's life asks for: the deadlines of one peer never take more than one entry. */
    @Test
    void aPeerHasOneDeadline() {
        a.peer(b).persistentKeepalive(25, world.now());
        for (int id = 0; id < 1_000; id++) {
            a.send(b, id);
            b.send(a, id);
            world.run(SECOND);
            assertThat(a.wireGuard.deadlines.size()).isLessThanOrEqualTo(1);
        }
    }

    // Sleep and clocks.

    @Test
    void timeAsleepCounts() {
        shakeHandsAndRest();
        world.sleep(200 * SECOND);
        assertThat(a.canSend(b)).isFalse();
        a.send(b, 1);
        world.run(SECOND);
        assertThat(initiations(a)).hasSize(1);
        assertThat(b.delivered).containsExactly(0L, 1L);
        Keypair keypair = a.keypair(b);
        world.sleep(540 * SECOND);
        world.run(0);
        assertThat(keypair.sending.destroyed()).isTrue();
    }

    @Test
    void aWallClockSetBackDoesNoHarm() {
        shakeHands();
        a.clockError = -365L * 24 * 3600 * SECOND;
        b.clockError = -1000L * 24 * 3600 * SECOND;
        for (long id = 1; id < 500; id++) {
            a.send(b, id);
            b.send(a, id);
            world.run(SECOND);
        }
        assertThat(b.delivered).hasSize(500);
        assertThat(a.delivered).hasSize(499);
        assertThat(b.drops(Drop.STALE_TIMESTAMP)).isZero();
    }

    // Section 6.2 and the staged packets.

    @Test
    void stagedPacketsAreSentInOrderAndTheOldestGiveWay() {
        for (int id = 0; id < 130; id++) {
            a.send(b, id);
        }
        world.run(SECOND);
        assertThat(b.delivered).isEqualTo(LongStream.range(2, 130).boxed().toList());
        assertThat(a.peer(b).drops().of(Drop.STAGED_OVERFLOW)).isEqualTo(2);
        assertThat(world.keepalivesBy(a)).as("data confirms the keypair").isEmpty();
    }

    @Test
    void aNewPresharedKeyTakesEffectAtOnce() {
        shakeHandsAndRest();
        PresharedKey key = PresharedKey.of(new byte[] {
            1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8
        });
        a.peer(b).presharedKey(key);
        assertThat(a.canSend(b)).isFalse();
        a.send(b, 1);
        world.run(SECOND);
        assertThat(b.delivered).as("the other end has not yet the key").containsExactly(0L);
        assertThat(a.drops(Drop.HANDSHAKE_NOT_AUTHENTIC)).isEqualTo(1);
        b.peer(a).presharedKey(key);
        world.run(6 * SECOND);
        assertThat(b.delivered).containsExactly(0L, 1L);
    }
}
