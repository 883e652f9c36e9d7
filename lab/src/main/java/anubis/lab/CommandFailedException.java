package anubis.lab;

import java.util.List;

/** A command that could not be run, did not end in time, or ended with another exit status than 0. */
public final class CommandFailedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    CommandFailedException(List<String> command, String why, String stderr) {
        super(String.join(" ", command) + ": " + why + (stderr.isBlank() ? "" : ": " + stderr.strip()));
    }
}
