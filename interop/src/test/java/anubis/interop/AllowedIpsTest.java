package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

@ParameterizedClass
@MethodSource("anubis.interop.Pair#all")
final class AllowedIpsTest {
    private final Pair pair;

    AllowedIpsTest(Pair pair) {
        this.pair = pair;
    }

    @Test
    void aThousandAllowedIpsRouteInBothDirections() {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            List<String> allowed = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                allowed.add("10.20." + i / 250 + "." + (1 + i % 250) + "/32");
                allowed.add("fd20::" + Integer.toHexString(i + 1) + "/128");
            }
            tunnel.left()
                    .wgFile(
                            "addconf",
                            tunnel.rightAsPeer()
                                            .replaceFirst(
                                                    "(?m)^AllowedIPs.*$", "AllowedIPs = " + String.join(", ", allowed))
                                    + "Endpoint = " + Tunnel.OUTER_RIGHT + "\n");
            tunnel.left()
                    .host()
                    .run(
                            "ip",
                            "route",
                            "add",
                            "10.20.0.0/16",
                            "dev",
                            tunnel.left().name());
            tunnel.left()
                    .host()
                    .run("ip", "route", "add", "fd20::/64", "dev", tunnel.left().name());
            tunnel.right().host().run("ip", "route", "add", "local", "10.20.0.0/16", "dev", "lo");
            tunnel.right().host().run("ip", "route", "add", "local", "fd20::/64", "dev", "lo");

            assertThat(tunnel.left()
                            .wg("show", tunnel.left().name(), "allowed-ips")
                            .strip()
                            .split("[\t ]"))
                    .hasSize(1 + 1_000)
                    .containsAll(allowed);
            assertThat(tunnel.left().host().reaches("10.20.0.1")).isTrue();
            assertThat(tunnel.left().host().reaches("10.20.1.250")).isTrue();
            assertThat(tunnel.left().host().reaches("fd20::1f4")).isTrue();
            assertThat(tunnel.left().host().reaches("10.20.1.251"))
                    .as("an address of no peer")
                    .isFalse();
            assertThat(tunnel.left().host().reaches("fd20::1f5"))
                    .as("an address of no peer")
                    .isFalse();

            assertThat(pingFrom(tunnel, "10.20.1.7"))
                    .as("from an allowed source")
                    .isTrue();
            assertThat(pingFrom(tunnel, "10.20.2.7"))
                    .as("from a source that is not the peer's")
                    .isFalse();
        }
    }

    private static boolean pingFrom(Tunnel tunnel, String source) {
        return tunnel.right()
                        .host()
                        .execute("ping", "-n", "-q", "-c", "1", "-W", "1", "-I", source, Tunnel.LEFT)
                        .status()
                == 0;
    }

    @Test
    void theLongestPrefixWinsAndAnotherPeerTakesAnAddressOver() {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            KeyPair nobody = KeyPair.generate(tunnel.left().host());
            tunnel.awaitPing();
            tunnel.left().wg("set", tunnel.left().name(), "peer", nobody.publicKey(), "allowed-ips", "10.9.0.0/24");
            assertThat(tunnel.left().host().reaches(Tunnel.RIGHT))
                    .as("/32 before /24")
                    .isTrue();

            tunnel.left().wg("set", tunnel.left().name(), "peer", nobody.publicKey(), "allowed-ips", "10.9.0.2/32");

            assertThat(tunnel.left().host().reaches(Tunnel.RIGHT))
                    .as("taken over")
                    .isFalse();
            assertThat(tunnel.left().wg("show", tunnel.left().name(), "allowed-ips"))
                    .contains(nobody.publicKey() + "\t10.9.0.2/32")
                    .contains(tunnel.rightKeys().publicKey() + "\tfd09::2/128");
        }
    }
}
