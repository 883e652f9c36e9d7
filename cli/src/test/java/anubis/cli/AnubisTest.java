package anubis.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class AnubisTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int anubis(String... args) {
        CommandLine anubis = Anubis.commandLine();
        anubis.setOut(new PrintWriter(out));
        anubis.setErr(new PrintWriter(err));
        return anubis.execute(args);
    }

    @Test
    void printsTheVersionOfTheBuild() {
        assertThat(anubis("--version")).isZero();
        assertThat(out.toString()).matches("anubis \\d+\\.\\d+\\.\\d+\\R");
    }

    @Test
    void everyVerbHasHelp() {
        assertThat(Anubis.commandLine().getSubcommands().keySet()).contains("device", "genkey", "genpsk", "pubkey");
        everyVerbHasHelp(Anubis.commandLine());
        assertThat(err.toString()).isEmpty();
    }

    private void everyVerbHasHelp(CommandLine group) {
        group.getSubcommands().values().forEach(verb -> {
            String name = verb.getCommandSpec().qualifiedName();
            assertThat(anubis((name.substring("anubis ".length()) + " --help").split(" ", -1)))
                    .isZero();
            assertThat(out.toString()).contains("Usage: " + name);
            everyVerbHasHelp(verb);
        });
    }

    @Test
    void onlyTheVerbThatIsAskedForIsDescribed() {
        assertThat(verbs("", Anubis.commandLine("gate", "peer", "add", "alice")))
                .containsOnlyKeys("gate peer add");
        assertThat(verbs("", Anubis.commandLine("gate")))
                .containsKeys("gate log", "gate peer add")
                .doesNotContainKey("up");
    }

    @Test
    void everyVerbThatPrintsPrintsJsonToo() {
        // But for those that print nothing or a line that they are ready, a script, or a show.
        Set<String> others = Set.of(
                "diagram",
                "gate run",
                "gate peer add",
                "gate peer disable",
                "gate peer enable",
                "gate peer remove",
                "gate peer import",
                "gate peer export",
                "up",
                "down",
                "confirm",
                "save",
                "rollback",
                "keep",
                "set",
                "setconf",
                "addconf",
                "syncconf",
                "device",
                "completion",
                "man",
                "demo");
        verbs("", Anubis.commandLine())
                .forEach((verb, line) -> assertThat(line.getCommandSpec().findOption("--json") != null)
                        .as(verb)
                        .isNotEqualTo(others.contains(verb)));
    }

    /** All verbs that are not only the beginning of others. */
    private static Map<String, CommandLine> verbs(String before, CommandLine group) {
        Map<String, CommandLine> verbs = new HashMap<>();
        group.getSubcommands().forEach((name, line) -> {
            if (line.getSubcommands().isEmpty()) {
                verbs.put(before + name, line);
            } else {
                verbs.putAll(verbs(before + name + " ", line));
            }
        });
        return verbs;
    }

    /** What is told may have come from anywhere. */
    @Test
    void nothingThatIsToldReachesTheTerminalAsACommand() {
        assertThat(Anubis.printable(" a\n  b\033]0;c\007\u009b2J ü…\r\n")).isEqualTo("a; b?]0;c??2J ü…");
        assertThat(anubis("down", "\033[2J")).isEqualTo(2);
        assertThat(err.toString()).doesNotContain("\033");
    }

    @Test
    void helpIsAVerbToo() {
        assertThat(Anubis.helpAsOption("help")).containsExactly("--help");
        assertThat(Anubis.helpAsOption("help", "up")).containsExactly("up", "--help");
        assertThat(Anubis.helpAsOption("help", "gate", "peer")).containsExactly("gate", "peer", "--help");
        assertThat(Anubis.helpAsOption("up", "help")).containsExactly("up", "help");
    }

    @ParameterizedTest
    @DisplayName("A wrong use ends with 2 and one line that names the verb's help")
    @CsvSource({
        "'', a verb is needed, anubis --help",
        "dig, there is no verb 'dig', anubis --help",
        "dig wg0, there is no verb 'dig', anubis --help",
        "why, NAME, anubis why --help",
        "mtu, NAME, anubis mtu --help",
        "genkey x, 'x', anubis genkey --help",
        "device, NAME, anubis device --help",
        "device -x wg0, -x, anubis device --help",
        "device wg0 wg1, 'wg1', anubis device --help",
        "set wg0, SETTING, anubis set --help",
        "set wg0 dance, 'dance', anubis set --help",
        "set wg0 listen-port 70000, '70000', anubis set --help",
        "set wg0 private-key UMlAztNylJahPmTyjthNAQm7HMVlsE4AelA6Ansk2GI=, read from a file, anubis set --help",
        "qr --json --png - x, --png and --json, anubis qr --help",
        "rollback ../x token 0, '../x', anubis rollback --help",
        "show wg0 thing, 'thing', anubis show --help",
        "show interfaces peers, 'interfaces', anubis show --help",
        "setconf wg0, FILE, anubis setconf --help",
        "gate, a verb is needed, anubis gate --help",
        "gate pear, there is no verb 'pear', anubis gate --help",
        "gate peer, a verb is needed, anubis gate peer --help",
        "gate peer add x, --gate-key, anubis gate peer add --help",
        "gate peer show, NAME, anubis gate peer show --help",
        "gate log -n -1, -n, anubis gate log --help",
        "gate init --ask cloud, NAME=GATEKEY@HOST:PORT, anubis gate init --help",
        "gate init --hub-name jacinth, --endpoint, anubis gate init --help",
        "gate init --endpoint :1, neither an IP address nor a name, anubis gate init --help",
        "demo door, there is no demo 'door', anubis demo --help",
        "completion fish, SHELL, anubis completion --help"
    })
    void refusesWrongUse(String line, String complaint, String help) {
        assertThat(anubis(line.isEmpty() ? new String[0] : line.split(" "))).isEqualTo(2);
        assertThat(err.toString()).startsWith("anubis: ").contains(complaint, "see '" + help + "'");
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString()).doesNotContain("UMlAztNylJahPmTyjthNAQm7HMVlsE4AelA6Ansk2GI=");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "a/b", "with blank", "sixteencharacter", "wg0\n", "ü", "all", "default"})
    void refusesWhatIsNoInterfaceName(String name) {
        assertThat(anubis("device", "-f", name)).isEqualTo(2);
        assertThat(err.toString().lines()).hasSize(1);
    }
}
