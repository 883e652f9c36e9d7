package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HandshakeClockTest {
    private static final Instant NOW = Instant.parse("2026-07-01T12:00:00Z");

    @TempDir
    Path state;

    private final List<String> log = new ArrayList<>();
    private Instant wall = NOW;
    private long elapsed;

    private HandshakeClock open() {
        return open(state);
    }

    private HandshakeClock open(Path directory) {
        return new HandshakeClock(directory, () -> wall, () -> elapsed, log::add);
    }

    private void pass(Duration time) {
        wall = wall.plus(time);
        elapsed += time.toNanos();
    }

    private long mark() throws Exception {
        return Long.parseLong(Files.readString(state.resolve("clock")).strip());
    }

    @Test
    void aClockThatIsRightIsTheWallClock() throws Exception {
        try (HandshakeClock clock = open(state.resolve("made/too"))) {
            assertThat(clock.instant()).isEqualTo(NOW);
            pass(Duration.ofHours(5));
            assertThat(clock.instant()).isEqualTo(NOW.plus(Duration.ofHours(5)));
            wall = NOW;
            assertThat(clock.instant()).as("set back: for whoever counts on").isEqualTo(NOW);
        }
        assertThat(log).isEmpty();
        Path made = state.resolve("made/too");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made)))
                .isEqualTo("rwx------");
        for (String file : List.of("clock", "clock.lock")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made.resolve(file))))
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void aClockThatBeginsIn1970AfterKillGoesOnPastAllThatWasUsed() {
        HandshakeClock killed = open();
        pass(Duration.ofSeconds(1000));
        Instant last = killed.instant();

        wall = Instant.EPOCH;
        HandshakeClock reborn = open();
        Instant first = reborn.instant();
        assertThat(first).isAfter(last).isBefore(last.plus(Duration.ofMinutes(2)));
        pass(Duration.ofSeconds(7));
        assertThat(reborn.instant()).isEqualTo(first.plusSeconds(7));
        wall = NOW.plus(Duration.ofDays(3));
        assertThat(reborn.instant()).as("once it is right").isEqualTo(wall);
        assertThat(log).isEmpty();
    }

    @Test
    void theMarkIsAheadOfWhateverWasUsedAtEveryMoment() throws Exception {
        HandshakeClock clock = open();
        for (int i = 0; i < 500; i++) {
            long used = clock.instant().toEpochMilli();
            assertThat(mark()).isGreaterThan(used + 1000).isLessThanOrEqualTo(used + HandshakeClock.AHEAD);
            pass(Duration.ofMillis(700));
        }
    }

    @Test
    void cleanRestartsDoNotDriveTheClockAhead() throws Exception {
        for (int i = 0; i < 100; i++) {
            try (HandshakeClock clock = open()) {
                clock.instant();
            }
            pass(Duration.ofSeconds(2));
        }
        assertThat(mark()).isBetween(wall.toEpochMilli() - 2000, wall.toEpochMilli() + 2000);
        open().close();
        assertThat(mark()).as("a life without a handshake").isLessThan(wall.toEpochMilli() + 2000);
    }

    @Test
    void whoEndsTakesBackNoMarkThatAnotherCountsOn() throws Exception {
        HandshakeClock first = open();
        HandshakeClock second = open();
        wall = NOW.plus(Duration.ofHours(1));
        first.instant();
        wall = NOW.plus(Duration.ofSeconds(100));
        second.instant();
        first.close();
        wall = NOW.plus(Duration.ofHours(1)).plusSeconds(30);
        assertThat(mark()).isGreaterThan(second.instant().toEpochMilli());
    }

    /** Whatever happens to several devices, each starts past all that it, and any other, has used before. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void devicesThatShareADirectoryDoNotHarmEachOther(long seed) throws Exception {
        Random random = new Random(seed);
        List<HandshakeClock> clocks =
                new ArrayList<>(Stream.generate(this::open).limit(4).toList());
        long used = 0;
        for (int i = 0; i < 300; i++) {
            int which = random.nextInt(clocks.size());
            pass(Duration.ofMillis(random.nextInt(30_000)));
            switch (random.nextInt(8)) {
                case 0 -> {
                    clocks.get(which).close();
                    clocks.set(which, open());
                }
                case 1 -> clocks.set(which, open()); // The one before was killed.
                case 2 -> wall = random.nextBoolean() ? NOW : Instant.EPOCH;
                default -> {
                    used = Math.max(used, clocks.get(which).instant().toEpochMilli());
                    assertThat(mark()).isGreaterThan(used);
                }
            }
            assertThat(mark()).as("step %d", i).isGreaterThan(used);
        }
        assertThat(log).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "yesterday", "-5", "12 13", "99999999999999999999"})
    void aDamagedFileIsToldOfAndReplaced(String content) throws Exception {
        Files.writeString(state.resolve("clock"), content);
        try (HandshakeClock clock = open()) {
            assertThat(clock.instant()).isEqualTo(NOW);
            pass(Duration.ofMinutes(5));
            clock.instant();
        }
        assertThat(log).hasSize(1).allMatch(line -> line.contains(state.resolve("clock") + " is damaged"));
        wall = Instant.EPOCH;
        assertThat(open().instant()).isAfter(NOW);
        assertThat(log).hasSize(1);
    }

    @Test
    void whatAWriterLeftThatWasKilledDoesNoHarm() throws Exception {
        open().instant();
        Files.writeString(state.resolve("clock.new"), "17".repeat(100));
        wall = Instant.EPOCH;
        assertThat(open().instant()).isAfter(NOW);
        assertThat(mark()).isGreaterThan(NOW.toEpochMilli());
        assertThat(log).isEmpty();
    }

    @Test
    void withoutADirectoryToWriteToItIsTheWallClockAndSaysSoOnce() throws Exception {
        Path file = Files.createFile(state.resolve("file"));
        try (HandshakeClock clock = open(file.resolve("below"))) {
            for (int i = 0; i < 5; i++) {
                assertThat(clock.instant()).isEqualTo(wall);
                pass(Duration.ofMinutes(2));
            }
        }
        assertThat(log)
                .hasSize(1)
                .allMatch(line -> line.contains(file.resolve("below").toString()) && line.contains("STATE_DIRECTORY"));
    }

    @Test
    void processesThatAreKilledHaveUsedNothingPastTheMark() throws Exception {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            processes.add(OtherProcess.start(state));
        }
        long used = 0;
        try {
            for (Process process : processes) {
                for (int i = 0; i < 40; i++) {
                    used = Math.max(used, Long.parseLong(process.inputReader().readLine()));
                }
            }
        } finally {
            processes.forEach(process -> process.toHandle().destroyForcibly()); // Which leaves what it has said.
        }
        for (Process process : processes) {
            for (String line : process.inputReader().lines().toList()) {
                used = line.isEmpty() ? used : Math.max(used, Long.parseLong(line)); // The last may be cut short.
            }
        }
        assertThat(mark()).isGreaterThan(used);
        wall = Instant.EPOCH;
        assertThat(open().instant().toEpochMilli()).isGreaterThan(used);
    }

    /** A process that uses the clock of a directory as fast as it can, eight seconds at a time, and prints each time used, or what is wrong. */
    static final class OtherProcess {
        private OtherProcess() {}

        static Process start(Path directory) throws Exception {
            List<String> classes = new ArrayList<>();
            for (Class<?> each : List.of(HandshakeClock.class, OtherProcess.class)) {
                classes.add(each.getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .toURI()
                        .getPath());
            }
            return new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-XX:-UsePerfData", // Its warnings would be read for times.
                            "-cp",
                            String.join(File.pathSeparator, classes),
                            OtherProcess.class.getName(),
                            directory.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
        }

        public static void main(String[] arguments) {
            long[] time = {NOW.toEpochMilli()};
            InstantSource wall = () -> Instant.ofEpochMilli(time[0] += 8_000);
            HandshakeClock clock = HandshakeClock.open(Path.of(arguments[0]), wall, System.out::println);
            do {
                System.out.println(clock.instant().toEpochMilli());
            } while (!System.out.checkError());
        }
    }
}
