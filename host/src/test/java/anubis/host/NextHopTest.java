package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.Endpoint;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class NextHopTest {
    private static Map<InetAddress, NextHop> parse(String line) {
        Map<InetAddress, NextHop> routes = new HashMap<>();
        NextHop.parse(line, routes);
        return routes;
    }

    @Test
    void linesOfIpRouteGet() {
        assertThat(parse("10.1.0.5 dev eth0 src 10.1.0.1 uid 0 \\    cache "))
                .containsEntry(
                        InetAddress.ofLiteral("10.1.0.5"),
                        new NextHop("eth0", Optional.of("10.1.0.1"), OptionalInt.empty()));
        assertThat(
                        parse(
                                "10.2.0.1 via 10.1.0.9 dev eth0 src 10.1.0.1 mark 0x10 uid 0 \\    cache expires 590sec mtu 1300 "))
                .containsEntry(
                        InetAddress.ofLiteral("10.2.0.1"),
                        new NextHop("eth0", Optional.of("10.1.0.1"), OptionalInt.of(1300)));
        assertThat(parse("local fd01::1 from :: dev lo table local proto kernel src fd01::1 metric 0 pref medium"))
                .containsEntry(
                        InetAddress.ofLiteral("fd01::1"),
                        new NextHop("lo", Optional.of("fd01::1"), OptionalInt.empty()));
    }

    @Test
    void linesThatNameNoWay() {
        for (String line : List.of("", "dev", "x dev eth0", "unreachable 10.3.0.1 dev", "RTNETLINK answers: no")) {
            assertThat(parse(line)).as(line).isEmpty();
        }
    }

    @Test
    void theKernelIsAsked() throws Exception {
        InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
        assertThat(NextHop.to(List.of(loopback), 16))
                .containsOnly(Map.entry(loopback, new NextHop("lo", Optional.of("127.0.0.1"), OptionalInt.empty())));
        assertThat(NextHop.to(List.of(), 0)).isEmpty();
    }

    @Test
    void anEndpointHasAnAddressUnlessItIsAName() {
        assertThat(NextHop.address(Endpoint.parse("[fd01::1]:1"))).contains(InetAddress.ofLiteral("fd01::1"));
        assertThat(NextHop.address(Endpoint.parse("vpn.example.org:1"))).isEmpty();
        assertThat(NextHop.address(Endpoint.parse("[fe80::1%nowhere]:1"))).isEmpty();
    }
}
