package anubis.lab;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * How a command ended.
 *
 * @param command the command and its arguments
 * @param status the exit status; 128 + the signal's number if a signal ended it
 * @param stdout all it wrote to its standard output
 * @param stderr all it wrote to its standard error
 */
public record CommandResult(List<String> command, int status, String stdout, String stderr) {
    private static final File NOTHING = new File("/dev/null");

    /**
     * Runs a command, without input, to its end.
     *
     * @throws CommandFailedException if it cannot be started or is not at its end in time (it is killed then)
     */
    static CommandResult of(ProcessBuilder builder, Duration atMost) {
        List<String> command = List.copyOf(builder.command());
        // Files, not pipes: a daemon that the command leaves behind would hold a pipe open for ever.
        try (Output stdout = new Output();
                Output stderr = new Output()) {
            Process process = builder.redirectInput(NOTHING)
                    .redirectOutput(stdout.file())
                    .redirectError(stderr.file())
                    .start();
            try {
                if (!process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
                    killTree(process.toHandle());
                    throw new CommandFailedException(
                            command, "not at its end after " + atMost.toSeconds() + " s", stderr.text());
                }
            } catch (InterruptedException e) {
                killTree(process.toHandle());
                Thread.currentThread().interrupt();
                throw new CommandFailedException(command, "interrupted", stderr.text());
            }
            return new CommandResult(command, process.exitValue(), stdout.text(), stderr.text());
        } catch (IOException e) {
            throw new CommandFailedException(command, "cannot be run", String.valueOf(e.getMessage()));
        }
    }

    /**
     * The standard output, if the exit status was 0.
     *
     * @throws CommandFailedException otherwise; its message holds the command and its standard error
     */
    public String orThrow() {
        if (status != 0) {
            throw new CommandFailedException(command, "exit status " + status, stderr.isBlank() ? stdout : stderr);
        }
        return stdout;
    }

    /** Kills a process and all that descend from it. */
    static void killTree(ProcessHandle process) {
        Stream.concat(process.descendants().toList().stream(), Stream.of(process))
                .forEach(ProcessHandle::destroyForcibly);
    }

    private record Output(Path path) implements AutoCloseable {
        Output() throws IOException {
            this(Files.createTempFile("anubis-lab", ".out"));
        }

        File file() {
            return path.toFile();
        }

        String text() throws IOException {
            return Files.readString(path);
        }

        @Override
        public void close() throws IOException {
            Files.delete(path);
        }
    }
}
