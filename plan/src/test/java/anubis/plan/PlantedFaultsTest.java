package anubis.plan;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.Cidr;
import anubis.config.ConfigException;
import anubis.config.Endpoint;
import anubis.crypto.PublicKey;
import anubis.plan.Machine.Device;
import anubis.plan.Machine.DevicePeer;
import anubis.plan.Machine.Kind;
import anubis.plan.Machine.Link;
import anubis.plan.Machine.PolicyRule;
import anubis.plan.Machine.TableRoute;
import anubis.plan.Proof.Cell;
import anubis.plan.Proof.Checked;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Faults that people make, one at a time, in the configurations that the planner makes for CouchNet: the host is named. */
class PlantedFaultsTest {
    private static final Path COUCHNET = Path.of("../docs/examples/couchnet.toml");
    private static final long TABLE = 4296;

    /**
     * A fault.
     *
     * @param host the one whose configuration is spoilt, and which has to be named
     * @param reason what is found; none: something gets in that must not
     */
    record Planted(String name, String situation, String host, UnaryOperator<Machine> spoil, Optional<Reason> reason) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Planted fault(
            String name, String situation, String host, Reason reason, UnaryOperator<Machine> spoil) {
        return new Planted(name, situation, host, spoil, Optional.of(reason));
    }

    static Stream<Planted> faults() {
        return Stream.of(
                fault(
                        "no throw route for the network inside",
                        "xena-away",
                        "xena",
                        Reason.LOOP,
                        without("throw 192.168.12.0/28")),
                fault(
                        "no throw route for the LAN",
                        "home",
                        "jacinth",
                        Reason.LOOP,
                        without("throw 2001:db8:306:1::/64")),
                fault(
                        "no rule for bearer packets",
                        "xena-away",
                        "xena",
                        Reason.BEARER_IN_OWN_TUNNEL,
                        rules(rule -> rule.mark().isEmpty() ? rule : null)),
                fault(
                        "the rule for bearer packets comes too late",
                        "xena-away",
                        "xena",
                        Reason.BEARER_IN_OWN_TUNNEL,
                        rules(rule -> rule.mark().isEmpty() ? rule : priority(rule, rule.priority() + 100))),
                fault(
                        "bearer packets without a mark, and a route that catches them",
                        "home",
                        "surya",
                        Reason.BEARER_IN_OWN_TUNNEL,
                        route("203.0.113.0/24").andThen(device(0, 4296))::apply),
                fault("no rules at all", "xena-away", "xena", Reason.NO_ROUTE, rules(_ -> null)),
                fault(
                        "a wrong allowed IP",
                        "home",
                        "jacinth",
                        Reason.NO_PEER,
                        peer("holly", allowed("10.42.0.20/32", "10.42.0.120/32"))),
                fault(
                        "a wrong allowed IP, seen from the other side",
                        "home",
                        "jacinth",
                        Reason.NOT_ALLOWED,
                        peer("holly", allowed("10.42.0.20/32", "10.42.0.120/32"))),
                fault(
                        "the LAN is not among the phone's allowed IPs",
                        "selen-away",
                        "selen",
                        Reason.NO_PEER,
                        peer("jacinth", allowed("192.168.10.0/24", ""))),
                fault(
                        "the network inside the laptop is not allowed in the cloud",
                        "home",
                        "surya",
                        Reason.NOT_ALLOWED,
                        peer("jacinth", allowed("192.168.12.0/28", ""))),
                fault(
                        "allowed IPs of two",
                        "both-away",
                        "jacinth",
                        Reason.ALLOWED_IPS_STOLEN,
                        peer("selen", allowed("10.42.0.40/32", "10.42.0.40/32 10.42.0.33/32"))),
                fault(
                        "a forgotten SNAT",
                        "home",
                        "jacinth",
                        Reason.NO_ROUTE,
                        wall(wall -> new Wall(wall.input(), wall.forward(), List.of(), wall.clamped()))),
                fault("strict rp_filter", "home", "holly", Reason.SOURCE_CHECK, flags(false, false, 1)),
                fault("no forwarding of IPv4", "home", "jacinth", Reason.NOT_FORWARDED, flags(false, true, 2)),
                fault("no forwarding of IPv6", "home", "xena", Reason.NOT_FORWARDED, flags(true, false, 2)),
                fault(
                        "no keepalive behind NAT",
                        "xena-away",
                        "xena",
                        Reason.NO_INITIATOR,
                        peer("jacinth", peer -> peer(peer, peer.key(), peer.endpoint(), 0))),
                fault(
                        "no keepalive on the phone",
                        "selen-away",
                        "selen",
                        Reason.NO_INITIATOR,
                        peer("jacinth", peer -> peer(peer, peer.key(), peer.endpoint(), 0))),
                fault(
                        "no endpoint for who has none for us",
                        "home",
                        "jacinth",
                        Reason.NO_INITIATOR,
                        peer("surya", peer -> peer(peer, peer.key(), Optional.empty(), 0))),
                fault(
                        "a wrong key",
                        "home",
                        "jacinth",
                        Reason.STRANGER,
                        peer("iris", peer -> peer(peer, MachineMaker.key("nobody"), peer.endpoint(), 0))),
                fault(
                        "a peer that is not there",
                        "home",
                        "jacinth",
                        Reason.STRANGER,
                        peers(peers -> peers.removeIf(peer -> peer.name().equals("vega")))),
                fault(
                        "a wrong port of the hub",
                        "home",
                        "holly",
                        Reason.NOBODY_LISTENS,
                        peer(
                                "jacinth",
                                peer -> peer(
                                        peer, peer.key(), Optional.of(Endpoint.parse("192.168.10.254:51820")), 0))),
                fault("the hub listens elsewhere", "home", "jacinth", Reason.NOBODY_LISTENS, device(4296, 51_820)),
                fault(
                        "an address of the hub that is somebody else's",
                        "home",
                        "iris",
                        Reason.NOBODY_LISTENS,
                        peer(
                                "jacinth",
                                peer -> peer(peer, peer.key(), Optional.of(Endpoint.parse("192.168.10.90:4296")), 0))),
                fault(
                        "the hub's name is an old address",
                        "xena-away",
                        "xena",
                        Reason.BEARER_LOST,
                        peer(
                                "jacinth",
                                peer -> peer(peer, peer.key(), Optional.of(Endpoint.parse("203.0.113.9:4296")), 25))),
                fault(
                        "bearer packets are not let in",
                        "xena-away",
                        "jacinth",
                        Reason.BEARER_LOST,
                        wall(wall -> new Wall(
                                wall.input().stream()
                                        .filter(filter -> filter.services().isEmpty())
                                        .toList(),
                                wall.forward(),
                                wall.translations(),
                                wall.clamped()))),
                fault(
                        "another port without a redirect",
                        "xena-away",
                        "xena",
                        Reason.BEARER_LOST,
                        peer("petra", peer -> peer)
                                        .andThen(peer(
                                                "jacinth",
                                                peer -> peer(
                                                        peer,
                                                        peer.key(),
                                                        Optional.of(Endpoint.parse("203.0.113.77:54")),
                                                        25)))::apply),
                fault(
                        "no default route",
                        "home",
                        "petra",
                        Reason.NO_ROUTE,
                        without("0.0.0.0/0 via 192.168.12.1 dev eth0 table main")),
                fault(
                        "no default route of IPv6 through the cloud",
                        "home",
                        "jacinth",
                        Reason.NO_ROUTE,
                        without("::/0 dev wg0")),
                fault(
                        "a route to the tunnel is missing",
                        "home",
                        "surya",
                        Reason.NO_ROUTE,
                        without("192.168.12.0/28 dev wg0")),
                fault("an unreachable route", "home", "jacinth", Reason.REFUSED_ROUTE, machine -> {
                    List<TableRoute> routes = new ArrayList<>(machine.routes());
                    routes.add(new TableRoute(
                            TABLE,
                            Cidr.parse("192.168.12.2/32"),
                            TableRoute.Type.UNREACHABLE,
                            "",
                            Optional.empty(),
                            Optional.empty()));
                    return with(machine, machine.links(), machine.rules(), routes, machine.wall());
                }),
                fault(
                        "the laptop's firewall forgets who is inside",
                        "xena-away",
                        "xena",
                        Reason.FIREWALL,
                        wall(wall -> new Wall(
                                wall.input(),
                                wall.forward().subList(1, wall.forward().size()),
                                wall.translations(),
                                wall.clamped()))),
                fault("two with one address", "home", "iris", Reason.OVERLAP, addresses("eth0", "192.168.10.20/24")),
                fault("a wrong address", "home", "iris", Reason.NO_NEIGHBOUR, addresses("eth0", "192.168.10.121/24")),
                fault("no address of its own", "home", "surya", Reason.NO_ROUTE, addresses("dum0", "192.168.8.9/32")),
                fault(
                        "an MTU too small for IPv6",
                        "xena-away",
                        "petra",
                        Reason.MTU,
                        machine -> with(
                                machine,
                                machine.links().stream()
                                        .map(link -> new Link(link.name(), link.kind(), link.addresses(), 1200))
                                        .toList(),
                                machine.rules(),
                                machine.routes(),
                                machine.wall())),
                new Planted("an open firewall", "home", "jacinth", wall(_ -> Wall.NONE), Optional.empty()),
                new Planted(
                        "a firewall that lets through what it keeps from itself",
                        "home",
                        "surya",
                        wall(wall -> new Wall(wall.input(), List.of(), wall.translations(), wall.clamped())),
                        Optional.empty()));
    }

    // How a machine is spoilt.

    private static Machine with(
            Machine machine, List<Link> links, List<PolicyRule> rules, List<TableRoute> routes, Wall wall) {
        return new Machine(
                machine.name(),
                links,
                rules,
                routes,
                machine.forwarding4(),
                machine.forwarding6(),
                machine.sourceCheck(),
                wall,
                machine.unknown());
    }

    private static UnaryOperator<Machine> flags(boolean four, boolean six, int sourceCheck) {
        return machine -> new Machine(
                machine.name(),
                machine.links(),
                machine.rules(),
                machine.routes(),
                four,
                six,
                sourceCheck,
                machine.wall(),
                machine.unknown());
    }

    private static UnaryOperator<Machine> without(String route) {
        return machine -> {
            List<TableRoute> left = machine.routes().stream()
                    .filter(each -> !IpText.route(each).startsWith(route))
                    .toList();
            assertThat(left).hasSize(machine.routes().size() - 1);
            return with(machine, machine.links(), machine.rules(), left, machine.wall());
        };
    }

    private static UnaryOperator<Machine> route(String prefix) {
        return machine -> {
            List<TableRoute> routes = new ArrayList<>(machine.routes());
            routes.add(TableRoute.to(TABLE, Cidr.parse(prefix), "wg0"));
            return with(machine, machine.links(), machine.rules(), routes, machine.wall());
        };
    }

    private static UnaryOperator<Machine> rules(UnaryOperator<PolicyRule> change) {
        return machine -> with(
                machine,
                machine.links(),
                machine.rules().stream()
                        .flatMap(rule -> Stream.ofNullable(change.apply(rule)))
                        .toList(),
                machine.routes(),
                machine.wall());
    }

    private static PolicyRule priority(PolicyRule rule, int priority) {
        return new PolicyRule(rule.six(), priority, rule.mark(), rule.inverted(), rule.table(), rule.suppressed());
    }

    static UnaryOperator<Machine> wall(UnaryOperator<Wall> change) {
        return machine ->
                with(machine, machine.links(), machine.rules(), machine.routes(), change.apply(machine.wall()));
    }

    private static UnaryOperator<Machine> addresses(String link, String cidr) {
        return links(each -> each.name().equals(link)
                ? new Link(
                        link,
                        each.kind(),
                        Stream.concat(
                                        Stream.of(Cidr.parse(cidr)),
                                        each.addresses().stream().filter(Cidr::six))
                                .toList(),
                        each.mtu())
                : each);
    }

    private static UnaryOperator<Machine> links(UnaryOperator<Link> change) {
        return machine -> with(
                machine,
                machine.links().stream().map(change).toList(),
                machine.rules(),
                machine.routes(),
                machine.wall());
    }

    private static UnaryOperator<Machine> devices(UnaryOperator<Device> change) {
        return links(link -> link.kind() instanceof Kind.WireGuard wireGuard
                ? new Link(
                        link.name(), new Kind.WireGuard(change.apply(wireGuard.device())), link.addresses(), link.mtu())
                : link);
    }

    private static UnaryOperator<Machine> device(long mark, int port) {
        return devices(device -> new Device(device.key(), port, mark, device.peers()));
    }

    private static UnaryOperator<Machine> peers(Consumer<List<DevicePeer>> change) {
        return devices(device -> {
            List<DevicePeer> peers = new ArrayList<>(device.peers());
            change.accept(peers);
            return new Device(device.key(), device.port(), device.mark(), peers);
        });
    }

    private static UnaryOperator<Machine> peer(String name, UnaryOperator<DevicePeer> change) {
        return peers(peers -> peers.replaceAll(peer -> peer.name().equals(name) ? change.apply(peer) : peer));
    }

    private static DevicePeer peer(DevicePeer peer, PublicKey key, Optional<Endpoint> endpoint, int keepalive) {
        return new DevicePeer(peer.name(), key, peer.allowedIps(), endpoint, keepalive);
    }

    private static UnaryOperator<DevicePeer> allowed(String prefix, String instead) {
        return peer -> {
            assertThat(peer.allowedIps()).contains(Cidr.parse(prefix));
            return new DevicePeer(
                    peer.name(),
                    peer.key(),
                    Stream.concat(
                                    peer.allowedIps().stream().filter(each -> !each.equals(Cidr.parse(prefix))),
                                    MachineMaker.cidrs(instead).stream())
                            .toList(),
                    peer.endpoint(),
                    peer.keepalive());
        };
    }

    // The tests.

    static Network couchnet() throws IOException, ConfigException {
        return NetworkFile.parse("couchnet.toml", Files.readString(COUCHNET));
    }

    static World world(Network network, String situation, String host, UnaryOperator<Machine> spoil) {
        Situation there = situation(network, situation);
        World world = WorldBuilder.build(network, there, Planner.plan(network, there));
        return new World(
                world.situation(),
                world.machines().stream()
                        .map(machine -> machine.name().equals(host) ? spoil.apply(machine) : machine)
                        .toList(),
                world.names());
    }

    private static Situation situation(Network network, String name) {
        return network.situations().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static Checked check(String situation, String host, UnaryOperator<Machine> spoil) throws Exception {
        Network network = couchnet();
        return Proof.check(
                network, situation(network, situation), world(network, situation, host, spoil), Service.PING);
    }

    @Test
    void withoutThemAllIsWell() throws Exception {
        assertThat(check("home", "", machine -> machine).faults()).isEmpty();
        assertThat(faults().count()).isGreaterThanOrEqualTo(30);
    }

    @ParameterizedTest
    @MethodSource("faults")
    void isNamedWithItsHost(Planted planted) throws Exception {
        Checked checked = check(planted.situation, planted.host, planted.spoil);
        assertThat(checked.faults()).as("%s", checked.faults()).anySatisfy(fault -> {
            assertThat(fault.reason()).isEqualTo(planted.reason);
            assertThat(fault.cell()).isEqualTo(planted.reason.isEmpty() ? Cell.OPEN : Cell.FAILS);
            assertThat(fault.toString()).contains(planted.host);
        });
    }
}
