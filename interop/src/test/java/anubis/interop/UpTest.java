package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.CommandResult;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code anubis up}, {@code reload}, {@code confirm}, {@code save} and {@code down} between two hosts. */
final class UpTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    private final String name = Device.freshName();
    private final String peer = name + "p";
    private Lab lab = Lab.open();
    private LabHost laptop = lab.host("laptop");
    private LabHost hub = lab.host("hub");
    private KeyPair left = new KeyPair("", "");
    private KeyPair right = new KeyPair("", "");

    @BeforeEach
    void twoHosts() {
        Tunnel.assume(new Pair(Implementation.ANUBIS, Implementation.ANUBIS));
        var link = lab.link(laptop, hub);
        link.left().address("10.1.0.1/24", "fd01::1/64");
        link.right().address("10.1.0.2/24", "fd01::2/64");
        left = KeyPair.generate(laptop);
        right = KeyPair.generate(hub);
    }

    @AfterEach
    void end() {
        for (String each : new String[] {name, peer}) {
            if (Files.exists(Path.of("/run/anubis", each + ".conf"))) {
                anubis(each.equals(name) ? laptop : hub, "down", each);
            }
        }
        lab.close();
    }

    private static CommandResult anubis(LabHost host, String... arguments) {
        List<String> command =
                new ArrayList<>(List.of(Implementation.ANUBIS.foreground("x").getFirst()));
        command.addAll(List.of(arguments));
        return host.execute(command.toArray(String[]::new));
    }

    private String file(String interfaceName, String config) throws IOException {
        Path file = directory.resolve(interfaceName + ".conf");
        Files.writeString(file, config);
        laptop.run("chmod", "600", file.toString());
        return file.toString();
    }

    private String laptopConfig(String more, String allowedIps, String endpoint) {
        return """
                [Interface]
                PrivateKey = %s
                Address = 10.9.0.1/24, fd09::1/64
                %s
                [Peer]
                PublicKey = %s
                AllowedIPs = %s
                Endpoint = %s
                """.formatted(left.privateKey(), more, right.publicKey(), allowedIps, endpoint);
    }

    private void hubUp(String more) throws IOException {
        anubis(hub, "up", file(peer, """
                [Interface]
                PrivateKey = %s
                ListenPort = 51820
                Address = 10.9.0.2/24, fd09::2/64
                %s
                [Peer]
                PublicKey = %s
                AllowedIPs = 10.9.0.1/32, fd09::1/128
                """.formatted(right.privateKey(), more, left.publicKey())))
                .orThrow();
    }

    private boolean reaches(String address) {
        return Lab.poll(
                PATIENCE,
                () -> laptop.execute("ping", "-n", "-q", "-c", "1", "-W", "1", address)
                                .status()
                        == 0);
    }

    /** All that up might change, but for counters and what lives for a moment. */
    private String state() {
        return laptop.run(
                "sh",
                "-c",
                "ip -o address show dev " + name + "; ip -o link show dev " + name
                        + " | cut -d: -f2-; ip -4 route show table all; ip -6 route show table all; ip rule; ip -6 rule;"
                        + " nft list ruleset; wg showconf " + name);
    }

    @Test
    void upRoutesReloadMovesAndDownLeavesNothing() throws IOException {
        String before = laptop.run("sh", "-c", "ip -4 route show table all; ip rule; ip -6 rule; nft list ruleset");
        hubUp("#: ExtraPorts = 53 on eth0");
        String file = file(name, laptopConfig("MTU = 1400", "10.9.0.2/32, fd09::2/128, 10.8.0.0/16", "10.1.0.2:51820"));

        anubis(laptop, "up", file).orThrow();

        assertThat(reaches("10.9.0.2")).isTrue();
        assertThat(reaches("fd09::2")).isTrue();
        assertThat(laptop.run("ip", "link", "show", "dev", name)).contains("mtu 1400");
        assertThat(laptop.run("ip", "route", "show", "dev", name)).contains("10.8.0.0/16");
        assertThat(anubis(laptop, "up", file).stderr())
                .contains("is up already")
                .hasLineCount(1);

        file(name, laptopConfig("", "10.9.0.2/32, 10.7.0.0/16", "10.1.0.2:53"));
        String unchanged = state();
        CommandResult dry = anubis(laptop, "reload", "--dry-run", name);
        assertThat(dry.stdout()).contains("route add 10.7.0.0/16", "route del 10.8.0.0/16", "endpoint 10.1.0.2:53");
        assertThat(state()).isEqualTo(unchanged);
        assertThat(anubis(laptop, "reload", name).orThrow()).isEqualTo(dry.stdout());
        assertThat(anubis(laptop, "reload", name).orThrow()).isEmpty();
        assertThat(reaches("10.9.0.2")).as("through port 53").isTrue();
        assertThat(laptop.run("wg", "show", name, "endpoints")).contains("10.1.0.2:53");
        assertThat(laptop.run("ip", "link", "show", "dev", name)).contains("mtu 1420");

        anubis(laptop, "down", name).orThrow();
        assertThat(laptop.run("sh", "-c", "ip -4 route show table all; ip rule; ip -6 rule; nft list ruleset"))
                .isEqualTo(before);
        assertThat(anubis(laptop, "down", name).stderr()).contains("is not up").hasLineCount(1);
    }

    @Test
    void anEndpointInsideAnyAllowedPrefixIsExempt() throws IOException {
        hubUp("");
        laptop.run("ip", "route", "add", "10.1.5.0/24", "via", "10.1.0.2");
        String file = file(name, laptopConfig("", "10.0.0.0/8, fd00::/8", "10.1.0.2:51820"));

        anubis(laptop, "up", file).orThrow();

        assertThat(reaches("10.9.0.2")).isTrue();
        assertThat(laptop.run("ip", "route", "get", "10.200.0.1")).contains("dev " + name);
        assertThat(laptop.run("ip", "route", "get", "10.1.0.2")).as("the LAN").contains("dev eth0");
        assertThat(laptop.run("ip", "route", "get", "10.1.5.1")).as("beyond it").contains("dev eth0");
        assertThat(laptop.run("ip", "-6", "route", "get", "fd77::1")).contains("dev " + name);
        assertThat(laptop.run("ip", "-6", "route", "get", "fd01::2")).contains("dev eth0");
        assertThat(laptop.execute("ip", "route", "get", "10.200.0.1", "mark", "0xca60")
                        .stderr())
                .as("a bearer packet")
                .contains("unreachable");

        // The other IP version, and a default route: nothing is reached but through the tunnel, and that is reached.
        file(name, laptopConfig("", "0.0.0.0/0, ::/0", "[fd01::2]:51820"));
        anubis(laptop, "reload", name).orThrow();
        assertThat(reaches("10.9.0.2")).isTrue();
        assertThat(laptop.run("ip", "route", "get", "192.0.2.1")).contains("dev " + name);
        assertThat(laptop.run("wg", "show", name, "endpoints")).contains("[fd01::2]:51820");
    }

    @Test
    void aReloadThatFailsHalfWayLeavesAllAsItWas() throws IOException {
        hubUp("");
        String file = file(name, laptopConfig("", "10.9.0.2/32", "10.1.0.2:51820"));
        anubis(laptop, "up", file).orThrow();
        laptop.run("ip", "route", "add", "10.7.0.0/16", "via", "10.1.0.2");
        String before = state();
        file(
                name,
                laptopConfig("MTU = 1300", "10.9.0.2/32, 10.6.0.0/24, 10.7.0.0/16", "10.1.0.2:51821")
                        .replace("10.9.0.1/24", "10.9.0.1/24, 10.5.0.1/24"));

        CommandResult reload = anubis(laptop, "reload", name);

        assertThat(reload.status()).isEqualTo(1);
        assertThat(reload.stderr()).contains("File exists", "10.7.0.0/16").hasLineCount(1);
        assertThat(state()).isEqualTo(before);
    }

    @Test
    void aReloadLosesNoPing() throws IOException {
        hubUp("");
        String file = file(name, laptopConfig("", "10.9.0.2/32", "10.1.0.2:51820"));
        anubis(laptop, "up", file).orThrow();
        assertThat(reaches("10.9.0.2")).isTrue();
        Path log = directory.resolve("pings");
        Process pings = laptop.start(
                builder -> builder.redirectOutput(log.toFile()), "ping", "-n", "-q", "-i", "0.02", "10.9.0.2");

        String other = """
                [Peer]
                PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
                AllowedIPs = 10.6.0.0/16
                """;
        file(name, laptopConfig("MTU = 1380", "10.9.0.2/32, 10.8.0.0/16", "10.1.0.2:51820") + other);
        anubis(laptop, "reload", name).orThrow();
        file(name, laptopConfig("", "0.0.0.0/0", "10.1.0.2:51820"));
        anubis(laptop, "reload", name).orThrow();
        file(
                name,
                laptopConfig("", "10.9.0.2/32", "10.1.0.2:51820").replace("10.9.0.1/24", "10.9.0.1/24, 10.9.0.3/24"));
        anubis(laptop, "reload", name).orThrow();
        laptop.run("kill", "-INT", String.valueOf(pings.pid()));

        assertThat(Lab.poll(PATIENCE, () -> !pings.isAlive())).isTrue();
        assertThat(Files.readString(log)).contains(" 0% packet loss");
    }

    @Test
    void whatIsNotConfirmedIsRolledBack() throws IOException {
        hubUp("");
        String config = laptopConfig("", "10.9.0.2/32", "10.1.0.2:51820");
        String file = file(name, config);
        anubis(laptop, "up", file).orThrow();
        String before = state();

        file(name, config.replace("10.9.0.1/24", "10.9.0.7/24"));
        anubis(laptop, "reload", "--confirm", "1s", name).orThrow();
        assertThat(Lab.poll(PATIENCE, () -> state().equals(before))).isTrue();

        anubis(laptop, "reload", "--confirm", "600s", name).orThrow();
        anubis(laptop, "confirm", name).orThrow();
        assertThat(anubis(laptop, "confirm", name).status()).isEqualTo(1);
        assertThat(state()).isNotEqualTo(before);

        anubis(laptop, "down", name).orThrow();
        anubis(laptop, "up", "--confirm", "1s", file).orThrow();
        assertThat(Lab.poll(
                        PATIENCE,
                        () -> laptop.execute("ip", "link", "show", "dev", name).status() != 0))
                .isTrue();
    }

    @Test
    void hooksRunAtTheirTimes() throws IOException {
        Path log = directory.resolve("hooks");
        String hooks = """
                PreUp = echo preup %%i >> %1$s
                PostUp = ip link show dev %%i > /dev/null && echo postup >> %1$s
                PreDown = ip link show dev %%i > /dev/null && echo predown >> %1$s
                PostDown = ip link show dev %%i 2> /dev/null || echo postdown >> %1$s""".formatted(log);
        String file = file(name, laptopConfig(hooks, "10.9.0.2/32", "10.1.0.2:51820"));

        anubis(laptop, "up", file).orThrow();
        anubis(laptop, "reload", name).orThrow();
        anubis(laptop, "down", name).orThrow();

        assertThat(log).hasContent("preup " + name + "\npostup\npredown\npostdown\n");

        file(name, laptopConfig("PostUp = false", "10.9.0.2/32", "10.1.0.2:51820"));
        CommandResult failed = anubis(laptop, "up", file);
        assertThat(failed.status()).isEqualTo(1);
        assertThat(failed.stderr()).contains("PostUp has failed");
        assertThat(laptop.execute("ip", "link", "show", "dev", name).status()).isNotZero();
    }

    @Test
    void nameServersAreToldToResolvconfAsWgQuickTellsThem() throws IOException {
        Path bin = Files.createDirectories(directory.resolve("bin"));
        Path told = directory.resolve("told");
        Files.writeString(bin.resolve("resolvconf"), "#!/bin/sh\necho \"$@\" >> " + told + "\ncat >> " + told + "\n");
        laptop.run("chmod", "755", bin.resolve("resolvconf").toString());
        String file =
                file(name, laptopConfig("DNS = 10.9.0.53, fd09::53, example.org", "10.9.0.2/32", "10.1.0.2:51820"));
        String launcher = Implementation.ANUBIS.foreground("x").getFirst();

        for (String verb : new String[] {"up", "down"}) {
            laptop.execute(
                            builder -> builder.environment()
                                    .merge("PATH", bin.toString(), (path, ours) -> ours + ":" + path),
                            launcher,
                            verb,
                            file)
                    .orThrow();
        }

        assertThat(told)
                .hasContent(
                        "-a " + name + " -m 0 -x\nnameserver 10.9.0.53\nnameserver fd09::53\nsearch example.org\n-d "
                                + name + " -f\n");
    }

    @Test
    void aSavedFileHasWhatWgSetAndItsComments() throws IOException {
        String file = file(
                name,
                laptopConfig("SaveConfig = true # always", "10.9.0.2/32", "10.1.0.2:51820")
                        .replace("[Peer]", "# the hub\n[Peer]"));
        anubis(laptop, "up", file).orThrow();
        laptop.run("wg", "set", name, "peer", right.publicKey(), "allowed-ips", "10.9.0.2/32,10.8.0.0/16");

        anubis(laptop, "down", name).orThrow();

        assertThat(Files.readString(Path.of(file)))
                .contains("# always", "# the hub", "AllowedIPs = 10.9.0.2/32, 10.8.0.0/16");
    }

    @Test
    void aDeviceThatWasKilledCanBeTakenDownAndBroughtUpAgain() throws IOException {
        hubUp("");
        String file = file(name, laptopConfig("", "0.0.0.0/0", "10.1.0.2:51820"));
        anubis(laptop, "up", file).orThrow();
        laptop.interfaceNamed(name).holder().destroyForcibly();
        assertThat(Lab.poll(
                        PATIENCE,
                        () -> laptop.execute("ip", "link", "show", "dev", name).status() != 0))
                .isTrue();

        anubis(laptop, "up", file).orThrow();
        assertThat(reaches("10.9.0.2")).isTrue();
        laptop.interfaceNamed(name).holder().destroyForcibly();
        assertThat(Lab.poll(
                        PATIENCE,
                        () -> laptop.execute("ip", "link", "show", "dev", name).status() != 0))
                .isTrue();
        anubis(laptop, "down", name).orThrow();
        assertThat(laptop.run("ip", "rule")).doesNotContain("proto 202");
    }

    @Test
    void aNameServerOnLocalhostLivesBesideTheExtraPort() throws IOException {
        hubUp("#: ExtraPorts = 53 on eth0");
        Path served = directory.resolve("served");
        hub.start(builder -> builder.redirectOutput(served.toFile()), "python3", "-c", """
                import socket
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                s.bind(('127.0.0.1', 53))
                while True:
                  data, sender = s.recvfrom(512)
                  s.sendto(b'from the name server', sender)
                """);
        String file = file(name, laptopConfig("", "10.9.0.2/32", "10.1.0.2:53"));

        anubis(laptop, "up", file).orThrow();

        assertThat(reaches("10.9.0.2")).isTrue();
        assertThat(Lab.poll(
                        PATIENCE,
                        () -> hub.execute("python3", "-c", """
                                import socket
                                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                                s.settimeout(1)
                                s.sendto(b'?', ('127.0.0.1', 53))
                                print(s.recvfrom(99)[0])
                                """).stdout().contains("from the name server")))
                .isTrue();
        assertThat(laptop.run("wg", "show", name, "endpoints")).contains("10.1.0.2:53");
    }
}
