package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.lab.CommandResult;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The Debian package: what is in it, and what it does to a machine on which it is installed and removed. */
final class PackageTest {
    private static final String UNITS = "usr/lib/systemd/system/";
    private static final String UNIT = UNITS + "anubis@.service";
    private static final String GATE_UNIT = UNITS + "anubis-gate.service";
    private static final String CONFIGURATION = """
            [Interface]
            PrivateKey = oK56DE9Ue9zK76rAc8pBl6opph+1v36lm7cXXsQKrUE=
            ListenPort = 51820
            Address = 10.9.0.1/24
            PostUp = echo %i is up >> /var/lib/anubis/hooks
            PreDown = echo %i goes >> /var/lib/anubis/hooks

            [Peer]
            PublicKey = GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU=
            AllowedIPs = 10.8.0.0/16
            """;

    @TempDir
    private static Path directory;

    private static Lab lab;
    private static LabHost host;
    private static Path archive;

    @BeforeAll
    static void make() throws IOException {
        Tunnel.assume(new Pair(Implementation.ANUBIS, Implementation.ANUBIS));
        lab = Lab.open();
        host = lab.host("machine");
        for (String tool : List.of("dpkg-deb", "dpkg-shlibdeps", "strip")) {
            assumeTools(tool);
        }
        archive = packaged("first", "022", "UTC");
        host.run("dpkg-deb", "-x", archive.toString(), files().toString());
    }

    @AfterAll
    static void close() {
        if (lab != null) {
            lab.close();
        }
    }

    private static Path files() {
        return directory.resolve("files");
    }

    private static void assumeTools(String tool) {
        assumeTrue(host.execute("sh", "-c", "command -v " + tool).status() == 0, tool + " is missing");
    }

    /** Makes the package, not compressed, as to compress takes most of the time. */
    private static Path packaged(String folder, String umask, String zone) throws IOException {
        Path into = Files.createDirectory(directory.resolve(folder));
        String path = host.execute(
                        builder -> {
                            builder.directory(into.toFile());
                            builder.environment().put("DPKG_DEB_COMPRESSOR_TYPE", "none");
                            builder.environment().put("TZ", zone);
                        },
                        "sh",
                        "-c",
                        "umask " + umask + " && exec \"$0\" package",
                        Implementation.ANUBIS.executable().toString())
                .orThrow();
        return Path.of(path.strip());
    }

    // What is in it.

    @Test
    void theSameSourcesGiveTheSameBytes() throws IOException {
        assertThat(Files.mismatch(archive, packaged("second", "077", "Asia/Kathmandu")))
                .isEqualTo(-1);
    }

    @Test
    void nothingBelongsToAnyoneButRoot() {
        assertThat(host.run("dpkg-deb", "-c", archive.toString()).lines())
                .allMatch(line -> line.contains(" root/root "))
                .noneMatch(line -> line.matches(".{5}w.*|.{8}w.*") && !line.startsWith("l"));
    }

    @Test
    void theLicenceOfEachJarIsSaid() throws IOException {
        List<PathMatcher> said = Files.readAllLines(files().resolve("usr/share/doc/anubis/copyright")).stream()
                .filter(line -> line.startsWith("Files: usr/lib/anubis/lib/"))
                .map(line -> FileSystems.getDefault().getPathMatcher("glob:" + line.substring("Files: ".length())))
                .toList();
        try (Stream<Path> jars = Files.list(files().resolve("usr/lib/anubis/lib"))) {
            assertThat(jars.map(files()::relativize)
                            .filter(jar -> !jar.getFileName().toString().startsWith("anubis-")))
                    .isNotEmpty()
                    .allMatch(jar -> said.stream().anyMatch(files -> files.matches(jar)));
        }
    }

    @Test
    void lintianFindsNothing() {
        assumeTools("lintian");

        assertThat(host.execute("lintian", "--allow-root", archive.toString()).stdout())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({UNIT + ", anubis@wg0.service", GATE_UNIT + ", anubis-gate.service"})
    void systemdUnderstandsTheUnitAndFindsItConfined(String file, String service) {
        assumeTools("systemd-analyze");
        String unit = files().resolve(file).toString();
        host.run("sh", "-c", "cp /usr/lib/systemd/system/*.target \"${0%/*}\"", unit);

        CommandResult verified = host.execute("systemd-analyze", "verify", "--man=no", "--root=" + files(), service);
        assertThat(verified.stdout() + verified.stderr()).isEmpty();
        assertThat(host.execute("systemd-analyze", "security", "--offline=true", "--threshold=30", "--no-pager", unit))
                .returns(0, CommandResult::status);
    }

    // What it does to a machine.

    @Test
    void itIsInstalledWorksAndLeavesNothing() throws Exception {
        Chroot machine = chroot();
        List<String> before = machine.files();
        Path configuration = machine.path("/etc/wireguard/wg0.conf");
        Path enabled = machine.path("/etc/systemd/system/timers.target.wants/anubis@wg0.service");

        install(machine);

        assertThat(machine.run("ANUBIS_JAVA_OPTS=-XX:AOTMode=on anubis --version"))
                .as("with the AOT cache, or not at all")
                .isEqualTo("anubis 0.1.0\n");
        assertThat(machine.run("anubis genkey | anubis pubkey")).matches("[A-Za-z0-9+/]{43}=\n");
        assertThat(machine.run("dpkg --verify anubis")).isEmpty();
        Files.writeString(configuration, CONFIGURATION);
        Files.createSymbolicLink(enabled, Path.of("/" + UNIT));
        Files.createSymbolicLink(enabled.resolveSibling("anubis-gate.service"), Path.of("/" + GATE_UNIT));
        // The interface is not up yet: what there is to know is in its configuration.
        assertThat(machine.run("anubis gate init --endpoint 192.0.2.1 -c /tmp/g.toml --key /tmp/g.priv; rm /tmp/g.*"))
                .contains("written: /tmp/g.toml\n", " for the traffic: let both through", "[192.0.2.1:51820]");
        runsAsAService(machine);

        String name = Device.freshName();
        machine.run("wireguard-anubis " + name);
        ProcessHandle device = host.interfaceNamed(name).holder();
        assertThat(machine.tryRun("dpkg -r anubis").orThrow()).contains("Removing anubis");
        assertThat(device.isAlive()).isTrue();
        host.run("ip", "link", "delete", name);
        assertThat(Lab.poll(Device.SOON, () -> !device.isAlive())).isTrue();

        machine.run("dpkg -P anubis");
        assertThat(configuration).hasContent(CONFIGURATION);
        machine.run(
                "rm /etc/wireguard/wg0.conf /etc/wireguard/gate.priv /etc/wireguard/gate.pub && rmdir /etc/wireguard");
        machine.run("rm -r /run/wireguard /run/anubis /etc/anubis");
        assertThat(machine.files()).isEqualTo(before);
    }

    /** What the unit says is done, with its capabilities and from a tree that cannot be written. */
    private static void runsAsAService(Chroot machine) throws Exception {
        Path notify = machine.path("/run/notify");
        String manager = "use IO::Socket::UNIX; my $s = IO::Socket::UNIX->new(Local => $ARGV[0], Type => SOCK_DGRAM);"
                + " $| = 1; print qq(bound\\n); while (1) { $s->recv(my $m, 1000); print qq($m\\n) }";
        Path told = directory.resolve("told");
        host.start(output(told), "perl", "-e", manager, notify.toString());
        await(told, "bound\n", told);

        Path said = directory.resolve("said");
        Process service = machine.startAsService(service(UNIT, "ExecStart"), output(said), "/usr");
        await(told, "bound\nREADY=1\n", said);
        assertThat(host.run("ip", "-brief", "address", "show", "dev", "wg0")).contains("10.9.0.1/24");
        assertThat(host.run("ip", "route", "show", "dev", "wg0")).contains("10.8.0.0/16");

        Files.writeString(machine.path("/etc/wireguard/wg0.conf"), CONFIGURATION.replace("10.8.0.0/16", "10.7.0.0/16"));
        assertThat(machine.startAsService(service(UNIT, "ExecReload"), output(said), "/usr")
                        .waitFor())
                .as(() -> read(said))
                .isZero();
        assertThat(host.run("ip", "route", "show", "dev", "wg0"))
                .contains("10.7.0.0/16")
                .doesNotContain("10.8.0.0/16");

        gateRunsAsAService(machine, told);

        service.destroy();
        assertThat(service.waitFor()).as(() -> read(said)).isZero();
        assertThat(told).hasContent("bound\nREADY=1\nSTATUS=serves wg0\nREADY=1\nSTOPPING=1\nSTOPPING=1\n");
        assertThat(host.execute("ip", "link", "show", "wg0").status()).isNotZero();
        assertThat(machine.path("/var/lib/anubis/hooks")).hasContent("wg0 is up\nwg0 goes\n");
        Files.writeString(machine.path("/etc/wireguard/wg0.conf"), CONFIGURATION);
        Files.delete(notify);
    }

    /** A hub, whose only peer is permanent: it needs no client. */
    private static void gateRunsAsAService(Chroot machine, Path told) throws Exception {
        assertThat(machine.run("anubis gate init --hub-name jacinth --endpoint 192.0.2.1"))
                .contains(
                        "written: /etc/wireguard/gate.priv\n",
                        "written: /etc/anubis/gate.toml\n",
                        "anubis gate init --ask jacinth=",
                        "@192.0.2.1:4297\n");
        assertThat(machine.run("cat /etc/anubis/gate.toml"))
                .contains("endpoints = [\"192.0.2.1:51820\"]\nallowed-ips = [\"10.9.0.0/24\"]\n");
        assertThat(machine.run("anubis gate --help")).contains("Usage: anubis gate");
        String key = machine.run("cat /etc/wireguard/gate.pub").strip();
        machine.run("anubis gate peer add phone --permanent --allowed-ips 10.6.0.7/32 --gate-key " + key
                + " --production-key " + key);
        assertThat(machine.run("ANUBIS_JAVA_OPTS=-XX:AOTMode=on anubis gate peer list"))
                .isEqualTo("phone  10.6.0.7/32  (permanent)\n");

        Path said = directory.resolve("gate-said");
        Process gate = machine.startAsService(service(GATE_UNIT, "ExecStart"), output(said), "/usr", "/etc", "/root");
        await(told, "bound\nREADY=1\nSTATUS=serves wg0\nREADY=1\n", said);
        assertThat(Lab.poll(
                        Device.SOON,
                        () -> machine.run("anubis show wg0 allowed-ips").contains(key + "\t10.6.0.7/32")))
                .as(() -> read(said))
                .isTrue();
        assertThat(host.run("ip", "route", "show", "dev", "wg0")).contains("10.6.0.7 proto 203");
        assertThat(machine.run("anubis gate log")).contains("phone: brought up from hub: done");
        gate.destroy();
        assertThat(gate.waitFor()).as(() -> read(said)).isZero();
        assertThat(machine.path("/run/anubis/gate-wg0.sock")).doesNotExist();
    }

    /** A command of a unit, for wg0, after what systemd does before it. */
    private static String service(String unit, String key) throws IOException {
        String capabilities = Stream.of(setting(unit, "CapabilityBoundingSet").split(" "))
                .map(capability -> ",+" + capability.substring("CAP_".length()).toLowerCase(Locale.ROOT))
                .reduce("-all", String::concat);
        return "umask " + setting(unit, "UMask") + "; mkdir -p /var/lib/" + setting(unit, "StateDirectory")
                + "\nexport " + setting(unit, "Environment")
                + " NOTIFY_SOCKET=/run/notify\nexec setpriv --no-new-privs --bounding-set="
                + capabilities + " --inh-caps=-all " + setting(unit, key).replace("%i", "wg0");
    }

    private static String setting(String unit, String key) throws IOException {
        return Files.readString(files().resolve(unit))
                .replace("\\\n", " ")
                .lines()
                .filter(line -> line.startsWith(key + "="))
                .map(line -> line.substring(key.length() + 1))
                .findFirst()
                .orElseThrow();
    }

    private static Chroot chroot() throws IOException {
        String clean = Optional.ofNullable(System.getenv("ANUBIS_CHROOT")).orElse("");
        assumeTrue(
                !clean.isEmpty(), "no clean Debian to install it in: ANUBIS_CHROOT is not set (packaging/get-chroot)");
        Path root = Files.createDirectory(directory.resolve("chroot"));
        host.run("tar", "-C", root.toString(), "-xf", clean);
        Chroot machine = new Chroot(host, root);
        machine.run("dpkg -i /var/cache/apt/archives/*.deb && rm /var/cache/apt/archives/*.deb");
        Files.copy(archive, machine.path("/tmp/anubis.deb"));
        return machine;
    }

    private static void install(Chroot machine) {
        machine.run("dpkg -i /tmp/anubis.deb");
    }

    private static Consumer<ProcessBuilder> output(Path file) {
        return builder -> builder.redirectErrorStream(true).redirectOutput(file.toFile());
    }

    private static void await(Path file, String content, Path log) {
        assertThat(Lab.poll(Device.SOON, () -> read(file).equals(content)))
                .as(() -> read(log))
                .isTrue();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }
}
