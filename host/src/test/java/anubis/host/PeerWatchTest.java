package anubis.host;

import static anubis.host.PeerState.GONE;
import static anubis.host.PeerState.HANDSHAKING;
import static anubis.host.PeerState.NEVER_SEEN;
import static anubis.host.PeerState.NO_DATA;
import static anubis.host.PeerState.QUIET;
import static anubis.host.PeerState.UP;
import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.Endpoint;
import anubis.config.UapiDevice;
import anubis.config.UapiPeer;
import anubis.crypto.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A made-up device, looked at each second; each test is a story of messages, told by their sizes. */
class PeerWatchTest {
    private static final PublicKey KEY = PublicKey.of(new byte[32]);
    private static final Instant START = Instant.parse("2026-03-01T12:00:00Z");
    private static final int INITIATION = 148;
    private static final int RESPONSE = 92;
    private static final int KEEPALIVE = 32;
    private static final int DATA = 128;

    private final PeerWatch watch = new PeerWatch();
    private final List<String> events = new ArrayList<>();
    private final Map<String, Long> unascribed = new LinkedHashMap<>();
    private final Map<String, Long> ascribed = new LinkedHashMap<>();
    private Instant now = START;
    private long rx;
    private long tx;
    private int keepalive;
    private Optional<Instant> handshake = Optional.empty();
    private Optional<Endpoint> endpoint = Optional.of(Endpoint.parse("192.0.2.1:51820"));
    private boolean there = true;

    private void look() {
        UapiPeer peer = new UapiPeer(KEY, Optional.empty(), 1, endpoint, keepalive, List.of(), rx, tx, handshake);
        UapiDevice device = new UapiDevice(Optional.empty(), 51820, 0, there ? List.of(peer) : List.of());
        Drops drops = new Drops(Map.copyOf(unascribed), Map.of(KEY, Map.copyOf(ascribed)));
        watch.update(now, device, Optional.of(drops)).forEach(event -> events.add(text(event)));
    }

    private static String text(PeerEvent event) {
        return switch (event) {
            case PeerEvent.Changed e -> e.kind() + " " + e.was() + " " + e.state();
            case PeerEvent.Removed e -> e.kind() + " " + e.was() + " removed";
            case PeerEvent.Roamed e -> e.kind() + " " + e.was() + " " + e.endpoint();
            case PeerEvent.Rekeyed e -> e.kind();
            case PeerEvent.Refused e ->
                e.kind() + " " + e.reason() + " " + e.count() + (e.peer().isPresent() ? " peer" : "");
        };
    }

    /** A second in which so many bytes were sent and received. */
    private void second(int sent, int received) {
        now = now.plusSeconds(1);
        tx += sent;
        rx += received;
        look();
    }

    private void seconds(int count, int sent, int received) {
        for (int i = 0; i < count; i++) {
            second(sent, received);
        }
    }

    private void idle(int seconds) {
        seconds(seconds, 0, 0);
    }

    private void handshakeIn(int sent, int received) {
        handshake = Optional.of(now.plusMillis(500));
        second(sent, received);
    }

    /** We initiate, and have data to send. */
    private void initiate() {
        handshakeIn(INITIATION + DATA, RESPONSE + DATA);
    }

    /** The peer initiates, and confirms with a keepalive. */
    private void respond() {
        handshakeIn(RESPONSE, INITIATION + KEEPALIVE);
    }

    private PeerStatus peer() {
        return watch.peers().getFirst();
    }

    private void is(PeerState state) {
        assertThat(peer().state()).isEqualTo(state);
    }

    private void isSince(PeerState state, Instant since) {
        is(state);
        assertThat(peer().since()).contains(since);
    }

    // The first look.

    @Test
    void atFirstSightOnlyTheHandshakeTells() {
        look();
        is(NEVER_SEEN);
        assertThat(peer().since()).isEmpty();
        assertThat(events).isEmpty();
    }

    @Test
    void aYoungHandshakeAtFirstSightIsUp() {
        handshake = Optional.of(START.minusSeconds(179));
        look();
        isSince(UP, START.minusSeconds(179));
        assertThat(events).isEmpty();
    }

    @Test
    void anOldHandshakeAtFirstSightIsQuietSinceItsKeysExpired() {
        handshake = Optional.of(START.minusSeconds(1000));
        look();
        isSince(QUIET, START.minusSeconds(820));
    }

    // A handshake.

    @Test
    void asInitiator() {
        look();
        second(INITIATION, 0);
        isSince(HANDSHAKING, now);
        handshakeIn(KEEPALIVE, RESPONSE);
        isSince(UP, handshake.orElseThrow());
        assertThat(events).containsExactly("changed never-seen handshaking", "came handshaking up");
    }

    @Test
    void withinASecond() {
        look();
        initiate();
        is(UP);
        assertThat(events).containsExactly("came never-seen up");
    }

    @Test
    void asResponderNothingIsDoneBeforeTheConfirmation() {
        look();
        second(RESPONSE, INITIATION);
        is(HANDSHAKING);
        idle(5);
        second(RESPONSE, INITIATION);
        idle(10);
        is(HANDSHAKING);
        handshakeIn(0, KEEPALIVE);
        is(UP);
    }

    @Test
    void whoWasNeverSeenIsNeverGone() {
        look();
        for (int i = 0; i < 18; i++) {
            second(INITIATION, 0);
            is(HANDSHAKING);
            idle(4);
        }
        Instant first = START.plusSeconds(1);
        isSince(HANDSHAKING, first);
        idle(15);
        is(NEVER_SEEN);
        assertThat(events).containsExactly("changed never-seen handshaking", "changed handshaking never-seen");
    }

    // An idle tunnel.

    @Test
    void anIdleTunnelIsQuietAndNeverGone() {
        look();
        initiate();
        Instant last = now;
        idle(179);
        is(UP);
        idle(1);
        isSince(QUIET, last.plusSeconds(180));
        idle(100_000);
        isSince(QUIET, last.plusSeconds(180));
        assertThat(events).containsExactly("came never-seen up", "changed up quiet");

        initiate();
        is(UP);
        assertThat(events).last().isEqualTo("came quiet up");
    }

    @Test
    void ourKeepalivesKeepItUpAsTheRekeyIsAnswered() {
        keepalive = 25;
        look();
        initiate();
        for (int rekeys = 0; rekeys < 20; rekeys++) {
            for (int i = 0; i < 4; i++) {
                idle(24);
                second(KEEPALIVE, 0);
            }
            idle(24);
            handshakeIn(INITIATION + KEEPALIVE, RESPONSE);
            is(UP);
        }
        assertThat(events.stream().distinct()).containsExactly("came never-seen up", "rekeyed");
        assertThat(events).hasSize(21);
    }

    @Test
    void thePeersKeepalivesKeepItUp() {
        look();
        respond();
        for (int rekeys = 0; rekeys < 20; rekeys++) {
            for (int i = 0; i < 4; i++) {
                idle(24);
                second(0, KEEPALIVE);
            }
            idle(24);
            respond();
            is(UP);
        }
        assertThat(events.stream().distinct()).containsExactly("came never-seen up", "rekeyed");
    }

    @Test
    void aPeerWhoseKeepalivesStopIsQuiet() {
        look();
        respond();
        idle(24);
        second(0, KEEPALIVE);
        idle(180);
        is(QUIET);
    }

    // A peer that does not answer.

    /** Up, then gone; returns since when. */
    private Instant lose() {
        look();
        initiate();
        second(DATA, 0);
        Instant asked = now;
        idle(14);
        second(INITIATION, 0);
        idle(4);
        is(UP);
        second(INITIATION, 0);
        return asked;
    }

    @Test
    void dataThatIsNotAnsweredMeansGone() {
        Instant asked = lose();
        isSince(GONE, asked);
        assertThat(events).last().isEqualTo("went up gone");
        assertThat(peer().heard()).contains(asked.minusSeconds(1));
    }

    @Test
    void whoIsGoneStaysSoUntilHeard() {
        lose();
        for (int i = 0; i < 16; i++) {
            idle(4);
            second(INITIATION, 0);
        }
        idle(10_000);
        is(GONE);
        second(INITIATION, 0);
        is(GONE);
        handshakeIn(INITIATION + DATA, RESPONSE);
        isSince(UP, handshake.orElseThrow());
        assertThat(events).last().isEqualTo("came gone up");
    }

    @Test
    void whoIsGoneComesBackWithDataUnderTheOldKeys() {
        lose();
        second(0, DATA);
        isSince(UP, now);
    }

    @Test
    void whoIsGoneAndOnlyAsksIsHandshaking() {
        lose();
        second(RESPONSE, INITIATION);
        is(HANDSHAKING);
        handshakeIn(0, KEEPALIVE);
        is(UP);
    }

    @Test
    void theAnswerMayBeAKeepaliveTenSecondsLater() {
        look();
        initiate();
        for (int i = 0; i < 100; i++) {
            second(DATA, 0);
            idle(10);
            second(0, DATA);
            second(0, KEEPALIVE);
            idle(30);
            is(UP);
        }
        assertThat(events).containsExactly("came never-seen up");
    }

    @Test
    void aPeerThatHasLostTheKeysIsFoundAgainInTime() {
        look();
        initiate();
        second(DATA, 0);
        idle(14);
        second(INITIATION, 0);
        idle(4);
        handshakeIn(INITIATION + DATA, RESPONSE + DATA);
        is(UP);
        assertThat(events).containsExactly("came never-seen up", "rekeyed");
    }

    @Test
    void keepalivesWantNoAnswerButInitiationsDo() {
        keepalive = 25;
        look();
        initiate();
        for (int i = 0; i < 4; i++) {
            idle(24);
            second(KEEPALIVE, 0);
            is(UP);
        }
        idle(20);
        second(INITIATION, 0);
        Instant asked = now;
        for (int i = 0; i < 4; i++) {
            is(UP);
            idle(4);
            second(INITIATION, 0);
        }
        isSince(GONE, asked);
    }

    @Test
    void aQuietPeerThatIsCalledInVainIsHandshakingThenGone() {
        look();
        initiate();
        idle(1000);
        second(INITIATION, 0);
        Instant asked = now;
        is(HANDSHAKING);
        idle(4);
        second(INITIATION, 0);
        idle(14);
        is(HANDSHAKING);
        idle(1);
        isSince(GONE, asked);
    }

    // Data.

    /** Data goes out for 15 s, and keepalives alone come back; returns since when. */
    private Instant sendInVain() {
        look();
        handshakeIn(INITIATION + KEEPALIVE, RESPONSE);
        Instant first = now.plusSeconds(1);
        seconds(10, DATA, 0);
        second(DATA, KEEPALIVE);
        seconds(4, DATA, 0);
        is(UP);
        second(DATA, 0);
        return first;
    }

    @Test
    void dataThatBringsNoDataBackIsTold() {
        Instant first = sendInVain();
        isSince(NO_DATA, first);
        second(DATA, DATA);
        is(UP);
        assertThat(events).containsExactly("came never-seen up", "changed up no-data", "changed no-data up");
    }

    @Test
    void handshakesThatSucceedDoNotHideThatDataIsLost() {
        look();
        initiate();
        for (int i = 0; i < 4; i++) {
            seconds(15, DATA, 0);
            handshakeIn(INITIATION + DATA, RESPONSE);
        }
        is(NO_DATA);
        assertThat(events).contains("changed up no-data", "rekeyed").doesNotContain("went up gone");
    }

    @Test
    void onePacketWithoutAnswerIsNothing() {
        look();
        initiate();
        second(DATA, 0);
        idle(9);
        second(0, KEEPALIVE);
        idle(60);
        is(UP);
    }

    @Test
    void theTaleOfLostDataEndsWhenNobodySendsAnyMore() {
        sendInVain();
        seconds(9, DATA, 0);
        second(DATA, KEEPALIVE);
        is(NO_DATA);
        for (int i = 0; i < 10; i++) {
            idle(19);
            second(0, KEEPALIVE);
        }
        is(UP);
    }

    @Test
    void whoIsGoneIsNotSaidToAnswerWithoutData() {
        look();
        initiate();
        seconds(19, DATA, 0);
        is(UP);
        seconds(2, DATA, 0);
        is(GONE);
        assertThat(events).doesNotContain("changed up no-data");
    }

    @Test
    void ratesAreOfTheLastInterval() {
        look();
        initiate();
        now = now.plusSeconds(1);
        second(3_000_000, 1_000_000);
        assertThat(peer().txRate()).isEqualTo(1_500_000);
        assertThat(peer().rxRate()).isEqualTo(500_000);
        now = now.plusMillis(1);
        look();
        assertThat(peer().rxRate()).isEqualTo(500_000);
        second(0, 0);
        assertThat(peer().rxRate()).isZero();
    }

    // Other events.

    @Test
    void anotherEndpointIsTold() {
        look();
        initiate();
        endpoint = Optional.of(Endpoint.parse("[2001:db8::1]:7"));
        second(0, DATA);
        assertThat(events).last().isEqualTo("roamed 192.0.2.1:51820 [2001:db8::1]:7");
    }

    @Test
    void theFirstEndpointIsNoMove() {
        endpoint = Optional.empty();
        look();
        endpoint = Optional.of(Endpoint.parse("192.0.2.1:1"));
        respond();
        assertThat(events).containsExactly("came never-seen up");
    }

    @Test
    void whatIsDroppedIsRefused() {
        unascribed.put("dropped_wrong_mac1", 7L);
        look();
        assertThat(events).isEmpty();
        unascribed.put("dropped_wrong_mac1", 9L);
        ascribed.put("dropped_replayed", 1L);
        second(0, 0);
        assertThat(events).containsExactly("refused dropped_wrong_mac1 2", "refused dropped_replayed 1 peer");
        second(0, 0);
        unascribed.clear();
        second(0, 0);
        assertThat(events).hasSize(2);
    }

    @Test
    void whatARemovedPeerWasRefusedIsNotToldAgain() {
        look();
        ascribed.put("dropped_replayed", 5L);
        second(0, 0);
        ascribed.clear();
        unascribed.put("dropped_replayed", 5L); // the device goes on counting them
        there = false;
        second(0, 0);
        ascribed.put("dropped_replayed", 2L);
        there = true;
        second(0, 0);
        assertThat(events).containsExactly("refused dropped_replayed 5 peer", "refused dropped_replayed 2 peer");
    }

    @Test
    void aDeviceThatBeginsAnewIsToldOfFromItsBeginning() {
        unascribed.put("dropped_wrong_mac1", 70L);
        look();
        unascribed.put("dropped_wrong_mac1", 3L);
        second(0, 0);
        assertThat(events).containsExactly("refused dropped_wrong_mac1 3");
    }

    @Test
    void withTheDeviceItsPeersGoAndComeAgain() {
        look();
        initiate();
        now = now.plusSeconds(1);
        watch.vanish(now).forEach(event -> events.add(text(event)));
        now = now.plusSeconds(1);
        assertThat(watch.vanish(now)).isEmpty();
        rx = 0;
        tx = 0;
        initiate();
        assertThat(events).containsExactly("came never-seen up", "went up removed", "came never-seen up");
    }

    @Test
    void aPeerThatIsTakenAwayWent() {
        look();
        initiate();
        there = false;
        second(0, 0);
        assertThat(watch.peers()).isEmpty();
        there = true;
        rx = 0;
        tx = 0;
        handshake = Optional.empty();
        second(0, 0);
        is(NEVER_SEEN);
        initiate();
        assertThat(events).containsExactly("came never-seen up", "went up removed", "came never-seen up");
    }

    @Test
    void aPeerWhoseCountersBeginAnewBeginsAnew() {
        look();
        initiate();
        rx = 0;
        tx = 0;
        handshake = Optional.empty();
        second(0, 0);
        is(NEVER_SEEN);
        assertThat(events).last().isEqualTo("changed up never-seen");
    }

    // Time.

    @Test
    void asleepNobodyCouldAnswer() {
        look();
        initiate();
        second(DATA, 0);
        idle(10);
        now = now.plus(Duration.ofHours(8));
        second(0, 0);
        is(QUIET);
        idle(20);
        assertThat(events).doesNotContain("went up gone");
    }

    @Test
    void aClockThatIsSetBackUpsetsNothing() {
        look();
        initiate();
        second(DATA, 0);
        now = now.minus(Duration.ofDays(365));
        second(0, 0);
        is(UP);
        second(0, DATA);
        is(UP);
        assertThat(events).containsExactly("came never-seen up");
    }

    @Test
    void aClockThatIsSetBackMakesNobodyStay() {
        look();
        initiate();
        now = now.minus(Duration.ofDays(365));
        idle(1);
        isSince(UP, now);
        idle(180);
        is(QUIET);

        PeerWatch fresh = new PeerWatch();
        UapiPeer peer = new UapiPeer(KEY, Optional.empty(), 1, endpoint, keepalive, List.of(), rx, tx, handshake);
        UapiDevice device = new UapiDevice(Optional.empty(), 51820, 0, List.of(peer));
        fresh.update(now, device, Optional.empty());
        assertThat(fresh.peers().getFirst().state()).isEqualTo(UP);
        for (int i = 0; i < 180; i++) {
            now = now.plusSeconds(1);
            fresh.update(now, device, Optional.empty());
        }
        assertThat(fresh.peers().getFirst().state()).isEqualTo(QUIET);
    }

    @Test
    void aSlowerWatchSeesTheSame() {
        look();
        initiate();
        for (int i = 0; i < 30; i++) {
            now = now.plusSeconds(9);
            second(20 * DATA, 20 * DATA);
        }
        is(UP);
        now = now.plusSeconds(9);
        second(3 * DATA, 0);
        now = now.plusSeconds(9);
        second(INITIATION, 0);
        now = now.plusSeconds(9);
        second(2 * INITIATION, 0);
        is(GONE);
    }
}
