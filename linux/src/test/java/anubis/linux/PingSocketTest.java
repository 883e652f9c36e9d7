package anubis.linux;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PingSocketTest {
    private static final byte[] LOOPBACK_6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

    @Test
    void isAnsweredWithItsPayload() throws Exception {
        try (TestNamespace test = new TestNamespace();
                PingSocket four = test.call(() -> PingSocket.open(Family.IPV4));
                PingSocket six = test.call(() -> PingSocket.open(Family.IPV6))) {
            assertThat(four.next()).isEmpty();
            assertThat(four.send(new byte[] {127, 0, 0, 1}, 7, 1, "odd".getBytes(US_ASCII)))
                    .isZero();
            assertThat(six.send(LOOPBACK_6, 0xfffe, 1, "six".getBytes(US_ASCII)))
                    .isZero();

            TestNamespace.awaitReadable(four.fd());
            TestNamespace.awaitReadable(six.fd());
            assertThat(four.next())
                    .hasValueSatisfying(
                            payload -> assertThat(payload).asString(US_ASCII).isEqualTo("odd"));
            assertThat(six.next())
                    .hasValueSatisfying(
                            payload -> assertThat(payload).asString(US_ASCII).isEqualTo("six"));
            assertThat(four.next()).isEmpty(); // neither its own request
        }
    }

    @Test
    void saysThatThereIsNoWay() throws Exception {
        try (TestNamespace test = new TestNamespace();
                PingSocket four = test.call(() -> PingSocket.open(Family.IPV4))) {
            assertThat(four.send(new byte[] {10, 0, 0, 1}, 1, 1, new byte[4])).isEqualTo(-Errno.ENETUNREACH);
        }
    }

    @Test
    void aTapSeesWhereItGoesAndWhereItComes() throws Exception {
        try (TestNamespace test = new TestNamespace();
                NetworkNamespace other = NetworkNamespace.create()) {
            test.ip("link add near type veth peer name far netns " + other.path());
            test.ip("addr add 10.0.0.1/24 dev near");
            test.ip("link set near up");
            TestNamespace.run("nsenter", "--net=" + other.path(), "ip", "addr", "add", "10.0.0.2/24", "dev", "far");
            TestNamespace.run("nsenter", "--net=" + other.path(), "ip", "link", "set", "far", "up");
            int near = test.call(() -> Processes.interfaceIndex("near"));
            try (PacketTap tap = test.call(PacketTap::open);
                    PingSocket pings = test.call(() -> PingSocket.open(Family.IPV4))) {
                pings.send(new byte[] {10, 0, 0, 2}, 1, 1, new byte[4]);
                TestNamespace.awaitReadable(pings.fd());

                List<Boolean> out = new ArrayList<>();
                for (Optional<PacketTap.Seen> seen = tap.next(); seen.isPresent(); seen = tap.next()) {
                    if (seen.get().start().get(0) == 0x45) { // not ARP
                        assertThat(seen.get().interfaceIndex()).isEqualTo(near);
                        assertThat(seen.get().start().limit()).isEqualTo(20 + 8 + 4);
                        out.add(seen.get().out());
                    }
                }
                assertThat(out).containsExactly(true, false);
            }
        }
    }
}
