package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.Lab;
import anubis.lab.LabHost;
import anubis.lab.LabLink;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** A router that masquerades stands between the ends, and forgets an idle flow after two seconds. */
@ParameterizedClass
@MethodSource("anubis.interop.Pair#all")
final class NatTest {
    private final Pair pair;

    NatTest(Pair pair) {
        this.pair = pair;
    }

    @Test
    void keepalivesLeaveTheWayInOpen() {
        Tunnel.assume(pair);
        try (Lab lab = Lab.open()) {
            LabHost router = lab.host("router").router();
            LabLink inside = lab.link(lab.host("left"), router).addresses("10.1.0.1/24", "10.1.0.254/24");
            LabLink outside = lab.link(router, lab.host("right")).addresses("10.2.0.1/24", "10.2.0.2/24");
            inside.left().host().run("ip", "route", "add", "default", "via", "10.1.0.254");
            router.masquerade(outside.left());
            router.sysctl("net.netfilter.nf_conntrack_udp_timeout", "2");
            router.sysctl("net.netfilter.nf_conntrack_udp_timeout_stream", "2");
            Tunnel tunnel = new Tunnel(lab, new LabLink(inside.left(), outside.right()), pair);
            Device left = tunnel.left();
            tunnel.connect("10.2.0.2:51820");
            left.wg("set", left.name(), "peer", tunnel.rightKeys().publicKey(), "persistent-keepalive", "1");

            try (Capture capture = Capture.on(outside.right())) {
                tunnel.await("a handshake", () -> tunnel.right().peer().latestHandshake() > 0);
                assertThat(tunnel.right().peer().endpoint()).startsWith("10.2.0.1:");
                tunnel.await(
                        "five keepalives and nothing else",
                        () -> capture.datagrams().stream()
                                        .filter(datagram -> datagram.length() == 32)
                                        .count()
                                >= 6);

                assertThat(tunnel.right().host().reaches(Tunnel.LEFT))
                        .as("from outside, after idle seconds")
                        .isTrue();
            }

            left.wg("set", left.name(), "peer", tunnel.rightKeys().publicKey(), "persistent-keepalive", "off");
            Lab.poll(Duration.ofSeconds(4), () -> false); // that the router forgets can only be waited for
            assertThat(tunnel.right().host().reaches(Tunnel.LEFT))
                    .as("without keepalives")
                    .isFalse();
            assertThat(left.host().reaches(Tunnel.RIGHT)).as("from inside").isTrue();
            assertThat(tunnel.right().host().reaches(Tunnel.LEFT))
                    .as("and so from outside")
                    .isTrue();
        }
    }
}
