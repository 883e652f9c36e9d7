package anubis.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;

/** A network namespace of a test's own, with its loopback up; deleted when closed. */
final class TestNamespace implements AutoCloseable {
    private static final AtomicInteger COUNT = new AtomicInteger();

    final String name = "anubis-test-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
    final NetworkNamespace namespace;

    TestNamespace() throws IOException {
        assumeTrue(isRoot(), "needs root: makes a network namespace");
        run("ip", "netns", "add", name);
        namespace = NetworkNamespace.of(Path.of("/run/netns", name));
        ip("link set lo up");
    }

    static boolean isRoot() throws IOException {
        return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    }

    /** Runs {@code ip -n NAME …} and returns what it printed. */
    String ip(String arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("ip", "-n", name));
        command.addAll(List.of(arguments.split(" ")));
        return run(command.toArray(String[]::new));
    }

    <T> T call(Callable<T> task) throws Exception {
        return namespace.call(task);
    }

    static String run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.onExit().join().exitValue())
                .as("%s: %s", String.join(" ", command), output)
                .isZero();
        return output;
    }

    /** Waits until a descriptor is readable, at most ten seconds. */
    static void awaitReadable(int fd) throws ErrnoException {
        try (Epoll epoll = Epoll.open()) {
            epoll.add(fd, Epoll.IN, 0);
            assertThat(epoll.await(10_000)).as("readable within ten seconds").isEqualTo(1);
        }
    }

    @Override
    public void close() throws IOException {
        namespace.close();
        run("ip", "netns", "delete", name);
    }
}
