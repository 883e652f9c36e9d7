package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.config.UapiDevice;
import anubis.config.UapiPeer;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.host.Diagnosis.Finding;
import anubis.host.Diagnosis.Link;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class DiagnosisTest {
    private static final Instant NOW = Instant.parse("2026-12-01T12:00:00Z");
    private static final PublicKey KEY = PublicKey.of(new byte[32]);
    private static final Optional<Endpoint> SOMEWHERE = Optional.of(Endpoint.parse("192.0.2.1:51820"));

    private final PeerWatch watch = new PeerWatch();

    private static UapiPeer peer(Optional<Endpoint> endpoint, long rx, long tx, Optional<Instant> handshake) {
        return new UapiPeer(KEY, Optional.empty(), 1, endpoint, 0, List.of(Cidr.parse("10.0.0.1")), rx, tx, handshake);
    }

    private static UapiDevice device(UapiPeer... peers) {
        return new UapiDevice(Optional.of(PrivateKey.generate(new SecureRandom())), 51820, 0, List.of(peers));
    }

    private List<Finding> find(UapiDevice device) {
        return Diagnosis.of("wg0", NOW, device, Link.UP, Optional.empty(), watch);
    }

    private List<String> causes(UapiDevice device) {
        return causes(find(device));
    }

    /** Each of which the page tells. */
    private static List<String> causes(List<Finding> findings) {
        try {
            String page = Files.readString(Path.of("..", "docs", "watch.md"));
            assertThat(findings).allSatisfy(finding -> assertThat(page).contains("| `" + finding.cause() + "` | "));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return findings.stream().map(Finding::cause).toList();
    }

    @Test
    void nothingIsWrongWithAPeerThatIsUp() {
        assertThat(find(device(peer(SOMEWHERE, 1000, 1000, Optional.of(NOW))))).isEmpty();
    }

    @Test
    void theInterface() {
        UapiDevice bare = new UapiDevice(Optional.empty(), 0, 0, List.of());
        Instant long1970 = Instant.EPOCH.plusSeconds(60);
        assertThat(causes(Diagnosis.of("wg0", long1970, bare, Link.DOWN, Optional.empty(), watch)))
                .containsExactly("clock-wrong", "no-private-key", "link-down", "no-peers");
        assertThat(causes(Diagnosis.of("wg0", NOW, bare, Link.ELSEWHERE, Optional.empty(), watch)))
                .containsExactly("no-private-key", "link-elsewhere", "no-peers");
    }

    @Test
    void aPeerThatWasNeverSeen() {
        Optional<Instant> never = Optional.empty();
        assertThat(causes(device(peer(Optional.empty(), 0, 0, never)))).containsExactly("no-endpoint");
        assertThat(causes(device(peer(SOMEWHERE, 0, 0, never)))).containsExactly("nothing-sent");
        assertThat(causes(device(peer(SOMEWHERE, 0, 148, never)))).containsExactly("handshake-not-answered");
        assertThat(causes(device(peer(SOMEWHERE, 148, 92, never)))).containsExactly("handshake-not-completed");
    }

    @Test
    void aPeerWithoutAllowedIps() {
        UapiPeer robbed = new UapiPeer(KEY, Optional.empty(), 1, SOMEWHERE, 0, List.of(), 1000, 1000, Optional.of(NOW));
        assertThat(causes(device(robbed))).containsExactly("no-allowed-ips");
    }

    @Test
    void aPeerThatIsGone() {
        UapiPeer before = peer(SOMEWHERE, 1000, 1000, Optional.of(NOW.minusSeconds(60)));
        UapiPeer asked = peer(SOMEWHERE, 1000, 5000, before.latestHandshake());
        watch.update(NOW.minusSeconds(30), device(before), Optional.empty());
        watch.update(NOW.minusSeconds(25), device(asked), Optional.empty());
        watch.update(NOW, device(asked), Optional.empty());
        assertThat(causes(device(asked))).containsExactly("gone");
        assertThat(find(device(asked)))
                .extracting(Finding::cause, Finding::meaning)
                .containsExactly(tuple("gone", "it has not answered since " + NOW.minusSeconds(25)));
    }

    @Test
    void aPeerThatAnswersWithoutData() {
        Optional<Instant> handshake = Optional.of(NOW.minusSeconds(60));
        for (int i = 0; i <= 40; i++) {
            watch.update(
                    NOW.minusSeconds(40 - i),
                    device(peer(SOMEWHERE, 1000 + i / 10 * 32, 1000 + i * 1000L, handshake)),
                    Optional.empty());
        }
        assertThat(causes(device(peer(SOMEWHERE, 1, 1, handshake)))).containsExactly("no-data");
    }

    @Test
    void countersWithWhatTheyMean() {
        Drops drops = new Drops(
                Map.of("dropped_wrong_mac1", 3L, "dropped_tomorrow", 1L),
                Map.of(KEY, Map.of("dropped_source_not_allowed", 2L)));
        UapiDevice device = device(peer(SOMEWHERE, 1000, 1000, Optional.of(NOW)));
        List<Finding> found = Diagnosis.of("wg7", NOW, device, Link.UP, Optional.of(drops), watch);
        assertThat(found)
                .extracting(Finding::peer, Finding::cause, Finding::count)
                .containsExactlyInAnyOrder(
                        tuple(Optional.empty(), "dropped_wrong_mac1", OptionalLong.of(3)),
                        tuple(Optional.empty(), "dropped_tomorrow", OptionalLong.of(1)),
                        tuple(Optional.of(KEY), "dropped_source_not_allowed", OptionalLong.of(2)));
        assertThat(found)
                .allSatisfy(finding -> assertThat(finding.meaning()).isNotBlank())
                .allSatisfy(finding -> assertThat(finding.remedy()).isNotBlank().doesNotContain("NAME", "PORT"));
        assertThat(found).anySatisfy(finding -> assertThat(finding.remedy()).contains("wg show wg7 public-key"));
    }

    @Test
    void everyReasonIsFoundByItsCounter() {
        for (DropReason reason : DropReason.values()) {
            assertThat(DropReason.ofCounter(reason.counter())).contains(reason);
            assertThat(reason.meaning()).matches("[a-z].*[^.]");
            assertThat(reason.remedy()).matches("[A-Z].*[.?]");
        }
    }

    @Test
    void linksOfThisHost() throws SocketException {
        assertThat(Link.of("lo")).isNotEqualTo(Link.ELSEWHERE);
        assertThat(Link.of("no-such-link")).isEqualTo(Link.ELSEWHERE);
    }
}
