package anubis.bench;

import anubis.host.UapiClient;
import anubis.lab.CommandFailedException;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import anubis.lab.LabInterface;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One leg of {@link TunnelBenchmark}: two hosts on a veth pair, the same implementation at both, everything measured once.
 * Only one thread may use it.
 */
final class TunnelLeg implements AutoCloseable {
    private static final String ADDRESS = "10.9.0.2";
    private static final int MTU = 1_420;
    private static final int PINGS = 2_000;
    private static final int ATTEMPTS = 3;
    private static final double CLOCK_TICKS_PER_SECOND = 100; // USER_HZ, in all of Linux's ABIs that matter here
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Pattern RECEIVED = Pattern.compile(
            "\"sum_received\":\\s*\\{[^}]*?\"seconds\":\\s*([0-9.e+]+)[^}]*?\"bytes\":\\s*([0-9]+)", Pattern.DOTALL);
    private static final Pattern PING = Pattern.compile("time=([0-9.]+) ms");

    private final Lab lab = Lab.open();
    private final LabHost left = lab.host("left");
    private final LabHost right = lab.host("right");
    private final LabInterface rightTunnel;
    private final String rightPublicKey;
    private final List<Long> devices;
    private final int seconds;
    private final Map<Metric, Double> results = new EnumMap<>(Metric.class);

    /**
     * Bytes that arrived, and how long it took.
     *
     * @param seconds the duration
     * @param bytes the payload
     */
    private record Received(double seconds, long bytes) {
        double gigabitsPerSecond() {
            return bytes * 8 / seconds / 1e9;
        }
    }

    /** Builds the tunnel; seconds is how long each stream lasts. */
    TunnelLeg(Contender contender, int seconds) throws IOException {
        this.seconds = seconds;
        lab.link(left, right).addresses("10.1.0.1/24", "10.1.0.2/24");
        List<String> leftKeys = keys();
        List<String> rightKeys = keys();
        rightPublicKey = rightKeys.get(1);
        String suffix = Long.toString(ProcessHandle.current().pid(), 36);
        LabInterface leftTunnel = start(contender, left, "bl" + suffix);
        rightTunnel = start(contender, right, "br" + suffix);
        configure(leftTunnel, leftKeys.get(0), rightKeys.get(1), "10.9.0.1", "10.1.0.2");
        configure(rightTunnel, rightKeys.get(0), leftKeys.get(1), ADDRESS, "10.1.0.1");
        devices = List.of(leftTunnel.holder().pid(), rightTunnel.holder().pid());
        if (!Lab.poll(PATIENCE, () -> left.reaches(ADDRESS))) {
            throw new IllegalStateException(contender.name() + ": no ping through the tunnel");
        }
        right.start("iperf3", "-s");
        if (!Lab.poll(PATIENCE, () -> !right.run("ss", "-Hltn", "sport = :5201").isBlank())) {
            throw new IllegalStateException("iperf3 does not listen");
        }
    }

    private List<String> keys() {
        return left.run("sh", "-c", "k=$(wg genkey); echo $k; echo $k | wg pubkey")
                .lines()
                .toList();
    }

    private static LabInterface start(Contender contender, LabHost host, String name) throws IOException {
        Path said = Files.createTempFile("anubis-bench", ".log");
        said.toFile().deleteOnExit();
        return start(contender, host, name, said);
    }

    /** Starts a device, whose output goes to the file {@code said}, and waits until it answers. */
    static LabInterface start(Contender contender, LabHost host, String name, Path said) throws IOException {
        List<String> command = new ArrayList<>(contender.command());
        command.add(name);
        UapiClient client = new UapiClient(name);
        Process process = host.start(
                builder -> builder.redirectErrorStream(true).redirectOutput(Redirect.to(said.toFile())),
                command.toArray(String[]::new));
        // Not by wg: it removes a socket that does not listen yet.
        if (!Lab.poll(PATIENCE, () -> !process.isAlive() || client.answers()) || !process.isAlive()) {
            throw new IllegalStateException(contender.name() + " does not start: " + Files.readString(said));
        }
        return host.interfaceNamed(name);
    }

    private static void configure(LabInterface tunnel, String key, String peer, String address, String endpoint)
            throws IOException {
        Path file = Files.createTempFile("anubis-bench", ".conf");
        try {
            Files.writeString(file, """
                    [Interface]
                    PrivateKey = %s
                    ListenPort = 51820
                    [Peer]
                    PublicKey = %s
                    AllowedIPs = 10.9.0.0/24
                    Endpoint = %s:51820
                    """.formatted(key, peer, endpoint));
            tunnel.host().run("wg", "setconf", tunnel.name(), file.toString());
        } finally {
            Files.delete(file);
        }
        tunnel.mtu(MTU).address(address + "/24").up();
    }

    /** Sends traffic of each kind and throws the figures away: a JVM compiles what is hot. */
    void warmUp(int warmUpSeconds) {
        iperf(warmUpSeconds);
        iperf(warmUpSeconds, "-R");
        iperf(warmUpSeconds, "-u", "-b", "0", "-l", "64");
    }

    Map<Metric, Double> measure() throws IOException {
        ping();
        double cpu = cpuSeconds();
        Received tcp = iperf(seconds);
        results.put(Metric.CPU, (cpuSeconds() - cpu) / (tcp.bytes() / 1e9));
        results.put(Metric.TCP, tcp.gigabitsPerSecond());
        results.put(Metric.TCP_REVERSE, iperf(seconds, "-R").gigabitsPerSecond());
        results.put(Metric.TCP_FOUR, iperf(seconds, "-P", "4").gigabitsPerSecond());
        results.put(Metric.UDP_64, packetsPerSecond(64));
        results.put(Metric.UDP_512, packetsPerSecond(512));
        results.put(Metric.UDP_1200, packetsPerSecond(1_200));
        results.put(Metric.HANDSHAKES, handshakesPerSecond());
        return results;
    }

    /** The right device's, with peers that the process at the left plays. */
    private double handshakesPerSecond() throws IOException {
        Path peers = Files.createTempFile("anubis-bench", ".conf");
        Process load = left.start(
                builder -> builder.redirectError(Redirect.INHERIT),
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                HandshakeLoad.class.getName(),
                "10.1.0.2",
                "51820",
                rightPublicKey);
        try (BufferedReader said = load.inputReader()) {
            List<String> configuration =
                    said.lines().takeWhile(line -> !line.equals("ready")).toList();
            Files.write(peers, configuration);
            right.run("wg", "addconf", rightTunnel.name(), peers.toString());
            load.getOutputStream().write('\n');
            load.getOutputStream().flush();
            String result = said.readLine();
            if (result == null) {
                throw new IllegalStateException("the handshakes were not counted");
            }
            return Double.parseDouble(result);
        } finally {
            Files.delete(peers);
        }
    }

    private void ping() {
        Matcher times = PING.matcher(left.run("ping", "-n", "-i", "0.002", "-c", "" + PINGS, ADDRESS));
        double[] micros = times.results()
                .mapToDouble(time -> Double.parseDouble(time.group(1)) * 1_000)
                .sorted()
                .toArray();
        if (micros.length < PINGS / 2) {
            throw new IllegalStateException("only " + micros.length + " pings of " + PINGS + " were answered");
        }
        results.put(Metric.PING_MEDIAN, micros[micros.length / 2]);
        results.put(Metric.PING_99, micros[(int) (micros.length * 0.99)]);
    }

    private double packetsPerSecond(int size) {
        Received received = iperf(seconds, "-u", "-b", "0", "-l", "" + size);
        return received.bytes() / (double) size / received.seconds();
    }

    /** Runs iperf3 from the left to the right and notes the most memory that a device has meanwhile. */
    private Received iperf(int duration, String... options) {
        List<String> command = new ArrayList<>(List.of("iperf3", "-J", "-c", ADDRESS, "-t", "" + duration));
        Collections.addAll(command, options);
        Thread sampler = Thread.ofPlatform().start(this::sampleMemory);
        try {
            for (int attempt = 1; ; attempt++) {
                try {
                    Matcher received = RECEIVED.matcher(left.run(command.toArray(String[]::new)));
                    if (!received.find()) {
                        throw new IllegalStateException("iperf3 has not said what was received");
                    }
                    return new Received(Double.parseDouble(received.group(1)), Long.parseLong(received.group(2)));
                } catch (CommandFailedException e) {
                    // Its own control connection goes through the tunnel too, and may die of the flood.
                    if (attempt == ATTEMPTS) {
                        throw e;
                    }
                }
            }
        } finally {
            sampler.interrupt();
            join(sampler);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void sampleMemory() {
        do {
            for (long pid : devices) {
                results.merge(Metric.RSS, memory(pid, "Rss:"), Math::max);
                results.merge(Metric.PSS, memory(pid, "Pss:"), Math::max);
            }
        } while (!Lab.poll(Duration.ofMillis(500), () -> Thread.currentThread().isInterrupted())
                && !Thread.currentThread().isInterrupted());
    }

    /** In MiB. */
    private static double memory(long pid, String key) {
        try {
            return Files.readAllLines(Path.of("/proc", Long.toString(pid), "smaps_rollup")).stream()
                    .filter(line -> line.startsWith(key))
                    .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1_024)
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new IllegalStateException("a device has ended", e);
        }
    }

    /** CPU time of both devices, in seconds. */
    private double cpuSeconds() throws IOException {
        double sum = 0;
        for (long pid : devices) {
            sum += cpuSeconds(pid);
        }
        return sum;
    }

    /** CPU time of a process, in user and kernel mode, in seconds. */
    static double cpuSeconds(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return Arrays.stream(fields, 11, 13).mapToLong(Long::parseLong).sum() / CLOCK_TICKS_PER_SECOND;
    }

    @Override
    public void close() {
        lab.close();
    }
}
