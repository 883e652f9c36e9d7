package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.interop.RoutedLab.End;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code up} and {@code down} beside the real wg-quick, on the same files; it has our device too, and that must work. */
final class WgQuickTest {
    @TempDir
    Path directory;

    private RoutedLab lab;
    private String name;
    private End far;

    @BeforeEach
    void open() {
        lab = new RoutedLab(directory);
        name = lab.name;
        assumeTrue(lab.me.execute("which", "wg-quick").status() == 0, "wg-quick is not installed");
        far = lab.far();
    }

    @AfterEach
    void close() {
        lab.close();
    }

    private void wgQuick(String verb, Path file) {
        lab.me
                .execute(
                        builder -> builder.environment()
                                .put(
                                        "WG_QUICK_USERSPACE_IMPLEMENTATION",
                                        Implementation.ANUBIS.forWgQuick().toString()),
                        "wg-quick",
                        verb,
                        file.toString())
                .orThrow();
    }

    /** The addresses, the MTU, the routes in all tables and what {@code wg} shows. */
    private List<String> made() {
        return Stream.of(
                        "ip -o address show dev " + name + " scope global",
                        "ip -o link show dev " + name,
                        "ip route show table all dev " + name,
                        "ip -6 route show table all dev " + name,
                        "wg showconf " + name)
                .flatMap(command -> lab.me.run(command.split(" ")).lines())
                // Each interface has another number, port and link-local address.
                .map(line -> line.replaceAll("^\\d+: ", "").replaceAll("proto 202 ", ""))
                .filter(line ->
                        !line.contains("fe80::") && !line.startsWith("ListenPort") && !line.contains("ff00::/8"))
                .sorted()
                .toList();
    }

    private void sameAsWgQuick(String... lines) {
        String before = lab.state();
        Path file = lab.write(lines);
        wgQuick("up", file);
        List<String> expected = made();
        wgQuick("down", file);
        RoutedLab.await("the device's end", () -> !Device.answers(name));
        assertThat(lab.state()).isEqualTo(before);

        lab.run("up", file.toString());
        assertThat(made()).containsExactlyElementsOf(expected);
        lab.run("down", name);
        assertThat(lab.state()).isEqualTo(before);
    }

    @Test
    void aFileWithoutLoopsMakesTheSame() {
        End other = lab.other();
        sameAsWgQuick(
                "Address = 10.9.0.1/24, 10.9.6.1/26, fd09::1/64",
                "Address = 10.9.7.1",
                RoutedLab.peer(
                        far,
                        "10.9.0.0/24, 10.9.6.7/32, 10.9.0.0/16, 10.77.0.1/32, fd09::/48, fd77::1/128",
                        far.outer(),
                        "PersistentKeepalive = 25"),
                RoutedLab.peer(other, "172.16.0.0/12, fd78::/16", other.outerV6()));
    }

    @Test
    void aFileWithEverythingSetMakesTheSame() {
        sameAsWgQuick(
                "ListenPort = 41414",
                "FwMark = 51899",
                "MTU = 1337",
                "Table = 4711",
                "Address = 10.9.0.1/24 fd09::1/64",
                RoutedLab.peer(far, "10.9.0.0/24, 0.0.0.0/0, ::/0, fd77::1/128", far.outer()));
    }

    @Test
    void aFileWithoutRoutesAndPeersMakesTheSame() {
        sameAsWgQuick("Table = off", "Address = 10.9.0.1/32", "MTU = 1280");
    }

    @Test
    void stripPrintsTheSame() {
        Path file = lab.write(
                "Address = 10.9.0.1/24 # mine",
                "  DNS=10.9.0.53 ",
                "ListenPort = 51820   ",
                "",
                "# PostUp = no",
                "postup = echo [Peer]",
                "SaveConfig = true",
                "FwMark = 0x10",
                RoutedLab.peer(
                        far, "10.77.0.1/32,fd77::1/128", far.outer(), "PersistentKeepalive = 25", "", "#: Name = far"));

        assertThat(lab.run("strip", file.toString())).isEqualTo(lab.me.run("wg-quick", "strip", file.toString()));
    }

    /** Its table and rules have other numbers, so what counts is where packets go. */
    @Test
    void aDefaultRouteReachesTheSame() {
        far.device().host().router();
        String[] lines = {
            "Address = 10.9.0.1/24, fd09::1/64", RoutedLab.peer(far, "0.0.0.0/0, ::/0", far.outer()),
        };
        String before = lab.state();
        Path file = lab.write(lines);
        wgQuick("up", file);
        everythingIsReached();
        wgQuick("down", file);
        RoutedLab.await("the device's end", () -> !Device.answers(name));
        assertThat(lab.state()).isEqualTo(before);

        lab.run("up", file.toString());
        everythingIsReached();
        lab.run("down", name);
        assertThat(lab.state()).isEqualTo(before);
    }

    private void everythingIsReached() {
        lab.awaitPing(far.inside());
        lab.awaitPing(far.insideV6());
        lab.awaitPing(RoutedLab.LAN);
        lab.awaitPing(RoutedLab.LAN_V6);
        for (String address : List.of("10.3.0.2", "fd03::2")) {
            assertThat(lab.me.run("ip", "route", "get", address)).contains("dev " + name + " ");
        }
        assertThat(lab.me.run("ip", "route", "get", RoutedLab.LAN)).contains("dev eth0 ");
    }
}
