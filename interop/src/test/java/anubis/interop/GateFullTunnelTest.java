package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A hub that tells its clients to send everything to it: everything but the bearer packets of both tunnels. */
final class GateFullTunnelTest {
    /** Somewhere in the internet, behind the hub. */
    private static final String ANYWHERE = "203.0.113.7";

    private static final Pattern COUNTER = Pattern.compile("counter (\\w+) \\{\\s+packets (\\d+)");

    @TempDir
    static Path directory;

    private static GateLab lab;

    @BeforeAll
    static void open() {
        GateLab.assume();
        lab = new GateLab(directory, GateLab.Options.NONE.telling("'0.0.0.0/0'"));
        lab.hub.host.run("ip", "address", "add", ANYWHERE + "/32", "dev", "lo");
        for (GateHost client : new GateHost[] {lab.alice, lab.bob}) {
            // Hubs are reached by the default route alone.
            client.host
                    .interfaceNamed("eth0")
                    .removeAddress(client.outer() + "/24")
                    .address(client.outer() + "/32");
            client.host.run("ip", "route", "add", GateLab.ROUTER, "dev", "eth0");
            client.host.run("ip", "route", "add", "default", "via", GateLab.ROUTER);
            client.host.run("nft", """
                    table inet watch {
                      counter inside { }
                      counter outside { }
                      chain out {
                        type filter hook postrouting priority 500;
                        oifname "%s" udp dport { 4297, 51820 } counter name inside
                        oifname "eth0" udp dport { 4297, 51820 } counter name outside
                      }
                    }
                    """.formatted(client.name));
        }
    }

    @AfterAll
    static void close() {
        if (lab != null) {
            lab.close();
        }
    }

    private static void nothingOfTheBearersInside(GateHost client) {
        Map<String, Long> packets = new TreeMap<>();
        Matcher counter = COUNTER.matcher(client.host.run("nft", "list", "counters", "table", "inet", "watch"));
        while (counter.find()) {
            packets.put(counter.group(1), Long.valueOf(counter.group(2)));
        }
        assertThat(packets).containsEntry("inside", 0L);
        assertThat(packets.get("outside")).isPositive();
    }

    private static String way(GateHost client) {
        return client.host.run("ip", "route", "get", ANYWHERE);
    }

    @Test
    void allButTheBearersGoesThrough() {
        GateHost alice = lab.alice;
        assertThat(way(alice)).contains("dev eth0");
        assertThat(alice.ask("up")).isEqualTo("done");
        RoutedLab.await("a ping to anywhere", () -> alice.reaches(ANYWHERE));
        assertThat(way(alice)).contains("dev " + alice.name);
        assertThat(alice.ask("status")).isEqualTo("done");
        assertThat(alice.ask("renew")).isEqualTo("done");

        // A gate that begins with the tunnel up knows that its packets are to stay outside.
        alice.killGate();
        alice.startGate();
        RoutedLab.await(
                "that it has asked again",
                () -> "up by hub".equals(alice.asked("status").get("here")));
        assertThat(alice.reaches(ANYWHERE)).isTrue();

        // To the other hub, which is asked for the first time with the tunnel up.
        assertThat(alice.ask("use", "hub=spare")).isEqualTo("done");
        RoutedLab.await("a ping through the other hub", () -> alice.reaches(GateLab.CLOUD));
        assertThat(way(alice)).contains("dev " + alice.name);

        assertThat(alice.ask("down")).isEqualTo("done");
        assertThat(way(alice)).contains("dev eth0");
        nothingOfTheBearersInside(alice);
    }

    /** Where nobody keeps bearer packets out, the tunnel would swallow itself: neither side keeps anything of it. */
    @Test
    void anInterfaceOfOthersIsRefusedAndNothingIsLeft() {
        GateHost bob = lab.bob;
        GateHost.Said up = bob.gate("up");
        assertThat(up.status()).isEqualTo(1);
        assertThat(up.stderr()).contains("anubis up");
        assertThat(bob.has(lab.hub)).isFalse();
        assertThat(lab.hub.has(bob)).isFalse();
        assertThat(lab.hub.routes()).doesNotContain(bob.network());
        assertThat(bob.asked("status")).containsEntry("here", "down").containsEntry("peer", "down");
        nothingOfTheBearersInside(bob);
    }
}
