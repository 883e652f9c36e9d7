package anubis.cli;

import java.io.PrintWriter;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Asks somebody at a terminal, until each answer will do. */
final class Questions {
    /** Reads a line; null at the end of what is typed, as Ctrl-D is. */
    interface Lines {
        @Nullable
        String read();
    }

    private final Lines lines;
    private final PrintWriter out;

    Questions(Lines lines, PrintWriter out) {
        this.lines = lines;
        this.out = out;
    }

    /**
     * The answer; none if it is empty.
     *
     * @param parser whose {@link IllegalArgumentException} says what is wrong with one
     * @throws Anubis.UsageException if no more is typed
     */
    <T> Optional<T> ask(String question, Function<String, T> parser) {
        while (true) {
            out.print(question + " ");
            out.flush();
            String line = lines.read();
            if (line == null) {
                out.println();
                out.flush();
                throw new Anubis.UsageException("not all questions are answered: nothing is written");
            }
            if (line.isBlank()) {
                return Optional.empty();
            }
            try {
                return Optional.of(parser.apply(line.strip()));
            } catch (IllegalArgumentException e) {
                out.println("  " + Anubis.message(e) + ": once more, please");
            }
        }
    }

    /** The answer to a question that needs one. */
    <T> T need(String question, Function<String, T> parser) {
        Optional<T> answer = ask(question, parser);
        while (answer.isEmpty()) {
            out.println("  it cannot be done without: once more, please");
            answer = ask(question, parser);
        }
        return answer.get();
    }
}
