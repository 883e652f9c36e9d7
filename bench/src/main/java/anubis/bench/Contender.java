package anubis.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A WireGuard program that takes part in {@link TunnelBenchmark}.
 *
 * @param name as the option {@code --only} and the table call it
 * @param command runs a device in the foreground, once an interface name is added
 */
record Contender(String name, List<String> command) {
    /** This tree's device, started by its launcher. */
    static Contender anubis(Path root) {
        return new Contender("anubis", List.of(executable(root.resolve("anubis")), "device", "-f"));
    }

    static Contender wireguardGo(Path file) {
        return new Contender("wireguard-go", List.of(executable(file), "-f"));
    }

    private static String executable(Path file) {
        if (!Files.isExecutable(file)) {
            throw new IllegalArgumentException("no executable: " + file);
        }
        return file.toAbsolutePath().toString();
    }
}
