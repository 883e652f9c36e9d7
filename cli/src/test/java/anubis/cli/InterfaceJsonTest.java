package anubis.cli;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.ConfigParser;
import anubis.config.ShowField;
import anubis.config.ShowText.Secrets;
import anubis.config.UapiDevice;
import anubis.config.UapiReply;
import anubis.config.WireGuardConfig;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class InterfaceJsonTest {
    private static final String PRIVATE = "\"privateKey\":\"ERERERERERERERERERERERERERERERERERERERERERE=\",";
    private static final String PRESHARED = "\"presharedKey\":\"MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM=\"";

    private UapiDevice device;

    @BeforeEach
    void readDevice() throws Exception {
        device = UapiReply.parse(
                "private_key=" + "11".repeat(32) + "\nlisten_port=51820\npublic_key=" + "22".repeat(32)
                        + "\npreshared_key=" + "33".repeat(32)
                        + "\nendpoint=[2001:db8::1]:5\nallowed_ip=10.0.0.0/8\nallowed_ip=::/0\nlast_handshake_time_sec=7\nrx_bytes=5\n");
    }

    private static String printed(Json.Value value) throws Exception {
        StringWriter out = new StringWriter();
        Json.print(new PrintWriter(out), value);
        return out.toString();
    }

    @Test
    void secretsAreHiddenUnlessTheyAreAskedFor() throws Exception {
        Map<String, UapiDevice> devices = Map.of("wg0", device);
        assertThat(printed(InterfaceJson.of(devices, Optional.empty(), Secrets.HIDDEN)))
                .isEqualTo(
                        "{\"wg0\":{\"privateKey\":\"(hidden)\",\"publicKey\":\"e06Qm75//kTEZaIgA31gjuNYl9Me+XLwf3SJLLD3PxM=\","
                                + "\"listenPort\":51820,\"peers\":{\"IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=\":{"
                                + "\"presharedKey\":\"(hidden)\",\"endpoint\":\"[2001:db8::1]:5\",\"latestHandshake\":7,"
                                + "\"transferRx\":5,\"transferTx\":0,\"allowedIps\":[\"10.0.0.0/8\",\"::/0\"]}}}}\n");
        assertThat(printed(InterfaceJson.of(devices, Optional.empty(), Secrets.SHOWN)))
                .contains(PRIVATE, PRESHARED);
        assertThat(printed(InterfaceJson.of(devices, Optional.of(ShowField.DUMP), Secrets.HIDDEN)))
                .contains(PRIVATE, PRESHARED);
    }

    @Test
    void oneFieldIsAllThatIsPrinted() throws Exception {
        Map<String, UapiDevice> devices = Map.of("wg0", device);
        assertThat(printed(InterfaceJson.of(devices, Optional.of(ShowField.TRANSFER), Secrets.HIDDEN)))
                .isEqualTo("{\"wg0\":{\"peers\":{\"IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=\":"
                        + "{\"transferRx\":5,\"transferTx\":0}}}}\n");
        assertThat(printed(InterfaceJson.of(devices, Optional.of(ShowField.PRESHARED_KEYS), Secrets.HIDDEN)))
                .contains(PRESHARED)
                .doesNotContain("privateKey");
    }

    @Test
    void aFileIsPrintedAsADeviceThatHasItWouldBe() throws Exception {
        WireGuardConfig config = ConfigParser.parse("wg0.conf", """
                [Interface]
                ListenPort = 51820
                PrivateKey = ERERERERERERERERERERERERERERERERERERERERERE=
                Address = 10.0.0.1/24
                PostUp = echo secret
                [Peer]
                PublicKey = IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=
                PresharedKey = MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM=
                Endpoint = [2001:db8::1]:5
                AllowedIPs = 10.0.0.1/8, ::/0
                """, ConfigParser.Dialect.WG_QUICK);
        assertThat(printed(InterfaceJson.settings("wg0", config)))
                .isEqualTo(printed(InterfaceJson.settings("wg0", device)));

        WireGuardConfig named = ConfigParser.parse(
                "wg0.conf",
                "[Peer]\nPublicKey = IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=\nEndpoint = vpn.example.org:5\n",
                ConfigParser.Dialect.WG_QUICK);
        assertThat(printed(InterfaceJson.settings("wg0", named)))
                .isEqualTo("{\"wg0\":{\"peers\":{\"IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=\":"
                        + "{\"endpoint\":\"vpn.example.org:5\",\"allowedIps\":[]}}}}\n");
    }

    @Test
    void aConfigurationHasItsSecretsAndNoState() throws Exception {
        assertThat(printed(InterfaceJson.settings("wg0", device)))
                .contains(PRIVATE, PRESHARED, "\"endpoint\"")
                .doesNotContain("latestHandshake", "transfer", "publicKey");
    }
}
