package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.crypto.PublicKey;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteRegistryTest extends RegistryContract {
    @TempDir
    Path directory;

    private Path folder() {
        return directory.resolve("state");
    }

    private Path file() {
        return folder().resolve(SqliteRegistry.FILE);
    }

    @Override
    Registry open() {
        return SqliteRegistry.open(folder());
    }

    /** As another process with SQLite would. */
    private void elsewhere(Path file, String... statements) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        }
    }

    @Test
    void allIsThereWhenItIsOpenedAgain() {
        add(PLAIN, FULL);
        registry.put(standing(3).held(true), line(PLAIN, "up"));
        registry.close();
        registry = open();
        assertThat(registry.list()).containsExactly(FULL, PLAIN);
        assertThat(registry.standing(PLAIN.productionKey()))
                .isEqualTo(standing(3).held(true));
        assertThat(registry.log(9)).hasSize(3);
    }

    @Test
    void onlyItsOwnerCanReadIt() throws IOException {
        add(FULL);
        assertThat(permissions(folder())).isEqualTo("rwx------");
        try (Stream<Path> files = Files.list(folder())) {
            assertThat(files.toList())
                    .hasSize(3)
                    .allSatisfy(file -> assertThat(permissions(file)).isEqualTo("rw-------"));
        }
        registry.close();
        Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-r-----"));
        Files.setPosixFilePermissions(folder(), PosixFilePermissions.fromString("rwxr-x---"));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        assertThatThrownBy(this::open)
                .isInstanceOf(RegistryException.class)
                .hasMessageContaining("chmod 600 " + file());
    }

    private static String permissions(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    @Test
    void aChangeByAnotherIsANewVersion() {
        add(PLAIN);
        long version = registry.version();
        assertThat(registry.version()).isEqualTo(version);
        try (Registry other = open()) {
            other.replace(PLAIN.enabled(false), line(PLAIN, "disabled"));
        }
        assertThat(registry.version()).isNotEqualTo(version);
        assertThat(registry.byName("plain")).contains(PLAIN.enabled(false));
    }

    @Test
    void thatAnotherHasLockedItIsSaidSoonAndNothingIsChanged() throws SQLException {
        add(PLAIN);
        try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + file());
                Statement statement = other.createStatement()) {
            statement.execute("BEGIN IMMEDIATE");
            assertThatThrownBy(() -> registry.put(standing(1), line(PLAIN, "up")))
                    .isInstanceOf(RegistryException.class)
                    .hasMessageContainingAll(file().toString(), "somebody else has locked it");
            assertThat(registry.byName("plain")).isPresent();
            statement.execute("ROLLBACK");
        }
        assertThat(registry.standing(PLAIN.productionKey())).isEqualTo(Standing.NEW);
        registry.put(standing(1), line(PLAIN, "up"));
    }

    @Test
    void aNewerSchemaIsRefused() throws SQLException {
        registry.close();
        elsewhere(file(), "PRAGMA user_version = 2");
        assertThatThrownBy(this::open)
                .isInstanceOf(RegistryException.class)
                .hasMessageContainingAll(file().toString(), "version 2", "newer anubis");
        elsewhere(file(), "PRAGMA user_version = 1");
        registry = open();
    }

    @Test
    void whatIsNoDatabaseIsRefused() throws IOException {
        registry.close();
        Files.writeString(file(), "no database, but long enough to look at".repeat(99));
        assertThatThrownBy(this::open)
                .isInstanceOf(RegistryException.class)
                .hasMessageContainingAll(file().toString(), "damaged");
        Files.delete(file());
        registry = open();
    }

    @Test
    void linesOfTheLogAreOnlyEverAdded() {
        registry.append(line(PLAIN, "up"));
        for (String change : List.of(
                "UPDATE audit SET what = 'down'",
                "DELETE FROM audit",
                "INSERT OR REPLACE INTO audit SELECT * FROM audit")) {
            assertThatThrownBy(() -> elsewhere(file(), change))
                    .as(change)
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("only ever added");
        }
        assertThat(registry.log(9)).containsExactly(line(PLAIN, "up"));
    }

    @Test
    void whatTheOwnerDoesIsOnTheDiskEachTime() {
        registry.close();
        try (Sqlite sqlite = new Sqlite(file())) {
            for (int i = 0; i < 2; i++) {
                sqlite.write(
                        Sqlite.Safety.POWER,
                        () -> assertThat(synchronous(sqlite)).isEqualTo(2));
                sqlite.write(
                        Sqlite.Safety.KILL,
                        () -> assertThat(synchronous(sqlite)).isEqualTo(1));
            }
        }
        registry = open();
    }

    private static int synchronous(Sqlite sqlite) {
        return sqlite.query("PRAGMA synchronous", row -> row.getInt(1)).getFirst();
    }

    @Test
    void manyMayOpenItForTheFirstTimeAtOnce() throws Exception {
        Path fresh = directory.resolve("fresh");
        try (ExecutorService pool = Executors.newFixedThreadPool(8)) {
            List<Callable<Integer>> all = IntStream.range(0, 8)
                    .<Callable<Integer>>mapToObj(i -> () -> {
                        try (Registry own = SqliteRegistry.open(fresh)) {
                            own.add(List.of(plain("peer" + i)));
                            return own.list().size();
                        }
                    })
                    .toList();
            for (Future<Integer> each : pool.invokeAll(all)) {
                assertThat(each.get()).isPositive();
            }
        }
    }

    @Test
    void eachQuestionIsALookUpInAnIndex() throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file());
                Statement statement = connection.createStatement()) {
            for (String condition : List.of("name = ''", "gate_key = x''", "production_key = x''")) {
                try (ResultSet plan =
                        statement.executeQuery("EXPLAIN QUERY PLAN " + SqliteRegistry.ENTRY + "WHERE " + condition)) {
                    while (plan.next()) {
                        assertThat(plan.getString("detail")).as(condition).doesNotContain("SCAN");
                    }
                }
            }
        }
    }

    // What is written stays.

    @Test
    void whatWasPutIsThereAfterAKill() throws Exception {
        registry.close();
        Random random = new Random();
        List<String> told = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            Process process = new ProcessBuilder(
                            System.getProperty("java.home") + "/bin/java",
                            "--enable-native-access=ALL-UNNAMED",
                            "-Xshare:auto",
                            "-XX:TieredStopAtLevel=1",
                            "-Dorg.sqlite.tmpdir=" + directory,
                            "-cp",
                            classPath(),
                            Putting.class.getName(),
                            folder().toString(),
                            "" + round)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try (BufferedReader out = process.inputReader()) {
                told.add(out.readLine());
                for (int lines = random.nextInt(1000); lines > 0; lines--) {
                    told.add(out.readLine());
                }
                new ProcessBuilder("kill", "-9", "" + process.pid()).start().waitFor();
                out.lines().filter(line -> line.endsWith(".")).forEach(told::add);
            }
        }
        registry = open();
        List<String> log =
                registry.log(Integer.MAX_VALUE).stream().map(AuditLine::what).toList();
        assertThat(told).hasSizeGreaterThan(2);
        assertThat(log).containsSubsequence(told);
        for (int i = 0; i < log.size(); i++) {
            String[] numbers = log.get(i).split("[-.]", -1);
            int at = i;
            boolean last = log.subList(i + 1, log.size()).stream().noneMatch(what -> what.startsWith(numbers[0] + "-"));
            if (last) {
                Entry entry = registry.byName("peer" + numbers[0]).orElseThrow();
                assertThat(registry.standing(entry.productionKey()))
                        .as(() -> log.get(at))
                        .isEqualTo(standing(Integer.parseInt(numbers[1])));
            }
        }
    }

    private static String classPath() {
        return Stream.of(System.getProperty("java.class.path"), System.getProperty("jdk.module.path", ""))
                        .collect(Collectors.joining(":"))
                + ":target/test-classes:target/classes";
    }

    /** Puts, and tells on its standard output what it has put, until it is killed. */
    static final class Putting {
        private Putting() {}

        public static void main(String[] args) {
            Registry registry = SqliteRegistry.open(Path.of(args[0]));
            byte[] key = new byte[32];
            new SecureRandom().nextBytes(key);
            Entry entry = entry("peer" + args[1], PublicKey.of(key), PublicKey.of(key));
            registry.add(List.of(entry));
            for (int i = 1; ; i++) {
                String what = args[1] + "-" + i + ".";
                registry.put(standing(i), line(entry, what));
                System.out.println(what);
            }
        }
    }

    @Test
    void aFullDiskIsSaidAndNothingIsChanged() throws Exception {
        Path small = Files.createDirectory(directory.resolve("small"));
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs", small.toString()),
                "a small disk can be mounted by root only");
        try (Registry full = SqliteRegistry.open(small)) {
            full.add(List.of(PLAIN), line(PLAIN, "added"));
            int[] put = {0};
            assertThatThrownBy(() -> {
                        while (true) {
                            full.put(standing(put[0] + 1), line(PLAIN, "up"));
                            put[0]++;
                        }
                    })
                    .isInstanceOf(RegistryException.class)
                    .hasMessageContainingAll(small.toString(), "the disk is full");
            assertThat(full.standing(PLAIN.productionKey())).isEqualTo(standing(put[0]));
            assertThat(full.log(100_000)).hasSize(put[0] + 1);
            assertThatThrownBy(() -> full.atOnce(() -> {
                        full.append(line(FULL, "many"));
                        for (int i = 0; i < 10_000; i++) {
                            full.append(line(PLAIN, "many"));
                        }
                    }))
                    .isInstanceOf(RegistryException.class)
                    .hasMessageContaining("the disk is full");
            assertThat(full.log(1)).containsExactly(line(PLAIN, "up"));
            assertThat(full.list()).containsExactly(PLAIN);
            assertThat(run("mount", "-o", "remount,size=2m", small.toString())).isTrue();
            full.replace(PLAIN.enabled(false), line(PLAIN, "disabled"));
            assertThat(full.list()).containsExactly(PLAIN.enabled(false));
            assertThat(full.log(1)).containsExactly(line(PLAIN, "disabled"));
        } finally {
            assertThat(run("umount", small.toString())).isTrue();
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor()
                == 0;
    }
}
