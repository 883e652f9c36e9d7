package anubis.bench;

import anubis.plan.HostPlan;
import anubis.plan.Network;
import anubis.plan.Planner;
import anubis.plan.Situation;
import java.util.Map;

/** How long the plan of a large network takes, and its proof. */
final class PlanBenchmark {
    private PlanBenchmark() {}

    public static void main(String[] args) {
        int hosts = args.length > 0 ? Integer.parseInt(args[0]) : 1000;
        Network network = LargeNetwork.of(hosts);
        long begin = System.nanoTime();
        int peers = 0;
        for (Situation situation : network.situations()) {
            Map<String, HostPlan> plans = Planner.plan(network, situation);
            peers += plans.values().stream()
                    .mapToInt(plan -> plan.device().peers().size())
                    .sum();
        }
        System.out.printf("plan: %.2f s, %d peers%n", (System.nanoTime() - begin) / 1e9, peers);
    }
}
