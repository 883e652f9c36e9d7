package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The left end initiates, the right one responds; traffic of all kinds goes both ways. */
@ParameterizedClass
@MethodSource("anubis.interop.Pair#all")
final class TrafficTest {
    private final Pair pair;

    TrafficTest(Pair pair) {
        this.pair = pair;
    }

    @Test
    void theFirstPacketShakesHandsWithThePresharedKey() {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            assertThat(tunnel.left().host().reaches(Tunnel.RIGHT))
                    .as("the very first ping")
                    .isTrue();

            for (Device device : new Device[] {tunnel.left(), tunnel.right()}) {
                assertThat(device.peer().latestHandshake()).isPositive();
            }
            assertThat(tunnel.left().wg("show", tunnel.left().name()))
                    .contains("public key: " + tunnel.leftKeys().publicKey())
                    .contains("peer: " + tunnel.rightKeys().publicKey())
                    .contains("preshared key: (hidden)")
                    .contains("endpoint: 10.1.0.2:51820")
                    .contains("allowed ips: 10.9.0.2/32, fd09::2/128")
                    .containsPattern("latest handshake: (Now|\\d+ seconds? ago)")
                    .contains("transfer: ");
            assertThat(tunnel.right().peer().endpoint()).startsWith("10.1.0.1:");
        }
    }

    @Test
    void anotherPresharedKeyGivesNoSession() {
        try (Tunnel tunnel = Tunnel.unconnected(pair)) {
            tunnel.right()
                    .host()
                    .run(
                            "sh",
                            "-c",
                            "wg genpsk | wg set " + tunnel.right().name() + " peer "
                                    + tunnel.leftKeys().publicKey() + " preshared-key /dev/stdin");
            tunnel.connect(Tunnel.OUTER_RIGHT);

            assertThat(tunnel.left().host().reaches(Tunnel.RIGHT)).isFalse();
            tunnel.await("a response", () -> tunnel.right().peer().sent() >= 92);
            assertThat(tunnel.left().peer().latestHandshake()).isZero();

            tunnel.right().wgFile("addconf", tunnel.leftAsPeer());
            tunnel.awaitPing();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {Tunnel.OUTER_RIGHT, Tunnel.OUTER_RIGHT_V6})
    void pingTcpAndUdpArriveAsTheyWereByBothIpVersionsInside(String endpoint) {
        try (Tunnel tunnel = Tunnel.unconnected(pair)) {
            tunnel.connect(endpoint);
            Transfer.listen(tunnel.right().host());
            for (String address : Stream.of(Tunnel.RIGHT, Tunnel.RIGHT_V6).toList()) {
                assertThat(tunnel.left().host().reaches(address)).isTrue();
                Transfer.tcp(tunnel.left().host(), address, 20_000_000);
                Transfer.udp(tunnel.left().host(), address, 2_000, 64);
                Transfer.udp(tunnel.left().host(), address, 2_000, 1_201);
                Transfer.udp(tunnel.left().host(), address, 100, 4_000);
            }
            assertThat(tunnel.left().peer().endpoint()).isEqualTo(endpoint);
        }
    }

    /** Though its echo comes back meanwhile, which a kernel may take as a reason to give the flow to another worker. */
    @Test
    void aFlowStaysInOrder() {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            Transfer.listen(tunnel.right().host());
            tunnel.awaitPing();
            Transfer.udp(tunnel.left().host(), Tunnel.RIGHT, 500, 64, 64);
        }
    }
}
