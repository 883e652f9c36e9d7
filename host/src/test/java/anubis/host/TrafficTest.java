package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TrafficTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    @Test
    void fewMessagesWithoutDataAreToldApart() {
        for (int initiations = 0; initiations <= 1; initiations++) {
            for (int responses = 0; responses <= 1; responses++) {
                for (int keepalives = 0; keepalives <= 2; keepalives++) {
                    int bytes = 148 * initiations + 92 * responses + 32 * keepalives;
                    assertThat(Traffic.of(bytes, SECOND, 0))
                            .isEqualTo(new Traffic(initiations, responses, keepalives, false));
                }
            }
        }
    }

    /** Four sizes look like messages without data; a packet alone of such a size, in a second of its own, is passed over. */
    @Test
    void packetsOfEverySizeAreData() {
        Set<Integer> alike = Set.of(64, 148 + 92, 148 + 92 + 32, 148 + 92 + 64);
        assertThat(IntStream.iterate(64, bytes -> bytes <= 1452, bytes -> bytes + 16)
                        .filter(bytes -> !Traffic.of(bytes, SECOND, 0).data()))
                .containsExactlyInAnyOrderElementsOf(alike);
        assertThat(Traffic.of(1452, SECOND, 0).data()).isTrue();
    }

    @Test
    void whatCarriesDataTooIsData() {
        for (int messages : new int[] {148, 92, 32, 148 + 92, 92 + 32}) {
            assertThat(Traffic.of(messages + 128, SECOND, 0).data()).isTrue();
            assertThat(Traffic.of(messages + 1452, SECOND, 0).data()).isTrue();
        }
    }

    @Test
    void aLongerTimeHoldsMoreMessages() {
        assertThat(Traffic.of(4 * 148, Duration.ofSeconds(16), 0)).isEqualTo(new Traffic(4, 0, 0, false));
        assertThat(Traffic.of(4 * 148, SECOND, 0).data()).isTrue();
        assertThat(Traffic.of(5 * 32, Duration.ofSeconds(5), 2).data()).isFalse();
        assertThat(Traffic.of(5 * 32, Duration.ofSeconds(5), 0).data()).isTrue();
        assertThat(Traffic.of(1_000_000, Duration.ofDays(1), 25).data()).isTrue();
    }

    @Test
    void nothingIsNothing() {
        assertThat(Traffic.of(0, SECOND, 0)).isEqualTo(Traffic.NONE);
        assertThat(Traffic.of(-5, SECOND, 0).any()).isFalse();
    }
}
