package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.CommandResult;
import org.junit.jupiter.api.Test;

/** {@code mtu}: it measures with pings alone, so who is at the ends makes no difference. */
final class PathMtuTest {
    private static final Pair PAIR = new Pair(Implementation.ANUBIS, Implementation.ANUBIS);

    @Test
    void mtuOfACableThatTakesMore() {
        try (Tunnel tunnel = Tunnel.between(PAIR)) {
            tunnel.awaitPing();
            assertThat(WatchTest.left(tunnel, "mtu", "--json"))
                    .contains(
                            "\"address\":\"10.9.0.2\",\"set\":1420,\"inside\":1420,\"outside\":1500,\"recommended\":1440,"
                                    + "\"recommended_over_ipv4\":1440,\"recommended_over_ipv6\":1420}");
            assertThat(WatchTest.left(tunnel, "mtu", tunnel.rightKeys().publicKey(), "--address", Tunnel.RIGHT_V6))
                    .contains(
                            "passes through the tunnel to fd09::2: 1420 (all that",
                            "ip link set " + tunnel.left().name() + " mtu 1440");
        }
    }

    /** Transport data is padded to 16 bytes, so 1328 is the most of which the datagram has no more than 1400. */
    @Test
    void mtuOfAWayThatLosesLargePackets() {
        try (Tunnel tunnel = Tunnel.between(PAIR)) {
            tunnel.awaitPing();
            tunnel.right()
                    .host()
                    .run(
                            "nft",
                            "table ip cable { chain in { type filter hook input priority 0;"
                                    + " udp dport 51820 meta length > 1400 drop; }; }");
            assertThat(WatchTest.left(tunnel, "mtu", "--json"))
                    .contains("\"inside\":1328,\"outside\":1500,\"recommended\":1328,");
        }
    }

    @Test
    void mtuOfASmallCableOverIpv6() {
        try (Tunnel tunnel = Tunnel.unconnected(PAIR)) {
            tunnel.link().mtu(1400);
            tunnel.connect(Tunnel.OUTER_RIGHT_V6);
            tunnel.awaitPing();
            assertThat(WatchTest.left(tunnel, "mtu", "--json"))
                    .contains("\"outside\":1400,\"recommended\":1320,\"recommended_over_ipv4\":1340,"
                            + "\"recommended_over_ipv6\":1320}");
        }
    }

    @Test
    void mtuToAPeerThatDoesNotAnswer() {
        try (Tunnel tunnel = Tunnel.between(PAIR)) {
            tunnel.right().link().down();
            CommandResult result = tunnel.left().anubis("mtu", tunnel.left().name());
            assertThat(result.status()).isEqualTo(1);
            assertThat(result.stderr())
                    .contains("10.9.0.2 does not answer pings through "
                            + tunnel.left().name())
                    .hasLineCount(1);
        }
    }
}
