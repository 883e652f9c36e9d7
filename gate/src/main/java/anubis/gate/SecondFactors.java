package anubis.gate;

import anubis.crypto.PublicKey;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Checks second factors. Who guesses has to wait longer after each wrong code, up to {@link #LONGEST_WAIT}, in which
 * right ones are refused, too. To be used on the tunnel's thread.
 */
final class SecondFactors {
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(15);
    /** So many wrong codes cost nothing: people mistype. */
    private static final int FREE = 3;

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Optional<String> program;
    private final Map<PublicKey, Long> used = new HashMap<>();
    private final Map<PublicKey, Wrong> wrong = new HashMap<>();

    private record Wrong(int times, Instant until) {}

    /** With the program that checks codes, if there is one. */
    SecondFactors(Optional<String> program) {
        this.program = program;
    }

    /** Whether a peer that has a second factor has given it. Fails if that cannot be found out. */
    CompletableFuture<Boolean> holds(Entry entry, Optional<String> code, Instant now) {
        PublicKey key = entry.productionKey();
        Wrong before = wrong.getOrDefault(key, new Wrong(0, Instant.MIN));
        if (code.isEmpty() || now.isBefore(before.until)) {
            return CompletableFuture.completedFuture(false);
        }
        // Counted before it is checked, so that many at a time are no way around.
        int times = before.times + 1;
        Duration wait = times <= FREE ? Duration.ZERO : Duration.ofSeconds(1L << Math.min(times - FREE, 20));
        wrong.put(key, new Wrong(times, now.plus(wait.compareTo(LONGEST_WAIT) < 0 ? wait : LONGEST_WAIT)));
        return switch (entry.secondFactor().orElseThrow()) {
            case Totp totp -> CompletableFuture.completedFuture(holds(key, totp.step(code.get(), now)));
            case SecondFactor.Program _ -> ask(entry.name(), code.get());
        };
    }

    /** The code was right: wrong ones before it are forgotten. */
    void right(Entry entry) {
        wrong.remove(entry.productionKey());
    }

    private boolean holds(PublicKey key, OptionalLong step) {
        if (step.isEmpty() || step.getAsLong() <= used.getOrDefault(key, Long.MIN_VALUE)) {
            return false;
        }
        used.put(key, step.getAsLong());
        return true;
    }

    /** The program is given the peer's name as its argument and the code on its standard input; status 0 is a yes. */
    private CompletableFuture<Boolean> ask(String name, String code) {
        return program.map(path -> CompletableFuture.supplyAsync(
                        () -> run(path, name, code),
                        task -> Thread.ofPlatform().daemon().start(task)))
                .orElseGet(() -> CompletableFuture.failedFuture(
                        new IOException("the configuration names no second-factor-program")));
    }

    private static boolean run(String path, String name, String code) {
        ProcessBuilder builder = new ProcessBuilder(path, name)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        try {
            Process process = builder.start();
            try (OutputStream in = process.getOutputStream()) {
                in.write((code + "\n").getBytes(StandardCharsets.US_ASCII));
            } catch (IOException e) {
                // It did not want it: its status tells.
            }
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException(path + " has not ended in " + PATIENCE.toSeconds() + " s");
            }
            return process.exitValue() == 0;
        } catch (IOException e) {
            throw new IllegalStateException(path + " cannot be run: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + path + " ran", e);
        }
    }
}
