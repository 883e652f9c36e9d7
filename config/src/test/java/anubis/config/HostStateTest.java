package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a configuration makes of a host: routes, rules and the nft table. */
class HostStateTest {
    static final String KEY = "PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n";
    static final String OTHER = "PublicKey = TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=\n";

    static final Facts FACTS = new Facts(1420, 0, false, Map.of());

    static HostState state(Facts facts, String... lines) throws ConfigException {
        return HostState.of("wg0", QuickConfig.parse("wg0.conf", String.join("\n", lines)), facts);
    }

    static List<String> rules(HostState state) {
        return state.rules().stream()
                .map(rule -> (rule.six() ? "-6 " : "") + String.join(" ", rule.arguments()))
                .toList();
    }

    private static Route route(String prefix, long table) {
        return new Route(Cidr.parse(prefix), table);
    }

    @Test
    void allowedIpsBecomeRoutesOfTheMainTable() throws ConfigException {
        HostState state = state(
                FACTS,
                "[Interface]",
                "Address = 10.0.0.1/24",
                "[Peer]",
                KEY + "AllowedIPs = 10.0.0.2/32, 10.9.0.7/16, fd00::/8",
                "Endpoint = 192.0.2.1:51820");

        assertThat(state.routes())
                .as("10.0.0.2 is in the network of the interface's own address")
                .containsExactlyInAnyOrder(route("10.9.0.0/16", Route.MAIN), route("fd00::/8", Route.MAIN));
        assertThat(state.rules()).isEmpty();
        assertThat(state.wireguard().device().fwMark()).isEmpty();
        assertThat(state.mtu()).isEqualTo(1420);
    }

    @Test
    void anEndpointInAnyPrefixBringsMarkTableAndRulesLongestPrefixFirst() throws ConfigException {
        HostState state = state(
                FACTS,
                "[Interface]",
                "[Peer]",
                KEY + "AllowedIPs = 10.0.0.0/8, 10.20.0.0/16",
                "Endpoint = 10.1.2.3:51820");

        assertThat(state.wireguard().device().fwMark()).hasValue(0xca60);
        assertThat(state.routes())
                .containsExactlyInAnyOrder(route("10.0.0.0/8", 0xca60), route("10.20.0.0/16", 0xca60));
        assertThat(rules(state))
                .containsExactly(
                        "pref 20512 lookup 254 suppress_prefixlength 16 protocol 202",
                        "not fwmark 0xca60/0xfffffff0 pref 20513 lookup 51808 suppress_prefixlength 15 protocol 202",
                        "pref 20768 lookup 254 suppress_prefixlength 8 protocol 202",
                        "not fwmark 0xca60/0xfffffff0 pref 20769 lookup 51808 suppress_prefixlength 7 protocol 202");
        assertThat(state.sourceMarked()).isTrue();
        assertThat(state.firewall().essential()).isTrue();
    }

    @Test
    void aDefaultRouteIsALoopThoughThePeerHasNoEndpointYet() throws ConfigException {
        HostState state = state(FACTS, "[Interface]", "[Peer]", KEY + "AllowedIPs = ::/0");

        assertThat(rules(state))
                .containsExactly(
                        "-6 pref 24096 lookup 254 suppress_prefixlength 0 protocol 202",
                        "-6 not fwmark 0xca60/0xfffffff0 pref 24097 lookup 51808 protocol 202");
        assertThat(state.sourceMarked()).isFalse();
    }

    @Test
    void aPeerThatHasMovedIntoTheAllowedIpsIsALoop() throws ConfigException {
        Facts moved = new Facts(1420, 3, true, Map.of());

        HostState state = state(moved, "[Interface]", "[Peer]", KEY + "AllowedIPs = 10.0.0.0/8");

        assertThat(state.wireguard().device().fwMark()).hasValue(0xca63);
        assertThat(state.rules()).extracting(Rule::priority).containsExactly(20774, 20775);
    }

    @Test
    void aNameIsLookedUpInTheFacts() throws Exception {
        Facts facts = new Facts(1420, 0, false, Map.of("vpn.example.org", InetAddress.getByName("10.1.2.3")));
        String[] lines = {"[Interface]", "[Peer]", KEY + "AllowedIPs = 10.0.0.0/8", "Endpoint = vpn.example.org:51820"};

        assertThat(state(facts, lines).rules()).hasSize(2);
        assertThat(state(facts, lines).wireguard().peers().getFirst().endpoint())
                .hasValue(Endpoint.parse("10.1.2.3:51820"));
        assertThat(state(FACTS, lines).rules()).isEmpty();
        assertThat(state(FACTS, lines).wireguard().peers().getFirst().endpoint())
                .isEmpty();
    }

    @Test
    void aMarkOfTheFileIsTakenAndItsTableToo() throws ConfigException {
        HostState state = state(FACTS, "[Interface]", "FwMark = 0x77", "[Peer]", KEY + "AllowedIPs = 0.0.0.0/0");

        assertThat(state.wireguard().device().fwMark()).hasValue(0x77);
        assertThat(rules(state)).last().asString().startsWith("not fwmark 0x77 pref 21025 lookup 119 ");
    }

    @Test
    void tableOffMakesNoRoutesAndANumberedTableNoRules() throws ConfigException {
        String peer = KEY + "AllowedIPs = 0.0.0.0/0\nEndpoint = 192.0.2.1:1";

        assertThat(state(FACTS, "[Interface]", "Table = off", "[Peer]", peer).routes())
                .isEmpty();
        HostState numbered = state(FACTS, "[Interface]", "Table = 4000", "[Peer]", peer);
        assertThat(numbered.routes()).containsExactly(route("0.0.0.0/0", 4000));
        assertThat(numbered.rules()).isEmpty();
    }

    @Test
    void aTableOfTheUsersHasNoRoutesOfTheKernels() throws ConfigException {
        String[] lines = {
            "[Interface]", "Address = 10.0.0.1/24", "Table = 4000", "[Peer]", KEY + "AllowedIPs = 10.0.0.2/32"
        };

        assertThat(state(FACTS, lines).routes()).containsExactly(route("10.0.0.2/32", 4000));
        lines[2] = "Table = main";
        assertThat(state(FACTS, lines).routes()).isEmpty();
    }

    @Test
    void ipv6NeedsAnMtuOf1280() throws ConfigException {
        Facts narrow = new Facts(1200, 0, false, Map.of());

        assertThat(state(narrow, "[Interface]", "Address = 10.0.0.1/24").mtu()).isEqualTo(1200);
        assertThat(state(narrow, "[Interface]", "Address = 10.0.0.1/24, fd00::1/64")
                        .mtu())
                .isEqualTo(1280);
    }

    @Test
    void aPeerThatTheFileCallsElsewhereMayStillSendFromInside() throws ConfigException {
        HostState inside =
                state(FACTS, "[Interface]", "[Peer]", KEY + "AllowedIPs = 10.0.0.0/8\nEndpoint = 10.1.1.1:1");
        UapiDevice now = DifferenceTest.inForce(inside).device();

        assertThat(moved(now, KEY + "AllowedIPs = 10.0.0.0/8")).isTrue();
        assertThat(moved(now, KEY + "AllowedIPs = 10.0.0.0/8\nEndpoint = 10.1.1.1:1"))
                .isTrue();
        assertThat(moved(now, KEY + "AllowedIPs = 10.0.0.0/8\nEndpoint = 192.0.2.1:1"))
                .isTrue();
        assertThat(moved(now, KEY + "AllowedIPs = 10.2.0.0/16\nEndpoint = 192.0.2.1:1"))
                .isFalse();
        assertThat(moved(now, OTHER + "AllowedIPs = 10.0.0.0/8"))
                .as("it is removed")
                .isFalse();
    }

    private static boolean moved(UapiDevice now, String peer) throws ConfigException {
        QuickConfig config = QuickConfig.parse("wg0.conf", "[Interface]\n[Peer]\n" + peer);
        return HostState.movedInside(config, now);
    }

    @Test
    void theNftTableBoundsTheMssAndOpensThePorts() throws ConfigException {
        HostState state = state(
                FACTS,
                "[Interface]",
                "MTU = 1400",
                "ListenPort = 4296",
                "#: ExtraPorts = 53, 443 on eth0, wlan0",
                "[Peer]",
                KEY + "AllowedIPs = 10.0.0.0/8");

        assertThat(state.firewall().script())
                .startsWith("table inet anubis-wg0\ndelete table inet anubis-wg0\ntable inet anubis-wg0 {\n")
                .contains("oifname \"wg0\" meta nfproto ipv4 tcp flags syn / syn,rst tcp option maxseg size set 1360")
                .contains("iifname \"wg0\" meta nfproto ipv6 tcp flags syn / syn,rst tcp option maxseg size set 1340")
                .contains(
                        "iifname { \"eth0\", \"wlan0\" } fib daddr type local udp dport { 53, 443 } redirect to :4296");
    }
}
