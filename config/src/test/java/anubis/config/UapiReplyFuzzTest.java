package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.net.ProtocolException;
import java.nio.charset.StandardCharsets;

class UapiReplyFuzzTest {
    /** Any text is refused by a ProtocolException, or is a device of which the peers can be set again. */
    @FuzzTest
    void parse(byte[] data) throws ProtocolException {
        UapiDevice device;
        try {
            device = UapiReply.parse(new String(data, StandardCharsets.ISO_8859_1));
        } catch (ProtocolException refused) {
            return;
        }
        // A name is no endpoint that a device reports, and a request refuses it.
        if (device.peers().stream()
                .allMatch(peer -> peer.endpoint().map(Endpoint::isLiteral).orElse(true))) {
            String request = DeviceChange.replacing(device.config()).request();
            UapiDevice again = UapiReply.parse(request.strip());
            assertThat(again.config().showconf()).isEqualTo(device.config().showconf());
        }
    }
}
