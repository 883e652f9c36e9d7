package anubis.bench;

import anubis.plan.HostPlan;
import anubis.plan.Network;
import anubis.plan.NetworkFile;
import anubis.plan.NetworkText;
import anubis.plan.PlanFiles;
import anubis.plan.Planner;
import anubis.plan.Proof;
import anubis.plan.Service;
import anubis.plan.Situation;
import java.util.LinkedHashMap;
import java.util.Map;

/** How long it takes to read a large network's description, to plan it in three situations, to write all files, and to prove it. */
final class PlanBenchmark {
    private static final double SECOND = 1e9;

    private PlanBenchmark() {}

    public static void main(String[] args) throws Exception {
        int hosts = args.length > 0 ? Integer.parseInt(args[0]) : 1000;
        boolean prove = args.length < 2 || !args[1].equals("plan");
        String text = NetworkText.format(LargeNetwork.of(hosts));
        long begin = System.nanoTime();
        Network network = NetworkFile.parse("network.toml", text);
        long read = System.nanoTime();
        Map<String, Map<String, HostPlan>> plans = new LinkedHashMap<>();
        for (Situation situation : network.situations()) {
            plans.put(situation.name(), Planner.plan(network, situation));
        }
        long planned = System.nanoTime();
        int files = PlanFiles.of(network, plans).size();
        long written = System.nanoTime();
        System.out.printf(
                "| %,d | %.2f s | %.2f s | %.2f s (%,d files) | %.2f s |",
                hosts,
                (read - begin) / SECOND,
                (planned - read) / SECOND,
                (written - planned) / SECOND,
                files,
                (written - begin) / SECOND);
        if (prove) {
            Proof proof = Proof.of(network, Service.PING);
            long questions = proof.situations().stream()
                    .mapToLong(Proof.Checked::questions)
                    .sum();
            System.out.printf(
                    " %.1f s for %,d packets and their answers: %s |",
                    (System.nanoTime() - written) / SECOND,
                    questions,
                    proof.holds() ? "all as they must" : "it does not hold");
        }
        System.out.println();
    }
}
