package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

class LintFuzzTest {
    /** Whatever can be understood can be looked at, and each finding is about a line that is there. */
    @FuzzTest
    void findings(byte[] data) {
        String text = new String(data, StandardCharsets.UTF_8);
        Lint.Result result = Lint.of(Optional.of("wg0"), "fuzz", text);
        assertThat(result.findings())
                .allSatisfy(finding -> assertThat(finding.problem().line()).isBetween(1, text.split("\n", -1).length));
        assertThat(result.config().isPresent() || !result.findings().isEmpty()).isTrue();
    }

    /** What a phone gets is understood by everybody, and means the same after another round. */
    @FuzzTest
    void phone(byte[] data) throws ConfigException {
        String text;
        try {
            text = phone(new String(data, StandardCharsets.UTF_8));
        } catch (ConfigException refused) {
            return;
        }
        assertThat(phone(text)).isEqualTo(text);
    }

    private static String phone(String text) throws ConfigException {
        return PhoneConfig.of("fuzz", QuickConfig.parse("fuzz", text)).text();
    }
}
