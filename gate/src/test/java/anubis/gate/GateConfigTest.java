package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import anubis.config.ConfigException;
import anubis.config.ConfigException.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GateConfigTest {
    private static final String KEY = "oK56DE9Ue9zK76rAc8pBl6opph+1v36lm7cXXsQKrUE=";
    private static final String PUBLIC = "GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU=";
    private static final String OTHER = "lZOTDB6eC7qjPtXMz0T1fZE2RGgd2GKGDjmqgiWXbBo=";
    private static final String HUB = """
            interface = "wg0"
            key = "gate.priv"
            [hub]
            name = "jacinth"
            endpoints = ["192.0.2.1:51820", "[2001:db8::1]:51820"]
            allowed-ips = ["10.9.0.0/24"]
            lease = "8h"
            max-peers = 100
            in-reserve-for = "cloud"
            second-factor-program = "/bin/true"
            """;
    private static final String CLIENT = """
            interface = "wg0"
            key = "gate.priv"
            [[hubs]]
            name = "jacinth"
            key = "%s"
            endpoint = "vpn.example.org:4297"
            """.formatted(PUBLIC);

    @TempDir
    private Path folder;

    @BeforeEach
    void writeKey() throws IOException {
        write("gate.priv", KEY + "\n", "rw-------");
    }

    private Path write(String name, String text, String mode) throws IOException {
        Path file = folder.resolve(name);
        Files.writeString(file, text);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    private GateConfig read(String text) throws IOException, ConfigException {
        return GateConfig.read(write("gate.toml", text, "rw-r--r--"));
    }

    /** What is told of a configuration, without the folder. */
    private List<String> problems(String text) throws IOException {
        try {
            read(text);
            return List.of();
        } catch (ConfigException e) {
            return e.problems().stream()
                    .map(Problem::toString)
                    .map(problem -> problem.replace(folder + "/", ""))
                    .toList();
        }
    }

    @Test
    void readsAHub() throws Exception {
        GateConfig config = read(HUB);

        assertThat(config.interfaceName()).isEqualTo("wg0");
        assertThat(config.port()).isEqualTo(4297);
        assertThat(config.hubs()).isEmpty();
        assertThat(config.hub()).hasValueSatisfying(hub -> {
            assertThat(hub.endpoints()).hasToString("[192.0.2.1:51820, [2001:db8::1]:51820]");
            assertThat(hub.lease()).isEqualTo(Duration.ofHours(8));
            assertThat(hub.maxPeers()).isEqualTo(100);
            assertThat(hub.inReserveFor()).contains("cloud");
        });
    }

    @Test
    void readsAClient() throws Exception {
        GateConfig config = read(CLIENT);

        assertThat(config.hub()).isEmpty();
        assertThat(config.port()).isZero();
        assertThat(config.hubs()).singleElement().satisfies(hub -> {
            assertThat(hub.name()).isEqualTo("jacinth");
            assertThat(hub.key()).hasToString(PUBLIC);
            assertThat(hub.endpoint()).hasToString("vpn.example.org:4297");
        });
    }

    /** In the order of the file: what is replaced in the hub's configuration, by what (¶ is an end of line), and what is told. */
    @ParameterizedTest
    @DisplayName("What is wrong with a hub is told with its line, its key and a remedy")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "interface = \"wg0\"|                | gate.toml:1: interface: it is missing; write interface = \"wg0\","
                        + " the interface that carries the traffic",
                "\"wg0\"            | \"a b\"        | gate.toml:1: interface: 'a b' is not right; write the name of an"
                        + " interface, as in wg0",
                "\"wg0\"            | 5              | gate.toml:1: interface: it is no text; write it in quotes",
                "[hub]              | port = 70000¶[hub]| gate.toml:3: port: it is no whole number from 1 to 65535;"
                        + " write one, without quotes",
                "[hub]              | port = \"5\"¶[hub]| gate.toml:3: port: it is no whole number from 1 to 65535;"
                        + " write one, without quotes",
                "[hub]              | [[hub]]        | gate.toml:3: hub: it is no table; write [hub], and its keys below",
                "name = \"jacinth\" |                | gate.toml:3: hub.name: it is missing; write name = \"…\", the name"
                        + " of the hub",
                "jacinth            | a/b            | gate.toml:4: hub.name: 'a/b' is not right; write 1 to 63 letters,"
                        + " digits or _ . -",
                "name =             | nome = 5¶name =| gate.toml:4: hub.nome: there is no such key; remove it, or use one"
                        + " of name, endpoints, allowed-ips, lease, max-peers, in-reserve-for, second-factor-program",
                "endpoints          | lease          | gate.toml:7:1: TOML: lease previously defined at line 5, column 1;"
                        + " text stands in \"quotes\", a list in [ ], a table begins with [NAME] (see toml.io)",
                ".1:51820           | .1             | gate.toml:5: hub.endpoints: '192.0.2.1': the port is missing; write"
                        + " endpoints = [\"HOST:PORT\"], where clients reach it",
                ".1:51820           | .1:0           | gate.toml:5: hub.endpoints: '192.0.2.1:0': the port is not a number"
                        + " from 1 to 65535; write endpoints = [\"HOST:PORT\"], where clients reach it",
                "[\"10.9.0.0/24\"]  | \"10.9.0.0/24\"| gate.toml:6: hub.allowed-ips: it is no list of text; write"
                        + " allowed-ips = [\"10.0.0.0/8\"], what clients reach by it",
                "[\"10.9.0.0/24\"]  | []             | gate.toml:6: hub.allowed-ips: it is no list of text; write"
                        + " allowed-ips = [\"10.0.0.0/8\"], what clients reach by it",
                "10.9.0.0/24        | 10.9.0.0/99    | gate.toml:6: hub.allowed-ips: '10.9.0.0/99': the prefix length is"
                        + " not a number from 0 to 32; write allowed-ips = [\"10.0.0.0/8\"], what clients reach by it",
                "8h                 | 8 hours        | gate.toml:7: hub.lease: '8 hours' is no time; write it as in 30m,"
                        + " 8h or 7d",
                "8h                 | 0h             | gate.toml:7: hub.lease: '0h' is no time; write it as in 30m, 8h or 7d",
                "100                | 0              | gate.toml:8: hub.max-peers: it is no whole number from 1 to"
                        + " 2147483647; write one, without quotes",
                "cloud              | a cloud        | gate.toml:9: hub.in-reserve-for: 'a cloud' is not right; write the"
                        + " name of a hub",
                "/bin/true          | true           | gate.toml:10: hub.second-factor-program: 'true' is no program that"
                        + " can be run; write its whole path, and chmod +x it",
            })
    void tellsWhatIsWrongWithAHub(String what, String by, String told) throws IOException {
        assertThat(HUB).contains(what);
        assertThat(problems(HUB.replace(what, by == null ? "" : by.replace('¶', '\n'))))
                .containsExactly(told);
    }

    @ParameterizedTest
    @DisplayName("What is wrong with a client is told with its line, its key and a remedy")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[[hubs]]           | [hubs]         | gate.toml:3: hubs: it is no list of tables; write [[hubs]], with two"
                        + " brackets, above each",
                "endpoint =         | port =         | gate.toml:3: hubs.endpoint: it is missing; write endpoint ="
                        + " \"HOST:4297\", where the hub's gate is reached",
                ":4297              |                | gate.toml:6: hubs.endpoint: 'vpn.example.org': the port is missing;"
                        + " write endpoint = \"HOST:4297\", where the hub's gate is reached",
                "GtL7fZc/           | x              | gate.toml:5: hubs.key: a key is 32 bytes in base64: 44 characters, the last one '='; write"
                        + " key = \"…\", the hub's gate public key, as 'anubis gate init' prints it there",
            })
    void tellsWhatIsWrongWithAClient(String what, String by, String told) throws IOException {
        assertThat(CLIENT).contains(what);
        assertThat(problems(CLIENT.replace(what, by == null ? "" : by))).contains(told);
    }

    @Test
    void aHubThatIsNamedTwiceIsTold() throws IOException {
        assertThat(problems(CLIENT + CLIENT.substring(CLIENT.indexOf("[[")).replace(PUBLIC, OTHER)))
                .containsExactly("gate.toml:3: hubs: two hubs are both 'jacinth'; name each hub once");
    }

    @Test
    void whatIsMissingInTheSecondTableIsToldThere() throws IOException {
        assertThat(problems(CLIENT + "[[hubs]]\nname = \"cloud\"\nkey = \"" + OTHER + "\"\n"))
                .containsExactly("gate.toml:7: hubs.endpoint: it is missing; write endpoint = \"HOST:4297\", where the"
                        + " hub's gate is reached");
    }

    @Test
    void aHostThatIsNothingIsTold() throws IOException {
        assertThat(problems("interface = \"wg0\"\nkey = \"gate.priv\"\n"))
                .containsExactly(
                        "gate.toml:1: hubs: this host is no hub, and there is none to ask; add a table [[hubs]]"
                                + " for each hub to ask, or [hub]; 'anubis gate init' shows how");
    }

    @Test
    void moreThanOneReplyHoldsIsTold() throws IOException {
        String many = String.join(", ", Collections.nCopies(60, "\"2001:db8:1:2:3:4:5:6/128\""));
        assertThat(problems(HUB.replace("\"10.9.0.0/24\"", many)))
                .containsExactly(
                        "gate.toml:6: hub.allowed-ips: all this does not fit into one reply; name fewer prefixes"
                                + " and endpoints");
    }

    @Test
    void aPrivateKeyIsNotCited() throws IOException {
        assertThat(problems(CLIENT.replace(PUBLIC, KEY.substring(1))))
                .singleElement()
                .asString()
                .doesNotContain(KEY.substring(2, 20));
        assertThat(problems(CLIENT.replace('"' + PUBLIC + '"', KEY)))
                .isNotEmpty()
                .allSatisfy(problem ->
                        assertThat(problem).startsWith("gate.toml:5:7: TOML: ").doesNotContain(KEY.substring(2, 20)));
    }

    @Test
    void whatIsWrongWithTheKeyIsTold() throws IOException {
        String make = "(umask 077; anubis genkey > gate.priv)";
        write("gate.priv", "no key\n", "rw-------");
        assertThat(problems(CLIENT))
                .containsExactly("gate.toml:2: key: gate.priv: there is no key in it; make it anew: " + make);
        write("gate.priv", KEY, "rw-r-----");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        assertThat(problems(CLIENT))
                .containsExactly("gate.toml:2: key: gate.priv: others than its owner can read its secret keys;"
                        + " chmod 600 gate.priv");
        Files.delete(folder.resolve("gate.priv"));
        assertThat(problems(CLIENT))
                .containsExactly("gate.toml:2: key: gate.priv: there is no such file; make it: " + make);
    }

    @Test
    void aConfigurationThatOthersMayChangeIsNotUsed() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path file = write("gate.toml", CLIENT, "rw-rw-rw-");

        assertThatThrownBy(() -> GateConfig.read(file))
                .hasMessage(file + ":1: file: others than its owner can change it; chmod go-w " + file);
    }

    @Test
    void whatCannotBeReadIsTold() throws IOException {
        Path file = folder.resolve("gate.toml");
        assertThatThrownBy(() -> GateConfig.read(file))
                .hasMessage(file + ": there is no such file; 'anubis gate init' writes a first one");
        Files.write(file, new byte[] {(byte) 0xff});
        assertThatThrownBy(() -> GateConfig.read(file)).hasMessage(file + ": it is not text in UTF-8; write it anew");
    }

    @Test
    void whatThisUserMayNotReadIsTold() throws IOException {
        Path file = write("gate.toml", CLIENT, "---------");
        assumeFalse(Files.isReadable(file), "root may read everything");
        assertThatThrownBy(() -> GateConfig.read(file)).hasMessage(file + ": this user may not read it; try as root");
    }

    /** All of it at once, in the order of the lines. */
    @Test
    void allIsTold() throws IOException {
        String text = HUB.replace("wg0", "?").replace("8h", "?").replace("100", "-1");

        assertThat(problems(text).stream()
                        .map(line -> Arrays.asList(line.split(":", -1)).get(1)))
                .containsExactly("1", "7", "8");
    }
}
