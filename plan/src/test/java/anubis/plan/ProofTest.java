package anubis.plan;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.plan.Proof.Cell;
import anubis.plan.Proof.Checked;
import anubis.plan.Proof.Fault;
import anubis.plan.Wall.Filter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What may be called proved, and what may not. */
class ProofTest {
    private static final String HUB = """
            name = "Old and new"
            wireguard = "10.9.0.0/24"
            [hosts.hub]
            key = "1mTAfP7DcM+KrmRJlK+RnUXhnp+mihhFjZ89WLDqfB4="
            wg = 1
            """;

    private static final String PHONE_ABROAD = HUB + """
            role = "cloud"
            on.new = 1
            [hosts.phone]
            role = "phone"
            key = "0aXh1hdHodtuzV3pWMpKn9iEhzptRyphwOJ5jZ3v6Ew="
            wg = 2
            [networks.new]
            kind = "wild"
            addresses = "2001:db8:1::/64"
            [networks.old]
            kind = "wild"
            addresses = "203.0.113.0/24"
            [[situations]]
            name = "abroad"
            away.phone = "old"
            """;

    private static final String ISLANDS = HUB + """
            role = "central"
            on.here = 1
            endpoint = "203.0.113.7"
            [hosts.site]
            role = "gateway"
            key = "0aXh1hdHodtuzV3pWMpKn9iEhzptRyphwOJ5jZ3v6Ew="
            wg = 2
            on.there = 1
            [networks.here]
            kind = "lan"
            addresses = "192.168.1.0/24"
            gateway = "hub"
            [networks.there]
            kind = "lan"
            addresses = "192.168.2.0/24"
            gateway = "site"
            [[situations]]
            name = "usual"
            """;

    static Proof prove(String description) throws Exception {
        return Proof.of(NetworkFile.parse("net.toml", description), Service.PING);
    }

    private static Cell cell(Checked checked, String from, String to) {
        return checked.cells()
                .get(checked.hosts().indexOf(from))
                .get(checked.hosts().indexOf(to));
    }

    @Test
    void aTunnelThatCannotComeUpIsAFault() throws Exception {
        Proof proof = prove(PHONE_ABROAD);
        assertThat(proof.holds()).isFalse();
        Checked abroad = proof.situations().getFirst();
        assertThat(cell(abroad, "phone", "hub")).isEqualTo(Cell.FAILS);
        assertThat(cell(abroad, "hub", "phone")).isEqualTo(Cell.FAILS);
        assertThat(abroad.faults()).anySatisfy(fault -> {
            assertThat(fault.reason()).isEqualTo(Optional.of(Reason.BEARER_LOST));
            assertThat(fault.machine()).isEqualTo("phone");
            assertThat(fault.example().toString()).isEqualTo("hub to 10.9.0.2 of phone");
        });
    }

    @Test
    void soAreTwoIslands() throws Exception {
        Proof proof = prove(ISLANDS);
        assertThat(proof.holds()).isFalse();
        List<Fault> faults = proof.situations().getFirst().faults();
        assertThat(faults).isNotEmpty().allMatch(fault -> fault.cell() == Cell.FAILS);
        assertThat(cell(proof.situations().getFirst(), "site", "hub")).isEqualTo(Cell.FAILS);
    }

    @Test
    void unlessItIsOff() throws Exception {
        assertThat(prove(PHONE_ABROAD + "off = \"phone\"").holds()).isTrue();
        assertThat(prove(ISLANDS + "off = \"site\"").holds()).isTrue();
    }

    @Test
    void whatNobodyAsksIsCounted() throws Exception {
        Proof proof = prove(ISLANDS + "off = \"site\"");
        Checked usual = proof.situations().getFirst();
        assertThat(usual.idle()).isTrue();
        assertThat(usual.unasked()).hasToString("[hub to site, site to hub]");
        assertThat(usual.count(Cell.FREE)).isEqualTo(4);
        assertThat(ProofText.of(proof))
                .contains("2 shut out, 4 not asked\n")
                .contains("  not asked: 2 of the 2 pairs of hosts, as hub to site: the description has no way for it\n")
                .endsWith("Old and new: proved in 1 situation, but no host is asked to reach another in: usual\n");
    }

    @Test
    void whereAllIsAskedNothingIsSaid() throws Exception {
        Checked abroad = prove(PHONE_ABROAD).situations().getFirst();
        assertThat(abroad.idle()).isFalse();
        assertThat(ProofText.of(abroad)).doesNotContain("  not asked:");
    }

    /** CouchNet at home, with another line of its description, and with that let through the cloud server. */
    private static Checked open(String line, String instead, List<Service> through) throws Exception {
        String couchnet = Files.readString(Path.of("../docs/examples/couchnet.toml"));
        assertThat(couchnet).contains(line);
        Network network = NetworkFile.parse("couchnet.toml", couchnet.replace(line, instead));
        Situation home = network.situations().getFirst();
        Filter hole = new Filter(Set.of(), Set.of(), false, through, List.of(), List.of(), Wall.Verdict.ACCEPT);
        UnaryOperator<Wall> spoil = wall -> new Wall(
                wall.input(),
                Stream.concat(Stream.of(hole), wall.forward().stream()).toList(),
                wall.translations(),
                wall.clamped());
        World world = PlantedFaultsTest.world(network, home.name(), "surya", PlantedFaultsTest.wall(spoil));
        return Proof.check(network, home, world, Service.PING);
    }

    @Test
    void whatOneHostLetsInIsShutAtAllOthers() throws Exception {
        Checked checked = open("lets-in = [\"tcp 80\", \"tcp 443\"]", "lets-in = \"ping\"", List.of(Service.PING));
        assertThat(checked.faults()).anySatisfy(fault -> {
            assertThat(fault.cell()).isEqualTo(Cell.OPEN);
            assertThat(fault.example().service()).isEqualTo(Service.PING);
        });
        assertThat(cell(checked, "stranger", "holly")).isEqualTo(Cell.OPEN);
    }

    @Test
    void whatNobodyLetsInIsTriedWhateverIsAsked() throws Exception {
        Checked checked = open("lets-in = [\"tcp 25\", \"tcp 443\"]", "lets-in = \"ping\"", List.of());
        assertThat(checked.faults()).anySatisfy(fault -> {
            assertThat(fault.cell()).isEqualTo(Cell.OPEN);
            assertThat(fault.machine()).isEqualTo("surya");
            assertThat(fault.example().service().protocol()).isNotEqualTo(Service.Protocol.PING);
        });
    }
}
