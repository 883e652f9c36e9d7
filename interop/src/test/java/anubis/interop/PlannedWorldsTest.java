package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.lab.Lab;
import anubis.plan.Network;
import anubis.plan.NetworkFile;
import anubis.plan.PlantedFaults;
import anubis.plan.RandomDamage;
import anubis.plan.RandomNetworks;
import anubis.plan.Situation;
import anubis.plan.World;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Reality against the prover's word: whole networks of namespaces and our devices, in which everybody pings everybody. What
 * {@code bench/plan-lab} runs with more of them.
 */
final class PlannedWorldsTest {
    private static final Path EXAMPLES = Path.of("..", "docs", "examples");

    /** This one is the demo's, whose test tries it. */
    private static final String OF_THE_DEMO = "couchnet.toml";

    /** What is not to be compared: see docs/prove.md. */
    private static final Set<String> INCOMPARABLE = Set.of(
            // Linux takes whichever of the two was heard last.
            "two with one address",
            // The prover speaks of the kernel's WireGuard. Our device answers by the interface that it was asked at.
            "bearer packets without a mark, and a route that catches them");

    @BeforeAll
    static void needsNamespaces() {
        Lab.obstacle().ifPresent(why -> assumeTrue(false, why));
    }

    @Test
    void theExamplesAreAsProvedInAllTheirSituations() throws Exception {
        try (Trials trials = new Trials();
                Stream<Path> files = Files.list(EXAMPLES)) {
            for (Path file : files.filter(file -> file.toString().endsWith(".toml") && !file.endsWith(OF_THE_DEMO))
                    .sorted()
                    .toList()) {
                Network network = NetworkFile.parse(file.toString(), Files.readString(file));
                for (Situation situation : network.situations()) {
                    trials.begin(network.name() + ", " + situation.name(), network, Trials.world(network, situation));
                }
            }
            Trials.assertEqual(trials.sum());
        }
    }

    @Test
    @Tag("slow")
    void faultsThatPeopleMakeAreAsProved() throws Exception {
        PlantedFaults faults = PlantedFaults.all();
        try (Trials trials = new Trials()) {
            assertThat(faults.worlds()).containsKeys(INCOMPARABLE.toArray(String[]::new));
            faults.worlds().forEach((name, world) -> {
                if (!INCOMPARABLE.contains(name)) {
                    trials.begin(name, faults.network(), world);
                }
            });
            Trials.Sum sum = trials.sum();
            System.out.println("planted faults: " + sum);
            Trials.assertEqual(sum);
        }
    }

    @Test
    void randomNetworksAreAsProvedWholeAndDamaged() throws Exception {
        int networks = Integer.getInteger("plan.lab.networks", 8);
        long seed = Long.getLong("plan.lab.seed", 1);
        int situations = 0;
        try (Trials trials = new Trials()) {
            for (long number = seed; number < seed + networks; number++) {
                Network network = RandomNetworks.of(number);
                List<Situation> all = network.situations();
                for (Situation situation : all) {
                    trials.begin(network.name() + ", " + situation.name(), network, Trials.world(network, situation));
                    situations++;
                }
                World whole = Trials.world(network, all.get((int) (number % all.size())));
                RandomDamage damage = RandomDamage.of(whole, number);
                trials.begin(network.name() + ", " + whole.situation() + ", " + damage.what(), network, damage.world());
            }
            Trials.Sum sum = trials.sum();
            System.out.printf(
                    "%d random networks in %d situations, and %d of them damaged: %s%n",
                    networks, situations, networks, sum);
            Trials.assertEqual(sum);
            assertThat(sum.unknown()).isZero();
        }
    }
}
