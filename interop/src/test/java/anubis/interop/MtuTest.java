package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.LabHost;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

@ParameterizedClass
@MethodSource("anubis.interop.Pair#all")
final class MtuTest {
    private final Pair pair;

    MtuTest(Pair pair) {
        this.pair = pair;
    }

    @Test
    void packetsOfExactly1420BytesFitAnEthernetCable() {
        carries(1_420);
    }

    @Test
    void packetsOfExactly34736BytesFitALargeCable() {
        carries(34_736);
    }

    @Test
    void aPacketThatNoDatagramCanCarryIsDroppedAndNothingElse() {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            tunnel.left().link().mtu(65_535);
            LabHost host = tunnel.left().host();
            tunnel.awaitPing();

            assertThat(pings(host, 65_480, Tunnel.RIGHT)).isFalse();

            tunnel.awaitPing();
        }
    }

    private void carries(int mtu) {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            if (mtu > 1_420) {
                tunnel.link().mtu(65_535);
                tunnel.left().link().mtu(mtu);
                tunnel.right().link().mtu(mtu);
            }
            LabHost host = tunnel.left().host();
            tunnel.awaitPing();

            tunnel.await("the new MTU is in force", () -> pings(host, mtu - 28, Tunnel.RIGHT));
            assertThat(pings(host, mtu - 29, Tunnel.RIGHT)).isTrue();
            assertThat(pings(host, mtu - 48, Tunnel.RIGHT_V6)).isTrue();
            assertThat(host.execute("ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s", "" + (mtu - 27), Tunnel.RIGHT)
                            .stderr())
                    .contains("mtu=" + mtu);

            Transfer.listen(tunnel.right().host());
            Transfer.tcp(host, Tunnel.RIGHT, 20_000_000);
            Transfer.udp(host, Tunnel.RIGHT, 200, mtu - 28);
            Transfer.udp(host, Tunnel.RIGHT_V6, 200, mtu - 48);
        }
    }

    private static boolean pings(LabHost host, int payload, String address) {
        return host.execute("ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s", "" + payload, address)
                        .status()
                == 0;
    }
}
