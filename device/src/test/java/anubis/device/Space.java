package anubis.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.linux.NetworkNamespace;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/** A network namespace with real devices in it, of which nothing is left when it is closed. Any thread may use it. */
final class Space implements AutoCloseable {
    private static final AtomicInteger COUNT = new AtomicInteger();

    /** What the devices had to say. */
    final List<String> log = new CopyOnWriteArrayList<>();

    private final String name = "anubis-device-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
    private final List<Device> devices = new ArrayList<>();

    Space() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root: makes a network namespace and a TUN");
        run("ip", "netns", "add", name);
        ip("link", "set", "lo", "up");
    }

    Device open(String device) throws Exception {
        Device opened = call(() -> Device.open(device, InstantSource.system(), log::add));
        devices.add(opened);
        return opened;
    }

    /** The answers to requests, each ended by an empty line. */
    String uapi(Device device, String requests) throws Exception {
        return call(() -> {
            StringWriter out = new StringWriter();
            new Uapi(device).serve(new BufferedReader(new StringReader(requests)), out);
            return out.toString();
        });
    }

    <T> T call(Callable<T> task) throws Exception {
        try (NetworkNamespace namespace = NetworkNamespace.of(Path.of("/run/netns", name))) {
            return namespace.call(task);
        }
    }

    String ip(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("ip", "-n", name));
        command.addAll(List.of(arguments));
        return run(command.toArray(String[]::new));
    }

    private static String run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.onExit().join().exitValue())
                .as("%s: %s", String.join(" ", command), output)
                .isZero();
        return output;
    }

    static void awaitUp(Device device) throws InterruptedException {
        await(() -> device.wireGuard().isUp());
    }

    /** Waits until a condition holds, half a minute at most. */
    static void await(BooleanSupplier condition) throws InterruptedException {
        for (int i = 0; i < 3000 && !condition.getAsBoolean(); i++) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        assertThat(condition.getAsBoolean()).as("after half a minute").isTrue();
    }

    @Override
    public void close() throws IOException {
        devices.forEach(Device::close);
        run("ip", "netns", "delete", name);
    }
}
