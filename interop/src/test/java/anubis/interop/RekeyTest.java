package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** New keys while a TCP stream flows both ways: not a byte of it is lost or changed. */
@ParameterizedClass
@MethodSource("anubis.interop.Pair#all")
final class RekeyTest {
    private final Pair pair;

    RekeyTest(Pair pair) {
        this.pair = pair;
    }

    /** An end that has its peer taken away and given back has no key, so it shakes hands; the other end still has its own. */
    @Test
    void handshakesUnderTrafficLoseNothing() throws Exception {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            Transfer.listen(tunnel.right().host());
            tunnel.awaitPing();
            Process transfer = Transfer.tcpFor(tunnel.left().host(), Tunnel.RIGHT, 8);
            String leftEndpoint = tunnel.right().peer().endpoint();

            for (int i = 0; i < 3; i++) {
                forget(
                        tunnel,
                        tunnel.left(),
                        tunnel.rightKeys(),
                        tunnel.rightAsPeer() + "Endpoint = " + Tunnel.OUTER_RIGHT);
                forget(tunnel, tunnel.right(), tunnel.leftKeys(), tunnel.leftAsPeer() + "Endpoint = " + leftEndpoint);
            }

            assertThat(transfer.isAlive())
                    .as("the transfer lasted longer than the handshakes")
                    .isTrue();
            assertThat(transfer.waitFor()).isZero();
        }
    }

    private static void forget(Tunnel tunnel, Device device, KeyPair peerKeys, String peer) {
        long before = other(tunnel, device).peer().latestHandshake();
        assertThat(before).isPositive();
        device.wg("set", device.name(), "peer", peerKeys.publicKey(), "remove");
        device.wgFile("addconf", peer + "\n");
        tunnel.await(
                "a new handshake",
                () -> device.peer().latestHandshake() > 0
                        && other(tunnel, device).peer().latestHandshake() > before);
        long received = device.peer().received();
        tunnel.await("traffic after the handshake", () -> device.peer().received() > received + 100_000);
    }

    private static Device other(Tunnel tunnel, Device device) {
        return device == tunnel.left() ? tunnel.right() : tunnel.left();
    }

    @Test
    @Tag("slow")
    void rekeyAfterTimeUnderTrafficLosesNothing() throws Exception {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            Transfer.listen(tunnel.right().host());
            tunnel.awaitPing();
            long first = tunnel.left().peer().latestHandshake();
            Process transfer = Transfer.tcpFor(tunnel.left().host(), Tunnel.RIGHT, 255);

            for (int i = 1; i <= 2; i++) {
                long last = tunnel.left().peer().latestHandshake();
                tunnel.await(
                        "rekey " + i,
                        Duration.ofSeconds(130),
                        () -> tunnel.left().peer().latestHandshake() > last);
            }

            assertThat(Duration.ofNanos(tunnel.left().peer().latestHandshake() - first))
                    .as("two times REKEY_AFTER_TIME")
                    .isBetween(Duration.ofSeconds(238), Duration.ofSeconds(250));
            assertThat(transfer.waitFor()).isZero();
        }
    }
}
