package anubis.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import anubis.config.PhoneConfig;
import anubis.config.QuickConfig;
import anubis.config.QuickSetting;
import anubis.crypto.PublicKey;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What comes out of the example, and of two offices whose networks overlap. */
class PlanFilesTest {
    private static final String PRIVATE = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";

    private static final String OFFICES = """
            name = "Offices"
            domain = "corp.example"
            wireguard = ["10.99.0.0/24"]

            [networks.north]
            kind = "lan"
            addresses = ["192.168.1.0/24"]
            mapped = ["10.1.1.0/24"]
            gateway = "alpha"

            [networks.south]
            kind = "lan"
            addresses = ["192.168.1.0/24"]
            mapped = ["10.1.2.0/24"]
            gateway = "beta"

            [networks.net]
            kind = "wild"
            addresses = ["203.0.113.0/24"]

            [hosts.alpha]
            role = "gateway"
            key = "1mTAfP7DcM+KrmRJlK+RnUXhnp+mihhFjZ89WLDqfB4="
            wg = 1
            on.north = 1
            on.net = 1
            interfaces = { net = "eth1" }
            endpoint = "203.0.113.1"

            [hosts.beta]
            role = "gateway"
            key = "0aXh1hdHodtuzV3pWMpKn9iEhzptRyphwOJ5jZ3v6Ew="
            wg = 2
            hub = "alpha"
            on.south = 1
            on.net = 2
            interfaces = { net = "eth1" }
            endpoint = "203.0.113.2"

            [hosts.desk]
            role = "appliance"
            on.south = 5

            [[situations]]
            name = "usual"
            """;

    private final Network couch = NetworkFileTest.example("couchnet");
    private final SortedMap<String, String> files = PlanFiles.of(couch);

    PlanFilesTest() throws Exception {}

    private static SortedMap<String, String> offices() throws Exception {
        return PlanFiles.of(NetworkFile.parse("offices.toml", OFFICES));
    }

    private String file(String path) {
        assertThat(files).containsKey(path);
        return files.getOrDefault(path, "");
    }

    private static List<String> commands(QuickConfig config, QuickSetting.Key when) {
        return config.hooks().stream()
                .filter(hook -> hook.when() == when)
                .map(QuickConfig.Hook::command)
                .toList();
    }

    @Test
    void aTableIsFilledBeforeItIsAskedAndAskedNoMoreBeforeItIsEmptied() throws Exception {
        QuickConfig config = QuickConfig.parse("xena/wg0.conf", file("xena/wg0.conf"));

        List<String> up = commands(config, QuickSetting.Key.PostUp);
        assertThat(config.table()).isEqualTo(new QuickConfig.Table.Off());
        assertThat(up.getFirst()).isEqualTo("wg set %i private-key /etc/wireguard/%i.key");
        assertThat(up)
                .containsSubsequence(
                        "ip -4 route replace 0.0.0.0/0 dev %i table 4296",
                        "ip -4 route replace throw 192.168.12.0/28 table 4296",
                        "ip -4 rule add pref 4296 fwmark 0x10c8 lookup main",
                        "ip -4 rule add pref 4298 lookup 4296")
                .containsSubsequence(
                        "ip -6 route replace throw 2001:db8:306:12::/64 table 4296",
                        "ip -6 rule add pref 4297 fwmark 0x10c8 lookup main",
                        "ip -6 rule add pref 4299 lookup 4296");
        List<String> undone = up.stream()
                .filter(command -> command.contains(" rule add "))
                .map(command -> command.replace(" add ", " del ") + " 2>/dev/null || true")
                .toList()
                .reversed();
        for (QuickSetting.Key when : List.of(QuickSetting.Key.PreDown, QuickSetting.Key.PreUp)) {
            List<String> expected = new ArrayList<>(undone);
            expected.add("ip -4 route flush table 4296 2>/dev/null || true");
            expected.add("ip -6 route flush table 4296 2>/dev/null || true");
            assertThat(commands(config, when)).as(when.name()).containsExactlyElementsOf(expected);
        }
    }

    @Test
    void theFileSaysWhatThePlanSays() throws Exception {
        HostPlan plan = Objects.requireNonNull(
                Planner.plan(couch, couch.situations().getFirst()).get("jacinth"));
        QuickConfig config = QuickConfig.parse("jacinth/wg0.conf", file("jacinth/wg0.conf"));

        assertThat(config.addresses()).isEqualTo(plan.addresses());
        assertThat(config.mtu()).hasValue(plan.mtu());
        assertThat(config.wireguard().device().fwMark()).hasValue(plan.device().mark());
        assertThat(config.wireguard().peers())
                .extracting(
                        peer -> peer.publicKey(),
                        peer -> peer.endpoint(),
                        peer -> peer.allowedIps().prefixes())
                .containsExactlyElementsOf(plan.device().peers().stream()
                        .map(peer -> tuple(peer.key(), peer.endpoint(), peer.allowedIps()))
                        .toList());
        assertThat(config.wireguard().peers())
                .extracting(peer -> peer.name().orElse(""))
                .contains("surya", "xena");
    }

    @Test
    void aPhoneGetsWhatItsAppUnderstands() throws Exception {
        String text = file("selen/wg0.conf");
        assertThat(files.keySet())
                .filteredOn(path -> path.startsWith("selen/") && !path.contains("situations"))
                .containsExactly("selen/wg0.conf");

        PhoneConfig phone = PhoneConfig.of(
                "selen/wg0.conf", QuickConfig.parse("selen/wg0.conf", PlanFiles.withPrivateKey(text, PRIVATE)));

        assertThat(phone.leftOut()).isEmpty();
        assertThat(phone.text()).contains("PrivateKey=" + PRIVATE, "Endpoint=jacinth.dyn.example:4296");
    }

    @Test
    void onlyWhatIsOtherInASituationIsThere() {
        assertThat(files.keySet())
                .contains("selen/situations/selen-asks-surya/wg0.conf", "surya/situations/packed/wg0.conf")
                .noneMatch(path -> path.contains("/situations/xena-away/"))
                .noneMatch(path -> path.startsWith("holly/situations/"))
                .noneMatch(path -> path.startsWith("jacinth/situations/packed/"));
        assertThat(file("selen/situations/selen-asks-surya/wg0.conf")).contains("#: Name = surya");
    }

    @Test
    void noFileHasAKeyThatIsNotPublic() {
        assertThat(files.values())
                .noneMatch(text -> text.contains("PrivateKey = ") && !text.contains("# PrivateKey = "));
    }

    @Test
    void aWallIsRenderedInOrder() {
        String wall = file("xena/anubis-plan.nft");

        assertThat(wall)
                .startsWith("# xena (roaming) of CouchNet")
                .containsSubsequence(
                        "table inet anubis-plan\ndelete table inet anubis-plan\n",
                        "iifname \"lo\" accept",
                        "ct state established,related accept",
                        "nd-neighbor-solicit",
                        "iifname { \"br0\", \"wg0\" } accept",
                        "udp dport 4296 accept",
                        "        drop\n");
        assertThat(file("surya/anubis-plan.nft"))
                .contains("tcp dport { 25, 443 } accept", "fib daddr type local udp dport 53 redirect to :4296");
    }

    @Test
    void overlappingNetworksAreMappedBothWays() throws Exception {
        SortedMap<String, String> all = offices();

        assertThat(all.getOrDefault("beta/anubis-plan.nft", ""))
                .contains(
                        "iifname \"wg0\" ip daddr 10.1.2.0/24 dnat ip prefix to ip daddr map { 10.1.2.0/24 : 192.168.1.0/24 }",
                        "oifname \"wg0\" ip saddr 192.168.1.0/24 snat ip prefix to ip saddr map { 192.168.1.0/24 : 10.1.2.0/24 }");
        assertThat(all.getOrDefault("network.hosts", "")).contains("10.1.2.5\tdesk.corp.example desk\n");
        assertThat(all.getOrDefault("south.hosts", ""))
                .contains("192.168.1.5\tdesk.corp.example desk\n", "10.1.1.1\talpha.corp.example alpha\n");
    }

    @Test
    void namesAreOwnAddressesAndWithTheSuffixThoseOfTheTunnel() {
        assertThat(file("network.hosts"))
                .contains(
                        "192.168.10.254\tjacinth.couch.example jacinth\n",
                        "10.42.0.254\tjacinthwg.couch.example jacinthwg\n",
                        "192.168.8.1\tsurya.couch.example surya\n",
                        "192.168.12.1\txena.couch.example xena\n",
                        "192.0.2.9\tchandra.couch.example chandra\n",
                        "192.168.10.90\tdusty.couch.example dusty\n")
                .doesNotContain("dustywg");
        assertThat(file("couch.example.zone"))
                .contains("\nxenawg IN AAAA 2001:db8:306:42::21\n", "\n@ IN NS jacinth\n");
    }

    @Test
    void nobodyInTheWildSendsFromOurAddresses() throws Exception {
        assertThat(file("jacinth/anubis-plan.nft"))
                .containsSubsequence(
                        "ct state established,related accept",
                        "iifname \"eth1\" ip saddr { 10.42.0.0/24, 192.168.8.1/32, 192.168.10.0/24, 192.168.12.0/28 } drop",
                        "iifname \"eth1\" tcp dport");
        // Those of a mapped network, by either name.
        assertThat(offices().get("alpha/anubis-plan.nft"))
                .contains("iifname \"eth1\" ip saddr { 10.1.1.0/24, 10.1.2.0/24, 10.99.0.0/24, 192.168.1.0/24 } drop");
        // What the provider sends here has its bearer packets from there.
        assertThat(file("jacinth/anubis-plan.nft")).doesNotContain("ip6 saddr { 2001:db8:306");
    }

    @Test
    void theServiceMakesTheInterfaceWithoutACable() {
        assertThat(file("surya/anubis-plan.service"))
                .containsSubsequence(
                        "ip link add dum0 type dummy || ip link add dum0 type bridge",
                        "ExecStart=ip address replace 192.168.8.1/32 dev dum0",
                        "ExecStop=-ip link del dev dum0");
        assertThat(file("jacinth/anubis-plan.service")).doesNotContain("dum0");
        assertThat(Stream.of("jacinth", "surya", "xena").map(host -> file(host + "/90-anubis-plan.conf")))
                .allMatch(text -> text.contains("net.ipv4.ip_forward = 1"));
        assertThat(file("xena/90-anubis-plan.conf")).contains("accept_ra = 2").doesNotContain("br0");
        assertThat(file("holly/90-anubis-plan.conf")).doesNotContain("forward").contains("rp_filter = 2");
    }

    @Test
    void theFirewallIsThereBeforeAnythingIsSentOn() {
        // A parameter that cannot be set ends the service.
        assertThat(file("jacinth/anubis-plan.service"))
                .containsSubsequence(
                        "ExecStart=nft -f ", "ExecStart=sysctl ", "ExecReload=nft -f ", "ExecReload=sysctl ");
    }

    @Test
    void aNetworkWithoutHostsHasNoNames() throws Exception {
        assertThat(PlanFiles.of(NetworkFile.parse("none.toml", "name = \"None\"\nwireguard = [\"10.9.0.0/24\"]\n")))
                .containsKey("PLAN.md")
                .doesNotContainKey("internal.zone");
    }

    @Test
    void whatPeopleWriteIsNoMarkdown() throws Exception {
        String page = PlanFiles.of(NetworkFile.parse(
                        "odd.toml",
                        OFFICES.replaceFirst("name = \".*\"", "name = '<b>a|b\\\\|[c](d)'")
                                + "[[situations]]\nname = \"s\"\nnote = '<img src=x> a|b'\n"))
                .getOrDefault("PLAN.md", "");
        assertThat(page).startsWith("# &lt;b&gt;a\\|b\\\\\\|\\[c\\](d)\n").contains("| s | &lt;img src=x&gt; a\\|b | ");
    }

    @Test
    void gatesAreForWhoHasTwoHubs() {
        assertThat(files.keySet())
                .filteredOn(path -> path.contains("/gate"))
                .containsExactly(
                        "jacinth/gate-peers.toml",
                        "jacinth/gate.toml",
                        "surya/gate-peers.toml",
                        "surya/gate.toml",
                        "xena/gate.toml");
        assertThat(file("xena/gate.toml")).contains("endpoint = \"jacinth.dyn.example:4297\"", "FILL IN");
        assertThat(file("surya/gate-peers.toml")).contains("name = \"xena\"", "name = \"jacinth\"", "hub = true");
    }

    @Test
    void whereGateKeysAreToldTheGatesFilesAreCompleteAndHaveAPlace() throws Exception {
        String text = Files.readString(Path.of("../docs/examples/couchnet.toml"));
        List<String> hosts = List.of("jacinth", "surya", "xena");
        for (String host : hosts) {
            text = text.replaceFirst(
                    "(?m)^(\\[hosts\\." + host + "\\].*)$",
                    "$1\ngate-key = \"" + gateKey(host).base64() + "\"");
        }
        Network network = NetworkFile.parse("couchnet.toml", text);
        Map<String, HostPlan> plans = Planner.plan(network, network.situations().getFirst());
        for (String host : hosts) {
            HostFile gate = PlanFiles.host(network, Objects.requireNonNull(plans.get(host))).stream()
                    .filter(file -> file.name().equals(HostFile.GATE))
                    .findFirst()
                    .orElseThrow();
            assertThat(gate.place()).hasValue("/etc/anubis/gate.toml");
            assertThat(gate.text()).doesNotContain("FILL IN", gateKey(host).base64());
        }
        assertThat(PlanFiles.of(network).get("surya/gate-peers.toml"))
                .contains("gate-key = \"" + gateKey("xena").base64() + "\"");
        assertThat(HostFile.of(network, Objects.requireNonNull(plans.get("xena"))))
                .noneMatch(HostFile::isOfGate);
    }

    private static PublicKey gateKey(String host) {
        return PublicKey.of(Arrays.copyOf(host.getBytes(StandardCharsets.UTF_8), 32));
    }

    @Test
    void theMapShowsWhoIsWhere() {
        String home = file("map-home.dot");
        String packed = file("map-packed.dot");

        assertThat(box(home, "lan"))
                .contains("host xena", "host selen", "cluster_xenanet")
                .doesNotContain("absent");
        assertThat(box(packed, "hotspot")).contains("host xena", "host petra");
        assertThat(box(packed, "lan")).contains("central, absent");
        assertThat(packed).contains("tunnel to surya").doesNotContain("tunnel to jacinth");
        assertThat(home)
                .containsPattern("\"host jacinth\" -> \"host xena\" \\[dir=back")
                .containsPattern("\"host xena\" -> \"host jacinth\" \\[style=dashed")
                .containsPattern("\"segment [^\"]+\" -> \"host jacinth\" \\[dir=back")
                .doesNotContain("\"segment lan\" -> \"host holly\"");
    }

    @Test
    void inALargeNetworkOneNodeStandsForManyHosts() throws Exception {
        StringBuilder text = new StringBuilder(Files.readString(Path.of("../docs/examples/couchnet.toml")));
        IntStream.range(100, 140)
                .forEach(number ->
                        text.append("[hosts.lamp%d]\nrole = \"appliance\"\non.lan = %d\n".formatted(number, number)));
        Network network = NetworkFile.parse("couchnet.toml", text.toString());

        assertThat(PlanFiles.map(network, network.situations().getFirst()))
                .contains("41 × appliance: dusty … lamp139", "\"host holly\"")
                .doesNotContain("\"host lamp100\"");
    }

    private static String box(String map, String segment) {
        var start =
                Pattern.compile("subgraph \"cluster_" + segment + "\" \\{\n").matcher(map);
        assertThat(start.find()).isTrue();
        int depth = 1;
        int end = start.end();
        for (String line : map.substring(end).split("(?<=\n)", -1)) {
            depth += line.strip().startsWith("subgraph") ? 1 : line.strip().equals("}") ? -1 : 0;
            end += line.length();
            if (depth == 0) {
                break;
            }
        }
        return map.substring(start.end(), end);
    }

    @Test
    void thePageSaysWhy() {
        assertThat(file("PLAN.md"))
                .contains(
                        "| 192.168.12.0/28 | through the tunnel to xena | the network xenanet, behind xena |",
                        "| ::/0 | through the tunnel to surya | all that has no other way: the default route of IPv6 |",
                        "| 192.168.12.0/28 | as the main table says (throw) | it is on the network xenanet |",
                        "| jacinth | xena | xena | xena |");
    }
}
