package anubis.host;

import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;

/** Starts processes of this program that outlive the one that starts them, by the command that started this one. */
public final class Launcher {
    private Launcher() {}

    /**
     * Starts the device {@code name} and returns once it can be configured.
     *
     * @throws IOException if it could not be started; it has said why on the standard error
     */
    public static void startDevice(String name) throws IOException {
        Process device = new ProcessBuilder(self(), "device", name).inheritIO().start();
        try {
            if (device.waitFor() != 0) {
                throw new IOException("the device " + name + " could not be started");
            }
        } catch (InterruptedException e) {
            device.destroy();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the device started", e);
        }
    }

    /**
     * Starts the process that keeps the kernel interface {@code name}, which is up: no device of ours does.
     *
     * @throws IOException if it could not be started
     */
    public static void startKeeper(String name) throws IOException {
        boolean silent =
                Optional.ofNullable(System.getenv("LOG_LEVEL")).orElse("silent").equals("silent");
        detached("keep", name)
                .redirectError(silent ? ProcessBuilder.Redirect.DISCARD : ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /**
     * Starts the process that rolls a change back after a time, and returns once that time has begun.
     *
     * @throws IOException if it could not be started, so that the change must not be made
     */
    static void startRollback(String name, String token, Duration after) throws IOException {
        Process rollback = detached("rollback", name, token, String.valueOf(after.toSeconds()))
                .redirectOutput(ProcessBuilder.Redirect.PIPE)
                .start();
        // It says so in a line, and then nothing any more.
        if (rollback.getInputStream().read() < 0) {
            throw new IOException(
                    "the process that would put the change back could not be started; nothing is changed");
        }
    }

    private static ProcessBuilder detached(String... words) throws IOException {
        return new ProcessBuilder(Command.located(Stream.concat(Stream.of("setsid", self()), Stream.of(words))
                        .toList()))
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
    }

    private static String self() throws IOException {
        return Optional.ofNullable(System.getenv("ANUBIS_COMMAND"))
                .orElseThrow(() -> new IOException("ANUBIS_COMMAND does not tell where the anubis command is"));
    }
}
