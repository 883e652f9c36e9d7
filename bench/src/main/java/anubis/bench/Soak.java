package anubis.bench;

import anubis.lab.CommandFailedException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A long run of this tree's device under all that befalls one: traffic, rekeys, roaming, peers added and removed, changes of
 * the MTU. Its memory must stay flat, and every packet that is lost must have been counted by somebody.
 */
public final class Soak {
    private static final String USAGE = """
            bench/soak [--minutes N] [--rate MBIT]
              --minutes N   how long (60)
              --rate MBIT   TCP of both directions together, in Mbit/s (20); numbered packets come to it""";

    /** Of numbered packets, in each direction. */
    private static final long SEND_EACH_NANOS = 4_000_000;
    /** What a sender that was held up makes good. */
    private static final int CATCH_UP = 16;

    private static final int CHANGE_PEERS_EACH_SECONDS = 2;
    private static final int ROAM_EACH_SECONDS = 10;
    private static final int SAMPLE_EACH_SECONDS = 10;
    private static final int CHANGE_MTU_EACH_SECONDS = 60;
    private static final int WARM_UP_MINUTES = 5;
    private static final int SETTLE_SECONDS = 3;
    /** Packets sent so long before and after a change of port, about, may have been in the closed socket. */
    private static final int AROUND_A_CHANGE = 250;
    /** Growth of the memory from the warm-up to the end, by the trend, that is still called flat. */
    private static final double FLAT = 0.05;

    /** Threads, and descriptors: the JVM's compiler threads come and go, and so do connections. */
    private static final int MORE_OF_EACH = 2;

    private int minutes = 60;
    private int rate = 20;

    private final Map<SoakLab.Site, List<SoakSample>> samples = new HashMap<>();
    private final Map<SoakLab.Site, Long> lastHandshakes = new HashMap<>();
    private final List<int[]> portChanges = new ArrayList<>();
    private int handshakes;
    private int moves;
    private int mtuChanges;
    private int failures;
    private int tcpRestarts;
    private long sampledAt;
    private volatile boolean ended;

    private Soak() {}

    /** Runs it: {@code bench/soak} gives the options, and ANUBIS_ROOT in the environment. */
    public static void main(String[] args) throws Exception {
        Soak soak = new Soak();
        try {
            soak.parse(new ArrayDeque<>(List.of(args)));
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage() + "\n" + USAGE);
            System.exit(2);
        }
        System.exit(soak.run() ? 0 : 1);
    }

    private void parse(ArrayDeque<String> options) {
        while (!options.isEmpty()) {
            String option = options.pop();
            String value = options.isEmpty() ? "" : options.pop();
            if (!value.matches("[1-9][0-9]{0,3}")) {
                throw new IllegalArgumentException(option + " needs a number from 1 to 9999");
            }
            switch (option) {
                case "--minutes" -> minutes = Integer.parseInt(value);
                case "--rate" -> rate = Integer.parseInt(value);
                default -> throw new IllegalArgumentException("unknown option: " + option);
            }
        }
    }

    private boolean run() throws Exception {
        try (SoakLab lab = new SoakLab(Contender.anubis(Path.of(System.getenv("ANUBIS_ROOT"))))) {
            Map<String, Long> before = lab.counters();
            try (NumberedStream up = new NumberedStream(
                            lab.east().host().namespacePath(),
                            lab.server().host().namespacePath(),
                            new InetSocketAddress(SoakLab.SERVER, 9_000));
                    NumberedStream down = new NumberedStream(
                            lab.server().host().namespacePath(),
                            lab.east().host().namespacePath(),
                            new InetSocketAddress(SoakLab.EAST, 9_000))) {
                Thread sending = Thread.ofPlatform().daemon().start(() -> send(up, down));
                try {
                    stress(lab, up, down, before);
                } finally {
                    ended = true;
                    sending.join();
                }
                TimeUnit.SECONDS.sleep(SETTLE_SECONDS);
                return report(lab, up, down, rise(before, lab.counters()));
            } finally {
                for (SoakLab.Site site : lab.sites()) {
                    String said = site.said().replace("ready\n", "");
                    if (!said.isBlank()) {
                        System.out.println("The device of " + site.name() + " has printed:\n\n" + said);
                    }
                }
            }
        }
    }

    /** Sends both streams' packets at their time. */
    private void send(NumberedStream up, NumberedStream down) {
        long next = System.nanoTime();
        try {
            while (!ended) {
                long now = System.nanoTime();
                if (now - next > CATCH_UP * SEND_EACH_NANOS) {
                    next = now;
                }
                for (; next - now <= 0; next += SEND_EACH_NANOS) {
                    up.send();
                    down.send();
                }
                LockSupport.parkNanos(next - now);
            }
        } catch (IOException e) {
            throw new IllegalStateException("numbered packets cannot be sent", e);
        }
    }

    private interface Action {
        void run() throws IOException;
    }

    private void act(Action action) {
        try {
            action.run();
        } catch (IOException | CommandFailedException e) {
            failures++;
            System.out.println("failed: " + e.getMessage());
        }
    }

    private void stress(SoakLab lab, NumberedStream up, NumberedStream down, Map<String, Long> before)
            throws IOException, InterruptedException {
        long start = System.nanoTime();
        sampledAt = start;
        Map<String, Long> last = before;
        lab.server().host().start("iperf3", "-s");
        @Nullable Process tcp = null;
        for (int second = 0; second <= minutes * 60; second++) {
            sleepUntil(start + TimeUnit.SECONDS.toNanos(second));
            if (second > 0 && (tcp == null || !tcp.isAlive())) {
                tcpRestarts += tcp == null ? 0 : 1;
                tcp = startTcp(lab, minutes * 60 - second + 60);
            }
            if (second % CHANGE_PEERS_EACH_SECONDS == 0) {
                act(lab::changePeers);
            }
            if (second % CHANGE_MTU_EACH_SECONDS == CHANGE_MTU_EACH_SECONDS / 2) {
                SoakLab.Site site =
                        lab.sites().get(mtuChanges++ / 2 % lab.sites().size());
                act(() -> lab.changeMtu(site));
            }
            if (second % ROAM_EACH_SECONDS == ROAM_EACH_SECONDS / 2) {
                act(() -> roam(lab, down));
            }
            if (second > 0 && second % SAMPLE_EACH_SECONDS == 0) {
                last = sample(lab, up, down, last, before, second / 60.0);
            }
        }
    }

    private Process startTcp(SoakLab lab, int seconds) {
        return lab.west()
                .host()
                .start("iperf3", "-c", SoakLab.SERVER, "--bidir", "-b", rate * 500 + "K", "-t", "" + seconds);
    }

    private static void sleepUntil(long time) throws InterruptedException {
        long left = time - System.nanoTime();
        if (left > 0) {
            TimeUnit.NANOSECONDS.sleep(left);
        }
    }

    /** East and west by turns, each by turns to another address and to another port. */
    private void roam(SoakLab lab, NumberedStream down) {
        SoakLab.Site site = moves % 2 == 0 ? lab.east() : lab.west();
        if (moves++ / 2 % 2 == 0) {
            lab.moveAddress(site);
            return;
        }
        int from = down.sent();
        lab.movePort(site);
        if (site == lab.east()) {
            portChanges.add(new int[] {from - AROUND_A_CHANGE, down.sent() + AROUND_A_CHANGE});
        }
    }

    private Map<String, Long> sample(
            SoakLab lab,
            NumberedStream up,
            NumberedStream down,
            Map<String, Long> last,
            Map<String, Long> before,
            double minute)
            throws IOException {
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%5.1f min", minute));
        for (SoakLab.Site site : lab.sites()) {
            SoakSample sample = SoakSample.of(site.pid(), minute);
            samples.computeIfAbsent(site, any -> new ArrayList<>()).add(sample);
            line.append(String.format(
                    Locale.ROOT,
                    " | %s %.1f MiB %d threads %d fds",
                    site.name(),
                    sample.kibibytes() / 1_024.0,
                    sample.threads(),
                    sample.descriptors()));
            if (site != lab.server()) {
                long handshake = SoakLab.lastHandshake(site);
                Long known = lastHandshakes.put(site, handshake);
                handshakes += known != null && known != handshake ? 1 : 0;
            }
        }
        Map<String, Long> now = lab.counters();
        long time = System.nanoTime();
        double seconds = (time - sampledAt) / 1e9;
        sampledAt = time;
        Map<String, Long> recent = rise(last, now);
        NumberedStream.Counts ups = up.counts();
        NumberedStream.Counts downs = down.counts();
        System.out.printf(
                Locale.ROOT,
                "%s | west %.1f up %.1f down Mbit/s | rekeys %d | numbered up %d lost %d, down %d lost %d | drops %d%n",
                line,
                recent.getOrDefault("west tunnel tx bytes", 0L) * 8 / 1e6 / seconds,
                recent.getOrDefault("west tunnel rx bytes", 0L) * 8 / 1e6 / seconds,
                handshakes,
                ups.sent(),
                ups.lost(),
                downs.sent(),
                downs.lost(),
                drops(rise(before, now)));
        return now;
    }

    private static long drops(Map<String, Long> counted) {
        return counted.entrySet().stream()
                .filter(counter -> counter.getKey().contains(" device "))
                .mapToLong(Map.Entry::getValue)
                .sum();
    }

    private static Map<String, Long> rise(Map<String, Long> from, Map<String, Long> to) {
        Map<String, Long> rise = new TreeMap<>(to);
        from.forEach((name, value) -> rise.merge(name, -value, Long::sum));
        rise.values().removeIf(value -> value == 0);
        return rise;
    }

    // The verdict.

    private boolean report(SoakLab lab, NumberedStream up, NumberedStream down, Map<String, Long> counted)
            throws IOException {
        System.out.printf(
                "%n%d min: %d Mbit/s of TCP asked for (iperf3 restarted %d times), %d rekeys, %d moves (address or port),"
                        + " %d peers added and removed, %d changes of MTU, %d commands failed.%n%n",
                minutes, rate, tcpRestarts, handshakes, moves, lab.peersAdded(), mtuChanges, failures);
        boolean flat = reportMemory(lab);

        System.out.println("| numbered packets | sent | received | lost | refused at once | repeated | damaged |");
        System.out.println("|---|--:|--:|--:|--:|--:|--:|");
        boolean whole = report("up, east to server", up.counts());
        whole &= report("down, server to east", down.counts());
        System.out.println();
        SoakAccount account = new SoakAccount(counted);
        account.up(up.counts());
        BitSet missing = new BitSet();
        portChanges.forEach(change -> missing.or(down.missing(change[0], change[1])));
        account.down(down.counts(), missing.cardinality());
        account.print();

        System.out.println("All counters of drops that have risen:\n");
        counted.forEach((name, value) -> {
            if (!name.endsWith("bytes")) {
                System.out.printf("- %s: %d%n", name, value);
            }
        });
        boolean accounted = account.unaccounted() == 0 && whole;
        System.out.printf(
                "%nmemory: %s%ndrops: %s (unaccounted: %d)%n",
                flat ? "flat" : "grows", accounted ? "accounted" : "unaccounted", account.unaccounted());
        return flat && accounted && failures == 0;
    }

    private static boolean report(String name, NumberedStream.Counts counts) {
        System.out.printf(
                "| %s | %d | %d | %d | %d | %d | %d |%n",
                name,
                counts.sent(),
                counts.received(),
                counts.lost(),
                counts.refused(),
                counts.repeated(),
                counts.damaged());
        return counts.repeated() == 0 && counts.damaged() == 0;
    }

    /** What came after the warm-up: minute 5, or a third of a shorter run. */
    private boolean reportMemory(SoakLab lab) throws IOException {
        double warm = Math.min(WARM_UP_MINUTES, minutes / 3.0);
        boolean flat = true;
        System.out.printf(
                Locale.ROOT,
                "| device | RSS at minute %.1f, MiB | at the end | by the trend, KiB/min | in all | threads | fds | CPU time, s |%n",
                warm);
        System.out.println("|---|--:|--:|--:|--:|--:|--:|--:|");
        for (SoakLab.Site site : lab.sites()) {
            List<SoakSample> settled = samples.getOrDefault(site, List.of()).stream()
                    .filter(sample -> sample.minute() >= warm)
                    .toList();
            SoakSample first = settled.getFirst();
            SoakSample last = settled.getLast();
            Trend trend = Trend.of(settled.stream()
                    .map(sample -> new Trend.Point(sample.minute(), sample.kibibytes()))
                    .toList());
            double growth = trend.last() / trend.first() - 1;
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %.1f | %.1f | %+.1f | %+.1f %% | %d to %d | %d to %d | %.0f |%n",
                    site.name(),
                    first.kibibytes() / 1_024.0,
                    last.kibibytes() / 1_024.0,
                    trend.slope(),
                    growth * 100,
                    first.threads(),
                    last.threads(),
                    first.descriptors(),
                    last.descriptors(),
                    TunnelLeg.cpuSeconds(site.pid()));
            flat &= growth <= FLAT
                    && last.threads() <= first.threads() + MORE_OF_EACH
                    && last.descriptors() <= first.descriptors() + MORE_OF_EACH;
        }
        System.out.println();
        return flat;
    }
}
