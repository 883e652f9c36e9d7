package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.interop.RoutedLab.End;
import anubis.lab.CommandResult;
import java.io.IOException;
import java.net.DatagramSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A changed file is put in force as one difference: all that has changed, nothing else, or nothing at all. */
@Tag("alone") // it counts every packet that is lost
final class ReloadTest {
    private static final int MANY = 10_000;

    @TempDir
    Path directory;

    private RoutedLab lab;
    private String name;
    private End far;

    @BeforeEach
    void open() {
        lab = new RoutedLab(directory);
        name = lab.name;
        far = lab.far();
    }

    @AfterEach
    void close() {
        lab.close();
    }

    private String log() throws IOException {
        return Files.readString(directory.resolve("log"));
    }

    /** The state in an order that does not depend on the way to it. */
    private List<String> sorted() {
        return lab.state()
                .lines()
                .filter(line -> !line.startsWith("# anubis") && !line.contains("fe80::"))
                .map(line -> line.replaceAll("^\\d+: ", ""))
                .sorted()
                .toList();
    }

    @Test
    void theWholeStateChangesToThatOfTheNewFileAndBack() throws IOException {
        End other = lab.other();
        String psk = lab.me.run("wg", "genpsk").strip();
        String[] one = {
            "Address = 10.9.0.1/24, fd09::1/64",
            "ListenPort = 41001",
            "MTU = 1400",
            RoutedLab.peer(far, "10.77.0.1/32, 10.60.0.0/16, fd77::1/128", far.outer(), "PersistentKeepalive = 21"),
        };
        String[] two = {
            "Address = 10.8.0.1/24, fd08::1/64, 10.9.0.7/24",
            "ListenPort = 41002",
            "FwMark = 0x99",
            RoutedLab.peer(other, "10.0.0.0/8, ::/0", other.outer()),
            RoutedLab.peer(far, "10.61.0.0/16", far.outerV6(), "PresharedKey = " + psk),
        };
        lab.up(two);
        List<String> stateTwo = sorted();
        lab.run("down", name);
        lab.up(one);
        lab.awaitPing(far.inside());
        String before = lab.state();
        List<String> stateOne = sorted();

        Path file = lab.write(two);
        List<String> told = lab.run("reload", "--dry-run", name).lines().toList();
        assertThat(lab.state()).as("a rehearsal changes nothing").isEqualTo(before);
        assertThat(lab.run("reload", "-n", "--json", name)).isEqualTo("[\"" + String.join("\",\"", told) + "\"]\n");

        assertThat(lab.run("reload", file.toString()).lines()).containsExactlyElementsOf(told);
        assertThat(sorted()).containsExactlyElementsOf(stateTwo);
        lab.awaitPing(other.inside());
        assertThat(String.join("\n", told)).doesNotContain(psk, lab.keys.privateKey());

        lab.write(one);
        lab.run("reload", name);
        assertThat(sorted()).containsExactlyElementsOf(stateOne);
        lab.awaitPing(far.inside());
        assertThat(lab.run("reload", name)).as("and nothing is left to do").isEmpty();
    }

    @Test
    void theSameFileDoesNothingAtAll() throws IOException {
        lab.up("Address = 10.9.0.1/24, fd09::1/64", RoutedLab.peer(far, "0.0.0.0/0, fd00::/8", far.outer()));
        lab.awaitPing(far.inside());
        String before = lab.state() + lab.me.run("nft", "-a", "list", "ruleset");
        Path changes = directory.resolve("changes");
        Process monitor = lab.me.start(
                builder -> builder.redirectErrorStream(true).redirectOutput(changes.toFile()),
                "ip",
                "monitor",
                "link",
                "address",
                "route",
                "rule");
        RoutedLab.await("the monitor", () -> {
            lab.me.execute("ip", "link", "del", "beginning");
            lab.me.run("ip", "link", "add", "beginning", "type", "bridge");
            return read(changes).contains("beginning");
        });
        String begun = read(changes);

        assertThat(lab.run("reload", name)).isEmpty();
        assertThat(lab.run("reload", "--json", name)).isEqualToIgnoringWhitespace("[]");

        lab.me.run("ip", "link", "add", "ending", "type", "bridge");
        RoutedLab.await("the monitor", () -> read(changes).contains("ending"));
        assertThat(read(changes).substring(begun.length()).lines().filter(line -> line.contains(name)))
                .isEmpty();
        monitor.destroy();
        lab.me.run("ip", "link", "del", "beginning");
        lab.me.run("ip", "link", "del", "ending");
        assertThat(lab.state() + lab.me.run("nft", "-a", "list", "ruleset")).isEqualTo(before);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }

    @Test
    void anUnchangedPeerLosesNoPingAndKeepsItsSessionAndTheEndpointToWhichItMoved() {
        End other = lab.other();
        String stays = RoutedLab.peer(far, "10.9.0.2/32, 10.77.0.1/32", far.outer());
        lab.up("Address = 10.9.0.1/24", stays);
        lab.awaitPing(far.inside());
        // It moves to another port.
        far.device().wg("set", far.device().name(), "listen-port", "51999");
        RoutedLab.await(
                "the new endpoint",
                () -> far.device().host().reaches("10.9.0.1")
                        && lab.me.run("wg", "show", name, "endpoints").contains("10.2.0.2:51999"));
        String session = lab.me.run("wg", "show", name, "latest-handshakes");
        Pings pings = Pings.of(lab.me, far.inside());

        for (String change : new String[] {
            RoutedLab.peer(other, "10.78.0.1/32, 10.50.0.0/16", other.outer()),
            RoutedLab.peer(other, "10.78.0.1/32, 10.0.0.0/9", other.outer()),
            RoutedLab.peer(other, "10.78.0.1/32", other.outer(), "PersistentKeepalive = 9"),
            "",
        }) {
            lab.reload("Address = 10.9.0.1/24, 10.8.0.1/24", "MTU = " + (1380 + change.length() % 7), stays, change);
        }
        lab.reload("Address = 10.9.0.1/24", stays);

        assertThat(pings.lost()).isZero();
        assertThat(lab.me.run("wg", "show", name, "latest-handshakes")).isEqualTo(session);
        assertThat(lab.me.run("wg", "show", name, "endpoints")).contains("10.2.0.2:51999");
    }

    @Test
    void aFailureHalfWayTakesAllOfItBack() throws IOException {
        End other = lab.other();
        String address = "Address = 10.9.0.1/24, 10.9.3.1/24, fd09::1/64";
        String peer = RoutedLab.peer(far, "10.77.0.1/32, 10.60.0.0/16, fd77::1/128", far.outer());
        String all = RoutedLab.peer(far, "0.0.0.0/0, ::/0", far.outer(), "PersistentKeepalive = 5");
        String more = RoutedLab.peer(other, "10.61.0.0/16, 10.62.0.0/16, 10.63.0.0/16", other.outer());
        Path resolvconf = directory.resolve("resolvconf");
        Files.writeString(resolvconf, "#!/bin/sh\necho no name server today >&2; exit 1\n");
        assertThat(resolvconf.toFile().setExecutable(true)).isTrue();
        lab.up(address, "ListenPort = 41001", "MTU = 1400", peer);
        lab.awaitPing(far.inside());
        lab.me.run("ip", "route", "add", "10.62.0.0/16", "via", RoutedLab.LAN);
        String before = lab.state();
        Map<String, String> environment = Map.of("PATH", directory + ":" + System.getenv("PATH"));
        DatagramSocket taken = RoutedLab.in(lab.me, () -> new DatagramSocket(41002));

        for (String[] lines : new String[][] {
            {"ip route add 10.62.0.0/16", "MTU = 1300", "Address = 10.9.4.1/24", peer, more},
            {"(ip address add ff02::77/64", address, "Address = 10.9.4.1/24", "Address = ff02::77/64", "MTU = 1300", all
            },
            {"no name server today (resolvconf -a", "DNS = 10.9.0.53", "MTU = 1300", "Address = 10.9.4.1/24", all, more
            },
            {"the port is in use", address, "ListenPort = 41002", all, more},
        }) {
            Path file = lab.write(Stream.of(lines).skip(1).toArray(String[]::new));

            CommandResult result = lab.anubis(environment, "reload", file.toString());

            assertThat(result.status()).isEqualTo(1);
            assertThat(result.stderr()).contains(lines[0]).hasLineCount(1);
            assertThat(result.stdout()).isEmpty();
            assertThat(lab.state()).isEqualTo(before);
        }
        taken.close();
        assertThat(lab.me.reaches(far.inside())).isTrue();
    }

    @Test
    void hooksRunOnlyWhereTheyHaveChanged() throws IOException {
        Files.writeString(directory.resolve("log"), "");
        String[] times = {"PreUp", "PostUp", "PreDown", "PostDown"};
        String[] old = Stream.of(times)
                .map(time -> "%s = echo old-%1$s >> %s".formatted(time, directory.resolve("log")))
                .toArray(String[]::new);
        lab.up(old);
        lab.reload(Stream.concat(Stream.of("MTU = 1333"), Stream.of(old)).toArray(String[]::new));
        assertThat(log()).isEqualTo("old-PreUp\nold-PostUp\n");

        lab.reload(Stream.of(old).map(line -> line.replace("old-", "new-")).toArray(String[]::new));
        assertThat(log().lines().skip(2)).containsExactly("old-PreDown", "new-PreUp", "old-PostDown", "new-PostUp");
        lab.run("down", name);
        assertThat(log().lines().skip(6)).containsExactly("new-PreDown", "new-PostDown");
    }

    @Test
    void routesOutliveTheLastIpv4Address() {
        String peer = RoutedLab.peer(far, "10.77.0.1/32, fd77::1/128", far.outer());
        lab.up("Address = 10.9.0.1/24, fd09::1/64", peer);

        lab.reload("Address = fd09::1/64", peer);

        assertThat(lab.me.run("ip", "route", "show", "dev", name)).contains("10.77.0.1");
        lab.awaitPing(far.insideV6());
    }

    @Test
    void aLinkThatSomebodyHasSetDownIsUpAgainWithAllThatItLost() {
        lab.up("Address = 10.9.0.1/24, fd09::1/64", RoutedLab.peer(far, "0.0.0.0/0, ::/0", far.outer()));
        List<String> before = sorted();
        lab.me.interfaceNamed(name).down();

        lab.run("reload", name);

        assertThat(sorted()).containsExactlyElementsOf(before);
        lab.awaitPing(far.insideV6());
    }

    @Test
    void aPeerOfWhichNoFileHasSaidAnythingStays() {
        String[] lines = {"Address = 10.9.0.1/24", RoutedLab.peer(far, "10.77.0.1/32", far.outer())};
        lab.up(lines);
        String guest = KeyPair.generate(lab.me).publicKey();
        lab.me.run("wg", "set", name, "peer", guest, "allowed-ips", "10.55.0.1/32");

        lab.reload("Address = 10.9.0.1/24", "MTU = 1400");

        assertThat(lab.me.run("wg", "show", name, "allowed-ips")).isEqualTo(guest + "\t10.55.0.1/32\n");
    }

    @Test
    void oneOfTenThousandPeersChangesAndNobodyElseNotices() {
        String stays = RoutedLab.peer(far, "10.77.0.1/32", far.outer());
        Random random = new Random(10_000);
        List<String> peers = IntStream.range(0, MANY)
                .mapToObj(i -> {
                    byte[] key = new byte[32];
                    random.nextBytes(key);
                    return "[Peer]\nPublicKey = " + Base64.getEncoder().encodeToString(key)
                            + "\nAllowedIPs = 10.%d.%d.0/28\n".formatted(100 + i / 256, i % 256);
                })
                .toList();
        String all = String.join("", peers);
        lab.up("Address = 10.9.0.1/24", stays, all);
        lab.awaitPing(far.inside());
        assertThat(lab.me.run("wg", "show", name, "peers")).hasLineCount(MANY + 1);
        Pings pings = Pings.of(lab.me, far.inside());

        List<String> steps = lab.reload(
                "Address = 10.9.0.1/24",
                stays,
                all.replace("AllowedIPs = 10.105.7.0/28", "AllowedIPs = 10.105.7.0/29"));

        assertThat(steps)
                .hasSize(3)
                .anyMatch(step -> step.startsWith("device: peer ") && step.endsWith("allowed IPs 10.105.7.0/29"))
                .contains("ip route add 10.105.7.0/29 dev " + name + " table 254 proto 202");
        assertThat(pings.lost()).isZero();
    }
}
