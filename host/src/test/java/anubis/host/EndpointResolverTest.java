package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import anubis.config.Endpoint;
import anubis.linux.HostName.LookupException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointResolverTest {
    private static final Endpoint NAME = new Endpoint("vpn.example.org", 5);

    private final List<Duration> waits = new ArrayList<>();
    private final List<String> told = new ArrayList<>();
    private int lookups;

    /** Fails so many times before it has an address. */
    private EndpointResolver failing(int times, boolean lasting, OptionalInt retries) {
        EndpointResolver.Lookup lookup = name -> {
            if (lookups++ < times) {
                throw new LookupException(name + ": trouble", lasting);
            }
            return InetAddress.ofLiteral("2001:db8::1");
        };
        return new EndpointResolver(lookup, waits::add, retries, told::add);
    }

    @Test
    void aNameBecomesAnAddress() throws Exception {
        assertThat(failing(0, false, OptionalInt.empty()).resolve(NAME)).isEqualTo(Endpoint.parse("[2001:db8::1]:5"));
        assertThat(waits).isEmpty();
    }

    @Test
    void anAddressIsNotLookedUp() throws Exception {
        assertThat(failing(0, false, OptionalInt.empty()).resolve(Endpoint.parse("[fe80::1%lo]:7")))
                .isEqualTo(Endpoint.parse("[fe80::1%lo]:7"));
        assertThat(lookups).isZero();
    }

    @Test
    void eachWaitIsAFifthLongerUpToTwentySeconds() throws Exception {
        failing(20, false, OptionalInt.empty()).resolve(NAME);

        assertThat(waits)
                .hasSize(20)
                .startsWith(Duration.ofSeconds(1), Duration.ofMillis(1200), Duration.ofMillis(1440));
        assertThat(waits.getLast()).isEqualTo(Duration.ofSeconds(20));
        assertThat(told.get(1)).isEqualTo("vpn.example.org: trouble; trying again in 1.20 seconds");
    }

    @Test
    void itGivesUpAfterAsManyRetriesAsItMay() {
        assertThatThrownBy(() -> failing(9, false, OptionalInt.of(2)).resolve(NAME))
                .hasMessageContaining("trouble");
        assertThat(lookups).isEqualTo(3);
    }

    @Test
    void aFailureThatWillLastIsNotTriedAgain() {
        assertThatThrownBy(() -> failing(9, true, OptionalInt.empty()).resolve(NAME))
                .hasMessageContaining("trouble");
        assertThat(lookups).isEqualTo(1);
    }

    @Test
    void theEnvironmentSaysHowOften() {
        assertThat(EndpointResolver.retries(Optional.empty())).hasValue(15);
        assertThat(EndpointResolver.retries(Optional.of("0"))).hasValue(0);
        assertThat(EndpointResolver.retries(Optional.of("infinity"))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "x", "1.5", "99999999999"})
    void anythingElseIsRefused(String setting) {
        assertThatThrownBy(() -> EndpointResolver.retries(Optional.of(setting)))
                .hasMessageContaining("WG_ENDPOINT_RESOLUTION_RETRIES");
    }
}
