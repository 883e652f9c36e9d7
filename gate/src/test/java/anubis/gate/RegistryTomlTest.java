package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import anubis.config.ConfigException;
import anubis.crypto.PublicKey;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RegistryTomlTest {
    private static final String KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
    private static final String OTHER = "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=";
    private static final String PLAIN = """
            [[peer]]
            name = "alice"
            gate-key = "%s"
            production-key = "%s"
            allowed-ips = ["10.0.0.2/32"]
            """.formatted(KEY, OTHER);

    @Test
    void readsWhatItPrints() throws ConfigException {
        List<Entry> entries = List.of(
                RegistryContract.FULL,
                RegistryContract.PLAIN,
                RegistryContract.plain("none"),
                RegistryContract.plain("off").enabled(false));
        String text = RegistryToml.format(entries);
        assertThat(RegistryToml.parse("peers.toml", text)).isEqualTo(entries);
        assertThat(RegistryToml.format(RegistryToml.parse("peers.toml", text))).isEqualTo(text);
        assertThat(RegistryToml.parse("peers.toml", text.replace("\n", "\r\n"))).isEqualTo(entries);
        assertThat(RegistryToml.parse("peers.toml", RegistryToml.format(List.of())))
                .isEmpty();
        assertThat(RegistryToml.parse("peers.toml", "")).isEmpty();
    }

    @Test
    void readsWhatAPersonWrites() throws ConfigException {
        Entry alice =
                RegistryContract.entry("alice", PublicKey.ofBase64(KEY), PublicKey.ofBase64(OTHER), "10.0.0.2/32");
        assertThat(RegistryToml.parse("f", "# hers\n\n" + PLAIN)).containsExactly(alice);
        assertThat(RegistryToml.parse("f", PLAIN.replace("[[peer]]", "  [[ peer ]] # [[peer]]")))
                .containsExactly(alice);
        assertThat(RegistryToml.parse("f", PLAIN + "enabled = false\nnote = 'x # y'"))
                .singleElement()
                .matches(entry -> !entry.enabled() && entry.note().equals("x # y"));
        assertThat(RegistryToml.parse("f", PLAIN + "expiry = 2027-01-31T18:00:00+01:00\nsecond-factor = \"program\""))
                .singleElement()
                .hasToString(RegistryToml.parse(
                                "f", PLAIN + "expiry = \"2027-01-31T17:00:00Z\"\nsecond-factor = \"program\"")
                        .getFirst()
                        .toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "colour = \"red\" | f:7:1: colour: there is no such key; the keys of a peer are name,",
                "hours = \"Mon-Fry 08:00-18:00 UTC\" | f:7:1: hours: there is no day 'Fry'; hours are like",
                "hours = 8 | f:7:1: hours: not a value of this kind; ",
                "`  expiry = \"tomorrow\"` | f:7:3: expiry: ",
                "expiry = 2027-01-31 | f:7:1: expiry: not a time with its offset from UTC; write a time as 2027-01-31T18:00:00Z",
                "enabled = \"yes\" | f:7:1: enabled: not a value of this kind; write true or false",
                "second-factor = \"SECRET\" | f:7:1: second-factor: a second factor is",
                "second-factor = \"totp:SECRET\" | f:7:1: second-factor: the secret ",
                "preshared-key = \"SECRET\" | f:7:1: preshared-key: ",
                "preshared-key = SECRET+SECRET= | f:7:17: TOML: Unexpected ",
                "preshared-key = 1 SECRET | f:7:19: TOML: Unexpected text, expected",
                "name = \"bob\" | f:7:1: TOML: name previously defined",
                "note = \"a\\u0007b\" | f:2:1: peer: a note is one line",
                "[other] | f:7:1: other: there is no such key; each peer is a table",
                "[peer.sub] | f:7:1: sub: there is no such key",
                "[[peer]] | f:7:1: name: it is missing; write name = \"NAME\""
            })
    void saysWhereAndWhatIsWrong(String line, String problem) {
        assertThat(problems("\n" + PLAIN + line)).contains(problem).doesNotContain("SECRET");
    }

    private static String problems(String text) {
        return String.valueOf(catchThrowableOfType(ConfigException.class, () -> RegistryToml.parse("f", text))
                .getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "name = \"alice\" | name = \"al ice\" | f:1:1: peer: a peer's name has 1 to 63 letters",
                "name = \"alice\" | '' | f:1:1: name: it is missing",
                "\"10.0.0.2/32\" | \"10.0.0.2/33\" | f:5:1: allowed-ips: '10.0.0.2/33': the prefix length",
                "\"10.0.0.2/32\" | 7 | f:5:1: allowed-ips: not a list of text; write [",
                "gate-key = | gate = | f:3:1: gate: there is no such key",
                "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo= | AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= | private key",
                "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo= | short | f:3:1: gate-key: ",
                "[[peer]] | [peer] | f:1:1: peer: there is no such key; each peer is a table that begins with [[peer]]"
            })
    void saysWhatIsWrongWithWhatMustBeThere(String right, String wrong, String problem) {
        assertThat(problems(PLAIN.replace(right, wrong))).contains(problem);
    }

    @Test
    void saysAllThatIsWrong() {
        assertThat(problems(PLAIN + "hub = 1\nhours = 1\n" + PLAIN.replace("10.0.0.2", "10.0.0.256") + "= x\n" + PLAIN
                                + PLAIN)
                        .lines())
                .hasSize(4)
                .anyMatch(line -> line.startsWith("f:6:1: hub:"))
                .anyMatch(line -> line.startsWith("f:7:1: hours:"))
                .anyMatch(line -> line.startsWith("f:13:1: TOML:"))
                .anyMatch(line -> line.startsWith("f:20:1: name: 'alice' is the name of the peer in line 14"));
    }

    @Test
    void aFileOfFaultsIsNotReadToItsEnd() {
        assertThat(problems((PLAIN + "x = 1\n").repeat(100)).lines()).hasSizeBetween(20, 22);
    }
}
