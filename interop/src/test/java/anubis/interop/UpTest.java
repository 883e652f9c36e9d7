package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.interop.RoutedLab.End;
import anubis.lab.CommandResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every key of wg-quick(8), and what {@code up} and {@code down} make of it. */
final class UpTest {
    @TempDir
    Path directory;

    private RoutedLab lab;
    private String name;

    @BeforeEach
    void open() {
        lab = new RoutedLab(directory);
        name = lab.name;
    }

    @AfterEach
    void close() {
        lab.close();
    }

    private String log() throws IOException {
        return Files.readString(directory.resolve("log"));
    }

    /** A command that writes down its time, whether there is an interface, and whether there is a route through it. */
    private String note(String time) {
        return "echo " + time + " %i $(ip link show %i >/dev/null 2>&1 && echo made)"
                + " $(ip route show 10.6.0.0/16 | grep -o 'dev %i') >> " + directory.resolve("log");
    }

    @Test
    void everyKeyDoesWhatTheManualSays() throws IOException {
        End far = lab.far();
        String before = lab.state();

        lab.up(
                "Address = 10.9.0.1/24, fd09::1/64",
                "address=10.9.5.1",
                "Address = fd09:5::1",
                "ListenPort = 41414",
                "FwMark = 0x4711",
                "MTU = 1390",
                "PreUp = " + note("PreUp1"),
                "PreUp = " + note("PreUp2"),
                "PostUp = " + note("PostUp1"),
                "PostUp = " + note("PostUp2"),
                "PreDown = " + note("PreDown1"),
                "PreDown = " + note("PreDown2"),
                "PostDown = " + note("PostDown1"),
                "PostDown = " + note("PostDown2"),
                RoutedLab.peer(
                        far,
                        "10.9.0.0/24, 10.77.0.1/32, 10.6.0.0/16, fd09::/64, fd77::1/128",
                        far.outer(),
                        "PersistentKeepalive = 25"));

        assertThat(lab.me.run("ip", "-o", "address", "show", "dev", name))
                .contains(" 10.9.0.1/24 ", " fd09::1/64 ", " 10.9.5.1/32 ", " fd09:5::1/128 ");
        assertThat(lab.me.run("ip", "link", "show", name)).contains("mtu 1390");
        assertThat(lab.me.run("wg", "show", name, "listen-port")).isEqualTo("41414\n");
        assertThat(lab.me.run("wg", "show", name, "fwmark")).isEqualTo("0x4711\n");
        assertThat(lab.me.run("wg", "show", name, "public-key")).isEqualTo(lab.keys.publicKey() + "\n");
        assertThat(lab.me.run("ip", "route", "show", "dev", name))
                .contains("10.77.0.1 ", "10.6.0.0/16 ", "10.9.0.0/24 proto kernel")
                .doesNotContain("10.9.0.0/24 proto 202");
        lab.awaitPing(far.inside());
        lab.awaitPing("fd09::2"); // to others its address might be the one that the peer does not allow

        lab.run("down", name);

        assertThat(log()).isEqualTo("""
                PreUp1 %1$s
                PreUp2 %1$s
                PostUp1 %1$s made dev %1$s
                PostUp2 %1$s made dev %1$s
                PreDown1 %1$s made dev %1$s
                PreDown2 %1$s made dev %1$s
                PostDown1 %1$s
                PostDown2 %1$s
                """.formatted(name));
        assertThat(lab.state()).as("nothing is left").isEqualTo(before);
    }

    /** To ip(8), most short names are the beginning of some word of its own. */
    @Test
    void anInterfaceMayHaveANameThatMeansSomethingToIp() {
        Path file = lab.writeAs("type", "Address = 10.9.0.1/24");
        String before = lab.state(lab.me, "type");

        lab.run("up", file.toString());
        assertThat(lab.me.run("ip", "link", "show", "dev", "type")).contains(" type: ");
        lab.run("down", "type");

        assertThat(lab.state(lab.me, "type")).isEqualTo(before);
    }

    /** As su(1) and cron(8) leave it. */
    @Test
    void programsAreFoundThatAreNotInThePathOfOrdinaryUsers() {
        Path file = lab.write("Address = 10.9.0.1/24");

        CommandResult up = lab.anubis(Map.of("PATH", "/usr/bin:/bin"), "up", file.toString());

        assertThat(up.stderr()).isEmpty();
        assertThat(lab.me.run("nft", "list", "tables")).contains("anubis-" + name);
        lab.run("down", name);
    }

    @Test
    void routesGoWhereTableSays() {
        End far = lab.far();
        String peer = RoutedLab.peer(far, "10.9.0.0/24, 10.77.0.1/32, fd77::1/128", far.outer());
        lab.up("Address = 10.9.0.1/24", "Table = off", peer);
        assertThat(routes()).isEmpty();

        lab.reload("Address = 10.9.0.1/24", "Table = 4242", peer);
        assertThat(routes())
                .containsExactlyInAnyOrder("10.9.0.0/24 table 4242", "10.77.0.1 table 4242", "fd77::1 table 4242");

        lab.reload("Address = 10.9.0.1/24", "Table = main", peer);
        assertThat(routes()).containsExactlyInAnyOrder("10.77.0.1", "fd77::1");

        lab.reload("Address = 10.9.0.1/24", "Table = 51899", peer);
        assertThat(routes()).hasSize(3).allMatch(route -> route.endsWith(" table 51899"));

        assertThat(lab.reload("Address = 10.9.0.1/24", "Table = auto", peer)).isNotEmpty();
        assertThat(routes()).containsExactlyInAnyOrder("10.77.0.1", "fd77::1");
        lab.awaitPing(far.inside());
    }

    private List<String> routes() {
        return (lab.me.run("ip", "-4", "route", "show", "table", "all", "dev", name, "proto", "202")
                        + lab.me.run("ip", "-6", "route", "show", "table", "all", "dev", name, "proto", "202"))
                .lines()
                .map(line -> line.replaceAll(" (scope|metric).*", "").strip())
                .toList();
    }

    @Test
    void aHookThatFailsBeforeTheEndLeavesNothing() {
        String before = lab.state();
        Path file = lab.write("Address = 10.9.0.1/24", "PreUp = true", "PreUp = false; true", "PostUp = exit 3");
        CommandResult result = lab.anubis("up", file.toString());
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.stderr())
                .isEqualTo("anubis: " + file + ":5: PreUp: the command has failed with exit status 1\n");
        assertThat(lab.state()).isEqualTo(before);

        lab.write(
                "Address = 10.9.0.1/24",
                "PreUp = true",
                "PostUp = false | true",
                "PreDown = touch " + directory.resolve("log"));
        result = lab.anubis("up", file.toString());
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.stderr())
                .isEqualTo("anubis: " + file + ":5: PostUp: the command has failed with exit status 1\n");
        assertThat(lab.state()).isEqualTo(before);
        assertThat(directory.resolve("log"))
                .as("as wg-quick, it runs no PreDown then")
                .doesNotExist();
    }

    @Test
    void aHookThatFailsAtTheEndDoesNotHoldItUp() throws IOException {
        String before = lab.state();
        lab.up("Address = 10.9.0.1/24", "PreDown = exit 7", "PostDown = " + note("PostDown"));

        CommandResult result = lab.anubis("down", name);

        assertThat(result.status()).isZero();
        assertThat(result.stderr())
                .isEqualTo("anubis: " + name + ": " + directory.resolve(name + ".conf")
                        + ":4: PreDown: the command has failed with exit status 7\n");
        assertThat(log()).isEqualTo("PostDown " + name + "\n");
        assertThat(lab.state()).isEqualTo(before);
    }

    @Test
    void aKeyThatAHookHasSetStaysAtAReload() throws IOException {
        End far = lab.far();
        Path key = directory.resolve("key");
        Files.writeString(key, lab.keys.privateKey());
        assertThat(key.toFile().setReadable(false, false) && key.toFile().setReadable(true, true))
                .isTrue();
        Path file = lab.write();
        String text = "[Interface]\nAddress = 10.9.0.1/24\nPostUp = wg set %i private-key " + key + "\n"
                + RoutedLab.peer(far, "10.77.0.1/32", far.outer());
        Files.writeString(file, text);
        lab.run("up", file.toString());
        lab.awaitPing(far.inside());

        assertThat(lab.run("reload", name)).isEmpty();
        Files.writeString(file, text + "PersistentKeepalive = 20\n");
        assertThat(lab.run("reload", name)).contains("keepalive 20 s").doesNotContain("private key");

        lab.awaitPing(far.inside());
    }

    @Test
    void saveConfigKeepsWhatHasBecomeOfTheInterface() throws IOException {
        End far = lab.far();
        lab.up(
                "Address = 10.9.0.1/24",
                "SaveConfig = true",
                "# my laptop",
                RoutedLab.peer(far, "10.77.0.1/32", far.outer()));
        String other = KeyPair.generate(lab.me).publicKey();
        lab.me.run("wg", "set", name, "listen-port", "47111", "peer", other, "allowed-ips", "10.99.0.0/16");

        lab.run("down", name);

        assertThat(Files.readString(directory.resolve(name + ".conf")))
                .contains("SaveConfig = true", "# my laptop", far.keys().publicKey(), other, "10.99.0.0/16");
        lab.run("up", directory.resolve(name + ".conf").toString());
        assertThat(lab.me.run("wg", "show", name, "peers")).contains(other);
    }

    /** A program in front of PATH that writes down how it was called and what it read. */
    private Map<String, String> withProgram(String program) throws IOException {
        Path file = directory.resolve(program);
        Files.writeString(
                file,
                "#!/bin/sh\n{ echo \"" + program + " $*\"; [ \"$1\" != -a ] || cat; } >> " + directory.resolve("log")
                        + "\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
        return Map.of("PATH", directory + ":" + System.getenv("PATH"));
    }

    /**
     * Runs a script with a /run of its own, so that no systemd-resolved of this machine is found; it knows {@code $anubis},
     * {@code $file}, {@code $name} and {@code $dir}.
     */
    private void script(Map<String, String> environment, Path file, String script) {
        CommandResult result = lab.me.execute(
                builder -> {
                    builder.environment().putAll(environment);
                    builder.environment()
                            .putAll(Map.of(
                                    "anubis",
                                    Implementation.verb()[0],
                                    "file",
                                    file.toString(),
                                    "name",
                                    name,
                                    "dir",
                                    directory.toString(),
                                    "WG_QUICK_USERSPACE_IMPLEMENTATION",
                                    Implementation.ANUBIS.forWgQuick().toString()));
                },
                "unshare",
                "-m",
                "sh",
                "-ec",
                "mount -t tmpfs tmpfs /run; " + script);
        assertThat(result.status()).as(result.stderr()).isZero();
    }

    @Test
    void resolvconfIsCalledAsWgQuickCallsIt() throws IOException {
        Map<String, String> environment = withProgram("resolvconf");
        Path file = lab.write("Address = 10.9.0.1/24", "DNS = 10.9.0.53, example.org fd09::53", "DNS = a.example");
        // It puts its own directory in front of PATH.
        script(
                environment,
                file,
                "cp \"$(command -v wg-quick)\" $dir/wg-quick; $dir/wg-quick up $file; $dir/wg-quick down $file");
        // It calls it a second time when the interface is gone, which is the same.
        String expected = log().replaceFirst("(resolvconf -d .*\n)\\1", "$1");
        assertThat(expected).isEqualTo("""
                resolvconf -a %1$s -m 0 -x
                nameserver 10.9.0.53
                nameserver fd09::53
                search example.org a.example
                resolvconf -d %1$s -f
                """.formatted(name));
        Files.delete(directory.resolve("log"));

        script(environment, file, "$anubis up $file; $anubis reload $name; $anubis down $name");
        assertThat(log()).isEqualTo(expected);

        Files.delete(directory.resolve("log"));
        script(environment, file, """
                mkdir -p $dir/lower/resolvconf $dir/upper $dir/work
                printf 'lo.inet\nlo.@(dnsmasq|pdnsd)\ntun*\neth*\n' > $dir/lower/resolvconf/interface-order
                mount -t overlay overlay -o lowerdir=$dir/lower:/etc /etc
                $anubis up $file; $anubis down $name
                """);
        assertThat(log()).isEqualTo(expected.replace(name, "tun." + name));
    }

    @Test
    void resolvedIsToldOfNameServersAndDomains() throws IOException {
        script(
                withProgram("resolvectl"),
                lab.write("Address = 10.9.0.1/24", "DNS = 10.9.0.53, fd09::53, example.org"),
                """
                mkdir -p /run/systemd/resolve; : > /run/systemd/resolve/io.systemd.Resolve
                $anubis up $file
                sed -i 's/DNS = .*/DNS = a.example/' $file; $anubis reload $name
                sed -i /DNS/d $file; $anubis reload $name; $anubis down $name
                """);

        assertThat(log()).isEqualTo("""
                resolvectl dns %1$s 10.9.0.53 fd09::53
                resolvectl domain %1$s example.org ~.
                resolvectl dns %1$s\s
                resolvectl domain %1$s a.example
                resolvectl revert %1$s
                """.formatted(name));
    }

    @Test
    void aNameIsThatOfAFileInEtcWireguard() throws IOException {
        Path file =
                lab.write("Address = 10.9.0.1/24", "MTU = 1333", "PostUp = echo %i/%i >> " + directory.resolve("log"));

        script(Map.of(), file, """
                mkdir -p $dir/etc; cp -p $file $dir/etc/; mount --bind $dir/etc /etc/wireguard
                cd $dir/etc; $anubis up $name; ip link show $name > $dir/up
                ! $anubis up ./$name.conf 2> $dir/twice
                sed -i s/1333/1444/ /etc/wireguard/$name.conf; $anubis reload $name; ip link show $name > $dir/reloaded
                $anubis strip $name > $dir/stripped; $anubis down $name; ! ip link show $name 2> /dev/null
                """);

        assertThat(log()).isEqualTo(name + "/" + name + "\n");
        assertThat(directory.resolve("up")).content().contains("mtu 1333 ");
        assertThat(directory.resolve("twice")).content().contains(name + " is up already");
        assertThat(directory.resolve("reloaded")).content().contains("mtu 1444 ");
        assertThat(directory.resolve("stripped"))
                .content()
                .contains("[Interface]")
                .doesNotContain("MTU", "Address");
    }

    @Test
    void withoutAnybodyToTellOfNameServersNothingIsChanged() {
        assumeTrue(
                lab.me
                        .execute("which", "resolvconf", "/usr/sbin/resolvconf", "resolvectl")
                        .stdout()
                        .isEmpty(),
                "this machine has resolvconf or resolvectl");
        Path file = lab.write("Address = 10.9.0.1/24", "DNS = 10.9.0.53");
        String before = lab.state();

        CommandResult result = lab.anubis("up", file.toString());

        assertThat(result.status()).isEqualTo(1);
        assertThat(result.stderr()).startsWith("anubis: DNS cannot be set: ").hasLineCount(1);
        assertThat(lab.state()).isEqualTo(before);
    }

    @Test
    void theMtuIsThatOfTheNarrowestWay() {
        End far = lab.far();
        End other = lab.other();
        lab.me.run("ip", "route", "add", "10.3.0.0/24", "via", RoutedLab.LAN, "mtu", "1400");
        String peers =
                RoutedLab.peer(far, "10.77.0.1/32", far.outer()) + RoutedLab.peer(other, "10.78.0.1/32", other.outer());

        lab.up("Address = 10.9.0.1/24", peers);
        assertThat(lab.me.run("ip", "link", "show", name)).contains("mtu 1320 ");

        lab.me.run("ip", "route", "replace", "10.3.0.0/24", "via", RoutedLab.LAN, "mtu", "1300");
        assertThat(lab.reload("Address = 10.9.0.1/24, fd09::1/64", peers))
                .contains("ip link set dev " + name + " mtu 1280");

        lab.me.interfaceNamed("eth0").mtu(9000);
        lab.me.run("ip", "route", "del", "10.3.0.0/24");
        assertThat(lab.reload("Address = 10.9.0.1/24", peers)).contains("ip link set dev " + name + " mtu 8920");
        lab.me.interfaceNamed("eth0").mtu(1500);
        assertThat(lab.reload("Address = 10.9.0.1/24", peers)).contains("ip link set dev " + name + " mtu 1420");
    }
}
