package anubis.host;

import java.io.IOException;
import java.io.Serial;
import java.util.List;
import java.util.Objects;

/** A program that did not do what it was told; the text is what it said, and how it was called. */
public final class CommandException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    CommandException(List<String> argv, int status, String said) {
        super(Objects.requireNonNullElse(
                        said.lines().filter(line -> !line.isBlank()).findFirst().orElse(null), "exit status " + status)
                + " (" + String.join(" ", argv) + ")");
    }
}
