package anubis.bench;

import anubis.config.Cidr;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.gate.Entry;
import anubis.gate.Operation;
import anubis.gate.SqliteRegistry;
import anubis.lab.Lab;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * What many authorised peers cost the gate of a hub: memory, time to start, look-ups and requests. The hub, with the device of
 * its production interface, runs on one core of its own.
 */
final class GateScale {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int ASKING = 500;
    private static final int COMING = 10_000;
    private static final Duration ROUND = Duration.ofSeconds(12);
    private static final int LOOK_UPS = 20_000;
    private static final long JIFFY = 10; // ms
    private static final String COMMAND =
            Path.of(System.getenv("ANUBIS_ROOT"), "anubis").toString();

    private final GateHosts hosts;
    private final int peers;
    private final PrivateKey hubKey = PrivateKey.generate(new Random(-1));
    private final String name = "s" + Long.toString(ProcessHandle.current().pid(), 36);
    private final Path state;
    private final List<String> row = new ArrayList<>();

    private GateScale(GateHosts hosts, int peers) {
        this.hosts = hosts;
        this.peers = peers;
        this.state = hosts.file("state");
    }

    public static void main(String[] args) throws Exception {
        int[] sizes = args.length > 0
                ? Arrays.stream(args).mapToInt(Integer::parseInt).toArray()
                : new int[] {1_000, 100_000};
        List<List<String>> rows = new ArrayList<>();
        for (int peers : sizes) {
            try (GateHosts hosts = new GateHosts()) {
                GateScale scale = new GateScale(hosts, peers);
                scale.run();
                rows.add(scale.row);
            }
        }
        List<String> titles = List.of(
                "authorised peers",
                "import, s",
                "registry, MB",
                "look-up, µs",
                "ready, s",
                "first answer, s",
                "then resident, MB",
                ASKING + " ask `status`: requests/s",
                "CPU time of one, ms",
                "`up` and `down`: requests/s",
                "CPU time of one, ms",
                "`renew`: requests/s",
                "CPU time of one, ms",
                "resident after these, MB",
                "shook hands since",
                "resident then, MB",
                "one of them, KB");
        for (int i = 0; i < titles.size(); i++) {
            int line = i;
            System.out.println("| " + titles.get(i) + " | "
                    + String.join(
                            " | ", rows.stream().map(each -> each.get(line)).toList()) + " |");
            if (i == 0) {
                System.out.println("|---|" + "--:|".repeat(rows.size()));
            }
        }
    }

    private void add(String format, Object value) {
        row.add(String.format(Locale.ROOT, format, value));
        System.err.println(row.getLast());
    }

    private void run() throws Exception {
        add("%,d", peers);
        List<PublicKey> keys = register();
        add("%.1f", Files.size(state.resolve(SqliteRegistry.FILE)) / 1e6);
        lookUp(keys);
        interfaceUp();
        Path log = hosts.file("log");
        long start = System.nanoTime();
        Process gate = startGate(log);
        add("%.1f", (System.nanoTime() - start) / 1e9);
        try (GateLoad load = new GateLoad(hosts.client(), hubKey.publicKey(Primitives.get()), GateHosts.HUB)) {
            load.come(0, 1);
            add("%.1f", (System.nanoTime() - start) / 1e9);
            Thread.sleep(Duration.ofSeconds(5)); // what the start left behind is given back
            add("%.0f", resident(gate));
            int asking = Math.min(ASKING, peers);
            load.come(1, asking);
            load.ask(ROUND, Operation.STATUS); // the compiler has its turn
            ask(load, gate, Operation.STATUS);
            ask(load, gate, Operation.UP, Operation.DOWN);
            load.ask(Duration.ofSeconds(1), Operation.UP);
            ask(load, gate, Operation.RENEW);
            Thread.sleep(Duration.ofSeconds(5));
            double before = resident(gate);
            add("%.0f", before);
            int coming = Math.min(COMING, peers - asking);
            load.comeAndGo(asking, asking + coming);
            Thread.sleep(Duration.ofSeconds(5));
            add("%,d", coming);
            add("%.0f", resident(gate));
            add("%.1f", (resident(gate) - before) * 1_000 / Math.max(coming, 1));
        }
        if (!Files.readString(log).equals("ready\n")) {
            System.err.println(Files.readString(log));
        }
    }

    /** Makes the registry, and returns all gate keys. */
    private List<PublicKey> register() throws IOException {
        List<Entry> entries = new ArrayList<>();
        Primitives primitives = Primitives.get();
        for (int i = 0; i < peers; i++) {
            entries.add(new Entry(
                    "peer-" + i,
                    GateLoad.gateKey(i).publicKey(primitives),
                    GateLoad.productionKey(i).publicKey(primitives),
                    List.of(Cidr.parse(GateLoad.address(i) + "/32")),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    true,
                    false,
                    Optional.empty(),
                    false,
                    ""));
        }
        long start = System.nanoTime();
        try (SqliteRegistry registry = SqliteRegistry.open(state)) {
            registry.add(entries);
        }
        add("%.1f", (System.nanoTime() - start) / 1e9);
        return entries.stream().map(Entry::gateKey).toList();
    }

    private void lookUp(List<PublicKey> keys) {
        Random random = new Random(3);
        double[] times = new double[LOOK_UPS];
        try (SqliteRegistry registry = SqliteRegistry.open(state)) {
            for (int i = 0; i < LOOK_UPS; i++) {
                PublicKey key = keys.get(random.nextInt(keys.size()));
                long start = System.nanoTime();
                if (registry.byGateKey(key).size() != 1) {
                    throw new IllegalStateException("a peer is not found");
                }
                times[i] = (System.nanoTime() - start) / 1e3;
            }
        }
        double[] warm = Arrays.copyOfRange(times, LOOK_UPS / 2, LOOK_UPS);
        Arrays.sort(warm);
        add("%.0f", warm[warm.length / 2]);
    }

    private void interfaceUp() throws IOException {
        Path file = secret(name + ".conf", """
                [Interface]
                PrivateKey = %s
                Address = %s/10
                ListenPort = 51820
                """.formatted(text(PrivateKey.generate(new Random(-2))), GateLoad.NETWORK));
        hosts.hub()
                .execute(this::environment, "taskset", "-c", "0", COMMAND, "up", file.toString())
                .orThrow();
        hosts.atEnd(() -> hosts.hub().execute(this::environment, COMMAND, "down", name));
    }

    private Process startGate(Path log) throws IOException {
        Path key = secret("hub.gate", text(hubKey) + "\n");
        Path file = secret("hub.toml", """
                interface = "%s"
                key = "%s"
                [hub]
                name = "hub"
                endpoints = ["%s:51820"]
                allowed-ips = ["%s/32"]
                """.formatted(name, key, GateHosts.HUB, GateLoad.NETWORK));
        Process gate = hosts.hub()
                .start(
                        builder -> {
                            environment(builder);
                            builder.redirectErrorStream(true).redirectOutput(Redirect.to(log.toFile()));
                        },
                        "taskset",
                        "-c",
                        "0",
                        COMMAND,
                        "gate",
                        "run",
                        "--config",
                        file.toString());
        if (!Lab.poll(PATIENCE, () -> !gate.isAlive() || isReady(log)) || !gate.isAlive()) {
            throw new IllegalStateException("the gate does not start: " + Files.readString(log));
        }
        hosts.atEnd(() -> {
            gate.destroy();
            gate.onExit().join();
        });
        return gate;
    }

    private static boolean isReady(Path log) {
        try {
            return Files.readString(log).contains("ready");
        } catch (IOException e) {
            return false;
        }
    }

    private static String text(PrivateKey key) {
        return Base64.getEncoder().encodeToString(key.bytes());
    }

    private Path secret(String file, String text) throws IOException {
        Path path = Files.createFile(
                hosts.file(file), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return Files.writeString(path, text);
    }

    private void environment(ProcessBuilder builder) {
        builder.environment().putAll(Map.of("ANUBIS_BUILT", "1", "STATE_DIRECTORY", state.toString()));
    }

    /** Has all ask in turn for these, and tells how many answers there were in a second, and what one cost. */
    private void ask(GateLoad load, Process gate, Operation... operations) throws Exception {
        long cpu = cpuMillis(gate);
        int answers = load.ask(ROUND, operations);
        add("%.0f", answers / (double) ROUND.toSeconds());
        add("%.2f", (cpuMillis(gate) - cpu) / (double) answers);
    }

    /** MB. */
    private static double resident(Process process) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToDouble(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1_024 / 1e6)
                .findFirst()
                .orElseThrow();
    }

    /** The time that the process has had a core for, in ms. */
    private static long cpuMillis(Process process) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
        String[] words = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return (Long.parseLong(words[11]) + Long.parseLong(words[12])) * JIFFY;
    }
}
