package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is done to a hub from outside, from inside and by its own machine. */
final class GateAttackTest {
    /** How often an honest client comes and goes in each flood. */
    private static final int ASKED_IN_A_FLOOD = 2;

    @TempDir
    static Path directory;

    private static final Set<String> commandLines = new ConcurrentSkipListSet<>();
    private static GateLab lab;
    private static volatile boolean over;

    @BeforeAll
    static void open() {
        GateLab.assume();
        Thread.ofPlatform().daemon().start(GateAttackTest::watchCommandLines);
        lab = new GateLab(directory);
    }

    @AfterAll
    static void close() {
        over = true;
        if (lab != null) {
            lab.close();
        }
    }

    /** Keeps the arguments of all processes, a hundred times a second. */
    private static void watchCommandLines() {
        while (!over) {
            try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
                for (Path process : processes.toList()) {
                    if (Character.isDigit(process.getFileName().toString().charAt(0))) {
                        try {
                            commandLines.add(Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1));
                        } catch (IOException e) {
                            // It has ended.
                        }
                    }
                }
                Thread.sleep(10);
            } catch (IOException | InterruptedException e) {
                return;
            }
        }
    }

    private static void anHonestClientIsServed() {
        for (int time = 0; time < ASKED_IN_A_FLOOD; time++) {
            assertThat(lab.alice.asked("up")).containsEntry("agreed", "yes");
            assertThat(lab.hub.has(lab.alice)).isTrue();
            assertThat(lab.alice.asked("down")).containsEntry("agreed", "yes");
            assertThat(lab.hub.has(lab.alice)).isFalse();
        }
    }

    private static int python(GateHost production, String gate, String operation) {
        List<String> words = new ArrayList<>(List.of(lab.pythonWords(gate, lab.hub, operation)));
        words.replaceAll(word -> word.equals(lab.carol.file("production.key").toString())
                ? production.file("production.key").toString()
                : word);
        return lab.carol.host.execute(words.toArray(String[]::new)).status();
    }

    @Test
    void anotherOnesKeyIsRefusedAndAStolenGateKeyIsWorthNothing() throws Exception {
        GateLab.assumePython();
        String gate = lab.pythonTunnel(lab.hub);
        // Carol knows the production keys of Bob: that is not enough without his gate key.
        assertThat(python(lab.bob, gate, "up")).isEqualTo(1);
        assertThat(lab.hub.has(lab.bob)).isFalse();
        assertThat(lab.hub.log(1)).singleElement().asString().contains("not-authorised");
        // Nor has it used up an identifier of his.
        assertThat(lab.bob.ask("hello")).isEqualTo("done");

        assertThat(python(lab.carol, gate, "up")).isZero();
        lab.hub.run("gate", "peer", "disable", "carol");
        RoutedLab.await("that carol is down", () -> !lab.hub.has(lab.carol));
        Process thief = lab.carol.host.start(
                Stream.concat(Stream.of("timeout", "8"), Stream.of(lab.pythonWords(gate, lab.hub, "up")))
                        .toArray(String[]::new));
        floods();
        assertThat(thief.waitFor()).isEqualTo(124); // no answer to three datagrams
        assertThat(lab.hub.has(lab.carol)).isFalse();
        lab.hub.run("gate", "peer", "enable", "carol");
        assertThat(python(lab.carol, gate, "up")).isZero();
        assertThat(python(lab.carol, gate, "down")).isZero();
    }

    private void floods() throws Exception {
        // From outside: what anybody can send, and initiations that only the hub's public key is needed for.
        Process noise =
                lab.office.start("bash", "-c", "while :; do head -c 1400 /dev/urandom > /dev/udp/10.1.0.1/4297; done");
        Path said = Files.createTempFile(directory, "flood", ".txt");
        Process flood =
                InitiationFlood.start(lab.carol.host, said, lab.hub.outer(), 4297, lab.hub.gateKeys.publicKey());
        RoutedLab.await("that the flood is felt", () -> read(said).contains("cookie"));
        anHonestClientIsServed();
        // One that has to shake hands first, in the flood.
        lab.bob.stopGate();
        lab.bob.startGate();
        assertThat(lab.bob.asked("hello")).containsEntry("agreed", "yes");
        flood.destroyForcibly();
        noise.destroyForcibly();

        // From inside: an authorised client asks without end.
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            threads.add(Thread.startVirtualThread(() -> {
                for (int time = 0; time < 3; time++) {
                    lab.bob.asked("status");
                }
            }));
        }
        anHonestClientIsServed();
        for (Thread thread : threads) {
            thread.join();
        }
        RoutedLab.await("that who was silenced is heard again", () -> "done".equals(lab.bob.ask("status")));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }

    @Test
    void aLockedRegistryLeavesNothingHalfDone() throws Exception {
        Path database;
        try (Stream<Path> files = Files.list(lab.hub.state())) {
            database = files.filter(file -> file.toString().endsWith(".db"))
                    .findFirst()
                    .orElseThrow();
        }
        Path locked = directory.resolve("locked");
        Process locker = lab.hub.host.start(
                "/usr/bin/python3",
                "-c",
                "import sqlite3, sys, time\nc = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
                        + "c.execute('BEGIN IMMEDIATE')\nopen(sys.argv[2], 'w').close()\ntime.sleep(60)",
                database.toString(),
                locked.toString());
        RoutedLab.await("the lock", () -> Files.exists(locked));
        assertThat(lab.bob.ask("up")).isEqualTo("internal");
        assertThat(lab.hub.has(lab.bob)).isFalse();
        assertThat(lab.hub.routes()).doesNotContain(lab.bob.network());
        locker.destroyForcibly().waitFor();
        assertThat(lab.bob.ask("up")).isEqualTo("done");
        RoutedLab.await("a ping", () -> lab.bob.reaches(GateLab.OFFICE));
        assertThat(lab.bob.ask("down")).isEqualTo("done");
        assertThat(lab.hub.said()).doesNotContain("xception");
    }

    @Test
    void aFullDiskLeavesNothingHalfDone() {
        GateHost spare = lab.spare;
        spare.stopGate();
        String state = spare.state().toString();
        spare.startGateBy(
                "unshare",
                "-m",
                "sh",
                "-ec",
                "mkdir $0.copy; cp -a $0/. $0.copy; mount -t tmpfs -o size=3m,mode=700 none $0; cp -a $0.copy/. $0; exec \"$@\"",
                state);
        String[] inside = {"nsenter", "-m", "-t", Long.toString(spare.process().pid()), "sh", "-c"};
        assertThat(lab.alice.ask("up", "hub=spare", "lease=2")).isEqualTo("done");
        lab.alice.killGate(); // which would renew it
        spare.host.run(Stream.concat(Stream.of(inside), Stream.of("cat /dev/zero > " + state + "/fill || true"))
                .toArray(String[]::new));

        // Nothing can be written: nobody comes up, and whose lease is over is down.
        Set<String> verdicts = new TreeSet<>();
        RoutedLab.await(
                "that the disk is full",
                () -> verdicts.add(lab.bob.ask("up", "hub=spare")) && verdicts.contains("internal"));
        assertThat(spare.has(lab.bob)).isFalse();
        assertThat(spare.routes()).doesNotContain(lab.bob.network());
        RoutedLab.await("the end of the lease", () -> !spare.has(lab.alice));

        spare.host.run(Stream.concat(Stream.of(inside), Stream.of("rm " + state + "/fill"))
                .toArray(String[]::new));
        assertThat(lab.bob.ask("up", "hub=spare")).isEqualTo("done");
        RoutedLab.await("a ping", () -> lab.bob.reaches(GateLab.CLOUD));
        assertThat(lab.bob.ask("down")).isEqualTo("done");
        assertThat(spare.said()).doesNotContain("xception");
        spare.stopGate();
        spare.startGate();
        lab.alice.startGate();
        lab.alice.ask("down");
    }

    /** What processes have said, and what anybody could have read in their arguments. */
    @Test
    void nothingOfASecretIsToldToAnybody() throws Exception {
        String psk = lab.alice.host.run("wg", "genpsk").strip();
        GateLab.enter(lab.hub, lab.alice, "preshared-key = \"" + psk + "\"");
        lab.alice.stopGate();
        lab.alice.write("psk", psk);
        lab.alice.write(
                "gate.toml",
                Files.readString(lab.alice.file("gate.toml"))
                        .replace("name = 'hub'\n", "name = 'hub'\npreshared-key = '" + lab.alice.file("psk") + "'\n"));
        lab.alice.startGate();
        assertThat(lab.alice.gate("up").value("verdict")).isEqualTo("done");
        RoutedLab.await("a ping", () -> lab.alice.reaches(GateLab.OFFICE));
        assertThat(lab.alice.ask("down")).isEqualTo("done");
        String told = lab.hub.run("gate", "peer", "show", "alice")
                + lab.hub.run("gate", "peer", "list", "--json")
                + String.join("\n", lab.hub.log(200))
                + lab.hub.said()
                + lab.alice.said();
        Stream<String> secrets = Stream.concat(
                Stream.of(psk),
                Stream.of(lab.hub, lab.spare, lab.alice, lab.bob, lab.carol)
                        .flatMap(host -> Stream.of(host.keys.privateKey(), host.gateKeys.privateKey())));
        assertThat(commandLines).anyMatch(line -> line.contains("gate") && line.contains("run"));
        secrets.forEach(secret -> {
            // The lab itself makes keys in a shell, which writes them to the standard input of wg.
            assertThat(commandLines.stream()
                            .filter(line -> line.contains(secret))
                            .toList())
                    .isEmpty();
            assertThat(told).doesNotContain(secret);
        });
        GateLab.enter(lab.hub, lab.alice, "");
    }
}
