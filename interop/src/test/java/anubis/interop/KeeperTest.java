package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

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

/** What the process of an interface does for it in the course of time: it follows names, and fits routes and rules to what they mean. */
final class KeeperTest {
    /** A name that is not resolved is asked for again after 5, 10 and 20 seconds. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private final String name = Device.freshName();
    private Lab lab = Lab.open();
    private LabHost laptop = lab.host("laptop");
    private LabHost hub = lab.host("hub");

    @BeforeEach
    void twoHosts() throws IOException {
        // A name server that is not there is known not to be there at once.
        Files.writeString(directory.resolve("resolv.conf"), "nameserver 127.0.0.1\n");
        Tunnel.assume(new Pair(Implementation.ANUBIS, Implementation.ANUBIS));
        var link = lab.link(laptop, hub);
        link.left().address("10.1.0.1/16", "fd01::1/64");
        link.right().address("10.1.0.2/16", "10.1.0.3/16", "fd01::2/64");
    }

    @AfterEach
    void end() {
        lab.close();
    }

    private Path hosts(String... lines) throws IOException {
        Path hosts = directory.resolve("hosts");
        Files.writeString(hosts, "127.0.0.1 localhost\n" + String.join("\n", lines) + "\n");
        return hosts;
    }

    /** A hub without names, and a laptop whose peer is the name "hub.test"; only {@link #hosts} knows it. */
    private void start(String allowedIps) throws IOException {
        KeyPair left = KeyPair.generate(laptop);
        KeyPair right = KeyPair.generate(hub);
        up(hub, name + "h", """
                [Interface]
                PrivateKey = %s
                ListenPort = 51820
                Address = 10.9.0.2/24
                [Peer]
                PublicKey = %s
                AllowedIPs = 10.9.0.1/32
                """.formatted(right.privateKey(), left.publicKey()));
        up(laptop, name, """
                [Interface]
                PrivateKey = %s
                Address = 10.9.0.1/24
                [Peer]
                PublicKey = %s
                AllowedIPs = 10.9.0.2/32, %s
                Endpoint = hub.test:51820
                PersistentKeepalive = 1
                """.formatted(left.privateKey(), right.publicKey(), allowedIps));
    }

    private void up(LabHost host, String interfaceName, String config) throws IOException {
        Path file = Files.writeString(directory.resolve(interfaceName + ".conf"), config);
        host.run("chmod", "600", file.toString());
        host.start(
                builder -> builder.redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(
                                Device.log(interfaceName).toFile())),
                "unshare",
                "-m",
                "sh",
                "-c",
                "mount --bind " + directory.resolve("hosts") + " /etc/hosts && mount --bind "
                        + directory.resolve("resolv.conf") + " /etc/resolv.conf && exec "
                        + String.join(" ", anubis("up", "-f", file.toString())));
        assertThat(Lab.poll(Device.SOON, () -> log(interfaceName).contains("ready")))
                .as(() -> log(interfaceName))
                .isTrue();
    }

    private static String log(String interfaceName) {
        try {
            return Files.readString(Device.log(interfaceName));
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static String[] anubis(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Implementation.ANUBIS.foreground("x").getFirst());
        command.addAll(List.of(arguments));
        return command.toArray(String[]::new);
    }

    private boolean answers() {
        return laptop.execute("ping", "-n", "-q", "-c", "1", "-W", "1", "10.9.0.2")
                        .status()
                == 0;
    }

    @Test
    void theInterfaceComesFirstAndTheNameLater() throws IOException {
        hosts();
        start("10.8.0.0/16");
        assertThat(log(name)).contains("hub.test is not resolved yet");
        assertThat(laptop.run("ip", "route", "show", "dev", name)).contains("10.8.0.0/16");
        assertThat(answers()).isFalse();

        hosts("10.1.0.2 hub.test");

        assertThat(Lab.poll(PATIENCE, this::answers)).as(() -> log(name)).isTrue();
    }

    @Test
    void aNameThatComesToMeanAnAllowedAddressBringsItsRules() throws IOException {
        hosts();
        start("10.1.0.0/24");
        assertThat(laptop.run("ip", "rule")).doesNotContain("202");

        hosts("10.1.0.3 hub.test");

        assertThat(Lab.poll(PATIENCE, this::answers)).as(() -> log(name)).isTrue();
        assertThat(laptop.run("ip", "rule")).contains("not from all fwmark 0xca60/0xfffffff0 lookup 51808");
    }

    @Test
    void aPeerThatDoesNotAnswerIsFoundAtTheOtherAddressOfItsName() throws IOException {
        hosts("10.1.0.77 hub.test", "fd01::2 hub.test");
        start("10.8.0.0/16");

        assertThat(Lab.poll(PATIENCE, this::answers)).as(() -> log(name)).isTrue();
    }

    @Test
    void statusGoesOnFromWhatTheKeeperKnows() throws IOException {
        hosts("10.1.0.2 hub.test");
        start("10.8.0.0/16");
        assertThat(Lab.poll(PATIENCE, this::answers)).as(() -> log(name)).isTrue();
        assertThat(Lab.poll(Device.SOON, () -> Files.exists(Path.of("/run/anubis", name + ".peers"))))
                .isTrue();

        assertThat(Lab.poll(
                        PATIENCE,
                        () -> laptop.execute(anubis("status", name)).stdout().contains("up")))
                .isTrue();
    }
}
