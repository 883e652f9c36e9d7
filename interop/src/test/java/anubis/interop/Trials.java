package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.netlab.Observed;
import anubis.netlab.Probe;
import anubis.netlab.Reality;
import anubis.plan.Network;
import anubis.plan.Planner;
import anubis.plan.Prover;
import anubis.plan.Service;
import anubis.plan.Situation;
import anubis.plan.World;
import anubis.plan.WorldBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Worlds that are built, and every ping in them compared with what the prover says; several at a time, as most time is waited. */
final class Trials implements AutoCloseable {
    private static final int AT_A_TIME = 3;

    private final ExecutorService threads = Executors.newFixedThreadPool(AT_A_TIME);
    private final List<Future<Reality>> running = new ArrayList<>();
    private final List<String> names = new ArrayList<>();

    /** What came of all of them. */
    record Sum(int worlds, int pairs, int reached, int unknown, List<String> differences) {
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%d worlds, %d pairs: %d equal (%d reached, %d lost), %d unknown, %d different",
                    worlds,
                    pairs,
                    pairs - unknown - differences.size(),
                    reached,
                    pairs - reached,
                    unknown,
                    differences.size());
        }
    }

    /** The world of a situation as it is planned. */
    static World world(Network network, Situation situation) {
        return WorldBuilder.build(network, situation, Planner.plan(network, situation));
    }

    /** Begins with a world of a network; its hosts and the stranger ask. */
    void begin(String name, Network network, World world) {
        names.add(name);
        running.add(threads.submit(() -> {
            Prover prover = new Prover(world);
            List<Probe> probes = Reality.probes(
                    world,
                    machine -> network.hosts().containsKey(machine.name())
                            || machine.name().equals(Network.STRANGER));
            return Reality.compare(
                    world,
                    probes,
                    probe -> prover.trace(probe.from(), Optional.empty(), probe.address(), Service.PING));
        }));
    }

    /** Waits for all of them. */
    Sum sum() throws Exception {
        int pairs = 0;
        int reached = 0;
        int unknown = 0;
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < running.size(); i++) {
            try {
                Reality reality = running.get(i).get();
                pairs += reality.seen().size();
                reached += (int) reality.seen().values().stream()
                        .filter(Observed::answered)
                        .count();
                unknown += reality.unknown();
                for (String difference : reality.differences()) {
                    differences.add(names.get(i) + ": " + difference);
                }
            } catch (ExecutionException e) {
                throw new AssertionError(names.get(i), e.getCause());
            }
        }
        return new Sum(running.size(), pairs, reached, unknown, differences);
    }

    static void assertEqual(Sum sum) {
        assertThat(sum.differences()).as(sum.toString()).isEmpty();
        assertThat(sum.reached()).isPositive();
        assertThat(sum.reached()).isLessThan(sum.pairs());
    }

    @Override
    public void close() {
        threads.shutdownNow();
        threads.close();
    }
}
