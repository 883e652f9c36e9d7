package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HoursTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Mon-Fri 08:00-18:00 Europe/Berlin",
                "Sat,Sun 22:00-06:00 UTC",
                "Mon,Wed,Fri-Sun 00:00-00:00 +02:00",
                "Tue 08:00:30-18:00 America/New_York"
            })
    void printsWhatItReads(String text) {
        assertThat(Hours.parse(text)).hasToString(text);
        assertThat(Hours.parse(Hours.parse(text).toString())).isEqualTo(Hours.parse(text));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "fri-mon  08:00-24:00  UTC | Mon,Fri-Sun 08:00-00:00 UTC",
                "Sun,Mon,Tue,Mon 08:00-09:00 UTC | Mon,Tue,Sun 08:00-09:00 UTC",
                "Tue-Mon 08:00-09:00 Z | Mon-Sun 08:00-09:00 Z"
            })
    void readsMoreThanItPrints(String text, String printed) {
        assertThat(Hours.parse(text)).hasToString(printed);
    }

    @Test
    void readsWhatIsMeant() {
        Hours night = Hours.parse("Fri 22:00-06:00 Europe/Berlin");
        assertThat(night.end(Instant.parse("2026-11-27T20:59:59Z"))).isEmpty();
        assertThat(night.end(Instant.parse("2026-11-27T21:00:00Z"))).contains(Instant.parse("2026-11-28T05:00:00Z"));
        assertThat(night.end(Instant.parse("2026-11-28T21:00:00Z"))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | not days, times and a time zone",
                "Mon-Fri 08:00-18:00 | not days, times and a time zone",
                "Mon-Fry 08:00-18:00 UTC | no day 'Fry'",
                "Mon--Fri 08:00-18:00 UTC | no day '-Fri'",
                "Mon, 08:00-18:00 UTC | no day ''",
                "Mon 08:00 UTC | '08:00'",
                "Mon 8-18 UTC | '8'",
                "Mon 24:00-18:00 UTC | '24:00'",
                "Mon 08:00-18:00 Europe/Bärlin | Bärlin",
                "Mon 08:00-18:00 Europe/Atlantis | Atlantis"
            })
    void saysWhatIsWrongAndWhatWouldBeRight(String text, String fault) {
        assertThatThrownBy(() -> Hours.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(fault, "Mon-Fri 08:00-18:00 Europe/Berlin");
    }
}
