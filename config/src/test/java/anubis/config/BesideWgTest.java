package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import anubis.config.ConfigParser.Dialect;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The real {@code wg} and this module, side by side. */
class BesideWgTest {
    private static final String KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
    private static final String HEX = "c809f3e5317e9575c9b5ed78b638b7ce530dabe85ddab614220241801ddf0669";
    private static final String PEER = "[Peer]\nPublicKey=" + KEY + "\n";

    @TempDir
    Path directory;

    private SocketDevice device;

    @BeforeEach
    void listen() throws Exception {
        device = new SocketDevice(directory);
    }

    @AfterEach
    void close() throws IOException {
        if (device != null) {
            device.close();
        }
    }

    /** What {@code wg setconf} or {@code addconf} sends for a file; empty if it refuses it. */
    private String sentByWg(String verb, String text) throws IOException, InterruptedException {
        Path file = Files.writeString(directory.resolve("file"), text);
        return device.sentBy(verb, "wg0", file.toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[Interface]",
                "[ inter face ]\n p rivatekey = " + KEY + " # comment",
                "[INTERFACE]\r\nLISTENPORT=00080\r\nFWMARK=0xFFffffff\r\n",
                "[Interface]\nFwMark=010\nListenPort=0",
                "[Interface]\nFwMark=OFF",
                PEER,
                PEER + PEER,
                PEER + "PublicKey=" + KEY,
                PEER + "[Interface]\nListenPort=5\n[Interface]\nListenPort=6",
                PEER + "AllowedIPs = 10.0.0.1/24, 1.2.3.4\nAllowedIPs=::/0",
                PEER + "AllowedIPs=::ffff:1.2.3.4/128,::1.2.3.4,2001:DB8:0:0:1::,1:2:3:4:5:6:7::,::8,1::3:4:5:6:7:8",
                PEER + "AllowedIPs=0:0:1:0:0:1:0:0, ::ffff:0:1, ::1:0, ::ffff:0:0, 1:2:3:4:5:6:1.2.3.4, 10.0.0.0/008",
                PEER + "Endpoint=1.2.3.4:5",
                PEER + "Endpoint=[2001:DB8::1]:5\nPersistentKeepalive=0025\nPresharedKey=" + KEY,
                PEER + "Endpoint=::1:5\nPersistentKeepalive=off",
                PEER + "Endpoint=[1.2.3.4]:0",
                PEER + "Endpoint=[fe80::1%lo]:5",
            })
    void theSameRequestForTheSameFile(String text) throws Exception {
        WireGuardConfig config = ConfigParser.parse("file", text, Dialect.WG);
        assertThat(DeviceChange.replacing(config).request()).isEqualTo(sentByWg("setconf", text));
        assertThat(DeviceChange.adding(config).request()).isEqualTo(sentByWg("addconf", text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PrivateKey=" + KEY,
                "[Interface]\nPrivateKey=yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBml=",
                "[Interface]\nPrivateKey=",
                "[Interface]\nListenPort=",
                "[Interface]\nListenPort=0x10",
                "[Interface]\nListenPort==5",
                "[Interface]\nListenPort=5 ; text",
                "[Interface]\nFwMark=4294967296",
                "[Interface]\nFwMark=0X10",
                "[Interface]\nFwMark=0x",
                "[Interface]\nFwMark=-1",
                "[Interface]\nAddress=10.0.0.1/24",
                "[Interface]\nFoo=1",
                "[Interface]\ntext",
                "[Interface]\n[Foo]",
                "[Interface",
                "[Interface]ListenPort=5",
                "[Interface]\nPublicKey=" + KEY,
                "[Peer]",
                PEER + "ListenPort=5",
                PEER + "AllowedIPs=10.0.0.0/8,",
                PEER + "AllowedIPs=,",
                PEER + "AllowedIPs=10.0.0.0/",
                PEER + "AllowedIPs=10.0.0.0/33",
                PEER + "AllowedIPs=10.0.0.0/+5",
                PEER + "AllowedIPs=010.0.0.0/8",
                PEER + "AllowedIPs=10.0/8",
                PEER + "AllowedIPs=::/129",
                PEER + "AllowedIPs=1::2::3",
                PEER + "AllowedIPs=12345::",
                PEER + "AllowedIPs=1:2:3:4:5:6:7:8::",
                PEER + "AllowedIPs=1:2:3:4:5:6:7:1.2.3.4",
                PEER + "AllowedIPs=:1::",
                PEER + "AllowedIPs=fe80::1%lo/64",
                PEER + "Endpoint=1.2.3.4",
                PEER + "Endpoint=1.2.3.4:",
                PEER + "Endpoint=1.2.3.4:0x5",
                PEER + "Endpoint=[::1]5",
                PEER + "Endpoint=[]:53",
                PEER + "Endpoint=:53",
                PEER + "PersistentKeepalive=65536",
                PEER + "PresharedKey=",
            })
    void bothRefuse(String text) throws Exception {
        assertThat(sentByWg("setconf", text)).isEmpty();
        assertThatThrownBy(() -> ConfigParser.parse("file", text, Dialect.WG)).isInstanceOf(ConfigException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "listen_port=51820\n",
                "private_key=" + HEX + "\nlisten_port=51820\nfwmark=4294967295\n",
                "private_key=" + HEX + "\npublic_key=" + HEX
                        + "\nallowed_ip=10.0.0.0/8\nallowed_ip=::ffff:1.2.3.4/128\n"
                        + "endpoint=[fe80::1%lo]:5\npersistent_keepalive_interval=25\npreshared_key=" + HEX
                        + "\npublic_key=" + HEX + "\npersistent_keepalive_interval=0\nlast_handshake_time_sec=5\n",
            })
    void showconfToTheByte(String text) throws Exception {
        device.answers(text);
        assertThat(UapiReply.parse(text).config().showconf())
                .isEqualTo(device.wg(Map.of(), "showconf", "wg0").stdout());
    }

    @Test
    void aPortThatWgWouldCutIsRefused() throws Exception {
        assertThat(sentByWg("setconf", "[Interface]\nListenPort=70000")).contains("listen_port=4464");
        assertThatThrownBy(() -> ConfigParser.parse("file", "[Interface]\nListenPort=70000", Dialect.WG))
                .hasMessage(
                        "file:2: ListenPort: '70000' will not do; write a number from 0 to 65535, 0 for any free port");
    }
}
