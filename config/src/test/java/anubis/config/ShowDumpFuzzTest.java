package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.net.ProtocolException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

class ShowDumpFuzzTest {
    /** Any text is refused by a ProtocolException, or is a device that is dumped and read again as the same. */
    @FuzzTest
    void parse(byte[] data) throws ProtocolException {
        UapiDevice device;
        try {
            device = ShowDump.parse(new String(data, StandardCharsets.ISO_8859_1));
        } catch (ProtocolException refused) {
            return;
        }
        assertThat(ShowDump.parse(ShowText.field(ShowField.DUMP, Optional.empty(), device)))
                .isEqualTo(device);
    }
}
