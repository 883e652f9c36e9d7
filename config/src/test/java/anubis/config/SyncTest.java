package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.ConfigParser.Dialect;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code syncconf} asks of a device with two peers: of what is as it should be, nothing. */
class SyncTest {
    private static final String HEX = "c809f3e5317e9575c9b5ed78b638b7ce530dabe85ddab614220241801ddf0669";
    private static final String A = "11".repeat(32);
    private static final String B = "22".repeat(32);
    private static final String RUNNING = "private_key=" + HEX + "\nlisten_port=51820\nfwmark=7\n"
            + "public_key=" + A + "\npreshared_key=" + HEX
            + "\nendpoint=192.0.2.1:1\npersistent_keepalive_interval=25\nallowed_ip=10.1.0.0/16\nallowed_ip=10.2.0.0/16\n"
            + "public_key=" + B + "\nallowed_ip=10.3.0.0/16\n";

    /** The lines of the request; settings are separated by blanks, and A and B are the peers. */
    private static String[] sync(String wanted) throws Exception {
        UapiDevice now = UapiReply.parse(RUNNING);
        String keyA = now.peers().getFirst().publicKey().base64();
        String keyB = now.peers().getLast().publicKey().base64();
        String secret = now.config().showconf().replaceAll("(?s).*PrivateKey = (\\S+).*", "$1");
        String text = wanted.replace("A:", "[Peer]\nPublicKey=" + keyA)
                .replace("B:", "[Peer]\nPublicKey=" + keyB)
                .replace("SECRET", secret)
                .replace(' ', '\n');
        WireGuardConfig config = ConfigParser.parse("file", text, Dialect.WG);
        String request = DeviceChange.between(now, now.config(), config).request();
        return request.replace("public_key=" + A, "A")
                .replace("public_key=" + B, "B")
                .strip()
                .split("\n");
    }

    private static final String SAME = "[Interface] PrivateKey=SECRET FwMark=7 ";
    private static final String SAME_A =
            "A: PresharedKey=SECRET Endpoint=192.0.2.1:1 PersistentKeepalive=25 AllowedIPs=10.2.0.0/16,10.1.0.0/16 ";
    private static final String SAME_B = "B: AllowedIPs=10.3.0.0/16 ";

    @Test
    void whatIsAsItShouldBeIsLeftAlone() throws Exception {
        assertThat(sync(SAME + SAME_A + SAME_B)).containsExactly("set=1");
        assertThat(sync(SAME_B + SAME + "ListenPort=51820 " + SAME_A)).containsExactly("set=1");
        assertThat(sync(SAME + SAME_A.replace("10.1.0.0", "10.1.2.3") + SAME_B)).containsExactly("set=1");
        assertThat(sync(SAME + SAME_A.replace("Endpoint=192.0.2.1:1 ", "") + SAME_B))
                .containsExactly("set=1");
    }

    @ParameterizedTest
    @CsvSource({
        "PresharedKey=SECRET, preshared_key=0000000000000000000000000000000000000000000000000000000000000000",
        "PersistentKeepalive=25, persistent_keepalive_interval=0",
    })
    void whatIsGoneFromTheFileIsTakenAway(String setting, String line) throws Exception {
        assertThat(sync(SAME + SAME_A.replace(setting + " ", "") + SAME_B)).containsExactly("set=1", "A", line);
    }

    @Test
    void peersComeAndGo() throws Exception {
        assertThat(sync(SAME + SAME_A)).containsExactly("set=1", "B", "remove=true");
        assertThat(sync(""))
                .contains("private_key=" + "0".repeat(64), "fwmark=0")
                .endsWith("A", "remove=true", "B", "remove=true");
        assertThat(sync(SAME + "[Peer] PublicKey=SECRET AllowedIPs=10.4.0.0/16 " + SAME_A + SAME_B))
                .containsExactly("set=1", "public_key=" + HEX, "replace_allowed_ips=true", "allowed_ip=10.4.0.0/16");
    }

    @Test
    void aPrefixMovesToThePeerThatHasItLast() throws Exception {
        String both = SAME + SAME_A.replace("10.2.0.0/16", "10.3.0.0/16") + SAME_B;

        // B keeps it, and A is not given it for a moment.
        assertThat(sync(both)).containsExactly("set=1", "A", "replace_allowed_ips=true", "allowed_ip=10.1.0.0/16");
        assertThat(sync(SAME + SAME_B + SAME_A.replace("10.2.0.0/16", "10.3.0.0/16")))
                .containsExactly(
                        "set=1",
                        "B",
                        "replace_allowed_ips=true",
                        "A",
                        "replace_allowed_ips=true",
                        "allowed_ip=10.3.0.0/16",
                        "allowed_ip=10.1.0.0/16");
    }

    @Test
    void aSecondSectionOfAPeerChangesTheFirst() throws Exception {
        assertThat(sync(SAME + SAME_A + SAME_B + "A: PersistentKeepalive=5 AllowedIPs=10.1.0.0/16,10.2.0.0/16"))
                .containsExactly("set=1", "A", "persistent_keepalive_interval=5");
    }

    @Test
    void aChangeOfAllowedIpsIsOneOfThoseThatThePeerHas() throws Exception {
        assertThat(sync(SAME + SAME_A + "B: AllowedIPs=+10.4.0.0/16"))
                .containsExactly(
                        "set=1", "B", "replace_allowed_ips=true", "allowed_ip=10.3.0.0/16", "allowed_ip=10.4.0.0/16");
        assertThat(sync(SAME + SAME_A + "B: AllowedIPs=-10.3.0.0/16"))
                .containsExactly("set=1", "B", "replace_allowed_ips=true");
    }
}
