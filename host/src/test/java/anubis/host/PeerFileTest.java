package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import anubis.config.Endpoint;
import anubis.config.UapiPeer;
import anubis.crypto.PublicKey;
import java.net.ProtocolException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PeerFileTest {
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00.123456789Z");

    private static PeerStatus sparse() {
        return PeerStatus.first(
                new UapiPeer(
                        PublicKey.of(new byte[32]),
                        Optional.empty(),
                        1,
                        Optional.empty(),
                        0,
                        List.of(),
                        0,
                        0,
                        Optional.empty()),
                NOW);
    }

    private static Optional<Instant> second(int number) {
        return Optional.of(NOW.plusSeconds(number));
    }

    private static PeerStatus full() {
        byte[] key = new byte[32];
        key[0] = 1;
        return new PeerStatus(
                PublicKey.of(key),
                PeerState.NO_DATA,
                second(1),
                Optional.of(Endpoint.parse("[fe80::1%eth0]:51820")),
                5,
                6,
                7,
                8,
                second(2),
                second(3),
                new PeerStatus.Evidence(second(4), second(5), second(6), second(7), second(8), second(9)));
    }

    @Test
    void whatIsWrittenIsRead() throws ProtocolException {
        PeerWatch read = PeerFile.parse(PeerFile.format(NOW, List.of(full(), sparse())));
        assertThat(read.time()).contains(NOW);
        assertThat(read.peers()).containsExactly(full(), sparse());
    }

    @Test
    void whatALaterVersionAddsIsPassedOver() throws ProtocolException {
        String text = PeerFile.format(NOW, List.of(full()));
        assertThat(PeerFile.parse(text.replace(" rx=", " name=laptop rx=")).peers())
                .containsExactly(full());
    }

    @Test
    void whatIsNoSuchFileIsRefused() {
        String good = PeerFile.format(NOW, List.of(full()));
        for (String bad : List.of(
                "",
                good.replace("anubis-peers 1", "anubis-peers 2"),
                good.replace("123456789Z", "yesterday"),
                good.replace("peer=", "peer=x"),
                good.replace("no-data", "well"),
                good.replace("rx=5", "rx=five"),
                good.replace("heard=2026", "heard=then"),
                good + "\n")) {
            assertThatThrownBy(() -> PeerFile.parse(bad)).as(bad).isInstanceOf(ProtocolException.class);
        }
    }
}
