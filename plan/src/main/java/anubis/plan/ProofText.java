package anubis.plan;

import anubis.plan.Proof.Cell;
import anubis.plan.Proof.Checked;
import anubis.plan.Proof.Fault;
import anubis.plan.Proof.Pair;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A proof for people: of each situation a matrix, if that fits on a terminal, and every fault once. */
public final class ProofText {
    /** So many hosts fit into the width of a terminal, with their names. */
    private static final int MATRIX_MAX = 30;

    private static final int FAULTS_MAX = 40;
    private static final int WORST_MAX = 5;

    private final StringBuilder text = new StringBuilder();

    private ProofText() {}

    /** All situations. */
    public static String of(Proof proof) {
        ProofText text = new ProofText();
        proof.situations().forEach(text::situation);
        long faulty =
                proof.situations().stream().filter(checked -> !checked.holds()).count();
        text.line(
                proof.holds()
                        ? "%s: proved in %s"
                                        .formatted(
                                                proof.network(),
                                                count(proof.situations().size(), "situation"))
                                + idle(proof)
                        : "%s: not proved: faults in %d of %s"
                                .formatted(
                                        proof.network(),
                                        faulty,
                                        count(proof.situations().size(), "situation")));
        return text.text.toString();
    }

    /** What nobody should take for proved. */
    private static String idle(Proof proof) {
        String idle = proof.situations().stream()
                .filter(Checked::idle)
                .map(Checked::situation)
                .collect(Collectors.joining(", "));
        return idle.isEmpty() ? "" : ", but no host is asked to reach another in: " + idle;
    }

    /** One situation. */
    public static String of(Checked checked) {
        ProofText text = new ProofText();
        text.situation(checked);
        return text.text.toString();
    }

    private void line(String line) {
        text.append(line).append('\n');
    }

    private void situation(Checked checked) {
        line(checked.situation() + (checked.note().isEmpty() ? "" : ": " + checked.note()));
        if (checked.hosts().size() <= MATRIX_MAX) {
            matrix(checked);
        } else {
            worst(checked);
        }
        line("%s, %s followed: %s"
                .formatted(
                        count(checked.hosts().size(), "machine"),
                        count(checked.questions(), "packet"),
                        totals(checked)));
        checked.faults().stream().limit(FAULTS_MAX).forEach(this::fault);
        if (checked.faults().size() > FAULTS_MAX) {
            line("  and " + (checked.faults().size() - FAULTS_MAX) + " other faults");
        }
        unasked(checked);
        checked.findings().stream().limit(FAULTS_MAX).forEach(finding -> line("  note: " + finding));
        if (checked.findings().size() > FAULTS_MAX) {
            line("  and " + (checked.findings().size() - FAULTS_MAX) + " other notes");
        }
        line("");
    }

    private void fault(Fault fault) {
        line("  " + word(fault.cell()) + ": " + fault);
    }

    private void unasked(Checked checked) {
        List<Pair> unasked = checked.unasked();
        if (!unasked.isEmpty()) {
            line("  not asked: %,d of the %s of hosts, as %s: the description has no way for it"
                    .formatted(unasked.size(), count(checked.pairs(), "pair"), unasked.getFirst()));
        }
    }

    private static String totals(Checked checked) {
        return Stream.of(Cell.FINE, Cell.SHUT, Cell.FAILS, Cell.OPEN, Cell.UNKNOWN, Cell.FREE)
                .filter(cell -> cell == Cell.FINE || checked.count(cell) > 0)
                .map(cell -> "%,d %s".formatted(checked.count(cell), word(cell)))
                .collect(Collectors.joining(", ", "of the pairs ", ""));
    }

    private static String word(Cell cell) {
        return switch (cell) {
            case OPEN -> "open";
            case SHUT -> "shut out";
            case FAILS -> "failing";
            case FREE -> "not asked";
            case FINE, UNKNOWN -> cell.name().toLowerCase(Locale.ROOT);
        };
    }

    private static String count(long count, String what) {
        return "%,d %s%s".formatted(count, what, count == 1 ? "" : "s");
    }

    /** Rows ask, columns are asked; the columns have the numbers of the rows. */
    private void matrix(Checked checked) {
        List<String> hosts = checked.hosts();
        int width = hosts.stream().mapToInt(String::length).max().orElse(0);
        String head = IntStream.rangeClosed(1, hosts.size())
                .mapToObj("%3d"::formatted)
                .collect(Collectors.joining());
        line("     " + " ".repeat(width) + head);
        for (int from = 0; from < hosts.size(); from++) {
            int row = from;
            line(("  %2d %-" + Math.max(width, 1) + "s").formatted(from + 1, hosts.get(from))
                    + IntStream.range(0, hosts.size())
                            .mapToObj(to -> "  "
                                    + (to == row
                                            ? '\\'
                                            : sign(checked.cells().get(row).get(to))))
                            .collect(Collectors.joining()));
        }
        line("  + fine   - shut out   x fails   ! arrives, but must not   ? unknown   . nothing is asked");
    }

    private static char sign(Cell cell) {
        return switch (cell) {
            case FREE -> '.';
            case SHUT -> '-';
            case FINE -> '+';
            case UNKNOWN -> '?';
            case OPEN -> '!';
            case FAILS -> 'x';
        };
    }

    /** The hosts that most is wrong with. */
    private void worst(Checked checked) {
        List<Integer> wrong = IntStream.range(0, checked.hosts().size())
                .mapToObj(from -> (int) checked.cells().get(from).stream()
                        .filter(cell -> cell.wrong())
                        .count())
                .toList();
        IntStream.range(0, wrong.size())
                .boxed()
                .filter(i -> wrong.get(i) > 0)
                .sorted(Comparator.comparing((Integer i) -> wrong.get(i)).reversed())
                .limit(WORST_MAX)
                .forEach(i -> line("  " + checked.hosts().get(i) + " asks " + count(wrong.get(i), "other")
                        + " in vain, or what must not be"));
    }
}
