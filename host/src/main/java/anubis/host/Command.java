package anubis.host;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Programs of this host: {@code ip}, {@code nft} and their like. They speak English here, whatever the user does. */
final class Command {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** All of them block, so neither may wait for the other's thread. */
    private static final Executor THREADS = task -> Thread.ofPlatform().daemon().start(task);

    private Command() {}

    /** What a program answered: its exit status, 0 for success, and what it printed. */
    record Answer(List<String> argv, int status, String out, String err) {
        /**
         * The standard output, if the program succeeded.
         *
         * @throws CommandException if it did not
         */
        String orThrow() throws CommandException {
            if (status != 0) {
                throw new CommandException(argv, status, err.isBlank() ? out : err);
            }
            return out;
        }
    }

    /**
     * Runs a program to its end.
     *
     * @param input what it reads on its standard input
     * @throws IOException if it is not installed, or takes longer than half a minute; it is ended then
     */
    static Answer run(String input, List<String> argv) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(located(argv));
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        try (InputStream out = process.getInputStream();
                InputStream err = process.getErrorStream()) {
            CompletableFuture<String> complaints = CompletableFuture.supplyAsync(() -> text(err), THREADS);
            CompletableFuture<Void> told = CompletableFuture.runAsync(() -> tell(process, input), THREADS);
            CompletableFuture<String> output = CompletableFuture.supplyAsync(() -> text(out), THREADS);
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new IOException(argv.getFirst() + " has not ended in " + PATIENCE.toSeconds() + " s");
            }
            told.join();
            return new Answer(argv, process.exitValue(), output.join(), complaints.join());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + argv.getFirst() + " ran", e);
        } finally {
            process.destroyForcibly();
        }
    }

    /** {@link #run} without input. */
    static Answer run(String... argv) throws IOException {
        return run("", List.of(argv));
    }

    /** Whether a program is installed. */
    static boolean installed(String program) {
        return find(program).isPresent();
    }

    /**
     * A command with the path of its program for the name.
     *
     * @throws IOException if that is not installed
     */
    static List<String> located(List<String> argv) throws IOException {
        String program = argv.getFirst();
        Path path = find(program)
                .orElseThrow(() -> new IOException(program + " is not installed, or in no folder of PATH"));
        return Stream.concat(Stream.of(path.toString()), argv.stream().skip(1)).toList();
    }

    /** In a folder of PATH, or of those that an ordinary user, su(1) and cron(8) have not in it; never in the present one. */
    private static Optional<Path> find(String program) {
        String path = String.valueOf(System.getenv("PATH")) + ":/usr/sbin:/sbin";
        return Stream.of(path.split(":", -1))
                .filter(folder -> folder.startsWith("/"))
                .map(folder -> Path.of(folder, program))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static String text(InputStream in) {
        try {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }

    private static void tell(Process process, String input) {
        try (OutputStream in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // It did not read it all: its exit status tells why.
        }
    }
}
