package anubis.host;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/**
 * A change that is put back unless it is confirmed in time. {@code NAME.confirm} says which change that is, by a token;
 * {@code NAME.previous} what was in force before the first such change, and is not there if nothing was.
 */
final class Confirmation {
    private static final String TOKEN = "confirm";
    private static final String PREVIOUS = "previous";

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
    void await(Duration within, Optional<Applied> previous) throws IOException {
        if (pending().isEmpty() && previous.isPresent()) {
            files.write(PREVIOUS, previous.get().format());
        }
        String token = UUID.randomUUID().toString();
        files.write(TOKEN, token);
        Launcher.startRollback(name, token, within);
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
    }
}
