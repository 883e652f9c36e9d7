package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.lab.Lab;
import anubis.lab.LabHost;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names of endpoints, a real DNS server, and a process that has an {@code /etc/resolv.conf} and an {@code /etc/hosts} of its own. */
final class EndpointNamesTest {
    private static final String WITH_ETC =
            "mount --bind \"$0\" /etc/resolv.conf && mount --bind \"$1\" /etc/hosts" + " && shift && exec \"$@\"";

    @TempDir
    Path directory;

    private Path resolv;
    private Path hosts;

    @BeforeEach
    void prepare() throws IOException {
        Lab.obstacle().ifPresent(why -> assumeTrue(false, why));
        assumeTrue(Files.exists(Path.of("/etc/resolv.conf")), "there is no /etc/resolv.conf to be hidden");
        resolv = Files.writeString(
                directory.resolve("resolv.conf"), "search example.org\nnameserver 127.0.0.1\noptions ndots:1\n");
        hosts = Files.writeString(directory.resolve("hosts"), """
                127.0.0.1 localhost

                10.1.0.7 inthefile.example.org\tINTHEFILE # both.example.org
                10.1.0.8 inthefile
                nonsense both
                """);
    }

    /** The command that runs {@link FollowNames} with the files of this test. */
    private String[] followNames(String... arguments) {
        List<String> command =
                new ArrayList<>(List.of("unshare", "-m", "sh", "-c", WITH_ETC, resolv.toString(), hosts.toString()));
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                        .map(each -> Path.of(each).toAbsolutePath().toString())
                        .reduce((one, other) -> one + File.pathSeparator + other)
                        .orElseThrow(),
                FollowNames.class.getName()));
        command.addAll(List.of(arguments));
        return command.toArray(String[]::new);
    }

    @Test
    void namesMeanWhatTheSystemSays() throws Exception {
        try (Lab lab = Lab.open()) {
            LabHost host = lab.host("left");
            lab.link(host, lab.host("right")).addresses("10.1.0.1/24", "10.1.0.2/24");
            try (NameServer server = new NameServer(host)) {
                server.name("both.example.org", 300, "10.1.0.2", "fd01::2")
                        .name("four.example.org", 120, "10.1.0.2", "10.1.0.3")
                        .alias("alias.example.org", 60, "four.example.org")
                        .name("inthefile.example.org", 300, "10.1.0.99", "fd01::99")
                        .name(
                                "many.example.org",
                                60,
                                IntStream.range(100, 150)
                                        .mapToObj(last -> "10.1.0." + last)
                                        .toArray(String[]::new));
                assertThat(host.run(followNames(
                                        "resolve",
                                        "both.example.org",
                                        "both",
                                        "four.example.org.",
                                        "alias.example.org",
                                        "inthefile.example.org",
                                        "inthefile",
                                        "none.example.org",
                                        "localhost",
                                        "many.example.org"))
                                .lines())
                        .containsExactly(
                                // There is no way to the IPv6 address.
                                "both.example.org 10.1.0.2 fd01:0:0:0:0:0:0:2 300",
                                "both 10.1.0.2 fd01:0:0:0:0:0:0:2 300",
                                "four.example.org. 10.1.0.2 10.1.0.3 120",
                                "alias.example.org 10.1.0.2 10.1.0.3 60",
                                "inthefile.example.org 10.1.0.7 0",
                                "inthefile 10.1.0.7 10.1.0.8 0",
                                "none.example.org none",
                                "localhost 127.0.0.1 0",
                                IntStream.range(100, 132)
                                        .mapToObj(last -> "10.1.0." + last)
                                        .collect(Collectors.joining(" ", "many.example.org ", " 60")));
            }
        }
    }

    @Test
    void theTunnelFollowsTheName() throws Exception {
        try (Tunnel tunnel = Tunnel.unconnected(new Pair(Implementation.ANUBIS, Implementation.ANUBIS));
                NameServer server = new NameServer(tunnel.left().host())) {
            server.name("hub.example.org", 30, "10.1.0.2", "fd01::77");
            tunnel.left().wgFile("addconf", tunnel.rightAsPeer());
            tunnel.left()
                    .host()
                    .start(followNames(
                            "follow", tunnel.left().name(), tunnel.rightKeys().publicKey(), "hub.example.org:51820"));

            // Nobody is at the IPv6 address, which is tried first.
            tunnel.await(
                    "the first way",
                    Duration.ofSeconds(90),
                    () -> tunnel.left().host().reaches(Tunnel.RIGHT));
            assertThat(tunnel.left().peer().endpoint()).isEqualTo("10.1.0.2:51820");

            tunnel.link().right().removeAddress("10.1.0.2/24").address("10.1.0.12/24");
            server.name("hub.example.org", 30, "10.1.0.12", "fd01::77");
            tunnel.await(
                    "the way on",
                    Duration.ofSeconds(90),
                    () -> tunnel.left().host().reaches(Tunnel.RIGHT));
            assertThat(tunnel.left().peer().endpoint()).isEqualTo("10.1.0.12:51820");
        }
    }
}
