package anubis.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RtnetlinkTest {
    private static final int TABLE = 100_000;

    private interface Question<T> {
        T of(Rtnetlink kernel) throws Exception;
    }

    private static <T> T ask(TestNamespace in, Question<T> question) throws Exception {
        return in.call(() -> {
            try (Rtnetlink kernel = Rtnetlink.open()) {
                return question.of(kernel);
            }
        });
    }

    private static Rtnetlink.Prefix prefix(String address, int length) {
        return new Rtnetlink.Prefix(InetAddress.ofLiteral(address), length);
    }

    private static Rtnetlink.Link dummy(TestNamespace test) throws Exception {
        test.ip("link add d0 type veth peer name d1");
        test.ip("link set d1 up");
        test.ip("link set d0 mtu 1400 up");
        return ask(test, kernel -> kernel.link("d0")).orElseThrow();
    }

    private static Optional<Rtnetlink.Link> link(TestNamespace test, int index) throws Exception {
        return ask(test, kernel -> kernel.link(index));
    }

    @Test
    void tellsOfAnInterfaceByNameAndByIndex() throws Exception {
        try (TestNamespace test = new TestNamespace()) {
            Rtnetlink.Link link = dummy(test);
            assertThat(link.name()).isEqualTo("d0");
            assertThat(link.mtu()).isEqualTo(1400);
            assertThat(link.up()).isTrue();
            assertThat(link.index()).isEqualTo(test.call(() -> Processes.interfaceIndex("d0")));
            assertThat(link(test, link.index())).contains(link);
            test.ip("link set d0 down");
            assertThat(ask(test, kernel -> kernel.link("d0")).orElseThrow().up())
                    .isFalse();
            assertThat(RtnetlinkTest.<Optional<Rtnetlink.Link>>ask(test, kernel -> kernel.link("none")))
                    .isEmpty();
            assertThat(link(test, link.index() + 100)).isEmpty();
        }
    }

    @Test
    void addsAndDeletesRoutesThroughAnInterface() throws Exception {
        try (TestNamespace test = new TestNamespace()) {
            int link = dummy(test).index();
            List<Rtnetlink.Route> wanted = List.of(
                    new Rtnetlink.Route(prefix("10.4.0.0", 16), 254, 202),
                    new Rtnetlink.Route(prefix("0.0.0.0", 0), TABLE, 203),
                    new Rtnetlink.Route(prefix("2001:db8:4::", 48), 254, 202),
                    new Rtnetlink.Route(prefix("::", 0), TABLE, 202));
            List<Rtnetlink.Route> before = ask(test, kernel -> kernel.routes(link));
            for (Rtnetlink.Route route : wanted) {
                ask(test, kernel -> {
                    kernel.add(link, route);
                    return assertThatThrownBy(() -> kernel.add(link, route)).hasMessageContaining("EEXIST");
                });
            }
            assertThat(RtnetlinkTest.<List<Rtnetlink.Route>>ask(test, kernel -> kernel.routes(link)))
                    .containsAll(wanted)
                    .hasSize(before.size() + wanted.size());
            assertThat(test.ip("route show 10.4.0.0/16")).contains("10.4.0.0/16 dev d0 proto 202 scope link");
            for (Rtnetlink.Route route : wanted) {
                ask(test, kernel -> {
                    kernel.delete(link, route);
                    return assertThatThrownBy(() -> kernel.delete(link, route)).hasMessageContaining("ESRCH");
                });
            }
            assertThat(RtnetlinkTest.<List<Rtnetlink.Route>>ask(test, kernel -> kernel.routes(link)))
                    .isEqualTo(before);
        }
    }

    @Test
    void tellsTheAddressesAndRoutesOfAnInterfaceAlone() throws Exception {
        try (TestNamespace test = new TestNamespace()) {
            int link = dummy(test).index();
            test.ip("address add 10.1.0.1/24 dev d0");
            test.ip("address add 10.2.0.1 peer 10.2.0.2 dev d0");
            test.ip("address add 2001:db8::1/64 dev d0 nodad");
            test.ip("address add 10.3.0.1/24 dev d1");
            test.ip("route add 10.4.0.0/16 dev d0 proto 202");
            test.ip("route add default dev d0 proto 202 table " + TABLE);
            test.ip("-6 route add default dev d0 proto 202 table " + TABLE);
            test.ip("-6 route add ::ffff:0:0/96 dev d0 proto 203");
            test.ip("route add 10.5.0.0/16 dev d1 proto 202");
            test.ip("route add unreachable 10.6.0.0/16 proto 202");
            assertThat(RtnetlinkTest.<List<Rtnetlink.Prefix>>ask(test, kernel -> kernel.addresses(link)))
                    .contains(prefix("10.1.0.1", 24), prefix("2001:db8::1", 64))
                    .doesNotContain(prefix("10.2.0.1", 32), prefix("10.3.0.1", 24), prefix("127.0.0.1", 8));
            List<Rtnetlink.Route> routes = ask(test, kernel -> kernel.routes(link));
            assertThat(routes.stream().filter(route -> route.protocol() == 202))
                    .containsExactlyInAnyOrder(
                            new Rtnetlink.Route(prefix("10.4.0.0", 16), 254, 202),
                            new Rtnetlink.Route(prefix("0.0.0.0", 0), TABLE, 202),
                            new Rtnetlink.Route(prefix("::", 0), TABLE, 202));
            assertThat(routes.stream()
                            .filter(route -> route.protocol() == 203)
                            .map(route -> route.to().address().getAddress().length))
                    .containsExactly(16);
        }
    }

    @Test
    void tellsOfThousandsOfRoutes(@TempDir Path folder) throws Exception {
        try (TestNamespace test = new TestNamespace()) {
            int link = dummy(test).index();
            StringBuilder batch = new StringBuilder();
            for (int i = 0; i < 4_000; i++) {
                batch.append("route add 10.%d.%d.0/24 dev d0 proto 202%n".formatted(i / 256, i % 256));
            }
            test.ip("-batch " + Files.writeString(folder.resolve("routes"), batch));
            assertThat(ask(test, kernel -> kernel.routes(link)).stream()
                            .filter(route -> route.protocol() == 202)
                            .distinct()
                            .count())
                    .isEqualTo(4_000);
        }
    }

    @Test
    void tellsTheWayToAnAddress() throws Exception {
        try (TestNamespace test = new TestNamespace()) {
            int link = dummy(test).index();
            test.ip("address add 10.1.0.1/24 dev d0");
            test.ip("address add 2001:db8::1/64 dev d0 nodad");
            test.ip("route add 10.4.0.0/16 via 10.1.0.2 mtu 1300");
            test.ip("route add 10.7.0.0/16 dev d0 table " + TABLE);
            test.ip("rule add fwmark 5 lookup " + TABLE);
            test.ip("route add unreachable 10.6.0.0/16");
            assertThat(way(test, "10.1.0.9", 0)).contains(new Rtnetlink.Way(link, OptionalInt.empty()));
            assertThat(way(test, "2001:db8::9", 0).map(Rtnetlink.Way::link)).contains(link);
            assertThat(way(test, "10.4.0.9", 0)).contains(new Rtnetlink.Way(link, OptionalInt.of(1300)));
            assertThat(way(test, "10.7.0.9", 5).map(Rtnetlink.Way::link)).contains(link);
            assertThat(way(test, "10.7.0.9", 0)).isEmpty();
            assertThat(way(test, "10.6.0.9", 0)).isEmpty();
            assertThat(way(test, "127.0.0.1", 0).map(Rtnetlink.Way::link)).contains(1);
            assertThat(RtnetlinkTest.<Set<Rtnetlink.Way>>ask(test, Rtnetlink::defaultWays))
                    .isEmpty();
            test.ip("route add default via 10.1.0.2 mtu 1350");
            test.ip("route add default via 10.1.0.3 table " + TABLE);
            test.ip("-6 route add default via 2001:db8::2");
            assertThat(RtnetlinkTest.<Set<Rtnetlink.Way>>ask(test, Rtnetlink::defaultWays))
                    .containsExactlyInAnyOrder(
                            new Rtnetlink.Way(link, OptionalInt.of(1350)),
                            new Rtnetlink.Way(link, OptionalInt.empty()));
        }
    }

    private static Optional<Rtnetlink.Way> way(TestNamespace test, String to, long mark) throws Exception {
        return ask(test, kernel -> kernel.way(InetAddress.ofLiteral(to), mark));
    }

    @Test
    void tellsTheRulesOfAProtocolNumber() throws Exception {
        try (TestNamespace test = new TestNamespace()) {
            test.ip("rule add pref 20100 lookup 254 suppress_prefixlength 24 protocol 202");
            test.ip(
                    "-6 rule add not fwmark 0xca60/0xfffffff0 pref 20101 lookup 51808 suppress_prefixlength 0 protocol 202");
            test.ip("rule add fwmark 7 pref 20102 lookup " + TABLE + " protocol 202");
            test.ip("rule add pref 20103 lookup 254 protocol 203");
            test.ip("rule add from 10.0.0.0/8 pref 20104 lookup 254 protocol 202");
            assertThat(RtnetlinkTest.<List<Rtnetlink.Rule>>ask(test, kernel -> kernel.rules(202)))
                    .containsExactlyInAnyOrder(
                            new Rtnetlink.Rule(false, 20_100, 254, 24, false, OptionalLong.empty(), 0xffff_ffffL),
                            new Rtnetlink.Rule(true, 20_101, 51_808, 0, true, OptionalLong.of(0xca60), 0xffff_fff0L),
                            new Rtnetlink.Rule(false, 20_102, TABLE, -1, false, OptionalLong.of(7), 0xffff_ffffL));
        }
    }

    @Test
    void tellsWhetherThereIsATableOfNft() throws Exception {
        try (TestNamespace test = new TestNamespace()) {
            assertThat(test.call(() -> Rtnetlink.hasTable("anubis-x"))).isFalse();
            TestNamespace.run("nsenter", "--net=/run/netns/" + test.name, "nft", "add", "table", "inet", "anubis-x");
            TestNamespace.run("nsenter", "--net=/run/netns/" + test.name, "nft", "add", "table", "ip", "anubis-y");
            assertThat(test.call(() -> Rtnetlink.hasTable("anubis-x"))).isTrue();
            assertThat(test.call(() -> Rtnetlink.hasTable("anubis-y"))).isFalse();
        }
    }

    @Test
    void tellsAllRoutesOfATableAndAllRules() throws Exception {
        try (TestNamespace test = new TestNamespace()) {
            int link = dummy(test).index();
            test.ip("address add 10.1.0.1/24 dev d0");
            test.ip("address add 2001:db8::1/64 dev d0 nodad");
            test.ip("route add 10.4.0.0/16 dev d0 src 10.1.0.1 table " + TABLE);
            test.ip("route add 10.5.0.0/16 via 10.1.0.9 dev d0 table " + TABLE);
            test.ip("route add throw 10.6.0.0/16 table " + TABLE);
            test.ip("-6 route add throw 2001:db8:6::/48 table " + TABLE);
            test.ip("route add 10.7.0.0/16 dev d0");
            assertThat(RtnetlinkTest.<List<Rtnetlink.TableRoute>>ask(test, kernel -> kernel.table(TABLE)))
                    .containsExactlyInAnyOrder(
                            route("10.4.0.0", 16, 1, link, "", "10.1.0.1"),
                            route("10.5.0.0", 16, 1, link, "10.1.0.9", ""),
                            route("10.6.0.0", 16, 9, 0, "", ""),
                            route("2001:db8:6::", 48, 9, 0, "", ""));
            test.ip("rule add pref 4296 fwmark 0x10c8 lookup main");
            test.ip("-6 rule add pref 4299 lookup " + TABLE);
            assertThat(RtnetlinkTest.<List<Rtnetlink.Rule>>ask(test, Rtnetlink::rules))
                    .contains(
                            new Rtnetlink.Rule(false, 4296, 254, -1, false, OptionalLong.of(0x10c8), 0xffff_ffffL),
                            new Rtnetlink.Rule(true, 4299, TABLE, -1, false, OptionalLong.empty(), 0xffff_ffffL),
                            new Rtnetlink.Rule(false, 32_766, 254, -1, false, OptionalLong.empty(), 0xffff_ffffL));
        }
    }

    private static Rtnetlink.TableRoute route(String to, int length, int type, int link, String via, String source) {
        return new Rtnetlink.TableRoute(prefix(to, length), type, link, address(via), address(source));
    }

    private static Optional<InetAddress> address(String text) {
        return text.isEmpty() ? Optional.empty() : Optional.of(InetAddress.ofLiteral(text));
    }
}
