package anubis.host;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * A change that is put back unless it is confirmed in time. {@code NAME.confirm} says which change that is, by a token;
 * {@code NAME.previous} what was in force before the first such change, and is not there if nothing was; {@code NAME.beside} the
 * commands that take back what has been done to the rest of the host.
 */
final class Confirmation {
    private static final String TOKEN = "confirm";
    private static final String PREVIOUS = "previous";
    private static final String BESIDE = "beside";

    private final String name;
    private final RunFiles files;

    Confirmation(String name, RunFiles files) {
        this.name = name;
        this.files = files;
    }

    /** The change that waits to be confirmed, if one does. */
    Optional<String> pending() throws IOException {
        return files.read(TOKEN);
    }

    /** What was in force before; nothing if the interface was not up. */
    Optional<Applied> previous() throws IOException {
        return files.applied(PREVIOUS);
    }

    /** Whoever puts the change back starts before it is made, for after it nobody may come through any more. */
    void await(Duration within, Optional<Applied> previous, Beside beside) throws IOException {
        if (pending().isEmpty() && previous.isPresent()) {
            files.write(PREVIOUS, previous.get().format());
        }
        String undo = beside.undo() + files.read(BESIDE).orElse("");
        if (!undo.isEmpty()) {
            files.write(BESIDE, undo);
        }
        String token = UUID.randomUUID().toString();
        files.write(TOKEN, token);
        Launcher.startRollback(name, token, within);
    }

    void takeBackBeside(Consumer<String> warnings) throws IOException {
        Optional<String> undo = files.read(BESIDE);
        if (undo.isPresent()) {
            Command.Answer answer = Command.run(undo.get(), List.of("sh"));
            if (!answer.err().isBlank()) {
                warnings.accept("not all could be taken back: " + answer.err());
            }
        }
    }

    /** A change has come to nothing: what waited before it waits again. */
    void resume(Optional<String> pending) throws IOException {
        if (pending.isPresent()) {
            files.write(TOKEN, pending.get());
        } else {
            forget();
        }
    }

    void forget() throws IOException {
        files.delete(TOKEN);
        files.delete(PREVIOUS);
        files.delete(BESIDE);
    }
}
