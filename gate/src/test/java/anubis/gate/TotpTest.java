package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TotpTest {
    private static final String SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    private final Totp totp = Totp.of("12345678901234567890".getBytes(StandardCharsets.US_ASCII));

    /** RFC 6238, appendix B, for SHA-1: the last six of the eight digits there. */
    @ParameterizedTest
    @CsvSource({
        "59, 287082",
        "1111111109, 081804",
        "1111111111, 050471",
        "1234567890, 005924",
        "2000000000, 279037",
        "20000000000, 353130"
    })
    void makesTheCodesOfTheRfc(long time, String code) {
        Instant now = Instant.ofEpochSecond(time);
        assertThat(totp.step(code, now)).hasValue(time / 30);
        assertThat(totp.code(time / 30)).isEqualTo(code);
    }

    @Test
    void aCodeIsValidOneStepEitherWayAndTellsItsStep() {
        String code = totp.code(100);
        assertThat(totp.step(code, Instant.ofEpochSecond(98 * 30 + 29))).isEmpty();
        assertThat(totp.step(code, Instant.ofEpochSecond(99 * 30))).hasValue(100);
        assertThat(totp.step(code, Instant.ofEpochSecond(100 * 30))).hasValue(100);
        assertThat(totp.step(code, Instant.ofEpochSecond(101 * 30 + 29))).hasValue(100);
        assertThat(totp.step(code, Instant.ofEpochSecond(102 * 30))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "28708", "2870822", "287083", "287082 ", "２８７０８２", "94287082"})
    void noOtherCodeIsValid(String code) {
        assertThat(totp.step(code, Instant.ofEpochSecond(59))).isEmpty();
    }

    @Test
    void itsSecretIsReadAndPrintedInBase32() {
        assertThat(totp.base32()).isEqualTo(SECRET);
        assertThat(Totp.ofBase32(SECRET.toLowerCase(java.util.Locale.ROOT))).isEqualTo(totp);
        Random random = new Random(1);
        for (int length = 16; length <= 64; length++) {
            byte[] secret = new byte[length];
            random.nextBytes(secret);
            String text = Totp.of(secret).base32();
            assertThat(text).hasSize((8 * length + 4) / 5);
            assertThat(Totp.ofBase32(text)).isEqualTo(Totp.of(secret));
            assertThat(Totp.ofBase32(text + "=".repeat(-text.length() & 7))).isEqualTo(Totp.of(secret));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "GEZDGNBV",
                "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1",
                "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ",
                "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQA",
                "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQAB"
            })
    void refusesWhatIsNoSecretWithoutRepeatingIt(String text) {
        assertThatThrownBy(() -> Totp.ofBase32(text))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .satisfies(message ->
                        assertThat(text.isEmpty() || !message.contains(text)).isTrue());
    }

    @Test
    void eachNewSecretIsAnother() {
        Random random = new Random();
        assertThat(Totp.generate(random)).isNotEqualTo(Totp.generate(random));
    }

    @Test
    void itIsReadAsASecondFactor() {
        assertThat(SecondFactor.parse("totp:" + SECRET)).isEqualTo(totp);
        assertThat(totp.text()).isEqualTo("totp:" + SECRET);
        assertThat(SecondFactor.parse("program")).isEqualTo(SecondFactor.Program.PROGRAM);
        assertThatThrownBy(() -> SecondFactor.parse("secret"))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .isEqualTo("a second factor is \"program\" or \"totp:\" and a secret in base32");
    }

    @Test
    void anAppReadsItsUri() {
        assertThat(totp.uri("alice"))
                .isEqualTo("otpauth://totp/Anubis:alice?secret=" + SECRET
                        + "&issuer=Anubis&algorithm=SHA1&digits=6&period=30");
    }

    @Test
    void aDestroyedSecretPrintsAndChecksNothing() {
        assertThat(totp.toString()).doesNotContain(SECRET);
        Totp same = Totp.ofBase32(SECRET);
        totp.destroy();
        assertThat(totp).isNotEqualTo(same).isEqualTo(totp);
        assertThatThrownBy(totp::base32).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> totp.step("287082", Instant.ofEpochSecond(59)))
                .isInstanceOf(IllegalStateException.class);
    }
}
