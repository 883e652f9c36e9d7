package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.lab.CommandResult;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A host's part of a plan, put in force in a namespace whose {@code /etc} and {@code /run} are of its own as far as it is written to. */
final class ApplyTest {
    @TempDir
    Path root;

    private Lab lab;
    private LabHost host;
    private OwnFiles own;
    private Path description;
    private String publicKey;

    @BeforeEach
    void open() throws IOException {
        Lab.obstacle().ifPresent(why -> assumeTrue(false, why));
        lab = Lab.open();
        host = lab.host("surya");
        lab.link(host, lab.host("far")).left().address("198.51.100.8/24");
        own = OwnFiles.of(host, root);
        publicKey = own.key("etc/wireguard/wg0.key");
        description = root.resolve("etc/anubis/network.toml");
        describe("10.42.0.0/24", "tcp 443");
    }

    @AfterEach
    void close() {
        if (lab != null) {
            lab.close();
        }
    }

    private void describe(String range, String letsIn) throws IOException {
        Files.writeString(description, """
                name = "Try"
                wireguard = ["%s", "fd00:42::/64"]
                [networks.wild]
                kind = "wild"
                addresses = ["198.51.100.0/24"]
                [networks.cell]
                kind = "wild"
                nat = true
                addresses = ["100.64.0.0/24"]
                [hosts.surya]
                role = "cloud"
                key = "%s"
                wg = 1
                on.wild = 8
                internal = ["192.168.8.1"]
                lets-in = ["%s"]
                [hosts.selen]
                role = "phone"
                key = "%s"
                wg = 2
                on.cell = 7
                """.formatted(
                        range, publicKey, letsIn, KeyPair.generate(host).publicKey()));
    }

    private CommandResult execute(String... words) {
        return own.execute(words);
    }

    private List<String> lines(String... words) {
        return execute(words).orThrow().lines().toList();
    }

    private List<String> drift() {
        CommandResult result = execute("drift", "--host", "surya");
        List<String> lines = result.stdout().lines().toList();
        assertThat(result.status()).as(result.toString()).isEqualTo(lines.isEmpty() ? 0 : 1);
        return lines;
    }

    private List<String> apply(String... options) {
        return lines(Stream.concat(Stream.of("apply", "--host", "surya"), Stream.of(options))
                .toArray(String[]::new));
    }

    private String state() {
        return host.run(
                "sh",
                "-c",
                "ip rule; ip -6 rule; ip route show table 4296; ip -br address show dev wg0; nft list table inet anubis-plan;"
                        + " cat /proc/sys/net/ipv4/ip_forward");
    }

    @Test
    void whatIsMissingIsDoneOnceAndWhatDriftsIsFoundAndMended() throws IOException {
        List<String> todo = drift();
        assertThat(todo)
                .contains(
                        "file /etc/wireguard/wg0.conf (new)",
                        "file /etc/hosts",
                        "nft: table inet anubis-plan",
                        "systemctl enable anubis-plan.service anubis-drift.timer anubis@wg0.service",
                        "interface wg0 up");
        assertThat(apply("--dry-run")).isEqualTo(todo);
        assertThat(host.execute("ip", "link", "show", "wg0").status()).isNotZero();

        assertThat(apply()).isEqualTo(todo);
        assertThat(execute("apply", "--host", "surya"))
                .satisfies(again -> assertThat(again.stdout()).isEmpty())
                .satisfies(again -> assertThat(again.stderr()).contains("nothing is done"));
        assertThat(drift()).isEmpty();
        String planned = state();
        assertThat(planned)
                .contains("4296:\tfrom all fwmark 0x10c8 lookup main", "10.42.0.0/24 dev wg0", "tcp dport 443 accept");
        assertThat(host.run("ip", "-br", "address", "show", "dev", "dum0")).contains("192.168.8.1/32");
        assertThat(Files.isSymbolicLink(root.resolve("etc/systemd/system/multi-user.target.wants/anubis@wg0.service")))
                .isTrue();
        Path names = root.resolve("etc/hosts");
        assertThat(Files.readString(names))
                .startsWith("127.0.0.1\tlocalhost\n")
                .contains("192.168.8.1\tsurya.internal surya\n", "10.42.0.2\tselenwg.internal selenwg\n");

        Files.writeString(names, Files.readString(names).replace("selenwg", "other") + "192.0.2.7\tmine\n");
        host.run("ip", "rule", "del", "pref", "4298");
        host.run("ip", "route", "add", "10.99.0.0/24", "dev", "wg0", "table", "4296");
        host.run("nft", "add", "rule", "inet", "anubis-plan", "input", "tcp", "dport", "22", "accept");
        host.run("ip", "address", "del", "192.168.8.1/32", "dev", "dum0");
        host.sysctl("net.ipv4.ip_forward", "0");
        List<String> drifted = List.of(
                "file /etc/hosts",
                "nft: table inet anubis-plan",
                "sysctl net.ipv4.ip_forward=1",
                "ip address add 192.168.8.1/32 dev dum0",
                "ip rule add pref 4298 lookup 4296",
                "ip route del 10.99.0.0/24 dev wg0 table 4296");
        assertThat(drift()).isEqualTo(drifted);
        assertThat(apply()).isEqualTo(drifted);
        assertThat(state()).isEqualTo(planned);
        assertThat(Files.readString(names)).contains("selenwg").endsWith("192.0.2.7\tmine\n");
    }

    @Test
    void whatIsNotConfirmedIsPutBackFilesAndAll() throws Exception {
        apply();
        String before = state();
        describe("10.43.0.0/24", "tcp 80");
        List<String> todo = drift();

        assertThat(apply("--confirm", "2s")).isEqualTo(todo);

        assertThat(state())
                .contains("10.43.0.0/24 dev wg0", "tcp dport 80 accept")
                .doesNotContain("10.42.0.0/24 dev wg0");
        Path tunnel = root.resolve("etc/wireguard/wg0.conf");
        Files.delete(tunnel); // it has a key in it, and is nobody else's when it comes back, either
        RoutedLab.await("what was before", () -> state().equals(before));
        RoutedLab.await("the old files", () -> drift().equals(todo));
        assertThat(Files.readString(root.resolve("etc/anubis/anubis-plan.nft"))).contains("443");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(tunnel)))
                .isEqualTo("rw-------");
        assertThat(execute("confirm", "wg0").status()).isNotZero();
    }

    @Test
    void aStepThatFailsTakesBackThoseBefore() throws IOException {
        apply();
        String before = state();
        describe("10.43.0.0/24", "tcp 80");
        // The port is somebody else's: the device refuses it.
        Files.writeString(
                description,
                Files.readString(description).replace("role = \"cloud\"", "role = \"cloud\"\nport = 4999"));
        Process other = host.start(
                "python3",
                "-c",
                "import socket, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
                        + " s.bind(('', 4999)); time.sleep(1000)");
        RoutedLab.await("the other", () -> host.run("ss", "-Hlun").contains(":4999 "));

        CommandResult refused = execute("apply", "--host", "surya");

        assertThat(refused.status()).isEqualTo(1);
        assertThat(state()).isEqualTo(before);
        assertThat(Files.readString(root.resolve("etc/anubis/anubis-plan.nft"))).contains("443");
        other.destroy();
    }

    @Test
    void whatCannotBeReadIsNamed() throws IOException {
        Files.write(root.resolve("etc/sysctl.d/90-anubis-plan.conf"), new byte[] {'c', 'a', 'f', (byte) 0xe9, '\n'});
        assertThat(execute("apply", "--host", "surya").stderr())
                .contains("/etc/sysctl.d/90-anubis-plan.conf: it is not text in UTF-8");
        Files.createDirectory(root.resolve("etc/anubis/anubis-plan.nft"));
        assertThat(execute("apply", "--host", "surya").stderr()).contains("/etc/anubis/anubis-plan.nft: ");
    }

    @Test
    void theKeyOfAnotherHostIsRefused() throws IOException {
        Files.writeString(
                root.resolve("etc/wireguard/wg0.key"), KeyPair.generate(host).privateKey() + "\n");

        CommandResult refused = execute("apply", "--host", "surya");

        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.stderr()).contains("/etc/wireguard/wg0.key: its public key is ", "another key for surya");
        assertThat(host.execute("ip", "link", "show", "wg0").status()).isNotZero();
    }

    @Test
    void aDescriptionThatOthersCanChangeIsRefused() throws IOException {
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(description, PosixFilePermissions.fromString("rw-rw-rw-"));

        CommandResult refused = execute("apply", "--host", "surya");

        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.stderr()).contains("/etc/anubis/network.toml", "chmod go-w");
        assertThat(host.execute("ip", "link", "show", "wg0").status()).isNotZero();
    }

    @Test
    void anInterfaceThatIsAnotherIsToldForNothingWouldBeShut() throws IOException {
        String text = Files.readString(description);
        Files.writeString(description, text.replace("lets-in", "interfaces.wild = \"ens3\"\nlets-in"));
        assertThat(execute("apply", "--host", "surya").stderr())
                .contains("network.toml: hosts.surya.interfaces.wild: 198.51.100.8 is on eth0 here, not on ens3");
        host.run("ip", "address", "flush", "dev", "eth0");
        assertThat(execute("drift", "--host", "surya").stderr()).contains("interfaces.wild: there is no ens3 here");
        assertThat(root.resolve("etc/wireguard/wg0.conf")).doesNotExist();
    }

    @Test
    void whatIsNotProvedIsRefused() throws IOException {
        Files.writeString(description, Files.readString(description) + "keepalive = 0\n"); // nobody finds the phone

        CommandResult refused = execute("apply", "--host", "surya");

        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.stderr()).contains("no end can begin", "'anubis prove'");
        assertThat(root.resolve("etc/wireguard/wg0.conf")).doesNotExist();
        assertThat(apply("--unproved", "--dry-run")).contains("interface wg0 up");
    }

    @Test
    void whatOthersHaveWrittenIsPutAsideAndTheGatesSettingsStay() throws IOException {
        String gate = own.key("etc/wireguard/gate.priv");
        Files.writeString(
                description,
                Files.readString(description)
                                .replace("[networks.wild]", "gate-port = 4297\n[networks.wild]")
                                .replace("lets-in", "gate-key = \"" + gate + "\"\nlets-in")
                        + """
                        [hosts.deva]
                        role = "cloud"
                        key = "%1$s"
                        gate-key = "%2$s"
                        wg = 3
                        on.wild = 9
                        hub = "surya"
                        [hosts.xena]
                        role = "roaming"
                        key = "%3$s"
                        gate-key = "%4$s"
                        wg = 4
                        hub = "surya"
                        [[situations]]
                        name = "usual"
                        away.xena = "cell"
                        [[situations]]
                        name = "other"
                        away.xena = "cell"
                        using.xena = "deva"
                        """.formatted(Stream.generate(() -> KeyPair.generate(host))
                                .map(KeyPair::publicKey)
                                .limit(4)
                                .toArray()));
        own.write(
                "etc/wireguard/wg0.conf",
                "[Interface]\nPrivateKey = " + KeyPair.generate(host).privateKey() + "\n");

        assertThat(apply("--dry-run"))
                .contains(
                        "file /etc/wireguard/wg0.conf.before-plan (new)",
                        "file /etc/wireguard/wg0.conf",
                        "file /etc/anubis/gate.toml (new)",
                        "file /etc/anubis/gate-peers.toml (new)")
                .anyMatch(line -> line.startsWith("systemctl enable") && line.endsWith(" anubis-gate.service"));
        own.write("etc/anubis/gate.toml", "interface = \"wg0\"\n");
        CommandResult yielding = execute("apply", "--dry-run", "--host", "surya");
        assertThat(yielding.orThrow()).doesNotContain("gate.toml");
        assertThat(yielding.stderr()).contains("/etc/anubis/gate.toml was not made by the plan");
        own.key("etc/wireguard/gate.priv");
        assertThat(execute("apply", "--host", "surya").stderr()).contains("gate.priv: its public key is");
    }

    @Test
    void aUnitThatIsMaskedStaysSoAndNobodysDeviceIsChanged() throws IOException {
        // One of our own, should it be changed after all.
        Path device = root.resolve("null");
        host.run("mknod", "-m", "666", device.toString(), "c", "1", "3");
        Files.createSymbolicLink(root.resolve("etc/systemd/system/anubis-drift.timer"), Path.of("/dev/null"));
        String[] command = Stream.concat(
                        Stream.of(
                                "unshare",
                                "-m",
                                "sh",
                                "-c",
                                "mount --bind \"$0\" /dev/null && exec \"$@\"",
                                device.toString()),
                        Stream.of(own.command("apply", "--host", "surya")))
                .toArray(String[]::new);

        assertThat(host.execute(command).orThrow())
                .contains("systemctl enable anubis-plan.service anubis@wg0.service\n")
                .doesNotContain("anubis-drift.timer");

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(device)))
                .isEqualTo("rw-rw-rw-");
        assertThat(drift()).isEmpty();
    }

    @Test
    void whoIsNotOfTheNetworkIsTold() {
        CommandResult refused = execute("apply", "--host", "jacinth");

        assertThat(refused.status()).isEqualTo(2);
        assertThat(refused.stderr()).contains("no host 'jacinth'");
        assertThat(execute("apply", "--host", "selen").stderr()).contains("'anubis qr'");
    }
}
