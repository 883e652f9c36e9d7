package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.config.ConfigException;
import anubis.lab.CommandResult;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import anubis.plan.Network;
import anubis.plan.NetworkFile;
import anubis.plan.PlanFiles;
import anubis.plan.Situation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes out of the plans of all examples is what the tools of others take. */
final class PlanFilesTest {
    private static final Path EXAMPLES = Path.of("..", "docs", "examples");
    private static final Pattern NAMED = Pattern.compile("(?m)^(Endpoint = )[a-z][a-z0-9.-]*:");
    private static final Pattern COMMENT = Pattern.compile("(?m)^#.*\n|^\n");

    @TempDir
    Path directory;

    private Lab lab;
    private LabHost me;

    @BeforeEach
    void open() {
        Lab.obstacle().ifPresent(why -> assumeTrue(false, why));
        lab = Lab.open();
        me = lab.host("me");
        lab.link(me, lab.host("other"));
    }

    @AfterEach
    void close() {
        if (lab != null) {
            lab.close();
        }
    }

    static Stream<Path> examples() throws IOException {
        try (Stream<Path> files = Files.list(EXAMPLES)) {
            return files.filter(file -> file.toString().endsWith(".toml")).sorted().toList().stream();
        }
    }

    private static Network network(Path example) throws IOException, ConfigException {
        return NetworkFile.parse(example.toString(), Files.readString(example));
    }

    /**
     * The description of CouchNet, in which WireGuard's interface has a name that no other test's has, for all namespaces share
     * the sockets, and a host has this key.
     */
    private Path couch(String link, String host, KeyPair keys) throws Exception {
        Path example = EXAMPLES.resolve("couchnet.toml");
        String key = network(example).host(host).key().orElseThrow().base64();
        return write(
                "couchnet.toml",
                Files.readString(example)
                        .replace(key, keys.publicKey())
                        .replace("\"jacinth.dyn.example\"", "\"192.0.2.1\"")
                        .replace("domain = ", "interface = \"" + link + "\"\ndomain = "));
    }

    /** The files whose names end so, which are written, by their paths in the plan. */
    private Map<String, Path> written(SortedMap<String, String> files, String end) throws IOException {
        Map<String, Path> written = new TreeMap<>();
        for (Map.Entry<String, String> file : files.entrySet()) {
            if (file.getKey().endsWith(end)) {
                written.put(file.getKey(), write(file.getKey(), file.getValue()));
            }
        }
        assertThat(written).isNotEmpty();
        return written;
    }

    /** For us alone. There is no name server in a lab, so what an endpoint is called becomes an address. */
    private Path write(String path, String text) {
        try {
            Path file = directory.resolve(path);
            Files.createDirectories(file.getParent());
            Files.deleteIfExists(file);
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            return Files.writeString(file, NAMED.matcher(text).replaceAll("$1192.0.2.1:"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void assumeTool(String tool) {
        assumeTrue(me.execute("which", tool).status() == 0, tool + " is not installed");
    }

    private static void fine(CommandResult result) {
        assertThat(result.stderr()).as(String.join(" ", result.command())).isEmpty();
        assertThat(result.status()).as(String.join(" ", result.command())).isZero();
    }

    @ParameterizedTest
    @MethodSource("examples")
    void nftTakesEachFirewallAndReplacesItAsOne(Path example) throws Exception {
        for (Path file : written(PlanFiles.of(network(example)), ".nft").values()) {
            fine(me.execute("nft", "-c", "-f", file.toString()));
            me.run("nft", "-f", file.toString());
            String once = me.run("nft", "list", "ruleset");
            me.run("nft", "-f", file.toString());

            assertThat(me.run("nft", "list", "ruleset")).isEqualTo(once).contains("table inet anubis-plan");
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void wgTakesEachDevice(Path example) throws Exception {
        Implementation.ANUBIS.obstacle().ifPresent(why -> assumeTrue(false, why));
        Implementation.ANUBIS.prepare();
        SortedMap<String, String> files = PlanFiles.of(network(example));
        Device device = Device.start(Implementation.ANUBIS, me);
        for (Map.Entry<String, Path> file : written(files, ".setconf").entrySet()) {
            fine(me.execute("wg", "setconf", device.name(), file.getValue().toString()));

            String text = Files.readString(file.getValue());
            assertThat(me.run("wg", "show", device.name(), "peers").lines()).hasSize(count(text, "[Peer]"));
            assertThat(me.run("wg", "show", device.name(), "fwmark")).isEqualTo("0x10c8\n");
            String quick = file.getKey().replace(".setconf", ".conf");
            assertThat(bare(me.run(
                            "wg-quick",
                            "strip",
                            write(quick, files.getOrDefault(quick, "")).toString())))
                    .as(quick)
                    .isEqualTo(bare(text));
        }
    }

    private static int count(String text, String part) {
        return text.split(Pattern.quote(part), -1).length - 1;
    }

    private static String bare(String text) {
        return COMMENT.matcher(text).replaceAll("");
    }

    /** Our device under wg-quick, and our own verb, with the same files. */
    @ParameterizedTest
    @ValueSource(strings = {"jacinth", "xena", "petra"})
    void wgQuickAndUpMakeTheSameOfAFileAndLeaveNothing(String host) throws Exception {
        Implementation.ANUBIS.obstacle().ifPresent(why -> assumeTrue(false, why));
        assumeTool("wg-quick");
        Implementation.ANUBIS.prepare();
        String link = Device.freshName();
        KeyPair keys = KeyPair.generate(me);
        SortedMap<String, String> files = PlanFiles.of(network(couch(link, host, keys)));
        Path key = write(link + ".key", keys.privateKey() + "\n");
        Path file = write(
                link + ".conf",
                files.getOrDefault(host + "/" + link + ".conf", "").replace("/etc/wireguard/%i.key", key.toString()));
        String before = routing();

        wgQuick("up", file);
        String up = routing();
        assertThat(me.run("wg", "show", link, "public-key")).isEqualTo(keys.publicKey() + "\n");
        assertThat(me.run("ip", "rule"))
                .containsSubsequence("4296:\tfrom all fwmark 0x10c8 lookup main", "4298:\tfrom all lookup 4296");
        assertThat(me.run("ip", "-6", "rule"))
                .containsSubsequence("4297:\tfrom all fwmark 0x10c8 lookup main", "4299:\tfrom all lookup 4296");
        wgQuick("down", file);
        RoutedLab.await("the device's end", () -> !Device.answers(link));
        assertThat(routing()).isEqualTo(before);

        // As if it had been killed: its rules and throw routes are still there.
        me.run("ip", "rule", "add", "pref", "4298", "lookup", "4296");
        me.run("ip", "route", "add", "throw", "10.1.0.0/16", "table", "4296");
        fine(me.execute(Implementation.verb("up", file.toString())));
        assertThat(routing()).isEqualTo(up);
        fine(me.execute(Implementation.verb("down", link)));
        assertThat(routing()).isEqualTo(before);
    }

    /** What the unit does and the file of the tunnel is all that {@code anubis apply} would do, but for files and units. */
    @ParameterizedTest
    @ValueSource(strings = {"jacinth", "surya", "xena"})
    void whatIsPutInForceByHandHasNotDrifted(String host) throws Exception {
        Implementation.ANUBIS.obstacle().ifPresent(why -> assumeTrue(false, why));
        Implementation.ANUBIS.prepare();
        String link = Device.freshName();
        KeyPair keys = KeyPair.generate(me);
        Path description = couch(link, host, keys);
        for (String interfaceName : List.of("eth1", "br0")) {
            me.run("ip", "link", "add", interfaceName, "type", "bridge");
        }
        SortedMap<String, String> files = PlanFiles.of(network(description));
        Path key = write(link + ".key", keys.privateKey() + "\n");
        Path file = write(
                link + ".conf",
                files.getOrDefault(host + "/" + link + ".conf", "").replace("/etc/wireguard/%i.key", key.toString()));
        Path wall = write("anubis-plan.nft", files.getOrDefault(host + "/anubis-plan.nft", ""));
        Path parameters = write("90-anubis-plan.conf", files.getOrDefault(host + "/90-anubis-plan.conf", ""));
        files.getOrDefault(host + "/anubis-plan.service", "")
                .lines()
                .filter(line -> line.startsWith("ExecStart="))
                .map(line -> line.substring("ExecStart=".length())
                        .replace("/etc/anubis/anubis-plan.nft", wall.toString())
                        .replace("/etc/sysctl.d/90-anubis-plan.conf", parameters.toString()))
                .forEach(command -> me.run("sh", "-c", command));
        fine(me.execute(Implementation.verb("up", file.toString())));
        String[] drift = Implementation.verb("drift", description.toString(), "--host", host, "--key", key.toString());

        assertThat(me.execute(drift).stdout().lines()).isNotEmpty().allMatch(PlanFilesTest::isOfFiles);
        me.run("ip", "rule", "del", "pref", "4296");
        me.run("nft", "delete", "chain", "inet", "anubis-plan", host.equals("surya") ? "incoming" : "mss");
        assertThat(me.execute(drift).stdout().lines())
                .filteredOn(line -> !isOfFiles(line))
                .satisfiesExactlyInAnyOrder(
                        line -> assertThat(line).contains("rule add", "pref 4296"),
                        line -> assertThat(line).startsWith("nft: "));
        fine(me.execute(Implementation.verb("down", link)));
    }

    private static boolean isOfFiles(String line) {
        return line.startsWith("file /etc/") || line.startsWith("systemctl ");
    }

    private void wgQuick(String verb, Path file) {
        me.execute(
                        builder -> builder.environment()
                                .put(
                                        "WG_QUICK_USERSPACE_IMPLEMENTATION",
                                        Implementation.ANUBIS.forWgQuick().toString()),
                        "wg-quick",
                        verb,
                        file.toString())
                .orThrow();
    }

    private String routing() {
        return Stream.of("ip rule", "ip -6 rule", "ip route show table all", "ip -6 route show table all")
                .map(command -> me.run(command.split(" ")))
                .flatMap(String::lines)
                // Who has made an interface does not matter, nor what the kernel makes of it.
                .filter(line -> !line.contains("table local") && !line.contains("proto kernel"))
                .sorted()
                .collect(Collectors.joining("\n"));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void sysctlSetsWhatIsWanted(Path example) throws Exception {
        assumeTool("sysctl");
        for (Path file : written(PlanFiles.of(network(example)), ".conf").values().stream()
                .filter(path -> path.endsWith("90-anubis-plan.conf"))
                .toList()) {
            fine(me.execute("sysctl", "-q", "-e", "-p", file.toString()));

            for (String line : Files.readAllLines(file)) {
                String[] parts = line.split(" = ", -1);
                if (parts.length == 2 && !line.startsWith("#") && !line.startsWith("-")) {
                    assertThat(me.run("sysctl", "-n", parts[0])).isEqualTo(parts[1] + "\n");
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void systemdUnderstandsTheUnits(Path example) throws Exception {
        assumeTool("systemd-analyze");
        SortedMap<String, String> files = PlanFiles.of(network(example));
        Path root = directory.resolve("root");
        Path units = Files.createDirectories(root.resolve("etc/systemd/system"));
        // Those of other packages, and what they run, by their names alone.
        for (String program : List.of("usr/sbin/sysctl", "usr/sbin/nft", "usr/sbin/ip", "usr/bin/anubis", "bin/sh")) {
            Path file = root.resolve(program);
            Files.createDirectories(file.getParent());
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        }
        Files.createDirectories(root.resolve("usr/lib/systemd/system"));
        me.run("sh", "-c", "cp /usr/lib/systemd/system/*.target \"$0/usr/lib/systemd/system\"", root.toString());
        for (String host : hosts(files)) {
            List<String> verify = new ArrayList<>(List.of("systemd-analyze", "verify", "--man=no", "--root=" + root));
            for (String unit : List.of("anubis-plan.service", "anubis-drift.service", "anubis-drift.timer")) {
                Files.writeString(units.resolve(unit), files.getOrDefault(host + "/" + unit, ""));
                verify.add(unit);
            }
            CommandResult verified = me.execute(verify.toArray(String[]::new));

            fine(verified);
            assertThat(verified.stdout()).isEmpty();
        }
    }

    /** Those that have more than a file for an app. */
    private static List<String> hosts(SortedMap<String, String> files) {
        return files.keySet().stream()
                .filter(path -> path.endsWith("/anubis-plan.service") && !path.contains("/situations/"))
                .map(path -> path.substring(0, path.indexOf('/')))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("examples")
    void theZoneLoads(Path example) throws Exception {
        assumeTool("named-checkzone");
        Network network = network(example);
        assumeTrue(!network.domain().isEmpty(), "the example has no domain");
        Path zone = written(PlanFiles.of(network), ".zone").values().iterator().next();

        CommandResult checked = me.execute("named-checkzone", network.domain(), zone.toString());

        fine(checked);
        assertThat(checked.stdout()).endsWith("OK\n").hasLineCount(2);
    }

    @ParameterizedTest
    @MethodSource("examples")
    void graphvizDrawsEachSituationWithAllHosts(Path example) throws Exception {
        assumeTool("dot");
        Network network = network(example);
        SortedMap<String, String> files = PlanFiles.of(network);
        for (Situation situation : network.situations()) {
            String map = PlanFiles.map(situation);
            CommandResult drawn = me.execute(
                    "dot", "-Tsvg", write(map, files.getOrDefault(map, "")).toString());

            fine(drawn);
            String picture = drawn.stdout().replace("&#45;", "-");
            assertThat(network.hosts().keySet()).allMatch(host -> picture.contains(">" + host + "<"));
        }
    }

    @Test
    void aReaderOfQrCodesReadsThePhonesFile() throws Exception {
        Implementation.ANUBIS.obstacle().ifPresent(why -> assumeTrue(false, why));
        assumeTool("zbarimg");
        Implementation.ANUBIS.prepare();
        SortedMap<String, String> files = PlanFiles.of(network(EXAMPLES.resolve("couchnet.toml")));
        KeyPair keys = KeyPair.generate(me);
        Path file = write(
                "selen.conf", PlanFiles.withPrivateKey(files.getOrDefault("selen/wg0.conf", ""), keys.privateKey()));
        Path picture = directory.resolve("selen.png");

        CommandResult drawn = me.execute(Implementation.verb("qr", "--png", picture.toString(), file.toString()));

        fine(drawn);
        Path read = write("read.conf", me.run("zbarimg", "--quiet", "--raw", picture.toString()));
        Device device = Device.start(Implementation.ANUBIS, me);
        device.wgFile("setconf", me.run("wg-quick", "strip", read.toString()));
        assertThat(device.wg("show", device.name(), "public-key")).isEqualTo(keys.publicKey() + "\n");
        assertThat(device.wg("show", device.name(), "allowed-ips")).contains("10.42.0.0/24", "192.168.8.1/32");
    }

    /** All that is wrong with the gate's files is what has to be filled in. */
    @Test
    void theGateTakesItsFilesOnceTheKeysAreFilledIn() throws Exception {
        Implementation.ANUBIS.obstacle().ifPresent(why -> assumeTrue(false, why));
        Implementation.ANUBIS.prepare();
        SortedMap<String, String> files = PlanFiles.of(network(EXAMPLES.resolve("couchnet.toml")));
        Path key = write("gate.priv", KeyPair.generate(me).privateKey() + "\n");
        for (Map.Entry<String, Path> file : written(files, "/gate.toml").entrySet()) {
            String text =
                    files.getOrDefault(file.getKey(), "").replace("interface", "key = \"" + key + "\"\ninterface");
            CommandResult refused = me.execute(Implementation.verb(
                    "gate", "run", "-c", write(file.getKey(), text).toString()));

            assertThat(refused.status()).isNotZero();
            assertThat(count(refused.stderr(), "; write "))
                    .as(refused.stderr())
                    .isEqualTo(count(refused.stderr(), ": hubs.key: "))
                    .isEqualTo(count(text, "\"FILL IN"));
        }
        Map<String, String> own = new HashMap<>(Map.of("STATE_DIRECTORY", directory.toString()));
        for (Map.Entry<String, Path> file : written(files, "/gate-peers.toml").entrySet()) {
            String text = files.getOrDefault(file.getKey(), "");
            assertThat(gate(own, file.getValue()).status()).isNotZero();
            String filled = Pattern.compile("FILL IN: [^\"]*")
                    .matcher(text)
                    .replaceAll(_ -> KeyPair.generate(me).publicKey());
            fine(gate(own, write(file.getKey(), filled)));
        }
    }

    private CommandResult gate(Map<String, String> environment, Path file) {
        return me.execute(
                builder -> builder.environment().putAll(environment),
                Implementation.verb("gate", "peer", "import", file.toString()));
    }
}
