package anubis.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * This tree's device and wireguard-go, side by side: one after the other, round by round, each at both ends of a tunnel
 * between two network namespaces. Prints a table in Markdown with the median of each figure.
 */
public final class TunnelBenchmark {
    private static final String USAGE = """
            bench/tunnel [--seconds N] [--rounds N] [--only anubis|wireguard-go] [--quick]
              --seconds N   how long each stream lasts (10)
              --rounds N    how often each implementation has its turn (3)
              --only NAME   one implementation alone
              --quick       one round, streams of 3 seconds, a short warm-up""";

    private int seconds = 10;
    private int rounds = 3;
    private int warmUp = 5;
    private String only = "";

    private record Turn(Contender contender, Map<Metric, Double> figures) {}

    private TunnelBenchmark() {}

    /** Runs it: {@code bench/tunnel} gives the options, and ANUBIS_ROOT and ANUBIS_WIREGUARD_GO in the environment. */
    public static void main(String[] args) throws IOException {
        TunnelBenchmark benchmark = new TunnelBenchmark();
        List<Contender> contenders = List.of();
        try {
            benchmark.parse(new ArrayDeque<>(List.of(args)));
            contenders = benchmark.contenders();
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage() + "\n" + USAGE);
            System.exit(2);
        }
        benchmark.run(contenders);
    }

    private void parse(ArrayDeque<String> options) {
        while (!options.isEmpty()) {
            String option = options.pop();
            switch (option) {
                case "--seconds" -> seconds = number(option, options);
                case "--rounds" -> rounds = number(option, options);
                case "--only" -> only = value(option, options);
                case "--quick" -> {
                    seconds = 3;
                    rounds = 1;
                    warmUp = 2;
                }
                default -> throw new IllegalArgumentException("unknown option: " + option);
            }
        }
    }

    private static int number(String option, ArrayDeque<String> options) {
        String value = value(option, options);
        if (!value.matches("[1-9][0-9]{0,3}")) {
            throw new IllegalArgumentException(option + " needs a number from 1 to 9999, not: " + value);
        }
        return Integer.parseInt(value);
    }

    private static String value(String option, ArrayDeque<String> options) {
        if (options.isEmpty()) {
            throw new IllegalArgumentException(option + " needs a value");
        }
        return options.pop();
    }

    private void run(List<Contender> contenders) throws IOException {
        List<Turn> turns = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            for (Contender contender : contenders) {
                System.err.printf("round %d of %d: %s ...%n", round, rounds, contender.name());
                try (TunnelLeg leg = new TunnelLeg(contender, seconds)) {
                    leg.warmUp(warmUp);
                    turns.add(new Turn(contender, leg.measure()));
                }
            }
        }
        print(contenders, turns);
    }

    private List<Contender> contenders() {
        return switch (only) {
            case "" -> List.of(anubis(), wireguardGo());
            case "anubis" -> List.of(anubis());
            case "wireguard-go" -> List.of(wireguardGo());
            default -> throw new IllegalArgumentException("no such implementation: " + only);
        };
    }

    private static Contender anubis() {
        return Contender.anubis(Path.of(environment("ANUBIS_ROOT")));
    }

    private static Contender wireguardGo() {
        return Contender.wireguardGo(Path.of(environment("ANUBIS_WIREGUARD_GO")));
    }

    private static String environment(String variable) {
        String value = System.getenv(variable);
        if (value == null) {
            throw new IllegalArgumentException(variable + " is not set; start this by bench/tunnel");
        }
        return value;
    }

    private void print(List<Contender> contenders, List<Turn> turns) {
        System.out.printf(
                "Median of %d round(s), streams of %d s after %d s of warm-up each. Both ends of a tunnel run the same"
                        + " implementation, on the same CPUs as iperf3.%n%n",
                rounds, seconds, warmUp);
        boolean both = contenders.size() == 2;
        row("", "", contenders.stream().map(Contender::name), both ? "ratio" : "", both ? "aim" : "");
        row("---", "---", contenders.stream().map(contender -> "--:"), both ? "--:" : "", both ? "---" : "");
        for (Metric metric : Metric.values()) {
            List<Double> medians = contenders.stream()
                    .map(contender -> median(turns.stream()
                            .filter(turn -> turn.contender().equals(contender))
                            .map(turn -> turn.figures().getOrDefault(metric, Double.NaN))
                            .sorted()
                            .toList()))
                    .toList();
            row(
                    metric.label(),
                    metric.unit(),
                    medians.stream().map(TunnelBenchmark::figure),
                    both ? String.format(Locale.ROOT, "%.2f", medians.get(0) / medians.get(1)) : "",
                    both ? metric.aim() : "");
        }
    }

    private static void row(String label, String unit, Stream<String> values, String ratio, String aim) {
        System.out.printf("| %-44s | %-10s |", label, unit);
        values.forEach(value -> System.out.printf(" %12s |", value));
        System.out.println(ratio.isEmpty() ? "" : String.format(Locale.ROOT, " %5s | %5s |", ratio, aim));
    }

    private static String figure(double value) {
        return String.format(Locale.ROOT, value < 100 ? "%.2f" : "%,.0f", value);
    }

    private static double median(List<Double> sorted) {
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
}
