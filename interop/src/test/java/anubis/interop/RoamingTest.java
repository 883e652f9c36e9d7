package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Each end moves, and the other follows as soon as it hears an authentic packet: the same keys go on. */
@ParameterizedClass
@MethodSource("pairs")
final class RoamingTest {
    private final Pair pair;

    RoamingTest(Pair pair) {
        this.pair = pair;
    }

    static Stream<Pair> pairs() {
        return Stream.concat(Pair.all(), Stream.of(new Pair(Implementation.ANUBIS, Implementation.ANUBIS)))
                .distinct();
    }

    /**
     * The first ping after a move. Between two of ours not even one is lost; but wireguard-go 0.0.20260522 sends its first
     * datagrams over IPv6, once it has sent some over IPv4, to the first four bytes of the address, here {@code fd01::}.
     */
    private void follows(Tunnel tunnel, Device from, String address) {
        if (pair.left() == Implementation.WIREGUARD_GO || pair.right() == Implementation.WIREGUARD_GO) {
            tunnel.await("a ping to " + address, () -> from.host().reaches(address));
        } else {
            assertThat(from.host().reaches(address)).as("a ping to " + address).isTrue();
        }
    }

    @Test
    void theInitiatorMovesToAnotherAddress() {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            tunnel.awaitPing();
            long handshake = tunnel.right().peer().latestHandshake();

            tunnel.link().left().removeAddress("10.1.0.1/24").address("10.1.0.11/24");

            follows(tunnel, tunnel.left(), Tunnel.RIGHT);
            assertThat(tunnel.right().peer().endpoint()).startsWith("10.1.0.11:");
            assertThat(tunnel.right().host().reaches(Tunnel.LEFT)).isTrue();
            assertThat(tunnel.right().peer().latestHandshake()).isEqualTo(handshake);
        }
    }

    @Test
    void theListenerMovesToAnotherAddress() {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            tunnel.awaitPing();
            long handshake = tunnel.left().peer().latestHandshake();

            tunnel.link().right().removeAddress("10.1.0.2/24").address("10.1.0.12/24");

            follows(tunnel, tunnel.right(), Tunnel.LEFT);
            assertThat(tunnel.left().peer().endpoint()).isEqualTo("10.1.0.12:51820");
            assertThat(tunnel.left().host().reaches(Tunnel.RIGHT)).isTrue();
            assertThat(tunnel.left().peer().latestHandshake()).isEqualTo(handshake);
        }
    }

    @Test
    void theInitiatorMovesToAnotherPort() {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            tunnel.awaitPing();
            long handshake = tunnel.right().peer().latestHandshake();

            tunnel.left().wg("set", tunnel.left().name(), "listen-port", "40001");

            follows(tunnel, tunnel.left(), Tunnel.RIGHT);
            assertThat(tunnel.right().peer().endpoint()).isEqualTo("10.1.0.1:40001");
            assertThat(tunnel.right().host().reaches(Tunnel.LEFT)).isTrue();
            assertThat(tunnel.right().peer().latestHandshake()).isEqualTo(handshake);
        }
    }

    @Test
    void theListenerMovesToAnotherPort() {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            tunnel.awaitPing();
            long handshake = tunnel.left().peer().latestHandshake();

            tunnel.right().wg("set", tunnel.right().name(), "listen-port", "40002");

            follows(tunnel, tunnel.right(), Tunnel.LEFT);
            assertThat(tunnel.left().peer().endpoint()).isEqualTo("10.1.0.2:40002");
            assertThat(tunnel.left().host().reaches(Tunnel.RIGHT)).isTrue();
            assertThat(tunnel.left().peer().latestHandshake()).isEqualTo(handshake);
        }
    }

    @Test
    void theInitiatorMovesToTheOtherIpVersion() {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            tunnel.awaitPing();
            long handshake = tunnel.right().peer().latestHandshake();

            tunnel.left()
                    .wg(
                            "set",
                            tunnel.left().name(),
                            "peer",
                            tunnel.rightKeys().publicKey(),
                            "endpoint",
                            Tunnel.OUTER_RIGHT_V6);

            follows(tunnel, tunnel.left(), Tunnel.RIGHT);
            assertThat(tunnel.right().peer().endpoint()).startsWith("[fd01::1]:");
            follows(tunnel, tunnel.right(), Tunnel.LEFT);
            assertThat(tunnel.right().peer().latestHandshake()).isEqualTo(handshake);
        }
    }

    /** The answer must come from the address that was written to, though the routes would choose another one. */
    @Test
    void anAnswerComesFromTheAddressThatWasWrittenTo() {
        assumeTrue(pair.right() != Implementation.WIREGUARD_GO, "wireguard-go 0.0.20260522 lets the routes choose");
        try (Tunnel tunnel = Tunnel.unconnected(pair)) {
            tunnel.link().right().address("10.1.0.77/24");
            tunnel.connect("10.1.0.77:51820");

            tunnel.awaitPing();
            assertThat(tunnel.left().peer().endpoint()).isEqualTo("10.1.0.77:51820");
        }
    }
}
