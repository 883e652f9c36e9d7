package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.Endpoint;
import anubis.config.PeerChange;
import anubis.config.UapiDevice;
import anubis.config.UapiPeer;
import anubis.crypto.PublicKey;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** One peer whose endpoint is {@code hub:51820}, in a made-up device that takes every change; looked at each second. */
class NamesTest {
    private static final PublicKey KEY = PublicKey.of(new byte[32]);
    private static final Instant START = Instant.parse("2026-03-01T12:00:00Z");
    private static final int INITIATION = 148;
    private static final int DATA = 1452;

    private final Names names = new Names(Map.of(KEY, Endpoint.parse("hub:51820")), this::resolve);
    private Instant now = START;
    private Names.Step last = new Names.Step(List.of(), START);
    private CompletableFuture<Names.Answer> answer = answer(300, "192.0.2.1");
    private int questions;
    private long rx;
    private long tx;
    private Optional<Instant> handshake = Optional.empty();
    private Optional<Endpoint> endpoint = Optional.empty();

    private CompletionStage<Names.Answer> resolve(String host) {
        assertThat(host).isEqualTo("hub");
        questions++;
        return answer;
    }

    private static CompletableFuture<Names.Answer> answer(int ttl, String... addresses) {
        return CompletableFuture.completedFuture(new Names.Answer(
                Stream.of(addresses).map(InetAddress::ofLiteral).toList(), Duration.ofSeconds(ttl)));
    }

    private static CompletableFuture<Names.Answer> failure() {
        return CompletableFuture.failedFuture(new UnknownHostException("hub"));
    }

    /** A second in which so many bytes were sent and received. */
    private void second(int sent, int received) {
        now = now.plusSeconds(1);
        tx += sent;
        rx += received;
        do {
            tick();
        } while (!last.next().isAfter(now));
    }

    private void tick() {
        last = names.tick(now, device());
        for (PeerChange change : last.changes()) {
            assertThat(change.mode()).isEqualTo(PeerChange.Mode.UPDATE);
            assertThat(change.publicKey()).isEqualTo(KEY);
            endpoint = change.endpoint();
        }
    }

    private UapiDevice device() {
        return new UapiDevice(
                Optional.empty(),
                51820,
                0,
                List.of(new UapiPeer(KEY, Optional.empty(), 1, endpoint, 0, List.of(), rx, tx, handshake)));
    }

    private void idle(int seconds) {
        for (int i = 0; i < seconds; i++) {
            second(0, 0);
        }
    }

    private void initiateInVain(int seconds) {
        for (int i = 0; i < seconds; i++) {
            second(i % 5 == 0 ? INITIATION : 0, 0);
        }
    }

    private void shakeHands() {
        handshake = Optional.of(now);
        second(INITIATION + DATA, 92 + DATA);
    }

    /** Data both ways, with a handshake every two minutes. */
    private void talk(int seconds) {
        for (int i = 0; i < seconds; i++) {
            if (i % 120 == 0) {
                shakeHands();
            } else {
                second(DATA, DATA);
            }
        }
    }

    private void isAt(String expected) {
        assertThat(endpoint).map(Endpoint::toString).contains(expected);
    }

    // What is asked, and when.

    @Test
    void aPeerWithoutEndpointGetsTheAddressOfItsName() {
        second(0, 0);
        isAt("192.0.2.1:51820");
        assertThat(questions).isEqualTo(1);
    }

    @Test
    void theNameIsAskedForAgainWhenItsAnswerHasExpired() {
        second(0, 0);
        idle(299);
        assertThat(questions).isEqualTo(1);
        idle(1);
        assertThat(questions).isEqualTo(2);
    }

    @Test
    void noAnswerLivesShorterThanHalfAMinuteOrLongerThanAnHour() {
        answer = answer(0, "192.0.2.1");
        second(0, 0);
        idle(29);
        assertThat(questions).isEqualTo(1);
        answer = answer(100_000, "192.0.2.1");
        idle(1);
        assertThat(questions).isEqualTo(2);
        idle(3599);
        assertThat(questions).isEqualTo(2);
        idle(1);
        assertThat(questions).isEqualTo(3);
    }

    /** A device may report any time that it likes. */
    @Test
    void aHandshakeAtTheEndOfTimeIsAHandshake() {
        second(0, 0);
        handshake = Optional.of(Instant.MAX);
        initiateInVain(60);
        isAt("192.0.2.1:51820");
    }

    @Test
    void anAnswerIsNotWaitedFor() {
        answer = new CompletableFuture<>();
        second(0, 0);
        assertThat(last.next()).isEqualTo(now.plusSeconds(1));
        idle(20);
        assertThat(endpoint).isEmpty();
        assertThat(questions).isEqualTo(1);
        answer.complete(answer(300, "192.0.2.7").join());
        second(0, 0);
        isAt("192.0.2.7:51820");
    }

    @Test
    void failuresAreRepeatedAtGrowingIntervalsAndForgetNothing() {
        second(0, 0);
        answer = failure();
        idle(300);
        assertThat(questions).isEqualTo(2);
        idle(5);
        assertThat(questions).isEqualTo(3);
        idle(9);
        assertThat(questions).isEqualTo(3);
        idle(1);
        assertThat(questions).isEqualTo(4);
        isAt("192.0.2.1:51820");
        idle(20 + 40 + 80 + 160 + 300 + 300);
        assertThat(questions).isEqualTo(10);
    }

    @Test
    void itSaysWhenToCallAgain() {
        second(0, 0);
        assertThat(last.next()).isEqualTo(now.plusSeconds(5));
        idle(298);
        assertThat(last.next()).isEqualTo(START.plusSeconds(301));
    }

    @Test
    void peersOfOneNameShareAQuestionAndLiteralsAreNotAskedFor() {
        PublicKey other = PublicKey.of(new byte[] {
            1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
        });
        Map<PublicKey, Endpoint> endpoints = new LinkedHashMap<>();
        endpoints.put(KEY, Endpoint.parse("hub:1"));
        endpoints.put(other, Endpoint.parse("hub:2"));
        new Names(endpoints, this::resolve).tick(now, device());
        assertThat(questions).isEqualTo(1);
        new Names(Map.of(KEY, Endpoint.parse("[fd01::1]:1")), this::resolve).tick(now, device());
        assertThat(questions).isEqualTo(1);
    }

    // Who is moved.

    @Test
    void aPeerFollowsItsNameWhenTheAddressHasChanged() {
        second(0, 0);
        talk(200);
        answer = answer(300, "192.0.2.9");
        talk(110);
        isAt("192.0.2.9:51820");
    }

    @Test
    void aPeerThatHasRoamedIsLeftAloneWhileTheNameIsTheSame() {
        second(0, 0);
        talk(10);
        endpoint = Optional.of(Endpoint.parse("198.51.100.7:40000"));
        talk(2000);
        assertThat(questions).isGreaterThan(3);
        isAt("198.51.100.7:40000");
        answer = answer(300, "192.0.2.9");
        talk(301);
        isAt("192.0.2.9:51820");
    }

    @Test
    void aPeerThatHasRoamedToWhereTheNameNowPointsIsLeftAlone() {
        second(0, 0);
        talk(10);
        endpoint = Optional.of(Endpoint.parse("192.0.2.9:40000"));
        answer = answer(300, "192.0.2.9");
        talk(400);
        isAt("192.0.2.9:40000");
    }

    @Test
    void theOrderOfTheAddressesMeansNothing() {
        answer = answer(30, "192.0.2.1", "192.0.2.2");
        second(0, 0);
        talk(10);
        answer = answer(30, "192.0.2.2", "192.0.2.1");
        talk(100);
        isAt("192.0.2.1:51820");
    }

    @Test
    void aPeerThatIsUpWhenWeBeginIsLeftAlone() {
        endpoint = Optional.of(Endpoint.parse("198.51.100.7:40000"));
        handshake = Optional.of(START.minusSeconds(10));
        second(DATA, DATA);
        talk(100);
        isAt("198.51.100.7:40000");
    }

    @Test
    void aPeerThatWasNeverReachedWhereItIsIsMovedAtOnce() {
        endpoint = Optional.of(Endpoint.parse("198.51.100.7:40000"));
        second(0, 0);
        isAt("192.0.2.1:51820");
    }

    // A peer that does not answer.

    @Test
    void theNameIsAskedForAtOnceWhenThePeerDoesNotAnswerAndThenLessOften() {
        second(0, 0);
        talk(10);
        second(DATA, 0);
        idle(14);
        answer = answer(300, "192.0.2.9");
        initiateInVain(4);
        assertThat(questions).isEqualTo(1);
        initiateInVain(2);
        assertThat(questions).isEqualTo(2);
        isAt("192.0.2.9:51820");
        initiateInVain(250);
        assertThat(questions).isBetween(4, 8);
    }

    @Test
    void anOldHandshakeIsEnoughEvenIfKeepalivesStillCome() {
        second(0, 0);
        shakeHands();
        for (int i = 0; i < 124; i++) {
            second(DATA, DATA);
        }
        assertThat(questions).isEqualTo(1);
        initiateInVain(9);
        assertThat(questions).isEqualTo(1);
        initiateInVain(5);
        assertThat(questions).isEqualTo(2);
    }

    @Test
    void nobodyIsMovedWhileNothingIsSent() {
        answer = answer(300, "fd01::1", "192.0.2.1");
        second(0, 0);
        idle(1000);
        isAt("[fd01::1]:51820");
    }

    @Test
    void bothVersionsAreTriedInTurnUntilOneAnswers() {
        answer = answer(300, "fd01::1", "192.0.2.1");
        second(INITIATION, 0);
        isAt("[fd01::1]:51820");
        initiateInVain(9);
        isAt("[fd01::1]:51820");
        initiateInVain(2);
        isAt("192.0.2.1:51820");
        initiateInVain(10);
        isAt("[fd01::1]:51820");
        initiateInVain(10);
        isAt("192.0.2.1:51820");
        talk(1000);
        isAt("192.0.2.1:51820");
    }

    @Test
    void whatWorkedLastIsTriedFirst() {
        bothVersionsTried();
        isAt("192.0.2.1:51820");
        talk(20);
        answer = answer(300, "fd01::9", "192.0.2.9");
        talk(320);
        isAt("192.0.2.9:51820");

        answer = answer(300, "fd01::9", "192.0.2.8", "192.0.2.9");
        talk(320);
        endpoint = Optional.of(Endpoint.parse("198.51.100.7:40000"));
        second(DATA, 0);
        idle(14);
        initiateInVain(10);
        isAt("192.0.2.9:51820");
    }

    private void bothVersionsTried() {
        answer = answer(300, "fd01::1", "192.0.2.1");
        second(INITIATION, 0);
        initiateInVain(11);
        talk(10);
    }

    @Test
    void aPeerAtAnotherPortOfItsAddressIsLookedForAtTheNamesPortWhenItIsGone() {
        second(0, 0);
        talk(10);
        endpoint = Optional.of(Endpoint.parse("192.0.2.1:40000"));
        talk(10);
        isAt("192.0.2.1:40000");
        second(DATA, 0);
        idle(14);
        initiateInVain(10);
        isAt("192.0.2.1:51820");
    }
}
