package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.LabHost;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Counts what a host sends and should not, packet by packet, in an nft table that stands behind all others: bearer packets
 * and packets to the LAN inside of tunnels, and packets for a tunnel outside.
 */
final class Watch {
    private static final Pattern COUNTER = Pattern.compile("counter (\\w+) \\{\\s+packets (\\d+)");

    private final LabHost host;

    private Watch(LabHost host) {
        this.host = host;
    }

    /**
     * Begins to count.
     *
     * @param tunnels names of interfaces, there or not
     */
    static Watch on(LabHost host, String... tunnels) {
        String inside = "oifname { \"" + String.join("\", \"", tunnels) + "\" }";
        host.run("nft", """
                table inet watch {
                  counter bearer_inside { }
                  counter lan_inside { }
                  counter tunnel_outside { }
                  chain out {
                    type filter hook postrouting priority 500;
                    %1$s udp dport %2$d counter name bearer_inside
                    %1$s udp sport %2$d counter name bearer_inside
                    %1$s ip daddr 10.1.0.0/24 counter name lan_inside
                    %1$s ip6 daddr fd01::/64 counter name lan_inside
                    oifname "eth0" ip daddr { 10.77.0.1, 10.78.0.1 } counter name tunnel_outside
                    oifname "eth0" ip6 daddr { fd77::1, fd78::1 } counter name tunnel_outside
                  }
                }
                """.formatted(inside, RoutedLab.PORT));
        return new Watch(host);
    }

    /** How many packets of each kind there were. */
    Map<String, Long> packets() {
        Map<String, Long> packets = new TreeMap<>();
        Matcher counter = COUNTER.matcher(host.run("nft", "list", "counters", "table", "inet", "watch"));
        while (counter.find()) {
            packets.put(counter.group(1), Long.valueOf(counter.group(2)));
        }
        return packets;
    }

    /** Asserts that there were none of the first two kinds. */
    void assertNothingWrongInside() {
        assertThat(packets()).containsEntry("bearer_inside", 0L).containsEntry("lan_inside", 0L);
    }

    /** Asserts that there were none of any kind. */
    void assertNothingWrong() {
        assertThat(packets()).containsOnlyKeys("bearer_inside", "lan_inside", "tunnel_outside");
        assertThat(packets().values()).containsOnly(0L);
    }
}
