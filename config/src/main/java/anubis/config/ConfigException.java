package anubis.config;

import java.io.Serial;
import java.util.List;
import java.util.stream.Collectors;

/** A configuration file that cannot be used, with every reason. No key is ever part of the text. */
public final class ConfigException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    private final transient List<Problem> problems;

    /**
     * What is wrong in which line and column (the first are 1; 0 is a column that is not told), with which key, and what
     * would be right.
     */
    public record Problem(String file, int line, int column, String key, String fault, String remedy) {
        /** Without a column. */
        public Problem(String file, int line, String key, String fault, String remedy) {
            this(file, line, 0, key, fault, remedy);
        }

        @Override
        public String toString() {
            return file + ":" + line + (column == 0 ? "" : ":" + column) + ": " + key + ": " + fault + "; " + remedy;
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
