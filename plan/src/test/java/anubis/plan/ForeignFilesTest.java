package anubis.plan;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.QuickConfig;
import anubis.plan.Proof.Cell;
import anubis.plan.Proof.Checked;
import anubis.plan.Proof.Fault;
import anubis.plan.Wall.Verdict;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ForeignFilesTest {
    private static final String SERVER = """
            [Interface]
            Address = 10.8.0.1/24, fd08::1/64
            ListenPort = 51820
            PostUp = iptables -A FORWARD -i %i -j ACCEPT; iptables -t nat -A POSTROUTING -o ens3 -j MASQUERADE
            PostUp = sysctl -w net.ipv4.ip_forward=1
            PostUp = sysctl -q -w net.ipv6.conf.all.forwarding=1
            PostDown = iptables -D FORWARD -i %i -j ACCEPT; iptables -t nat -D POSTROUTING -o ens3 -j MASQUERADE

            [Peer]
            PublicKey = {laptop}
            AllowedIPs = 10.8.0.2/32, fd08::2/128

            [Peer]
            PublicKey = {phone}
            AllowedIPs = 10.8.0.3/32
            """;
    private static final String LAPTOP = """
            [Interface]
            Address = 10.8.0.2/24, fd08::2/64

            [Peer]
            PublicKey = {server}
            Endpoint = vpn.example.org:51820
            AllowedIPs = 0.0.0.0/0, ::/0
            PersistentKeepalive = 25
            """;
    private static final String PHONE = """
            [Interface]
            Address = 10.8.0.3/32

            [Peer]
            PublicKey = {server}
            Endpoint = 203.0.113.5:51820
            AllowedIPs = 10.8.0.0/24
            PersistentKeepalive = 25
            """;

    private final Map<String, String> texts = new LinkedHashMap<>();
    private final Map<String, Map<String, String>> others = new LinkedHashMap<>();

    ForeignFilesTest() {
        texts.put("server", SERVER);
        texts.put("laptop", LAPTOP);
        texts.put("phone", PHONE);
    }

    private Checked checked() throws Exception {
        Map<String, ForeignFiles.File> files = new LinkedHashMap<>();
        for (Map.Entry<String, String> entry : texts.entrySet()) {
            String text = entry.getValue();
            for (String host : texts.keySet()) {
                text = text.replace("{" + host + "}", MachineMaker.key(host).toString());
            }
            files.put(
                    entry.getKey(),
                    new ForeignFiles.File(
                            "wg0",
                            QuickConfig.parse(entry.getKey() + ".conf", text),
                            Optional.of(MachineMaker.key(entry.getKey())),
                            others.getOrDefault(entry.getKey(), Map.of())));
        }
        return ForeignFiles.check(files, Service.PING);
    }

    private void change(String host, String from, String to) {
        String text = texts.getOrDefault(host, "");
        assertThat(text).contains(from);
        texts.put(host, text.replace(from, to));
    }

    private static Cell cell(Checked checked, String from, String to) {
        return checked.cells()
                .get(checked.hosts().indexOf(from))
                .get(checked.hosts().indexOf(to));
    }

    @Test
    void aServerAndWhoIsOnTheRoad() throws Exception {
        Checked checked = checked();
        assertThat(checked.faults()).isEmpty();
        assertThat(checked.count(Cell.FINE)).isEqualTo(6);
    }

    @Test
    void aCommandThatNobodyUnderstandsMakesThePairsUnknown() throws Exception {
        change("laptop", "\n\n[Peer]", "\nPostUp = /opt/secret-of-mine.sh --key hidden\n\n[Peer]");
        Checked checked = checked();
        assertThat(cell(checked, "server", "laptop")).isEqualTo(Cell.UNKNOWN);
        assertThat(cell(checked, "laptop", "phone")).isEqualTo(Cell.UNKNOWN);
        assertThat(cell(checked, "server", "phone")).isEqualTo(Cell.FINE);
        assertThat(checked.faults())
                .map(Fault::machine, Fault::cause)
                .containsOnly(org.assertj.core.groups.Tuple.tuple("laptop", "PostUp runs /opt/secret-of-mine.sh"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PostUp = ip route del 10.8.0.0/24 dev wg0",
                "PostUp = ip route flush table main",
                "PreUp = ip -4 rule del pref 32766 lookup main",
                "PreUp = ip rule del pref 5 || iptables -A INPUT -j DROP",
                "PreUp = ip rule del pref 5 & iptables -A INPUT -j DROP",
                "PostUp = echo add rule inet filter input drop | nft -f -",
                "PostUp = echo `iptables -A INPUT -j DROP`",
                "PostUp = logger $(iptables -A INPUT -j DROP)",
                "PostUp = ip link set %i down",
                "PostUp = ip link set %i mtu 80",
                "PostUp = ip link set ens3 down",
                "PostUp = sysctl -w net.ipv4.icmp_echo_ignore_all=1",
                "PostUp = sysctl -w net.ipv6.conf.all.disable_ipv6=1",
                "PostUp = sysctl -w net.ipv4.conf.wg0.rp_filter=1",
                "PostUp = ip -4 route replace blackhole 10.8.0.0/24",
                "PostUp = ip route add throw 10.8.0.0/24 table 7; ip route replace blackhole 10.8.0.0/24 table 7",
            })
    void whatMayTakeAwayWhatIsThereIsNotTakenForHarmless(String command) throws Exception {
        change("server", "ListenPort", command + "\nListenPort");
        assertThat(cell(checked(), "server", "laptop")).isEqualTo(Cell.UNKNOWN);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PreUp = ip -4 rule del pref 4298 lookup 4296 2>/dev/null || true",
                "PreUp = ip -6 route flush table 4296 2>/dev/null || true",
                "PostUp = logger %i is up",
                "PostUp = ip link set dev %i up",
                "PostUp = wg set %i private-key /etc/wireguard/%i.key",
                "PostUp = sysctl -w net.ipv4.conf.all.src_valid_mark=1",
            })
    void whatTakesAwayNothingIsHarmless(String command) throws Exception {
        change("server", "ListenPort", command + "\nListenPort");
        assertThat(cell(checked(), "server", "laptop")).isEqualTo(Cell.FINE);
    }

    @Test
    void aSettingInAFileThatMayMatterIsNamed() throws Exception {
        others.put(
                "server",
                Map.of("a.conf", "-net.ipv6.conf.eth0.accept_ra = 2\nnet.core.somaxconn = 9\nkernel.x = 1\n"));
        assertThat(cell(checked(), "server", "laptop")).isEqualTo(Cell.FINE);
        others.put("server", Map.of("a.conf", "net.ipv4.icmp_echo_ignore_all = 1\n"));
        assertThat(checked().faults()).extracting(Fault::cause).contains("net.ipv4.icmp_echo_ignore_all in a.conf");
    }

    @Test
    void theLastWordOnForwardingCounts() throws Exception {
        change("server", "PostUp = sysctl -q", "PostUp = sysctl -w net.ipv4.conf.all.forwarding=0\nPostUp = sysctl -q");
        assertThat(cell(checked(), "laptop", "phone")).isEqualTo(Cell.UNKNOWN);
    }

    @Test
    void whetherAHostForwardsIsUnknownWhereNothingIsSaid() throws Exception {
        change("server", "PostUp = sysctl -w net.ipv4.ip_forward=1\n", "");
        Checked checked = checked();
        assertThat(cell(checked, "laptop", "phone")).isEqualTo(Cell.UNKNOWN);
        assertThat(cell(checked, "laptop", "server")).isEqualTo(Cell.FINE);
        others.put("server", Map.of("/etc/sysctl.d/vpn.conf", "# on\nnet.ipv4.ip_forward = 1\n"));
        assertThat(cell(checked(), "laptop", "phone")).isEqualTo(Cell.FINE);
    }

    @Test
    void aFirewallOfAPlanIsHeededAndAnyOtherIsUnknown() throws Exception {
        String wall = """
                table inet anubis-plan {
                    chain input {
                        type filter hook input priority filter; policy accept;
                        iifname "ens3" udp dport 51820 accept
                        iifname "wg0" accept
                        drop
                    }
                }
                """;
        others.put("server", Map.of("anubis-plan.nft", wall));
        assertThat(checked().faults()).isEmpty();
        others.put("server", Map.of("anubis-plan.nft", wall.replace("51820", "51821")));
        assertThat(cell(checked(), "laptop", "server")).isEqualTo(Cell.FAILS);
        for (String other : List.of(
                wall.replace("drop", "ct state new counter drop"),
                wall.replace("hook input", "hook prerouting"),
                wall.replace("type filter hook input priority filter; policy accept;", ""),
                wall.replace("iifname \"wg0\"", "iifname { \"wg0\", \"ens4\" }"))) {
            others.put("server", Map.of("anubis-plan.nft", other));
            assertThat(cell(checked(), "laptop", "server")).as(other).isEqualTo(Cell.UNKNOWN);
        }
        others.put("server", Map.of("anubis-plan.nft", wall, "more.nft", wall));
        assertThat(cell(checked(), "laptop", "server")).isEqualTo(Cell.UNKNOWN);
    }

    @Test
    void anEndpointInsideItsOwnAllowedIpsIsALoop() throws Exception {
        change("phone", "10.8.0.0/24", "10.8.0.0/24, 203.0.113.0/24");
        Checked checked = checked();
        assertThat(checked.faults())
                .filteredOn(fault -> fault.machine().equals("phone"))
                .extracting(Fault::reason)
                .containsOnly(Optional.of(Reason.BEARER_IN_OWN_TUNNEL));
    }

    @Test
    void aWrongAllowedIpIsNamed() throws Exception {
        change("server", "10.8.0.3/32", "10.8.0.4/32");
        assertThat(checked().faults())
                .extracting(Fault::reason)
                .containsExactlyInAnyOrder(Optional.of(Reason.NO_PEER), Optional.of(Reason.NOT_ALLOWED));
    }

    @Test
    void aKeyThatIsInNoFileAndOtherPresharedKeysAreToldOf() throws Exception {
        change("phone", "Endpoint", "PresharedKey = FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=\nEndpoint");
        assertThat(checked().faults())
                .extracting(Fault::cause)
                .contains("its preshared key for server is not the one there");
    }

    @Test
    void thePlansOwnFilesAreUnderstood() throws Exception {
        SmallWorld small = new SmallWorld();
        World world = small.world();
        Map<String, ForeignFiles.File> files = new LinkedHashMap<>();
        for (String host : List.of("hub", "server", "laptop")) {
            Machine machine = world.machine(host);
            Machine.Link link = machine.link("wg0").orElseThrow();
            HostPlan plan = new HostPlan(
                    host,
                    "wg0",
                    link.addresses(),
                    link.mtu(),
                    ((Machine.Kind.WireGuard) link.kind()).device(),
                    List.of(),
                    machine.rules(),
                    machine.routes().stream()
                            .filter(route -> route.table() == MachineMaker.TABLE)
                            .toList(),
                    true,
                    true,
                    machine.wall());
            files.put(
                    host,
                    new ForeignFiles.File(
                            "wg0",
                            QuickConfig.parse(host, QuickText.quick("", plan)),
                            Optional.empty(),
                            Map.of("/etc/sysctl.conf", "net.ipv4.ip_forward=1\nnet.ipv6.conf.all.forwarding=1\n")));
        }
        World foreign = ForeignFiles.world(files);
        assertThat(foreign.machine("hub").rules())
                .containsExactlyInAnyOrderElementsOf(world.machine("hub").rules());
        assertThat(foreign.machine("laptop").routes())
                .containsAll(
                        files.get("laptop") == null
                                ? List.of()
                                : world.machine("laptop").routes().stream()
                                        .filter(route -> route.table() == MachineMaker.TABLE)
                                        .toList());
        Checked checked = ForeignFiles.check(files, Service.PING);
        assertThat(checked.faults()).isEmpty();
        assertThat(checked.count(Cell.FINE)).isEqualTo(6);
    }

    @Test
    void theFirewallThatThePlanWritesIsRead() {
        Machine hub = new SmallWorld().world().machine("hub");
        Wall wall = new Wall(
                hub.wall().input(),
                hub.wall().forward(),
                List.of(
                        new Wall.Translation.Redirect(Set.of("eth1"), List.of(53, 443), 4296),
                        new Wall.Translation.MapDestination(
                                "wg0",
                                MachineMaker.cidrs("10.7.0.0/24").getFirst(),
                                MachineMaker.cidrs("10.1.0.0/24").getFirst()),
                        new Wall.Translation.MapSource(
                                "wg0",
                                MachineMaker.cidrs("10.1.0.0/24").getFirst(),
                                MachineMaker.cidrs("10.7.0.0/24").getFirst()),
                        new Wall.Translation.Masquerade("eth1", true, MachineMaker.cidrs("fd09::/64"))),
                Set.of("wg0"));
        String text = NftText.of("anubis-plan", wall, 1420);
        Wall read = NftReading.wall(text).orElseThrow();
        assertThat(read.clamped()).isEqualTo(wall.clamped());
        assertThat(NftText.of("anubis-plan", read, 1420)).isEqualTo(text);
        assertThat(NftReading.wall(text.replace("drop", "jump elsewhere"))).isEmpty();
    }

    @Test
    void aFirewallThatOnlyLooksLikeThePlansIsNotTakenForIt() {
        Wall wall = new Wall(
                List.of(
                        new Wall.Filter(
                                Set.of("eth0"),
                                Set.of(),
                                false,
                                List.of(Service.PING),
                                List.of(),
                                List.of(),
                                Verdict.ACCEPT),
                        new Wall.Filter(
                                Set.of("eth0"), Set.of(), false, List.of(), List.of(), List.of(), Verdict.DROP)),
                List.of(),
                List.of(),
                Set.of());
        String text = NftText.of("t", wall, 1420);
        assertThat(NftReading.wall(text).map(read -> NftText.of("t", read, 1420)))
                .contains(text);
        String input = text.substring(text.indexOf("    chain input"), text.lastIndexOf("}"));
        assertThat(List.of(
                        text + "delete table inet t\n",
                        text + "table inet other {\n"
                                + input.replace("accept", "drop").replace("policy drop", "policy accept") + "}\n",
                        text.replace("        iifname \"eth0\" icmpv6 type echo-request accept\n", ""),
                        text.replace("        iifname \"eth0\" icmp type echo-request accept\n", ""),
                        text.replace("\"eth0\" drop", "\"eth*\" drop"),
                        text.replace("udp sport 67 udp dport 68", "iifname \"eth0\""),
                        text.replace("nd-redirect", "echo-request"),
                        text.replace("hook input priority filter", "hook prerouting priority filter"),
                        text.replace("filter hook input priority filter", "nat hook prerouting priority dstnat")))
                .allSatisfy(
                        other -> assertThat(NftReading.wall(other)).as(other).isEmpty());
    }
}
