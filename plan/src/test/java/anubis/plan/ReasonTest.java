package anubis.plan;

import static anubis.plan.MachineMaker.ip;
import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.Cidr;
import anubis.plan.Machine.TableRoute;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each reason, in a world in which all is well but for one thing. */
class ReasonTest {
    private static Arguments of(
            String name,
            Consumer<SmallWorld> spoil,
            String from,
            String to,
            Reason reason,
            String machine,
            String detail) {
        return Arguments.of(name, spoil, from, to, reason, machine, detail);
    }

    static Stream<Arguments> faults() {
        return Stream.of(
                of(
                        "no default route",
                        small -> small.leaf.routes.removeIf(route -> route.table() == MachineMaker.MAIN),
                        "leaf",
                        "203.0.113.1",
                        Reason.NO_ROUTE,
                        "leaf",
                        "no table has a route for it"),
                of(
                        "no route on the way",
                        small -> small.hub.routes.removeIf(route -> route.table() == MachineMaker.MAIN),
                        "leaf",
                        "203.0.113.1",
                        Reason.NO_ROUTE,
                        "hub",
                        "192.168.1.5 → 203.0.113.1"),
                of(
                        "an unreachable route",
                        small -> small.hub.routes.add(new TableRoute(
                                MachineMaker.TABLE,
                                Cidr.parse("203.0.113.1/32"),
                                TableRoute.Type.UNREACHABLE,
                                "",
                                Optional.empty(),
                                Optional.empty())),
                        "leaf",
                        "203.0.113.1",
                        Reason.REFUSED_ROUTE,
                        "hub",
                        "unreachable 203.0.113.1/32"),
                of(
                        "nobody there",
                        _ -> {},
                        "leaf",
                        "192.168.1.77",
                        Reason.NO_NEIGHBOUR,
                        "leaf",
                        "nobody answers for 192.168.1.77 on lan"),
                of(
                        "a router that is not there",
                        small -> {
                            small.leaf.routes.clear();
                            small.leaf.via("0.0.0.0/0", "eth0", "192.168.1.250");
                        },
                        "leaf",
                        "203.0.113.1",
                        Reason.NO_NEIGHBOUR,
                        "leaf",
                        "192.168.1.250 on lan"),
                of(
                        "no forwarding",
                        small -> small.laptop.forwarding4 = false,
                        "leaf",
                        "172.20.0.2",
                        Reason.NOT_FORWARDED,
                        "laptop",
                        "IPv4"),
                of(
                        "no rule for bearer packets",
                        small -> small.laptop.rules.removeIf(rule -> rule.mark().isPresent()),
                        "laptop",
                        "192.168.1.5",
                        Reason.BEARER_IN_OWN_TUNNEL,
                        "laptop",
                        "the bearer packets of wg0 on laptop to hub go into wg0"),
                of(
                        "bearer packets into the tunnel that bears them, elsewhere",
                        small -> {
                            // The hub is told to reach the leaf's LAN through the leaf, by whose tunnel it is reached.
                            small.hub.mark = 0;
                            small.hub.tunnelled("192.168.1.5/32");
                        },
                        "hub",
                        "10.9.0.5",
                        Reason.BEARER_IN_OWN_TUNNEL,
                        "hub",
                        "wg0 on hub to leaf"),
                of(
                        "bearer packets that the other end sends back through their tunnel",
                        small -> {
                            small.laptop.peer("hub", "192.0.2.5:4296", 25, "0.0.0.0/0");
                            small.internet.via("192.0.2.0/24", "net0", "198.51.100.10");
                            small.hub.forward.clear();
                            small.hub
                                    .peer("laptop", "", 0, "10.9.0.7/32 192.0.2.0/24")
                                    .tunnelled("192.0.2.0/24");
                        },
                        "laptop",
                        "192.168.1.5",
                        Reason.BEARER_IN_OWN_TUNNEL,
                        "hub",
                        "the bearer packets of wg0 on laptop to hub go into wg0"),
                of(
                        "a bearer packet that a firewall drops",
                        small -> small.nat.forward.addFirst(MachineMaker.filter(
                                Set.of("in0"),
                                false,
                                List.of(new Service(Service.Protocol.UDP, 4296)),
                                Wall.Verdict.DROP)),
                        "laptop",
                        "192.168.1.5",
                        Reason.BEARER_LOST,
                        "nat",
                        "the bearer packets of wg0 on laptop to hub at 198.51.100.10:4296: a firewall drops it: the filter"
                                + " in in0 for udp 4296"),
                of(
                        "a bearer packet whose answer goes astray",
                        small -> small.internet.links.put(
                                "net2", new Machine.Link("net2", new Machine.Kind.Ethernet("else"), List.of(), 1500)),
                        "laptop",
                        "192.168.1.5",
                        Reason.BEARER_LOST,
                        "nat",
                        "nobody answers for 198.18.0.1"),
                of(
                        "two routers that send to each other",
                        small -> {
                            small.hub.via("203.0.113.64/26", "eth1", "198.51.100.1");
                            small.internet.via("203.0.113.64/26", "net0", "198.51.100.10");
                            small.hub.translations.clear();
                            small.hub.input.clear();
                            small.hub.forward.clear();
                        },
                        "leaf",
                        "203.0.113.70",
                        Reason.LOOP,
                        "internet",
                        "internet → hub → internet"),
                of(
                        "hub and peer that send to each other",
                        small -> {
                            small.hub.peer("leaf", "192.168.1.5:4296", 0, "10.9.0.5/32 192.168.1.5/32 10.9.0.44/32");
                            small.leaf.forwards();
                        },
                        "leaf",
                        "10.9.0.44",
                        Reason.LOOP,
                        "leaf",
                        "it comes back to leaf by wg0"),
                of(
                        "nobody has it in the tunnel",
                        _ -> {},
                        "leaf",
                        "10.9.0.99",
                        Reason.NO_PEER,
                        "hub",
                        "no peer of wg0"),
                of(
                        "a source that the hub does not allow",
                        small -> small.hub.peer("laptop", "", 0, "fd09::7/128"),
                        "laptop",
                        "192.168.1.5",
                        Reason.NOT_ALLOWED,
                        "hub",
                        "dropped by the allowed IPs of laptop on wg0 of hub"),
                of(
                        "allowed IPs that the last peer takes",
                        small -> small.hub.peer("server", "203.0.113.9:4296", 25, "10.9.0.9/32 10.9.0.7/32"),
                        "leaf",
                        "10.9.0.7",
                        Reason.ALLOWED_IPS_STOLEN,
                        "hub",
                        "10.9.0.7/32 of laptop is given to server, too"),
                of(
                        "allowed IPs that the last peer takes, on the way from the other",
                        small -> small.hub.peer("server", "203.0.113.9:4296", 25, "10.9.0.9/32 10.9.0.7/32"),
                        "laptop",
                        "10.9.0.1",
                        Reason.ALLOWED_IPS_STOLEN,
                        "hub",
                        "10.9.0.7/32 of laptop is given to server, too"),
                of(
                        "the other end has another key",
                        small -> small.hub.key = MachineMaker.key("somebody"),
                        "leaf",
                        "10.9.0.1",
                        Reason.STRANGER,
                        "hub",
                        "wg0 has another key than wg0 on leaf expects of hub at 192.168.1.1:4296"),
                of(
                        "the other end does not know the key",
                        small -> small.hub.peers.remove("leaf"),
                        "leaf",
                        "10.9.0.1",
                        Reason.STRANGER,
                        "hub",
                        "wg0 does not know the key of wg0 on leaf"),
                of(
                        "a wrong port",
                        small -> small.leaf.peer("hub", "192.168.1.1:51820", 0, "0.0.0.0/0 ::/0"),
                        "leaf",
                        "10.9.0.1",
                        Reason.NOBODY_LISTENS,
                        "hub",
                        "UDP port 51820, where wg0 on leaf to hub is sent"),
                of(
                        "no keepalive behind NAT",
                        small -> small.laptop.peer("hub", "198.51.100.10:4296", 0, "0.0.0.0/0 ::/0"),
                        "leaf",
                        "10.9.0.7",
                        Reason.NO_INITIATOR,
                        "hub",
                        "it has no endpoint for laptop, which does not begin by itself: no keepalive for hub"),
                of(
                        "no endpoint at either end",
                        small -> small.laptop.peer("hub", "", 25, "0.0.0.0/0 ::/0"),
                        "leaf",
                        "10.9.0.7",
                        Reason.NO_INITIATOR,
                        "hub",
                        "nor has that one for hub"),
                of(
                        "a name that nobody has",
                        small -> small.leaf.peer("hub", "hub.example.net:4296", 0, "0.0.0.0/0 ::/0"),
                        "leaf",
                        "10.9.0.1",
                        Reason.NO_INITIATOR,
                        "leaf",
                        "hub.example.net"),
                of(
                        "a strict check of what comes by the hub",
                        small -> {
                            small.leaf.sourceCheck = 1;
                            small.leaf.tunnelled("192.168.1.0/24");
                        },
                        "hub",
                        "192.168.1.5",
                        Reason.SOURCE_CHECK,
                        "leaf",
                        "it does not answer hub, which asks who has 192.168.1.5 on lan: rp_filter is 1"),
                of(
                        "a strict check of a forwarded packet",
                        small -> small.leaf.sourceCheck = 1,
                        "server",
                        "192.168.1.5",
                        Reason.SOURCE_CHECK,
                        "leaf",
                        "rp_filter is 1, and what is for the source does not go out by eth0"),
                of(
                        "an answer that takes another way",
                        small -> {
                            // The server answers plainly what came through the tunnel, and the hub's firewall knows
                            // nothing of it.
                            small.server.routes.clear();
                            small.server.via("0.0.0.0/0", "eth0", "203.0.113.1");
                            small.internet.via("10.9.0.0/24", "net0", "198.51.100.10");
                            small.hub.forward.clear();
                            small.internet.forward.add(
                                    MachineMaker.filter(Set.of("net1"), true, List.of(), Wall.Verdict.ACCEPT));
                            small.internet.forward.add(MachineMaker.filter(
                                    Set.of("net1"),
                                    false,
                                    List.of(new Service(Service.Protocol.UDP, 4296)),
                                    Wall.Verdict.ACCEPT));
                            small.internet.forward.add(
                                    MachineMaker.filter(Set.of("net1"), false, List.of(), Wall.Verdict.DROP));
                        },
                        "leaf",
                        "10.9.0.9",
                        Reason.ASYMMETRIC,
                        "internet",
                        "in net1 drops it"),
                of(
                        "a forgotten translation",
                        small -> small.hub.translations.clear(),
                        "leaf",
                        "203.0.113.1",
                        Reason.NO_ROUTE,
                        "internet",
                        "203.0.113.1 → 192.168.1.5"),
                of(
                        "a firewall",
                        _ -> {},
                        "server",
                        "198.51.100.10",
                        Reason.FIREWALL,
                        "hub",
                        "the filter in eth1 drops it"),
                of(
                        "two machines with one address",
                        small -> small.add("other").on("lan", "eth0", "192.168.1.5/24"),
                        "hub",
                        "192.168.1.5",
                        Reason.OVERLAP,
                        "hub",
                        "leaf and other both have the address 192.168.1.5 on lan"),
                of(
                        "a network in another one's place",
                        small -> small.add("other").on("hotel", "eth0", "192.168.77.9/24"),
                        "nat",
                        "192.168.77.10",
                        Reason.NO_NEIGHBOUR,
                        "nat",
                        "on hotel"),
                of(
                        "an MTU without IPv6",
                        small -> small.laptop.mtu = 1200,
                        "laptop",
                        "fd09::1",
                        Reason.MTU,
                        "laptop",
                        "less than 1280"),
                of("no address of the family", _ -> {}, "nat", "fd01::1", Reason.NO_ADDRESS, "nat", "IPv6"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("faults")
    void isNamed(
            String name,
            Consumer<SmallWorld> spoil,
            String from,
            String to,
            Reason reason,
            String machine,
            String detail) {
        SmallWorld small = new SmallWorld();
        spoil.accept(small);
        Outcome outcome = small.ping(from, to);
        assertThat(SmallWorld.word(outcome)).as(outcome.toString()).isEqualTo(reason.name() + " at " + machine);
        assertThat(((Outcome.Lost) outcome).detail()).contains(detail);
    }

    @Test
    void noReasonIsLeftOut() {
        assertThat(faults().map(arguments -> arguments.get()[4]).distinct())
                .containsExactlyInAnyOrder((Object[]) Reason.values());
    }

    @Test
    void whatIsNotUnderstoodIsUnknown() {
        SmallWorld small = new SmallWorld();
        small.hub.unknown.add("PostUp = /opt/magic.sh");
        assertThat(SmallWorld.word(small.ping("leaf", "10.9.0.7"))).isEqualTo("unknown at hub");
        assertThat(SmallWorld.word(small.ping("laptop", "172.20.0.2"))).isEqualTo("reached");
    }

    @Test
    void anAddressOfTwoIsFoundWhateverIsSent() {
        SmallWorld small = new SmallWorld();
        small.add("other").on("lan", "eth0", "192.168.1.5/24");
        assertThat(Proof.check(small.world(), List.of("hub"), Service.PING).findings())
                .map(Proof.Finding::toString)
                .containsExactly("other: " + Reason.OVERLAP + ": 192.168.1.5 on eth0 is an address of leaf, too");
    }

    @Test
    void aPacketThatMustNotBeDividedMustFit() {
        SmallWorld small = new SmallWorld();
        small.internet.links.put(
                "net2",
                new Machine.Link(
                        "net2", new Machine.Kind.Ethernet("uplink"), MachineMaker.cidrs("198.18.0.1/30"), 1400));
        Prover prover = new Prover(small.world());
        assertThat(SmallWorld.word(prover.trace("laptop", Optional.empty(), ip("192.168.1.5"), Service.PING, 1328)))
                .isEqualTo("reached");
        assertThat(prover.trace("laptop", Optional.empty(), ip("192.168.1.5"), Service.PING, 1420))
                .isInstanceOfSatisfying(Outcome.Lost.class, lost -> {
                    assertThat(lost.reason()).isEqualTo(Reason.MTU);
                    assertThat(lost.machine()).isEqualTo("laptop");
                    assertThat(lost.detail()).contains("1480 bytes, 80 more than net2 on internet takes");
                });
        assertThat(Proof.check(small.world(), List.of("laptop"), Service.PING).findings())
                .map(Proof.Finding::toString)
                .contains(
                        "laptop: the packet is larger than the path takes: bearer packets of wg0 to hub are of up to 1480"
                                + " bytes, 80 more than net2 on internet takes; set its MTU to 1340");
    }
}
