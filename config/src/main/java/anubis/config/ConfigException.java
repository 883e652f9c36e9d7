package anubis.config;

import java.io.Serial;
import java.util.List;
import java.util.stream.Collectors;

/** A configuration file that cannot be used, with every reason. No key is ever part of the text. */
public final class ConfigException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    private final transient List<Problem> problems;

    /** What is wrong in which line (the first is 1), with which key, and what would be right. */
    public record Problem(String file, int line, String key, String fault, String remedy) {
        @Override
        public String toString() {
            return file + ":" + line + ": " + key + ": " + fault + "; " + remedy;
        }
    }

    /** With at least one problem. */
    public ConfigException(List<Problem> problems) {
        super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    /** At least one, in the order of lines. */
    public List<Problem> problems() {
        return problems;
    }
}
