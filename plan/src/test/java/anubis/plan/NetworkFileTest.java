package anubis.plan;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.ConfigException;
import anubis.config.ConfigException.Problem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

class NetworkFileTest {
    private static final Path EXAMPLES = Path.of("../docs/examples");
    static final String SMALL = """
            name = "Small"
            wireguard = ["10.9.0.0/24", "fd00:9::/64"]
            gate-port = 4297
            [networks.lan]
            kind = "lan"
            addresses = ["192.168.1.0/24"]
            gateway = "hub"
            [networks.isp]
            kind = "wild"
            addresses = ["203.0.113.0/24", "2001:db8:1::/64"]
            routed = { "2001:db8:2::/48" = "hub" }
            [networks.cafe]
            kind = "wild"
            nat = true
            addresses = ["192.168.1.0/24"]
            [networks.box]
            kind = "inside"
            addresses = ["192.168.2.0/28"]
            gateway = "laptop"
            [hosts.hub]
            role = "central"
            key = "1mTAfP7DcM+KrmRJlK+RnUXhnp+mihhFjZ89WLDqfB4="
            wg = 1
            on.lan = 1
            on.isp = ["203.0.113.7", "2001:db8:1::7"]
            interfaces.isp = "eth1"
            extra-ports = [53]
            lets-in = ["tcp 80", "ping"]
            [hosts.laptop]
            role = "roaming"
            key = "0aXh1hdHodtuzV3pWMpKn9iEhzptRyphwOJ5jZ3v6Ew="
            wg = ["10.9.0.2", "fd00:9::2"]
            on.lan = "192.168.1.2"
            on.box = 1
            [hosts.inner]
            role = "vm"
            key = "Zs8GSWdZPxUxPgjIdOLFUS994Lswl9H0egCLPAZQ+C8="
            wg = 3
            on.box = 2
            [hosts.desk]
            role = "leaf"
            key = "fzghJKpwSObUntMQARJLc5ziQNQB1Wd9n5RcNmzo3yo="
            wg = 4
            on.lan = 4
            [hosts.robot]
            role = "appliance"
            on.lan = 5
            [[situations]]
            name = "home"
            [[situations]]
            name = "away"
            note = "In the café"
            away.laptop = "cafe"
            """;

    static Network example(String name) throws Exception {
        Path file = EXAMPLES.resolve(name + ".toml");
        return NetworkFile.parse(file.toString(), Files.readString(file));
    }

    private static List<String> problems(String text) {
        try {
            NetworkFile.parse("net.toml", text);
            return List.of();
        } catch (ConfigException e) {
            return e.problems().stream().map(Problem::toString).toList();
        }
    }

    @Test
    void readsTheExample() throws Exception {
        Network network = example("couchnet");

        assertThat(network.hosts().keySet())
                .startsWith("jacinth", "surya", "chandra", "xena")
                .hasSize(11);
        assertThat(network.ranges()).hasToString("[10.42.0.0/24, 2001:db8:306:42::/64]");
        assertThat(network.host("jacinth").addressesOn("lan"))
                .hasToString("[/192.168.10.254, /2001:db8:306:1:0:0:0:fe]");
        assertThat(network.host("jacinth").endpoint()).hasToString("Optional[jacinth.dyn.example:4296]");
        assertThat(network.host("surya").endpoint()).hasToString("Optional[198.51.100.8:4296]");
        assertThat(network.situations()).hasSize(9);
    }

    @Test
    @DisplayName(
            "A key that is still missing is told of its host, and not as a fault of the network whose gateway that is")
    void keyOfAGateway() {
        assertThat(problems(SMALL.replace("key = \"1mTAfP7DcM+KrmRJlK+RnUXhnp+mihhFjZ89WLDqfB4=\"\n", "")
                        .replace("key = \"fzghJKpwSObUntMQARJLc5ziQNQB1Wd9n5RcNmzo3yo=\"\n", "")))
                .hasSize(2)
                .anyMatch(problem -> problem.contains("hosts.hub.key: it is missing"))
                .anyMatch(problem -> problem.contains("hosts.desk.key: it is missing"));
    }

    @Test
    @DisplayName("What is not said is as most have it")
    void defaults() throws Exception {
        Network network = NetworkFile.parse("net.toml", SMALL);

        assertThat(network.domain()).isEqualTo("internal");
        assertThat(network.interfaceName()).isEqualTo("wg0");
        assertThat(network.suffix()).isEqualTo("wg");
        assertThat(network.port()).isEqualTo(4296);
        assertThat(network.host("hub").port()).isEqualTo(4296);
        assertThat(network.host("hub").endpoint()).hasToString("Optional[203.0.113.7:4296]");
        assertThat(network.host("laptop").through()).isEqualTo(Through.EVERYTHING);
        assertThat(network.host("laptop").endpoint()).isEmpty();
        assertThat(network.host("desk").through()).isEqualTo(Through.NAMES);
        assertThat(network.segment("lan").mtu()).isEqualTo(1500);
        assertThat(NetworkFile.parse("net.toml", SMALL.substring(0, SMALL.indexOf("[[")))
                        .situations())
                .singleElement()
                .extracting(Situation::name)
                .isEqualTo("usual");
    }

    /** What is replaced in the description above, by what (¶ is an end of line), and all that is told. */
    @ParameterizedTest
    @DisplayName("What is wrong is told with its line, column, key and what would be right")
    @CsvFileSource(resources = "network-faults.csv", delimiter = '|', quoteCharacter = '`', maxCharsPerColumn = 10_000)
    void faults(String was, String is, String told) {
        assertThat(SMALL).contains(was.replace("¶", "\n"));

        assertThat(problems(SMALL.replaceFirst(
                        Pattern.quote(was.replace("¶", "\n")), Matcher.quoteReplacement(is.replace("¶", "\n")))))
                .containsExactly(told.split(" ¶ ", -1));
    }

    @Test
    @DisplayName("All is told at once, in the order of lines")
    void allAtOnce() {
        assertThat(problems(SMALL.replace("wg = 3", "wgg = 3")
                        .replace("name = \"Small\"", "nmae = \"Small\"")
                        .replace("\"cafe\"", "\"caffe\"")))
                .hasSize(4)
                .isSortedAccordingTo(Comparator.comparing(text -> Integer.valueOf(text.split(":", -1)[1])));
    }

    @Test
    void gateKeysAreOfTheirOwnAndOfNetworksWithGates() {
        String gate = SMALL.replace("wg = 3", "gate-key = \"Zs8GSWdZPxUxPgjIdOLFUS994Lswl9H0egCLPAZQ+C8=\"\nwg = 3");
        String other = gate.replace("gate-key = \"Zs8G", "gate-key = \"Zs8H");
        assertThat(problems(gate)).singleElement().asString().contains("hosts.inner.gate-key: it is said twice");
        assertThat(problems(other)).isEmpty();
        assertThat(problems(other.replace("gate-port = 4297\n", "")))
                .singleElement()
                .asString()
                .contains("hosts.inner.gate-key: there are no gates; ");
    }

    @Test
    void whatIsNestedTooDeeplyIsToldOf() {
        assertThat(problems("a = " + "[".repeat(20_000) + "]".repeat(20_000)))
                .singleElement()
                .asString()
                .contains("brackets");
    }

    @Test
    @DisplayName("What may be a private key is never cited")
    void secrets() {
        String secret = "UMlAztNylJahPmTyjthNAQm7HMVlsE4AelA6Ansk2GI=";
        for (String line : List.of(
                "private-key = \"" + secret + "\"",
                "PrivateKey = " + secret,
                "preshared-key = \"" + secret + "\"",
                "wg = \"" + secret + "\"",
                "wg = \"" + secret.replace('A', '/') + "\"",
                "hub = \"" + secret + "\"",
                "endpoint = \"" + secret + "\"",
                "\"" + secret + "\" = 3",
                secret)) {
            assertThat(problems(SMALL.replace("wg = 3", line)))
                    .isNotEmpty()
                    .noneMatch(problem -> problem.contains("UMl"));
        }
        assertThat(problems(SMALL.replace("Zs8GSWdZPxUxPgjIdOLFUS994Lswl9H0egCLPAZQ+C8=", secret.substring(1))))
                .singleElement()
                .asString()
                .startsWith("net.toml:37:1: hosts.inner.key: ")
                .doesNotContain(secret.substring(1));
    }
}
