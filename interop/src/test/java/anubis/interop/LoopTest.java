package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.interop.RoutedLab.End;
import anubis.lab.Lab;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Peers whose endpoint lies in what they are allowed: their bearer packets go outside, all else that is theirs inside, and at
 * no moment anything the wrong way.
 */
@Tag("alone") // it counts every packet that is lost
final class LoopTest {
    private static final String ADDRESSES = "Address = 10.9.0.1/24, fd09::1/64";
    private static final String OTHER_ADDRESSES = "Address = 10.8.0.1/24, fd08::1/64";

    @TempDir
    Path directory;

    private RoutedLab lab;
    private String name;
    private String second;
    private Watch watch;

    @BeforeEach
    void open() {
        // wireguard-go loses packets when an endpoint moves to the other version of IP.
        lab = new RoutedLab(directory, Implementation.ANUBIS);
        name = lab.name;
        second = Device.freshName();
        watch = Watch.on(lab.me, name, second);
    }

    @AfterEach
    void close() {
        lab.close();
    }

    private void reaches(End end) {
        lab.awaitPing(end.inside());
        lab.awaitPing(end.insideV6());
        lab.awaitPing(RoutedLab.LAN);
        lab.awaitPing(RoutedLab.LAN_V6);
    }

    private String way(String to) {
        return lab.me.run("ip", "route", "get", to).replaceFirst("(?s).* dev (\\S+) .*", "$1");
    }

    private List<String> rules(String... family) {
        List<String> command = new ArrayList<>(List.of("ip"));
        Collections.addAll(command, family);
        command.add("rule");
        return lab.me
                .run(command.toArray(String[]::new))
                .lines()
                .filter(line -> line.contains("202"))
                .map(line -> line.replaceAll("\\s+", " ").strip())
                .toList();
    }

    @Test
    void anEndpointInAPrefixThatIsNotTheDefault() {
        End far = lab.far();
        String before = lab.state();
        lab.me.run("ip", "route", "add", "10.3.0.0/24", "via", RoutedLab.LAN);

        lab.up(ADDRESSES, RoutedLab.peer(far, "10.0.0.0/8, 10.64.0.0/10, fd00::/8", far.outer()));

        reaches(far);
        assertThat(way("10.2.0.2")).as("what is no bearer packet").isEqualTo(name);
        assertThat(way("10.3.0.2")).as("a longer prefix of the main table").isEqualTo("eth0");
        assertThat(way("192.0.2.1")).as("the default route").isEqualTo("eth0");
        assertThat(way("fd03::2")).isEqualTo(name);
        assertThat(rules())
                .containsExactly(
                        "20704: from all lookup main suppress_prefixlength 10 proto 202",
                        "20705: not from all fwmark 0xca60/0xfffffff0 lookup 51808 suppress_prefixlength 9 proto 202",
                        "20768: from all lookup main suppress_prefixlength 8 proto 202",
                        "20769: not from all fwmark 0xca60/0xfffffff0 lookup 51808 suppress_prefixlength 7 proto 202");
        assertThat(rules("-6"))
                .containsExactly(
                        "23840: from all lookup main suppress_prefixlength 8 proto 202",
                        "23841: not from all fwmark 0xca60/0xfffffff0 lookup 51808 suppress_prefixlength 7 proto 202");

        lab.run("down", name);
        lab.me.run("ip", "route", "del", "10.3.0.0/24");
        assertThat(lab.state()).isEqualTo(before);
        watch.assertNothingWrongInside();
    }

    @Test
    void anIpv6EndpointInAPrefixThatIsNotTheDefault() {
        End far = lab.far();
        lab.up(ADDRESSES, RoutedLab.peer(far, "fd00::/8, 10.77.0.0/16", far.outerV6()));

        reaches(far);

        assertThat(way("fd02::2")).isEqualTo(name);
        watch.assertNothingWrongInside();
    }

    @Test
    void twoInterfacesShareTheRulesByTheLengthOfThePrefix() {
        End far = lab.far();
        End other = lab.other();
        String before = lab.state(lab.me, name, second);
        lab.up(ADDRESSES, RoutedLab.peer(far, "0.0.0.0/0, ::/0", far.outer()));
        Path file = lab.writeAs(
                second, OTHER_ADDRESSES, RoutedLab.peer(other, "10.0.0.0/8, fd78::/16, fd03::/16", other.outerV6()));
        lab.run("up", file.toString());

        reaches(other);
        lab.awaitPing(far.insideV6());
        assertThat(way("10.2.0.2")).as("the longer prefix").isEqualTo(second);
        assertThat(way("192.0.2.1")).isEqualTo(name);
        assertThat(way("fd03::2")).isEqualTo(second);
        assertThat(way("fd02::2")).isEqualTo(name);
        assertThat(rules()).hasSize(4);
        assertThat(lab.me.run("wg", "show", "all", "fwmark")).contains("0xca60", "0xca61");

        // The first goes, and what it had goes outside; the second does not notice.
        Pings pings = Pings.of(lab.me, other.inside());
        lab.run("down", name);
        assertThat(pings.lost()).isZero();
        assertThat(way("192.0.2.1")).isEqualTo("eth0");
        assertThat(way("10.2.0.2")).isEqualTo(second);
        reaches(other);

        lab.run("down", second);
        assertThat(lab.state(lab.me, name, second)).isEqualTo(before);
        watch.assertNothingWrongInside();
    }

    @Test
    void twoDefaultRoutesDoNotCarryEachOther() {
        End far = lab.far();
        End other = lab.other();
        String before = lab.state(lab.me, name, second);
        Path one = lab.write(ADDRESSES, RoutedLab.peer(far, "0.0.0.0/0, ::/0", far.outer()));
        Path two = lab.writeAs(second, OTHER_ADDRESSES, RoutedLab.peer(other, "0.0.0.0/0, ::/0", other.outerV6()));

        // As at boot, both at once; each must have a slot of its own.
        Process first = lab.me.start(Implementation.verb("up", one.toString()));
        lab.run("up", two.toString());
        RoutedLab.await("the other", () -> !first.isAlive());
        assertThat(first.exitValue()).isZero();

        assertThat(lab.me.run("wg", "show", "all", "fwmark")).contains("0xca60", "0xca61");
        assertThat(rules()).hasSize(4);
        // Both are reached by their own addresses, whichever of them has the default route.
        lab.awaitPing("10.9.0.2");
        lab.awaitPing("10.8.0.2");
        lab.awaitPing(RoutedLab.LAN);
        assertThat(way("192.0.2.1")).isIn(name, second);

        lab.run("down", name);
        assertThat(way("192.0.2.1")).isEqualTo(second);
        reaches(other);
        lab.run("down", second);
        assertThat(lab.state(lab.me, name, second)).isEqualTo(before);
        watch.assertNothingWrongInside();
    }

    /** An interface that has no rules has no part in those of others. */
    @Test
    void anInterfaceWithoutRulesLeavesThoseOfOthersAlone() {
        End far = lab.far();
        End other = lab.other();
        lab.up(ADDRESSES, RoutedLab.peer(far, "10.77.0.0/16", far.outer()));
        Path file = lab.writeAs(second, OTHER_ADDRESSES, RoutedLab.peer(other, "0.0.0.0/0", other.outer()));
        lab.run("up", file.toString());
        List<String> rules = rules();
        assertThat(rules).hasSize(2);

        lab.reload(ADDRESSES, "MTU = 1400", RoutedLab.peer(far, "10.77.0.0/16", far.outer()));
        assertThat(rules()).isEqualTo(rules);
        lab.reload(ADDRESSES, RoutedLab.peer(far, "10.0.0.0/8", far.outer()));
        assertThat(rules()).hasSize(4).containsAll(rules);
        assertThat(lab.me.run("wg", "show", name, "fwmark")).isEqualTo("0xca61\n");
        lab.reload(ADDRESSES, RoutedLab.peer(far, "10.77.0.0/16", far.outer()));
        assertThat(rules()).isEqualTo(rules);
        lab.run("down", name);
        assertThat(rules()).isEqualTo(rules);
    }

    /** Its packets would go round and round, which no processor bears for long. */
    @Test
    void aPeerThatMovesIntoWhatItIsAllowedIsReachedThere() {
        End far = lab.far();
        lab.up(ADDRESSES, RoutedLab.peer(far, "10.77.0.0/16, fd09::/64, fd00::/8", far.outer()));
        reaches(far);
        assertThat(rules("-6")).isEmpty();
        assertThat(Lab.poll(Duration.ofSeconds(8), () -> !rules("-6").isEmpty()))
                .as("what is not there yet does not come by itself")
                .isFalse();

        String port = lab.me.run("wg", "show", name, "listen-port").strip();
        lab.farHost.run(
                "wg", "set", far.device().name(), "peer", lab.keys.publicKey(), "endpoint", "[fd01::1]:" + port);
        lab.farHost.execute("ping", "-n", "-c", "1", "-W", "1", "10.9.0.1");

        assertThat(lab.me.run("wg", "show", name, "endpoints")).contains(far.outerV6());
        assertThat(Lab.poll(Duration.ofSeconds(10), () -> !rules("-6").isEmpty()))
                .as("rules")
                .isTrue();
        reaches(far);
    }

    @Test
    void atNoMomentGoesAPacketTheWrongWay() {
        End far = lab.far();
        Path file = lab.write(ADDRESSES, RoutedLab.peer(far, "10.77.0.0/16, fd77::/16", far.outer()));
        Pings lan = Pings.of(lab.me, RoutedLab.LAN);
        Pings lanV6 = Pings.of(lab.me, RoutedLab.LAN_V6);
        lab.run("up", file.toString());
        Pings tunnel = Pings.of(lab.me, far.inside());
        Pings tunnelV6 = Pings.of(lab.me, far.insideV6());
        Map<String, Long> outside = watch.packets();

        // The loop appears by wider prefixes, by the endpoint, changes its mark, and vanishes again.
        for (String[] change : new String[][] {
            {"", "10.0.0.0/8, fd00::/8", far.outer()},
            {"", "0.0.0.0/0, ::/0", far.outer()},
            {"FwMark = 0x77", "0.0.0.0/0, ::/0", far.outer()},
            {"FwMark = 0x78", "10.0.0.0/8, fd00::/8", far.outerV6()},
            {"", "10.77.0.0/16, fd00::/8", far.outerV6()},
            {"", "10.77.0.0/16, fd00::/8", far.outer()},
            {"", "10.77.0.0/16, fd77::/16", far.outer()},
        }) {
            lab.reload(ADDRESSES, change[0], RoutedLab.peer(far, change[1], change[2]));
            lab.awaitPing(far.inside());
        }
        RoutedLab.await(
                "the loop to vanish", () -> rules().isEmpty() && rules("-6").isEmpty());
        lab.reload(ADDRESSES, RoutedLab.peer(far, "0.0.0.0/0, ::/0", far.outer()));

        assertThat(tunnel.lost()).as("of the peer, which is always the same").isZero();
        assertThat(tunnelV6.lost()).isZero();
        assertThat(watch.packets()).as("while it was up").isEqualTo(outside);
        lab.run("down", name);
        assertThat(lan.lost()).isZero();
        assertThat(lanV6.lost()).isZero();
        watch.assertNothingWrongInside();
    }
}
