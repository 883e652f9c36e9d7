package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.interop.RoutedLab.End;
import anubis.lab.CommandResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code up}, {@code reload} and {@code down} refuse: one line that says why and what to do, and nothing is changed. */
final class UpRefusalTest {
    @TempDir
    Path directory;

    private RoutedLab lab;
    private String name;

    @BeforeEach
    void open() {
        lab = new RoutedLab(directory);
        name = lab.name;
    }

    @AfterEach
    void close() {
        lab.close();
    }

    /** Runs a verb that must end with this status and this line, and change nothing. */
    private void refused(int status, String line, String... words) {
        String before = lab.state();
        refused(lab.anubis(words), status, line);
        assertThat(lab.state()).isEqualTo(before);
    }

    private static void refused(CommandResult result, int status, String line) {
        assertThat(result.stderr()).contains(line).startsWith("anubis: ").hasLineCount(1);
        assertThat(result.stdout()).isEmpty();
        assertThat(result.status()).isEqualTo(status);
    }

    @Test
    void whatIsAskedWronglyOrIsNotThere() throws IOException {
        refused(1, "there is no such file; write ./no-such-wg.conf for a file that is elsewhere", "up", "no-such-wg");
        refused(1, "nowhere/x.conf: there is no such file", "up", directory + "/nowhere/x.conf");
        refused(
                2,
                "it has to be called NAME.conf",
                "up",
                Files.createFile(directory.resolve("text")).toString());
        refused(2, "is no name of an interface", "down", "../x");
        refused(
                2,
                "'5x' is no time: write 60s, 5m or 1h",
                "up",
                "--confirm",
                "5x",
                lab.write().toString());
        refused(1, name + " is not up", "down", name);
        refused(1, name + " is not up", "reload", name);
        refused(1, name + " is not up", "reload", lab.write().toString());
        refused(1, name + " is not up", "save", name);
        refused(1, "nothing waits to be confirmed", "confirm", name);
    }

    @Test
    void aFileThatIsWrong() throws IOException {
        Path file = lab.write("Address = 10.9.0.300/24", "MTU = many");
        String before = lab.state();
        CommandResult wrong = lab.anubis("up", file.toString());
        assertThat(wrong.stderr().lines())
                .satisfiesExactly(
                        line -> assertThat(line)
                                .startsWith("anubis: " + file + ":3: Address: ")
                                .contains("10.0.0.1/24"),
                        line -> assertThat(line).startsWith("anubis: " + file + ":4: MTU: "));
        assertThat(wrong.status()).isEqualTo(1);
        assertThat(lab.state()).isEqualTo(before);
        lab.up("Address = 10.9.0.1/24");
        lab.write("Address = 10.9.0.300/24");
        refused(1, file + ":3: Address: ", "reload", name);
        refused(1, file + ":3: Address: ", "reload", "--dry-run", name);
        lab.write("#: Kernel = true");
        refused(1, "Kernel cannot change while " + name + " is up; take it down and up again", "reload", name);
    }

    @Test
    void aFileWhoseKeysOthersCanRead() throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        for (Path above = directory; above != null; above = above.getParent()) {
            assumeTrue(
                    Files.getPosixFilePermissions(above).toString().contains("OTHERS_EXECUTE"),
                    "no other user can come to " + directory);
        }
        Path file = lab.write("Address = 10.9.0.1/24");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        refused(1, "others than its owner can read its secret keys; chmod 600 " + file, "up", file.toString());

        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        lab.run("up", file.toString());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
        refused(1, "others than its owner can change it; chmod 600 " + file, "reload", name);
        lab.run("down", name);
    }

    @Test
    void anInterfaceThatIsThereOrSomebodyElses() {
        Path file = lab.write("Address = 10.9.0.1/24", "PreUp = touch " + directory.resolve("log"));
        lab.me.run("ip", "link", "add", name, "type", "bridge");
        refused(1, name + " is up already; 'anubis reload " + name + "' puts changes in force", "up", file.toString());
        refused(1, name + " is up already", "up", "-f", file.toString());
        refused(1, name + " was not brought up by anubis: use what brought it up", "down", name);
        refused(1, name + " was not brought up by anubis", "reload", file.toString());
        assertThat(directory.resolve("log")).doesNotExist();
        lab.me.run("ip", "link", "del", name);

        lab.run("up", file.toString());
        refused(1, name + " is up already", "up", file.toString());
    }

    @Test
    void aDeviceThatCannotBeMade() {
        // Its socket is there and answers: another network namespace has an interface of this name.
        End far = lab.far();
        lab.me.run("ip", "link", "add", "empty", "type", "bridge");
        Path file = lab.writeAs(far.device().name());
        CommandResult result = lab.anubis("up", file.toString());
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.stderr()).contains("could not be started");
        assertThat(far.device().answers()).as("it is left alone").isTrue();
    }

    @Test
    void aUserWhoIsNotRoot() throws IOException {
        lab.up("Address = 10.9.0.1/24");
        String before = lab.state();
        for (String verb : new String[] {"down", "reload", "confirm", "save"}) {
            CommandResult result = lab.me.execute(
                    "setpriv",
                    "--reuid=nobody",
                    "--regid=nogroup",
                    "--clear-groups",
                    Implementation.verb()[0],
                    verb,
                    name);
            refused(result, 1, "run this as root");
        }
        assertThat(lab.state()).isEqualTo(before);
    }
}
