package anubis.plan;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.Cidr;
import anubis.plan.Machine.DevicePeer;
import anubis.plan.Machine.TableRoute;
import anubis.plan.Wall.Translation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PlannerTest {
    private final Network couchNet = example("couchnet");

    static Network example(String name) {
        try {
            Path file = Path.of("..", "docs", "examples", name + ".toml");
            return NetworkFile.parse(file.toString(), Files.readString(file));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private Map<String, HostPlan> plan(String situation) {
        return Planner.plan(
                couchNet,
                couchNet.situations().stream()
                        .filter(each -> each.name().equals(situation))
                        .findFirst()
                        .orElseThrow());
    }

    private HostPlan plan(String situation, String host) {
        HostPlan plan = plan(situation).get(host);
        assertThat(plan).as(host).isNotNull();
        return Objects.requireNonNull(plan);
    }

    private DevicePeer peer(HostPlan plan, String name) {
        return plan.device().peers().stream()
                .filter(peer -> peer.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError(plan.host() + " has no peer " + name));
    }

    private static List<Cidr> prefixes(String... texts) {
        return Stream.of(texts).map(Cidr::parse).toList();
    }

    private static Set<String> routes(HostPlan plan) {
        return plan.routes().stream()
                .map(route -> (route.type() == TableRoute.Type.THROW ? "throw " : "") + route.destination())
                .collect(Collectors.toSet());
    }

    @Test
    void aLeafHasOneTunnelAndUsesItForNamesAlone() {
        HostPlan holly = plan("home", "holly");
        assertThat(holly.device().peers()).extracting(DevicePeer::name).containsExactly("jacinth");
        assertThat(peer(holly, "jacinth").allowedIps()).containsExactly(Cidr.parse("0.0.0.0/0"), Cidr.parse("::/0"));
        assertThat(routes(holly)).containsExactlyInAnyOrder("10.42.0.0/24", "2001:db8:306:42::/64");
        assertThat(holly.forwarding4()).isFalse();
        assertThat(holly.wall()).isEqualTo(Wall.NONE);
        assertThat(peer(holly, "jacinth").endpoint().orElseThrow().toString()).isEqualTo("192.168.10.254:4296");
        // Each knows where the other is.
        assertThat(peer(holly, "jacinth").keepalive()).isZero();
        assertThat(peer(plan("home", "jacinth"), "holly").endpoint()).isPresent();
    }

    @Test
    void theCentralServerKnowsWhatIsBehindEach() {
        HostPlan jacinth = plan("home", "jacinth");
        assertThat(peer(jacinth, "xena").allowedIps())
                .containsAll(prefixes("10.42.0.33", "192.168.12.0/28", "2001:db8:306:12::/64", "10.42.0.34"));
        assertThat(peer(jacinth, "holly").allowedIps())
                .containsExactlyElementsOf(
                        prefixes("10.42.0.20", "192.168.10.20", "2001:db8:306:1::14", "2001:db8:306:42::14"));
        assertThat(jacinth.device().peers()).extracting(DevicePeer::name).doesNotContain("petra", "dusty", "chandra");
        assertThat(jacinth.forwarding4() && jacinth.forwarding6()).isTrue();
    }

    @Test
    void whatTheCloudIsTheDefaultRouteForIsThrownWhereItIsNear() {
        HostPlan jacinth = plan("home", "jacinth");
        assertThat(peer(jacinth, "surya").allowedIps())
                .contains(Cidr.parse("::/0"))
                .doesNotContain(Cidr.parse("0.0.0.0/0"));
        assertThat(routes(jacinth))
                .contains("::/0", "throw 2001:db8:306:1::/64")
                .doesNotContain("0.0.0.0/0");
    }

    @Test
    void whoRoamsSendsAllThroughItsHubButWhatIsInsideIt() {
        HostPlan xena = plan("home", "xena");
        assertThat(routes(xena))
                .containsExactlyInAnyOrder("0.0.0.0/0", "::/0", "throw 192.168.12.0/28", "throw 2001:db8:306:12::/64");
        assertThat(peer(xena, "jacinth").keepalive()).isEqualTo(25);
        assertThat(peer(plan("home", "jacinth"), "xena").endpoint()).isEmpty();
        assertThat(xena.rules())
                .extracting(Machine.PolicyRule::priority)
                .doesNotHaveDuplicates()
                .hasSize(4);
    }

    @Test
    void aMachineInsideUsesItsTunnelForItsHostAlone() {
        HostPlan petra = plan("home", "petra");
        assertThat(routes(petra)).containsExactlyInAnyOrder("10.42.0.33/32", "2001:db8:306:42::21/128");
        assertThat(petra.device().peers()).extracting(DevicePeer::name).containsExactly("xena");
    }

    @Test
    void thePhonesAllowedIpsAreItsRoutes() {
        HostPlan selen = plan("home", "selen");
        assertThat(peer(selen, "jacinth").allowedIps())
                .extracting(Cidr::toString)
                .containsExactlyInAnyOrderElementsOf(routes(selen));
    }

    @Test
    void whoMovesChangesNothing() {
        assertThat(plan("both-away")).isEqualTo(plan("home"));
    }

    @Test
    void whoAsksAnotherHubChangesThatHubTheOtherAndItself() {
        Map<String, HostPlan> home = plan("home");
        Map<String, HostPlan> asks = plan("selen-asks-surya");
        Set<String> changed = new HashSet<>();
        home.forEach((host, plan) -> {
            if (!plan.equals(asks.get(host))) {
                changed.add(host);
            }
        });
        assertThat(changed).containsExactlyInAnyOrder("selen", "surya", "jacinth");
        assertThat(peer(plan("selen-asks-surya", "jacinth"), "surya").allowedIps())
                .contains(Cidr.parse("10.42.0.40"));
        assertThat(plan("selen-asks-surya", "jacinth").device().peers())
                .extracting(DevicePeer::name)
                .doesNotContain("selen");
        assertThat(peer(plan("selen-asks-surya", "selen"), "surya").keepalive()).isEqualTo(25);
    }

    @Test
    void whoseHubIsPackedAsksTheCloud() {
        HostPlan surya = plan("packed", "surya");
        assertThat(surya.device().peers()).extracting(DevicePeer::name).contains("xena", "selen");
        assertThat(peer(plan("packed", "xena"), "surya").allowedIps()).contains(Cidr.parse("0.0.0.0/0"));
        assertThat(surya.forwarding4()).isTrue();
        // And is ready for it before.
        assertThat(plan("home", "surya").forwarding4()).isTrue();
        assertThat(plan("home", "surya").wall()).isEqualTo(surya.wall());
    }

    @Test
    void sourcesAreHiddenOnlyWhereNoAnswerWouldFindBack() {
        List<Translation> surya = plan("home", "surya").wall().translations();
        // Its provider sends it all IPv6 addresses of the network, and none of IPv4.
        assertThat(surya)
                .filteredOn(Translation.Masquerade.class::isInstance)
                .containsExactly(new Translation.Masquerade("eth0", false, List.of()));
        for (String host : List.of("xena", "petra", "holly", "selen", "chandra")) {
            assertThat(plan("home", host).wall().translations()).as(host).isEmpty();
        }
    }

    @Test
    void noPrefixIsGivenToTwoPeersOfAHost() {
        for (Situation situation : couchNet.situations()) {
            Planner.plan(couchNet, situation)
                    .forEach((host, plan) -> assertThat(plan.device().peers().stream()
                                    .flatMap(peer -> peer.allowedIps().stream())
                                    .toList())
                            .as(host + ", " + situation.name())
                            .doesNotHaveDuplicates());
        }
    }

    /** What a packet of somebody on the same wild network meets on a host that sends on packets, and whatever it pretends. */
    private static boolean letsOn(Wall wall, String in, String to, Service service) {
        return letsOn(wall, in, to.contains(":") ? "2001:db8:99::3" : "198.51.100.3", to, service);
    }

    private static boolean letsOn(Wall wall, String in, String from, String to, Service service) {
        Packet packet = new Packet(service.protocol(), false, 100, ip(from), ip(to), Packet.EPHEMERAL, service.port());
        return new Barrier(wall).dropsForward(packet, in, "wg0") == null;
    }

    private static Ip ip(String text) {
        return Ip.of(Cidr.parse(text).address());
    }

    private static Network small(String... changes) throws Exception {
        String text = NetworkFileTest.SMALL;
        for (int i = 0; i < changes.length; i += 2) {
            assertThat(text).contains(changes[i]);
            text = text.replace(changes[i], changes[i + 1]);
        }
        return NetworkFile.parse("small.toml", text);
    }

    private static Wall wall(Network network, String host) {
        return Objects.requireNonNull(
                        Planner.plan(network, network.situations().getFirst()).get(host))
                .wall();
    }

    @Test
    void nobodyInACafeIsSentOnByWhoSitsThere() throws Exception {
        for (String role : List.of("role = \"roaming\"", "role = \"roaming\"\nthrough = \"names\"")) {
            Wall laptop = wall(small("role = \"roaming\"", role), "laptop");
            assertThat(letsOn(laptop, "eth0", "10.9.0.1", Service.PING))
                    .as(role)
                    .isFalse();
            assertThat(letsOn(laptop, "br0", "10.9.0.1", Service.PING)).as(role).isTrue();
        }
        // Nor by one that is the hub of others, with nothing inside it.
        Network relay = small(
                "on.box = 1",
                "endpoint = \"laptop.example.org\"",
                "role = \"vm\"",
                "role = \"roaming\"\nhub = \"laptop\"",
                "on.box = 2",
                "on.lan = 9",
                "[networks.box]\nkind = \"inside\"\naddresses = [\"192.168.2.0/28\"]\ngateway = \"laptop\"\n",
                "");
        assertThat(letsOn(wall(relay, "laptop"), "eth0", "10.9.0.1", Service.PING))
                .isFalse();
    }

    @Test
    void theGateIsLetInWhereverOneMayBe() throws Exception {
        Network network = small(
                "role = \"leaf\"",
                "role = \"leaf\"\non.isp = [\"203.0.113.9\"]\ninterfaces.isp = \"eth1\"",
                "away.laptop = \"cafe\"",
                "away.laptop = \"cafe\"\nusing.laptop = \"desk\"");
        assertThat(wall(network, "desk").input())
                .anySatisfy(filter -> assertThat(filter.services()).contains(new Service(Service.Protocol.UDP, 4297)));
    }

    @Test
    void whatIsLetInIsForWhatTheProviderSendsHere() throws Exception {
        Wall hub = wall(small(), "hub");
        Service web = new Service(Service.Protocol.TCP, 80);
        assertThat(letsOn(hub, "eth1", "2001:db8:2::4", web)).isTrue();
        assertThat(letsOn(hub, "eth1", "fd00:9::3", "2001:db8:2::4", web)).isFalse(); // who sends as one of us
        assertThat(letsOn(hub, "eth1", "10.9.0.4", web)).isFalse();
        assertThat(letsOn(hub, "eth1", "192.168.1.4", web)).isFalse();
    }
}
