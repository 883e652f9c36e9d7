package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code wg show transfer} against what the cable carried: whole UDP payloads, of all kinds of message. */
@ParameterizedClass
@MethodSource("anubis.interop.Pair#all")
final class CountersTest {
    private static final String LEFT_OUTSIDE = "10.1.0.1";
    private static final String RIGHT_OUTSIDE = "10.1.0.2";

    private final Pair pair;

    CountersTest(Pair pair) {
        this.pair = pair;
    }

    @Test
    void bytesSentAndReceivedAreThoseOnTheCable() {
        try (Tunnel tunnel = Tunnel.unconnected(pair);
                Capture capture = Capture.on(tunnel.link().left())) {
            tunnel.connect(Tunnel.OUTER_RIGHT);
            Transfer.listen(tunnel.right().host());
            List<Integer> sizes = IntStream.concat(IntStream.rangeClosed(0, 40), IntStream.rangeClosed(1_370, 1_392))
                    .boxed()
                    .toList();

            for (int size : sizes) {
                tunnel.left().host().run("ping", "-n", "-c", "1", "-W", "2", "-s", "" + size, Tunnel.RIGHT);
            }
            keepalive(tunnel, "1");
            tunnel.await(
                    "three keepalives",
                    () -> capture.datagrams().stream()
                                    .filter(datagram -> datagram.length() == 32)
                                    .count()
                            >= 3);
            keepalive(tunnel, "off");
            assertThat(capture.datagrams())
                    .filteredOn(datagram -> datagram.source().getHostAddress().equals(LEFT_OUTSIDE))
                    .extracting(Capture.Datagram::length)
                    .startsWith(148)
                    .containsSubsequence(
                            sizes.stream().map(CountersTest::onTheCable).toList());
            assertThat(capture.datagrams())
                    .filteredOn(datagram -> datagram.source().getHostAddress().equals(RIGHT_OUTSIDE))
                    .extracting(Capture.Datagram::length)
                    .startsWith(92)
                    .containsSubsequence(
                            sizes.stream().map(CountersTest::onTheCable).toList());

            Transfer.tcp(tunnel.left().host(), Tunnel.RIGHT, 3_000_000);
            Transfer.udp(tunnel.left().host(), Tunnel.RIGHT_V6, 500, 777);

            tunnel.await("equal counts", () -> {
                long fromLeft = capture.bytesFrom(LEFT_OUTSIDE);
                long fromRight = capture.bytesFrom(RIGHT_OUTSIDE);
                return transfer(tunnel.left()).equals(fromRight + "\t" + fromLeft)
                        && transfer(tunnel.right()).equals(fromLeft + "\t" + fromRight);
            });
            assertThat(capture.bytesFrom(LEFT_OUTSIDE)).isGreaterThan(3_000_000);
        }
    }

    /** An echo request, padded to 16 bytes but not past the MTU, with the header and the tag of transport data. */
    private static int onTheCable(int pingSize) {
        int packet = pingSize + 28;
        return Math.min((packet + 15) / 16 * 16, 1_420) + 32;
    }

    private static void keepalive(Tunnel tunnel, String seconds) {
        tunnel.left()
                .wg(
                        "set",
                        tunnel.left().name(),
                        "peer",
                        tunnel.rightKeys().publicKey(),
                        "persistent-keepalive",
                        seconds);
    }

    /** Bytes received, a tab, bytes sent. */
    private static String transfer(Device device) {
        return device.wg("show", device.name(), "transfer").strip().split("\t", 2)[1];
    }
}
