package anubis.plan;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.Cidr;
import anubis.plan.Proof.Cell;
import anubis.plan.Proof.Checked;
import anubis.plan.Proof.Fault;
import anubis.plan.Wall.Filter;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holes in the firewalls of CouchNet that nobody finds from afar, for nobody there has a route to private addresses. */
class IntruderTest {
    private static Checked check(String situation, String host, UnaryOperator<Wall> spoil) throws Exception {
        Network network = PlantedFaultsTest.couchnet();
        Situation there = network.situations().stream()
                .filter(each -> each.name().equals(situation))
                .findFirst()
                .orElseThrow();
        World world = PlantedFaultsTest.world(network, situation, host, PlantedFaultsTest.wall(spoil));
        return Proof.check(network, there, world, Service.PING);
    }

    private static Wall forward(Wall wall, List<Filter> forward) {
        return new Wall(wall.input(), forward, wall.translations(), wall.clamped());
    }

    /** What is let through before all else. */
    private static UnaryOperator<Wall> hole(List<Service> services, String from) {
        Filter hole = new Filter(
                Set.of(),
                Set.of(),
                false,
                services,
                from.isEmpty() ? List.of() : List.of(Cidr.parse(from)),
                List.of(),
                Wall.Verdict.ACCEPT);
        return wall -> forward(
                wall, Stream.concat(Stream.of(hole), wall.forward().stream()).toList());
    }

    private static Fault open(Checked checked) {
        assertThat(checked.faults()).isNotEmpty().allMatch(fault -> fault.cell() == Cell.OPEN);
        return checked.faults().getFirst();
    }

    @Test
    void theHubSendsOnWhatItsProvidersNeighboursSend() throws Exception {
        Checked checked = check("home", "jacinth", wall -> forward(wall, List.of()));
        assertThat(open(checked).machine()).isEqualTo("jacinth");
        assertThat(checked.faults())
                .extracting(Fault::toString)
                .anySatisfy(text -> assertThat(text)
                        .startsWith("jacinth: it lets in by eth1 what a neighbour on isp sends it, and it arrives,"
                                + " which it must not; ")
                        .contains(" a neighbour on isp to "));
        int stranger = checked.hosts().indexOf(Network.STRANGER);
        assertThat(checked.cells().get(stranger).get(checked.hosts().indexOf("dusty")))
                .isEqualTo(Cell.OPEN);
    }

    @Test
    void orWhatItLetsInForItselfAlone() throws Exception {
        List<Service> own = PlantedFaultsTest.couchnet().host("jacinth").letsIn();
        Fault fault = open(check("home", "jacinth", hole(own, "")));
        assertThat(own).contains(fault.example().service());
    }

    @Test
    void orWhatIsForgedAlone() throws Exception {
        Checked checked = check("home", "jacinth", hole(List.of(), "192.168.10.0/24"));
        assertThat(open(checked).cause())
                .isEqualTo("it lets in by eth1 what a neighbour on isp sends it with a forged source");
        assertThat(checked.faults()).hasSize(1);
    }

    @Test
    void orWhatIsForgedToWhatItLetsIn() throws Exception {
        UnaryOperator<Wall> blind = wall -> new Wall(
                wall.input().stream().filter(filter -> filter.from().isEmpty()).toList(),
                wall.forward(),
                wall.translations(),
                wall.clamped());
        Fault fault = open(check("home", "jacinth", blind));
        assertThat(fault.cause()).endsWith("with a forged source");
        assertThat(fault.example().service()).hasToString("tcp 80");
    }

    @Test
    void theLaptopIsOpenInAHotel() throws Exception {
        UnaryOperator<Wall> bare = wall -> new Wall(List.of(), wall.forward(), wall.translations(), wall.clamped());
        assertThat(check("home", "xena", bare).faults()).isEmpty();
        assertThat(open(check("xena-away", "xena", bare)).example().from()).isEqualTo("a neighbour on hotspot");
    }

    @Test
    void thePhoneHasNoFirewallOfOurs() throws Exception {
        Network network = PlantedFaultsTest.couchnet();
        Situation away = network.situations().get(2);
        World world = WorldBuilder.build(network, away, Planner.plan(network, away));
        Intruder intruder = new Intruder(new Prover(world), new Expectation(network, away));
        assertThat(intruder.entrances())
                .extracting(entrance -> entrance.in().toString())
                .contains("eth0 on selen", "eth1 on jacinth", "eth0 on surya")
                .doesNotContain("eth0 on dusty", "eth0 on xena");
        assertThat(intruder.entrances())
                .filteredOn(entrance -> entrance.place().host.name().equals("selen"))
                .allSatisfy(entrance -> assertThat(intruder.attempts(entrance, Ip.of(MachineMaker.ip("10.42.0.40"))))
                        .isEmpty());
    }
}
