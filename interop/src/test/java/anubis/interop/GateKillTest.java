package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A gate is killed at any moment, with requests under way; its next life makes production equal to the registry. */
final class GateKillTest {
    private static final int ROUNDS = Integer.getInteger("interop.kills", 3);

    @TempDir
    static Path directory;

    private static final AtomicInteger agreed = new AtomicInteger();
    private static GateLab lab;
    private static KeyPair foreign;

    @BeforeAll
    static void open() {
        GateLab.assume();
        lab = new GateLab(directory);
        foreign = KeyPair.generate(lab.office);
        lab.hub.host.run("wg", "set", lab.hub.name, "peer", foreign.publicKey(), "allowed-ips", "10.9.0.99/32");
        lab.hub.host.run("ip", "route", "add", "10.9.0.99", "dev", lab.hub.name);
    }

    @AfterAll
    static void close() {
        if (lab != null) {
            lab.close();
        }
    }

    /** Asks up and down, again and again, as fast as the hub lets a client; keeps what was answered last. */
    private static final class Storm {
        private final GateHost client;
        private final Map<GateHost, String> answered;
        private final Thread thread;
        private volatile boolean over;

        Storm(GateHost client, Map<GateHost, String> answered) {
            this.client = client;
            this.answered = answered;
            this.thread = Thread.startVirtualThread(this::run);
        }

        private void run() {
            boolean up = false;
            while (!over) {
                up = !up;
                String verb = up ? "up" : "down";
                answered.remove(client); // either may be true until it is answered
                Map<String, String> said = client.asked(verb);
                if ("yes".equals(said.get("agreed"))) {
                    agreed.incrementAndGet();
                    answered.put(client, verb);
                }
                try {
                    Thread.sleep(150);
                } catch (InterruptedException e) {
                    return;
                }
            }
        }

        void end() throws InterruptedException {
            over = true;
            thread.join();
        }
    }

    /** That each peer in production is wanted, with its route, or gone; and that what was answered is so. */
    private static void consistent(Map<GateHost, String> answered) {
        for (GateHost client : List.of(lab.alice, lab.bob)) {
            String what = client.host.name() + " " + answered.get(client) + "\n" + lab.hub.said() + client.said()
                    + String.join("\n", lab.hub.log(12));
            RoutedLab.await("that peer, route and lease agree: " + what, () -> {
                boolean has = lab.hub.has(client);
                boolean wanted = "up".equals(client.asked("status").get("peer"));
                return has == wanted
                        && has == lab.hub.routes().contains(client.network())
                        && (!answered.containsKey(client)
                                || has == answered.get(client).equals("up"));
            });
        }
        assertThat(lab.hub.peers()).contains(foreign.publicKey(), lab.spare.keys.publicKey());
        assertThat(lab.hub.host.run("ip", "route", "show", "10.9.0.99")).contains(lab.hub.name);
        assertThat(lab.hub.wg("allowed-ips", lab.spare)).isEqualTo("10.9.0.2/32 10.2.2.0/24");
    }

    @Test
    void theHubIsKilledInAStorm() throws Exception {
        Random random = new Random(4);
        for (int round = 0; round < ROUNDS; round++) {
            Map<GateHost, String> answered = new ConcurrentHashMap<>();
            List<Storm> storms = Stream.of(lab.alice, lab.bob)
                    .map(client -> new Storm(client, answered))
                    .toList();
            Thread.sleep(300 + random.nextInt(700));
            lab.hub.killGate();
            // What is asked meanwhile is answered by the next life.
            lab.hub.startGate();
            for (Storm storm : storms) {
                storm.end();
            }
            consistent(answered);
        }
        everyAnswerHasItsLine();
    }

    /** Killed and left alone: nobody asks the next life anything before it is looked at. */
    @Test
    void nothingIsHalfUpAfterTheKill() throws Exception {
        Random random = new Random(5);
        for (int round = 0; round < ROUNDS; round++) {
            lab.alice.ask("down");
            Thread asking = Thread.startVirtualThread(() -> lab.alice.asked("up"));
            Thread.sleep(random.nextInt(40));
            lab.hub.killGate();
            lab.alice.killGate(); // and asks nothing more
            asking.join();
            lab.hub.startGate();
            RoutedLab.await(
                    "that peer and route agree with the registry",
                    () -> lab.hub.has(lab.alice) == hasLease(lab.alice)
                            && lab.hub.routes().contains(lab.alice.network()) == hasLease(lab.alice));
            lab.alice.startGate();
            if (Path.of("/run/anubis/gate-" + lab.alice.name + ".session")
                    .toFile()
                    .exists()) {
                RoutedLab.await(
                        "that what was answered is up again", () -> lab.hub.has(lab.alice) && lab.alice.has(lab.hub));
            }
        }
        lab.alice.ask("down");
        everyAnswerHasItsLine();
    }

    private static boolean hasLease(GateHost client) {
        return lab.hub.run("gate", "peer", "show", client.host.name()).contains("lease");
    }

    @Test
    void aClientIsKilledInAStorm() throws Exception {
        Random random = new Random(6);
        for (int round = 0; round < ROUNDS; round++) {
            Map<GateHost, String> answered = new ConcurrentHashMap<>();
            Storm storm = new Storm(lab.bob, answered);
            Thread.sleep(200 + random.nextInt(500));
            lab.bob.killGate();
            storm.end();
            lab.bob.startGate();
            // Whatever the hub has, the client goes over to it.
            RoutedLab.await("that both ends agree: " + lab.bob.said(), () -> {
                Map<String, String> said = lab.bob.asked("status");
                boolean here = lab.bob.has(lab.hub);
                return here == said.getOrDefault("here", "").equals("up by hub")
                        && here == !lab.bob.routes().isEmpty()
                        && (!here || "up".equals(said.get("peer")));
            });
            assertThat(lab.bob.asked("up").get("agreed")).isEqualTo("yes");
            RoutedLab.await("a ping", () -> lab.bob.reaches(GateLab.OFFICE));
            assertThat(lab.bob.asked("down").get("agreed")).isEqualTo("yes");
            assertThat(lab.bob.has(lab.hub)).isFalse();
            consistent(Map.of(lab.bob, "down"));
        }
    }

    /** What was begun and answered is in the log with its verdict; only what was killed in between lacks one. */
    private static void everyAnswerHasItsLine() {
        List<String> lines = lab.hub.log(5000).stream()
                .filter(line -> line.contains(" up from ") || line.contains(" down from "))
                .toList();
        long begun = lines.stream().filter(line -> line.endsWith(": begun")).count();
        long ended = lines.size() - begun;
        assertThat(begun - ended).as(String.join("\n", lines)).isBetween(0L, 3L * ROUNDS);
        assertThat(ended).isGreaterThanOrEqualTo(agreed.get());
    }
}
