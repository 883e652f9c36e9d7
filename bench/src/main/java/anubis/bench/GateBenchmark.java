package anubis.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.ToDoubleFunction;

/**
 * How long it takes from the request for a tunnel until the first ping through it is answered, for VPNs whose daemons run at
 * both ends already. They have their turns round about.
 */
final class GateBenchmark {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int BEFORE = 50; // ms of pings before the request
    private static final int SECOND = 1_000;

    private static final List<Rival.Opening> RIVALS =
            List.of(AnubisGate::asked, AnubisGate::command, StrongSwan::new, OpenVpn::released, OpenVpn::started);

    /** Milliseconds from the request until the program says that it is done, and until a ping is answered. */
    private record Turn(double done, double answered) {}

    /** The first turn, {@code cold}, is none of the others: nothing is in any cache yet. */
    private record Entrant(Rival rival, GateHosts hosts, List<Turn> cold, List<Turn> turns) {}

    private GateBenchmark() {}

    public static void main(String[] args) throws Exception {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 11;
        List<GateHosts> opened = new ArrayList<>();
        try {
            List<Entrant> entrants = new ArrayList<>();
            for (Rival.Opening rival : RIVALS) {
                GateHosts hosts = new GateHosts();
                opened.add(hosts);
                entrants.add(new Entrant(rival.on(hosts), hosts, new ArrayList<>(), new ArrayList<>()));
            }
            Random random = new Random(10);
            for (int round = 0; round <= rounds; round++) {
                System.err.printf("round %d of %d ...%n", round, rounds);
                for (Entrant entrant : entrants) {
                    Turn turn = turn(entrant, random);
                    (round == 0 ? entrant.cold() : entrant.turns()).add(turn);
                }
            }
            print(rounds, entrants);
        } finally {
            opened.forEach(GateHosts::close);
        }
    }

    private static Turn turn(Entrant entrant, Random random) throws Exception {
        Rival rival = entrant.rival();
        // What has timers of whole seconds is not to be asked at the same time in the second again and again.
        Thread.sleep(random.nextInt(SECOND));
        Turn turn;
        try (Pings pings = new Pings(entrant.hosts())) {
            Thread.sleep(BEFORE);
            if (pings.answered()) {
                throw new IllegalStateException(rival.name() + ": a ping is answered before the tunnel is asked for");
            }
            long asked = System.nanoTime();
            rival.up();
            long done = System.nanoTime();
            long answered = pings.firstAnswer(PATIENCE);
            turn = new Turn((done - asked) / 1e6, (answered - asked) / 1e6);
        }
        rival.down();
        return turn;
    }

    private static void print(int rounds, List<Entrant> entrants) {
        System.out.printf(
                "Median of %d, in milliseconds from the request. A ping was sent every half millisecond.%n%n", rounds);
        System.out.println("| | first ping answered | quickest | slowest | said to be up | the first of all |");
        System.out.println("|---|--:|--:|--:|--:|--:|");
        for (Entrant entrant : entrants) {
            double[] answered = sorted(entrant, Turn::answered);
            double[] done = sorted(entrant, Turn::done);
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %.1f | %.1f | %.1f | %.1f | %.1f |%n",
                    entrant.rival().name(),
                    answered[rounds / 2],
                    answered[0],
                    answered[rounds - 1],
                    done[rounds / 2],
                    entrant.cold().getFirst().answered());
        }
    }

    private static double[] sorted(Entrant entrant, ToDoubleFunction<Turn> figure) {
        return entrant.turns().stream().mapToDouble(figure).sorted().toArray();
    }
}
