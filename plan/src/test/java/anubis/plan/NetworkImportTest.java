package anubis.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import anubis.config.Cidr;
import anubis.config.ConfigException;
import anubis.crypto.PrivateKey;
import anubis.plan.NetworkInit.Answers;
import anubis.plan.NetworkInit.First;
import anubis.plan.NetworkInit.Named;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class NetworkImportTest {
    private static String secret(int number) {
        byte[] bytes = new byte[32];
        bytes[5] = (byte) number;
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static String key(int number) {
        return PrivateKey.ofBase64(secret(number)).publicKey().base64();
    }

    private static final String HUB = """
            [Interface]
            PrivateKey = %s
            Address = 10.9.0.1/24, fd00:9::1/64
            ListenPort = 4296
            PostUp = iptables -A FORWARD -i %%i -j ACCEPT
            [Peer]
            PublicKey = %s
            AllowedIPs = 10.9.0.2/32, fd00:9::2/128
            [Peer]
            #: Name = Selen's phone
            PublicKey = %s
            PresharedKey = %s
            AllowedIPs = 10.9.0.3/32
            [Peer]
            PublicKey = %s
            AllowedIPs = 10.9.0.4/32, 192.168.10.20/32
            [Peer]
            PublicKey = %s
            AllowedIPs = 10.9.0.5/32, 192.168.77.0/24
            """.formatted(secret(1), key(2), key(3), secret(99), key(4), key(5));
    /** As a client has it that knows nobody else. */
    private static final String LAPTOP = """
            [Interface]
            PrivateKey = %s
            Address = 10.9.0.2/24, fd00:9::2/64
            [Peer]
            PublicKey = %s
            Endpoint = hub.example.org:4296
            AllowedIPs = 0.0.0.0/0, ::/0
            PersistentKeepalive = 21
            """.formatted(secret(2), key(1));

    private static final String DESK = """
            [Interface]
            PrivateKey = %s
            Address = 10.9.0.4/24
            [Peer]
            PublicKey = %s
            Endpoint = 192.168.10.254:4296
            AllowedIPs = 10.9.0.0/24, fd00:9::/64, 192.168.10.0/24
            """.formatted(secret(4), key(1));

    private static First first(String... files) throws ConfigException {
        Map<String, String> all = new LinkedHashMap<>();
        for (int i = 0; i < files.length; i += 2) {
            all.put(files[i], files[i + 1]);
        }
        return NetworkImport.network("Old", all);
    }

    @Test
    @DisplayName("A network that was configured by hand is described")
    void describes() throws Exception {
        First first = first("hosts/jacinth/wg1.conf", HUB, "xena.conf", LAPTOP, "hosts/holly/wg1.conf", DESK);

        Network network = first.network();
        assertThat(NetworkFile.parse("written", NetworkText.format(network))).isEqualTo(network);
        assertThat(network.hosts().keySet()).containsExactly("jacinth", "xena", "holly", "selen-s-phone", "peer");
        assertThat(network.hosts().values().stream().map(Host::role))
                .containsExactly(Role.CENTRAL, Role.ROAMING, Role.LEAF, Role.PHONE, Role.GATEWAY);
        assertThat(network.interfaceName()).isEqualTo("wg1");
        assertThat(network.port()).isEqualTo(4296);
        assertThat(network.ranges()).hasToString("[10.9.0.0/24, fd00:9::/64]");
        assertThat(network.host("jacinth").endpoint()).hasToString("Optional[hub.example.org:4296]");
        assertThat(network.host("jacinth").addressesOn("lan-jacinth")).hasToString("[/192.168.10.254]");
        assertThat(network.host("holly").addressesOn("lan-jacinth")).hasToString("[/192.168.10.20]");
        assertThat(network.host("xena").through()).isEqualTo(Through.EVERYTHING);
        assertThat(network.host("xena").keepalive()).hasValue(21);
        assertThat(network.host("xena").key().orElseThrow()).hasToString(key(2));
        assertThat(network.segment("lan-peer").prefixes()).hasToString("[192.168.77.0/24]");
        assertThat(network.situations().getFirst().away()).containsOnlyKeys("xena", "selen-s-phone");
        assertThat(first.remarks())
                .anyMatch(remark -> remark.startsWith("jacinth: its commands (PostUp …) are left out"))
                .anyMatch(remark -> remark.startsWith("jacinth: its preshared keys are left out"))
                .anyMatch(remark -> remark.startsWith("what the peer " + key(5) + " is called is not known"))
                .anyMatch(remark -> remark.startsWith("which address hub.example.org has is not known"))
                .anyMatch(remark -> remark.startsWith("that selen-s-phone is a phone is a guess"))
                .noneMatch(remark -> remark.contains("iptables") || remark.contains(secret(99)));
    }

    @Test
    @DisplayName("A server's file alone is enough for its clients")
    void serverAlone() throws Exception {
        First first = first("server.conf", HUB.replace(", 192.168.77.0/24", ""));

        assertThat(first.network().host("server").role()).isEqualTo(Role.CLOUD);
        assertThat(first.network().hosts()).hasSize(5);
        assertThat(NetworkFile.parse("written", NetworkText.format(first.network())))
                .isEqualTo(first.network());
        assertThat(first.remarks()).anyMatch(remark -> remark.startsWith("which address server has is not known"));
    }

    @Test
    @DisplayName("Files that are none, and files without peers, are refused")
    void refuses() {
        assertThatThrownBy(() -> first("a.conf", "[Interface]\nAddress = 10.9.0.1\n"))
                .hasMessageContaining("no file has a [Peer]");
        assertThatThrownBy(() -> first("a.conf", "[Interface]\nAdress = 1\n", "b.conf", "[Pear]\n"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("a.conf:2")
                .hasMessageContaining("b.conf:1");
    }

    @Test
    @DisplayName("A few answers are a network")
    void init() throws Exception {
        First first = NetworkInit.network(new Answers(
                "New",
                List.of(Cidr.parse("10.9.0.0/24"), Cidr.parse("fd00:9::/64")),
                Named.parse("hub=" + key(1)),
                "hub.example.org",
                Optional.of(Cidr.parse("192.168.10.0/24")),
                List.of(Named.parse("desk=" + key(2))),
                List.of(Named.parse("laptop=" + key(3))),
                List.of(Named.parse("phone=" + key(4)))));

        assertThat(NetworkFile.parse("written", NetworkText.format(first.network())))
                .isEqualTo(first.network());
        assertThat(first.network().hosts().values().stream().map(Host::role))
                .containsExactly(Role.CENTRAL, Role.LEAF, Role.ROAMING, Role.PHONE);
        assertThat(first.network().situations().stream().map(Situation::name)).containsExactly("home", "away");
    }

    @Test
    @DisplayName("Of the fewest answers only the keys are missing then")
    void initWithoutKeys() {
        Answers answers = new Answers(
                "New",
                List.of(Cidr.parse("10.9.0.0/24")),
                Named.parse("server"),
                "198.51.100.7",
                Optional.empty(),
                List.of(),
                List.of(),
                List.of(Named.parse("phone")));
        First first = NetworkInit.network(answers);

        assertThat(first.remarks())
                .filteredOn(remark -> remark.startsWith("the public key of "))
                .hasSize(2);
        assertThatThrownBy(() -> NetworkFile.parse("written", NetworkText.format(first.network())))
                .isInstanceOfSatisfying(
                        ConfigException.class,
                        e -> assertThat(e.problems())
                                .hasSize(2)
                                .allMatch(problem -> problem.key().endsWith(".key")));
        assertThatThrownBy(() -> Named.parse("No Name")).hasMessageContaining("small letters");
    }

    @Test
    @DisplayName(
            "Peers are called as comments call them, in the forms that people and scripts use; nothing long is a name")
    void comments() throws Exception {
        String peers = """
                [Interface]
                # mine
                PrivateKey = %s
                Address = 10.9.0.1/24
                """.formatted(secret(1));
        List<String> comments = List.of(
                "# Anna",
                "### Client ben",
                "### begin carla ###",
                "# Client: dora (0f9b-11)",
                "# friendly_name = emil",
                "# BEGIN_PEER fritz",
                "# " + secret(9),
                "# his old laptop, which he should give back");
        for (int i = 0; i < comments.size(); i++) {
            peers += (i % 2 == 0 ? comments.get(i) + "\n[Peer]\n" : "\n[Peer]\n" + comments.get(i) + "\n")
                    + "PublicKey = " + key(10 + i) + "\nAllowedIPs = 10.9.0." + (10 + i) + "/32\n";
        }
        assertThat(NetworkImport.network("Home", Map.of("hub.conf", peers))
                        .network()
                        .hosts()
                        .keySet())
                .containsExactly("hub", "anna", "ben", "carla", "dora", "emil", "fritz", "peer", "peer-2");
    }

    @Test
    @DisplayName("From the file of a client alone the hub is the one that it calls")
    void theHubIsWhoIsCalled() throws Exception {
        Network network =
                NetworkImport.network("Home", Map.of("laptop.conf", LAPTOP)).network();

        assertThat(network.host("peer").role()).isEqualTo(Role.CLOUD);
        assertThat(network.host("laptop").role()).isEqualTo(Role.ROAMING);
    }
}
