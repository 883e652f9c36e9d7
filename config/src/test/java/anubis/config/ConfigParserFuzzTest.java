package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;

class ConfigParserFuzzTest {
    /** Any text is refused by a ConfigException, or is a configuration that survives being written and read. */
    @FuzzTest
    void parse(byte[] data) throws ConfigException {
        String text = new String(data, StandardCharsets.UTF_8);
        WireGuardConfig config;
        try {
            config = ConfigParser.parse("fuzz", text, ConfigParser.Dialect.WG_QUICK);
        } catch (ConfigException refused) {
            assertThat(refused.problems()).isNotEmpty();
            return;
        }
        String written = config.showconf();
        WireGuardConfig again = ConfigParser.parse("fuzz", written, ConfigParser.Dialect.WG);
        assertThat(again.showconf()).isEqualTo(written);
        assertThat(again.peers()).hasSameSizeAs(config.peers());
    }
}
