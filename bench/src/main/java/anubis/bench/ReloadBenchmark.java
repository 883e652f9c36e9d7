package anubis.bench;

import anubis.lab.Lab;
import anubis.lab.LabHost;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How long {@code anubis reload} takes where one of thousands of peers has changed, whether a peer that has not changed loses
 * a ping meanwhile, and how long the same takes {@code wg syncconf}, which knows nothing of routes.
 */
final class ReloadBenchmark {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Pattern ANSWER = Pattern.compile("icmp_seq=(\\d+) ttl");
    private static final Pattern TIMES = Pattern.compile("([0-9.]+) ([0-9.]+) ([0-9.]+)\\s*$");

    private final Lab lab;
    private final LabHost hub;
    private final LabHost laptop;
    private final Path directory;
    private final String anubis;
    private final String hubName = "rh" + Long.toString(ProcessHandle.current().pid(), 36);
    private final String laptopName =
            "rl" + Long.toString(ProcessHandle.current().pid(), 36);

    /** One run of a command, in seconds. */
    private record Run(double real, double cpu) {}

    private ReloadBenchmark(Lab lab, Path directory, String anubis) {
        this.lab = lab;
        this.hub = lab.host("hub");
        this.laptop = lab.host("laptop");
        this.directory = directory;
        this.anubis = anubis;
    }

    public static void main(String[] args) throws Exception {
        int peers = args.length > 0 ? Integer.parseInt(args[0]) : 10_000;
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 11;
        Path directory = Files.createTempDirectory("anubis-reload");
        String anubis = Path.of(System.getenv("ANUBIS_ROOT"), "anubis").toString();
        try (Lab lab = Lab.open()) {
            new ReloadBenchmark(lab, directory, anubis).run(peers, rounds);
        } finally {
            for (File file : Objects.requireNonNull(directory.toFile().listFiles())) {
                Files.delete(file.toPath());
            }
            Files.delete(directory);
        }
    }

    private void run(int peers, int rounds) throws Exception {
        lab.link(hub, laptop).addresses("10.1.0.1/24", "10.1.0.2/24");
        String[] hubKeys = keys(hub);
        String[] laptopKeys = keys(laptop);
        String others = others(peers);
        String head = "[Interface]\nPrivateKey = " + hubKeys[0] + "\nListenPort = 51820\nAddress = 10.9.0.1/24\n"
                + "[Peer]\nPublicKey = " + laptopKeys[1] + "\nAllowedIPs = 10.9.0.2/32\n";
        String[] texts = {head + others, head + others.replace("10.120.7.0/28", "10.120.7.0/29")};
        Path file = write(hubName, texts[0]);
        hub.run(anubis, "up", file.toString());
        Path other = write(
                laptopName,
                "[Interface]\nPrivateKey = " + laptopKeys[0] + "\nAddress = 10.9.0.2/24\n[Peer]\nPublicKey = "
                        + hubKeys[1] + "\nAllowedIPs = 10.9.0.1/32\nEndpoint = 10.1.0.1:51820\n");
        laptop.run(anubis, "up", other.toString());
        try {
            if (!Lab.poll(PATIENCE, () -> laptop.reaches("10.9.0.1"))) {
                throw new IllegalStateException("there is no tunnel");
            }
            Path said = directory.resolve("pings");
            Process pings = laptop.start(
                    builder -> builder.redirectErrorStream(true).redirectOutput(said.toFile()),
                    "ping",
                    "-n",
                    "-i",
                    "0.01",
                    "10.9.0.1");
            Run[] reloads = new Run[rounds];
            for (int i = 0; i < rounds; i++) {
                Files.writeString(file, texts[(i + 1) % 2]);
                reloads[i] = timed(anubis + " reload " + hubName);
            }
            laptop.run("kill", "-INT", Long.toString(pings.pid()));
            pings.waitFor();
            Run[] syncs = new Run[rounds];
            for (int i = 0; i < rounds; i++) {
                Files.writeString(file, texts[(i + rounds + 1) % 2]);
                syncs[i] = timed("wg syncconf " + hubName + " <(wg-quick strip " + file + ")");
            }
            print(peers, rounds, reloads, syncs, Files.readString(said));
        } finally {
            hub.execute(anubis, "down", hubName);
            laptop.execute(anubis, "down", laptopName);
        }
    }

    private static String[] keys(LabHost host) {
        return host.run("sh", "-c", "k=$(wg genkey); echo $k; echo $k | wg pubkey")
                .split("\n");
    }

    private static String others(int peers) {
        Random random = new Random(10);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < peers; i++) {
            byte[] key = new byte[32];
            random.nextBytes(key);
            text.append("[Peer]\nPublicKey = ")
                    .append(Base64.getEncoder().encodeToString(key))
                    .append("\nAllowedIPs = 10.%d.%d.0/28\n".formatted(100 + i / 256 % 150, i % 256));
        }
        return text.toString();
    }

    private Path write(String name, String text) throws IOException {
        Path file = Files.createFile(
                directory.resolve(name + ".conf"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return Files.writeString(file, text);
    }

    private Run timed(String command) {
        String said = hub.execute(
                        builder -> builder.environment().putAll(Map.of("TIMEFORMAT", "%R %U %S", "LC_ALL", "C")),
                        "bash",
                        "-c",
                        "{ time { " + command + " >/dev/null; }; } 2>&1")
                .orThrow();
        Matcher times = TIMES.matcher(said);
        if (!times.find() || times.start() != 0) {
            throw new IllegalStateException(command + ": " + said);
        }
        return new Run(
                Double.parseDouble(times.group(1)),
                Double.parseDouble(times.group(2)) + Double.parseDouble(times.group(3)));
    }

    private static void print(int peers, int rounds, Run[] reloads, Run[] syncs, String pings) {
        int[] answered = ANSWER.matcher(pings)
                .results()
                .mapToInt(answer -> Integer.parseInt(answer.group(1)))
                .sorted()
                .toArray();
        int last = answered[answered.length - 1]; // what was sent after it may have had no time
        System.out.printf(
                Locale.ROOT,
                """
                One of %,d peers changes; median of %d.

                | | real, s | CPU time, s |
                |---|--:|--:|
                | `anubis reload` | %.2f | %.2f |
                | `wg syncconf` of `wg-quick strip` | %.2f | %.2f |

                Of %d pings through an unchanged peer, a hundred a second all the while, %d were lost.
                """,
                peers,
                rounds,
                median(reloads).real(),
                median(reloads).cpu(),
                median(syncs).real(),
                median(syncs).cpu(),
                last,
                last - answered.length);
    }

    private static Run median(Run[] runs) {
        double[] real = Arrays.stream(runs).mapToDouble(Run::real).sorted().toArray();
        double[] cpu = Arrays.stream(runs).mapToDouble(Run::cpu).sorted().toArray();
        return new Run(real[real.length / 2], cpu[cpu.length / 2]);
    }
}
