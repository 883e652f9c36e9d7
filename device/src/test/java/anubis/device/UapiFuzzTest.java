package anubis.device;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;

class UapiFuzzTest {
    /** Any line is understood, or refused with an errno. */
    @FuzzTest
    void request(byte[] data) {
        UapiRequest request = new UapiRequest();
        for (String line : new String(data, StandardCharsets.ISO_8859_1).split("\n", -1)) {
            try {
                request.line(line);
            } catch (UapiRequest.Refused refused) {
                assertThat(refused.errno).isPositive();
                return;
            }
        }
        assertThat(request.peers.stream().flatMap(peer -> peer.allowedIps.stream()))
                .allSatisfy(allowedIp -> assertThat(allowedIp.prefix().length()).isBetween(0, 128));
    }
}
