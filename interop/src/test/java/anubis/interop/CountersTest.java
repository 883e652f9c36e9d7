package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.LabHost;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code wg show transfer} against what the cable carried: whole UDP payloads, of all kinds of message. */
@ParameterizedClass
@MethodSource("anubis.interop.Pair#all")
final class CountersTest {
    private static final Pattern COUNTER = Pattern.compile("packets (\\d+) bytes (\\d+)");
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
            LabHost left = tunnel.left().host();
            for (LabHost host : List.of(left, tunnel.right().host())) {
                // So little is under way that the sockets drop nothing even where their buffers are small.
                host.sysctl("net.ipv4.tcp_rmem", "4096 32768 32768");
            }
            // Where the kernel carries several datagrams as one it also counts one packet, with one header.
            left.run(
                    "nft",
                    "table ip cable {"
                            + " chain out { type filter hook output priority 0; udp dport 51820 counter; };"
                            + " chain in { type filter hook input priority 0; udp sport 51820 counter; }; }");
            tunnel.connect(Tunnel.OUTER_RIGHT);
            Transfer.listen(tunnel.right().host());
            List<Integer> sizes = IntStream.concat(IntStream.rangeClosed(0, 40), IntStream.rangeClosed(1_370, 1_392))
                    .boxed()
                    .toList();

            for (int size : sizes) {
                left.run("ping", "-n", "-c", "1", "-W", "2", "-s", "" + size, Tunnel.RIGHT);
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
                long fromLeft = payloads(left, "out");
                long fromRight = payloads(left, "in");
                return transfer(tunnel.left()).equals(fromRight + "\t" + fromLeft)
                        && transfer(tunnel.right()).equals(fromLeft + "\t" + fromRight);
            });
            assertThat(payloads(left, "out")).isGreaterThan(3_000_000);
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

    /** What a chain has counted, in bytes without the headers of IPv4 and UDP. */
    private static long payloads(LabHost host, String chain) {
        Matcher counter = COUNTER.matcher(host.run("nft", "list", "chain", "ip", "cable", chain));
        assertThat(counter.find()).isTrue();
        return Long.parseLong(counter.group(2)) - 28 * Long.parseLong(counter.group(1));
    }

    /** Bytes received, a tab, bytes sent. */
    private static String transfer(Device device) {
        return device.wg("show", device.name(), "transfer").strip().split("\t", 2)[1];
    }
}
