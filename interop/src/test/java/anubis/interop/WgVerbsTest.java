package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.CommandResult;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Our verbs of wg(8) and the real {@code wg}, side by side on the same device. */
@Tag("alone")
@ParameterizedClass
@MethodSource("anubis.interop.Implementation#tools")
final class WgVerbsTest {
    private static final List<String> FIELDS = List.of(
            "public-key",
            "private-key",
            "listen-port",
            "fwmark",
            "peers",
            "preshared-keys",
            "endpoints",
            "allowed-ips",
            "latest-handshakes",
            "transfer",
            "persistent-keepalive",
            "dump");

    private final Pair pair;
    private final Path directory;

    WgVerbsTest(Implementation device, @TempDir Path directory) {
        this.pair = new Pair(device, device);
        this.directory = directory;
    }

    private static Consumer<ProcessBuilder> with(String variable, String value) {
        return builder -> builder.environment().put(variable, value);
    }

    /** Asserts that both print the same; what a device counts may change between, so they are asked until they agree. */
    private static void assertSame(Tunnel tunnel, Consumer<ProcessBuilder> setup, String... arguments) {
        LabHost host = tunnel.left().host();
        List<CommandResult> seen = new ArrayList<>();
        boolean same = Lab.poll(Device.SOON, () -> {
            CommandResult theirs = host.execute(setup, join(List.of("wg"), arguments));
            CommandResult ours = host.execute(setup, Implementation.verb(arguments));
            seen.clear();
            seen.add(theirs);
            seen.add(ours);
            return ours.status() == theirs.status()
                    && timeless(ours.stdout()).equals(timeless(theirs.stdout()))
                    && ours.stderr().equals(theirs.stderr());
        });
        assertThat(same).as(seen::toString).isTrue();
    }

    /** Without how long ago a handshake was: between two programs a second may pass, or several. */
    private static String timeless(String shown) {
        return shown.replaceAll("(latest handshake.*: ).*", "$1");
    }

    /** On a terminal, colours come without being asked for. */
    @Test
    void aTerminalGetsTheSameColours() {
        try (Tunnel tunnel = Tunnel.unconnected(pair)) {
            LabHost host = tunnel.left().host();
            String show = " show " + tunnel.left().name();
            String ours = host.run("script", "-qec", Implementation.verb()[0] + show, "/dev/null");
            assertThat(ours)
                    .isEqualTo(host.run("script", "-qec", "wg" + show, "/dev/null"))
                    .contains("\033[32m");
        }
    }

    @Test
    void showPrintsTheSameToTheByte() {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            Device left = tunnel.left();
            KeyPair other = KeyPair.generate(left.host());
            left.wg("set", left.name(), "fwmark", "0x1234", "peer", other.publicKey(), "persistent-keepalive", "61");
            tunnel.awaitPing();

            for (String field : FIELDS) {
                assertSame(tunnel, builder -> {}, "show", left.name(), field);
            }
            assertSame(tunnel, builder -> {}, "show", left.name());
            assertSame(tunnel, with("WG_COLOR_MODE", "always"), "show", left.name());
            assertSame(tunnel, with("WG_HIDE_KEYS", "never"), "show", left.name());
            assertSame(tunnel, builder -> {}, "showconf", left.name());
        }
    }

    /** In a folder with the sockets of this test only. */
    @Test
    void showOfAllInterfacesPrintsTheSame() {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            tunnel.awaitPing();
            for (String words : List.of("show all dump", "show all peers", "show interfaces", "show all transfer")) {
                String anubis = Implementation.verb()[0] + " ";
                assertThat(alone(tunnel, anubis + words)).as(words).isEqualTo(alone(tunnel, "wg " + words));
            }
            // What is counted may change between the two.
            for (String words : List.of("show", "show all")) {
                assertThat(Lab.poll(
                                Device.SOON,
                                () -> timeless(alone(tunnel, Implementation.verb()[0] + " " + words))
                                        .equals(timeless(alone(tunnel, "wg " + words)))))
                        .as(words)
                        .isTrue();
            }
        }
    }

    private String alone(Tunnel tunnel, String command) {
        return tunnel.left()
                .host()
                .run(
                        "unshare",
                        "-m",
                        "sh",
                        "-ec",
                        "cd $0; for socket; do touch $socket; mount --bind /run/wireguard/$socket $socket; done;"
                                + " mount --rbind $0 /run/wireguard; " + command,
                        directory.toString(),
                        tunnel.left().name() + ".sock",
                        tunnel.right().name() + ".sock");
    }

    @Test
    void setSetsWhatWgReadsBack() {
        try (Tunnel tunnel = Tunnel.unconnected(pair)) {
            Device left = tunnel.left();
            String other = KeyPair.generate(left.host()).publicKey();
            String key = left.host().run("wg", "genkey").strip();
            String psk = left.host().run("wg", "genpsk").strip();

            left.host()
                    .run(
                            "bash",
                            "-c",
                            "\"$0\" set $1 private-key <(echo $2) listen-port 41414 fwmark 0xff peer $3 preshared-key /dev/stdin"
                                    + " endpoint 10.1.0.2:51820 persistent-keepalive 25 allowed-ips '10.9.0.2/32, fd09::/64'"
                                    + " <<<$4",
                            Implementation.verb()[0],
                            left.name(),
                            key,
                            other,
                            psk);
            String configuration = left.wg("showconf", left.name());
            assertThat(configuration)
                    .isEqualTo("[Interface]\nListenPort = 41414\nFwMark = 0xff\nPrivateKey = " + key
                            + "\n\n[Peer]\nPublicKey = " + other + "\nPresharedKey = " + psk
                            + "\nAllowedIPs = 10.9.0.2/32, fd09::/64\nEndpoint = 10.1.0.2:51820\n"
                            + "PersistentKeepalive = 25\n");

            left.anubis("set", left.name(), "peer", other, "allowed-ips", "+10.8.0.0/16,-fd09::/64")
                    .orThrow();
            assertThat(left.wg("show", left.name(), "allowed-ips").strip().split("[\t ]"))
                    .containsExactlyInAnyOrder(other, "10.9.0.2/32", "10.8.0.0/16");

            left.anubis("set", left.name(), "fwmark", "off", "peer", other, "remove")
                    .orThrow();
            assertThat(left.wg("show", left.name(), "peers")).isEmpty();
            assertThat(left.wg("show", left.name(), "fwmark")).isEqualTo("off\n");
        }
    }

    @Test
    void filesMakeTheSameOfADeviceAsThroughWg() throws IOException {
        try (Tunnel tunnel = Tunnel.unconnected(pair)) {
            Device left = tunnel.left();
            String more = "[Peer]\nPublicKey = " + KeyPair.generate(left.host()).publicKey()
                    + "\nAllowedIPs = 10.7.0.0/16\nPersistentKeepalive = 5\n";
            String key = "[Interface]\nPrivateKey = " + tunnel.leftKeys().privateKey() + "\nListenPort = 41414\n";
            Path whole = Files.writeString(directory.resolve("whole"), key + tunnel.rightAsPeer() + more);
            Path part = Files.writeString(directory.resolve("part"), more.replace("5", "7"));

            for (List<Path> files : List.of(List.of(whole), List.of(whole, part), List.of(part, whole))) {
                List<String> made = new ArrayList<>();
                for (boolean ours : new boolean[] {true, false}) {
                    left.host().run("sh", "-c", "echo '[Interface]' | wg setconf " + left.name() + " /dev/stdin");
                    for (Path file : files) {
                        String verb =
                                file.equals(files.getFirst()) ? "setconf" : file.equals(part) ? "addconf" : "syncconf";
                        CommandResult result = ours
                                ? left.anubis(verb, left.name(), file.toString())
                                : left.tryWg(verb, left.name(), file.toString());
                        assertThat(result.orThrow() + result.stderr()).isEmpty();
                    }
                    made.add(sorted(left.wg("showconf", left.name()).replaceAll("ListenPort.*", "")));
                }
                assertThat(made.getFirst()).isEqualTo(made.getLast());
            }
        }
    }

    private static String sorted(String configuration) {
        return String.join(
                "\n",
                Stream.of(configuration.split("\n\n"))
                        .map(String::strip)
                        .sorted()
                        .toList());
    }

    @Test
    void syncconfTakesAwayWhatIsGoneAndLeavesTheKeysOfTheRest() throws IOException {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            Device left = tunnel.left();
            String other = KeyPair.generate(left.host()).publicKey();
            String section = "[Peer]\nPublicKey = " + other + "\nAllowedIPs = 10.7.0.0/16\n";
            left.wgFile("addconf", section + "PersistentKeepalive = 5\nPresharedKey = " + other + "\n");
            tunnel.awaitPing();
            String[] before = left.wg("show", left.name(), "latest-handshakes").split("\n");
            String port = left.wg("show", left.name(), "listen-port").strip();
            Path file = Files.writeString(
                    directory.resolve("file"),
                    "[Interface]\nPrivateKey = " + tunnel.leftKeys().privateKey() + "\n" + section
                            + tunnel.rightAsPeer() + "Endpoint = " + Tunnel.OUTER_RIGHT + "\n");

            left.anubis("syncconf", left.name(), file.toString()).orThrow();

            assertThat(left.wg("show", left.name(), "persistent-keepalive")).contains(other + "\toff");
            assertThat(left.wg("show", left.name(), "preshared-keys")).contains(other + "\t(none)");
            assertThat(left.wg("show", left.name(), "latest-handshakes").split("\n"))
                    .containsExactlyInAnyOrder(before);
            assertThat(left.wg("show", left.name(), "listen-port").strip()).isEqualTo(port);
            assertThat(left.host().reaches(Tunnel.RIGHT)).isTrue();
        }
    }

    @Test
    void bothRefuse() throws IOException {
        try (Tunnel tunnel = Tunnel.unconnected(pair)) {
            Device left = tunnel.left();
            Path bad = Files.writeString(directory.resolve("bad"), "[Interface]\nListenPort = x\n");
            for (String words : List.of(
                    "show nosuchinterface",
                    "showconf nosuchinterface",
                    "set nosuchinterface listen-port 5",
                    "setconf nosuchinterface /dev/null",
                    "show NAME nosuchfield",
                    "show NAME peers more",
                    "showconf",
                    "set",
                    "set NAME",
                    "set NAME listen-port",
                    "set NAME private-key /nowhere",
                    "set NAME peer x",
                    "setconf NAME",
                    "setconf NAME /nowhere",
                    "addconf NAME " + bad,
                    "genkey more",
                    "nosuchverb")) {
                String[] arguments = words.replace("NAME", left.name()).split(" ");
                CommandResult ours = left.anubis(arguments);
                assertThat(left.tryWg(arguments).status()).as(words).isEqualTo(1);
                assertThat(ours.status()).as(words).isIn(1, 2);
                assertThat(ours.stdout()).as(words).isEmpty();
                assertThat(ours.stderr().lines()).as(words).hasSize(1);
            }
        }
    }

    @Test
    void namesAreResolvedToBothKindsOfAddresses() throws IOException {
        try (Tunnel tunnel = Tunnel.unconnected(pair)) {
            Device left = tunnel.left();
            Path hosts = Files.writeString(
                    directory.resolve("hosts"), "10.1.0.2 four.example.org\nfd01::2 six.example.org\n");
            Path file = Files.writeString(
                    directory.resolve("file"), tunnel.rightAsPeer() + "Endpoint = six.example.org:7\n");
            String script = "mount --bind " + hosts + " /etc/hosts; exec \"$@\"";

            String[] set = Implementation.verb(
                    "set", left.name(), "peer", tunnel.rightKeys().publicKey(), "endpoint", "four.example.org:5");
            left.host().run(join(List.of("unshare", "-m", "sh", "-ec", script, "sh"), set));
            assertThat(left.peer().endpoint()).isEqualTo("10.1.0.2:5");

            String[] addconf = Implementation.verb("addconf", left.name(), file.toString());
            left.host().run(join(List.of("unshare", "-m", "sh", "-ec", script, "sh"), addconf));
            assertThat(left.peer().endpoint()).isEqualTo("[fd01::2]:7");
        }
    }

    /** Nobody answers at the name server, so the failure may pass. */
    @Test
    void aNameIsAskedForAgainAsOftenAsTheEnvironmentSays() throws IOException {
        try (Tunnel tunnel = Tunnel.unconnected(pair)) {
            Device left = tunnel.left();
            Path resolv = Files.writeString(directory.resolve("resolv.conf"), "nameserver 127.0.0.1\n");
            List<String> inside = List.of(
                    "unshare",
                    "-m",
                    "sh",
                    "-ec",
                    "mount --bind " + resolv + " $(readlink -f /etc/resolv.conf); exec \"$@\"",
                    "sh");
            String[] arguments = {
                "set", left.name(), "peer", tunnel.rightKeys().publicKey(), "endpoint", "nowhere.example.org:5"
            };
            Consumer<ProcessBuilder> twice = with("WG_ENDPOINT_RESOLUTION_RETRIES", "2");
            CommandResult ours = left.host().execute(twice, join(inside, Implementation.verb(arguments)));
            CommandResult theirs = left.host().execute(twice, join(List.of(join(inside, "wg")), arguments));

            assertThat(ours.status()).isEqualTo(theirs.status()).isEqualTo(1);
            assertThat(waits(ours)).isEqualTo(waits(theirs)).containsExactly("1.00", "1.20");
            assertThat(ours.stderr()).contains("nowhere.example.org: Temporary failure in name resolution");
            assertThat(left.peers()).isEmpty();
        }
    }

    private static List<String> waits(CommandResult result) {
        return Pattern.compile("in ([0-9.]+) seconds")
                .matcher(result.stderr())
                .results()
                .map(match -> match.group(1))
                .toList();
    }

    private static String[] join(List<String> head, String... tail) {
        return Stream.concat(head.stream(), Stream.of(tail)).toArray(String[]::new);
    }
}
