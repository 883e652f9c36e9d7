package anubis.plan;

import static anubis.plan.MachineMaker.ip;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What arrives in a world in which all is well, and by which way. */
class ProverTest {
    private static String way(List<Hop> hops) {
        return String.join(
                " ",
                hops.stream()
                        .flatMap(hop -> Stream.of(
                                        hop.in().isEmpty() ? "" : hop.machine() + "<" + hop.in(),
                                        hop.out().isEmpty() ? "" : hop.machine() + ">" + hop.out())
                                .filter(each -> !each.isEmpty()))
                        .toList());
    }

    @ParameterizedTest
    @CsvSource({
        "leaf, hub, 192.168.1.1",
        "leaf, hub, 10.9.0.1",
        "leaf, hub, fd09::1",
        "leaf, laptop, 10.9.0.7",
        "leaf, laptop, fd09::7",
        "leaf, guest, 172.20.0.2",
        "leaf, server, 10.9.0.9",
        "leaf, server, 203.0.113.9",
        "hub, leaf, 10.9.0.5",
        "hub, laptop, 10.9.0.7",
        "hub, guest, 172.20.0.2",
        "laptop, leaf, 192.168.1.5",
        "laptop, leaf, fd01::5",
        "laptop, server, 203.0.113.9",
        "laptop, guest, 172.20.0.2",
        "laptop, guest, 10.9.0.8",
        "guest, laptop, 10.9.0.7",
        "guest, laptop, 172.20.0.1",
        "guest, leaf, 192.168.1.5",
        "guest, hub, 10.9.0.1",
        "server, leaf, fd01::5",
        "server, guest, 172.20.0.2",
        "server, internet, 198.51.100.1",
    })
    void arrives(String from, String to, String address) {
        Outcome outcome = new SmallWorld().ping(from, address);
        assertThat(SmallWorld.word(outcome)).as(outcome.toString()).isEqualTo("reached");
        assertThat(outcome.there().getLast().machine()).isEqualTo(to);
        assertThat(outcome.back().getLast().machine()).isEqualTo(from);
    }

    @Test
    void goesByTheHub() {
        Outcome outcome = new SmallWorld().ping("server", "172.20.0.2");
        assertThat(way(outcome.there())).isEqualTo("server>wg0 hub<wg0 hub>wg0 laptop<wg0 laptop>br0 guest<eth0");
        assertThat(way(outcome.back())).isEqualTo("guest>eth0 laptop<br0 laptop>wg0 hub<wg0 hub>wg0 server<wg0");
        assertThat(way(outcome.there().getFirst().bearer()))
                .isEqualTo("server>eth0 internet<net1 internet>net0 hub<eth1");
        assertThat(outcome.there().getFirst().why())
                .isEqualTo("rule 4298 table 4296: 172.20.0.0/24 dev wg0; peer hub by 172.20.0.0/24");
    }

    @Test
    void whoHasJustAskedNeedNotAnswer() {
        SmallWorld small = new SmallWorld();
        small.leaf.sourceCheck = 1;
        small.leaf.tunnelled("192.168.1.0/24");
        assertThat(small.word("hub", "192.168.1.5")).isEqualTo("SOURCE_CHECK at leaf");
        assertThat(small.word("leaf", "203.0.113.1")).isEqualTo("reached");
    }

    @Test
    void whoHidesIsAnsweredByName() {
        Outcome outcome = new SmallWorld().ping("leaf", "203.0.113.1");
        assertThat(way(outcome.there())).isEqualTo("leaf>eth0 hub<eth0 hub>eth1 internet<net0");
        assertThat(outcome.there().get(1).why())
                .isEqualTo("rule 32766 table main: default via 198.51.100.1 dev eth1; from 198.51.100.10");
        assertThat(outcome.back().get(1).why())
                .isEqualTo("to 192.168.1.5; rule 32766 table main: 192.168.1.0/24 dev eth0");
    }

    @Test
    void answersAFixedSource() {
        SmallWorld small = new SmallWorld();
        Prover prover = new Prover(small.world());
        Outcome outcome = prover.trace("leaf", Optional.of(ip("192.168.1.5")), ip("10.9.0.1"), Service.PING);
        assertThat(outcome).isInstanceOf(Outcome.Reached.class);
        assertThat(prover.trace("leaf", Optional.of(ip("192.168.1.6")), ip("10.9.0.1"), Service.PING))
                .isInstanceOfSatisfying(
                        Outcome.Lost.class, lost -> assertThat(lost.reason()).isEqualTo(Reason.NO_ADDRESS));
    }
}
