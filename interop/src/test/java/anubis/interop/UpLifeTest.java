package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.interop.RoutedLab.End;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever ends an interface, nothing of it is left, or the next {@code down} or {@code up} finds and removes it. */
final class UpLifeTest {
    @TempDir
    Path directory;

    private RoutedLab lab;
    private String name;
    private End far;
    private String before;

    @BeforeEach
    void open() {
        lab = new RoutedLab(directory);
        name = lab.name;
        far = lab.far();
        before = lab.state();
    }

    @AfterEach
    void close() {
        lab.close();
    }

    private Path file(String... lines) {
        String[] all = new String[lines.length + 2];
        all[0] = "Address = 10.9.0.1/24, fd09::1/64";
        System.arraycopy(lines, 0, all, 1, lines.length);
        all[lines.length + 1] = RoutedLab.peer(far, "0.0.0.0/0, ::/0", far.outer());
        return lab.write(all);
    }

    /** {@code up -f}, once it is ready. */
    private Process foreground(Path file) {
        Path said = Device.log(name);
        Process process = lab.me.start(
                builder -> builder.redirectErrorStream(true).redirectOutput(said.toFile()),
                Implementation.verb("up", "-f", file.toString()));
        RoutedLab.await("that it is ready", () -> said(said).contains("ready") || !process.isAlive());
        assertThat(process.isAlive()).as(() -> said(said)).isTrue();
        return process;
    }

    private static String said(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }

    private void ended(Process process) {
        RoutedLab.await("its end", () -> !process.isAlive());
        assertThat(process.exitValue()).as(() -> said(Device.log(name))).isZero();
        assertThat(lab.state()).isEqualTo(before);
        assertThat(Device.socket(name)).doesNotExist();
        assertThat(Path.of("/run/anubis", name + ".peers")).doesNotExist();
    }

    @Test
    void aDeviceThatIsKilledLeavesWhatDownRemoves() {
        lab.run("up", file().toString());
        lab.awaitPing(far.inside());
        lab.me.interfaceNamed(name).holder().destroyForcibly();
        RoutedLab.await(
                "its end", () -> lab.me.execute("ip", "link", "show", name).status() != 0);

        lab.run("down", name);

        assertThat(lab.state()).isEqualTo(before);
    }

    @Test
    void aDeviceThatIsKilledLeavesWhatUpReplaces() {
        Path file = file();
        lab.run("up", file.toString());
        lab.me.interfaceNamed(name).holder().destroyForcibly();
        RoutedLab.await(
                "its end", () -> lab.me.execute("ip", "link", "show", name).status() != 0);

        lab.run("up", file.toString());

        lab.awaitPing(far.inside());
        lab.run("down", name);
        assertThat(lab.state()).isEqualTo(before);
    }

    @Test
    void anUpThatIsKilledLeavesWhatDownRemoves() throws IOException {
        Process up = lab.me.start(Implementation.verb(
                "up",
                file("PostUp = touch " + directory.resolve("log") + "; sleep 1000")
                        .toString()));
        RoutedLab.await("the hook", () -> Files.exists(directory.resolve("log")));
        up.descendants().forEach(ProcessHandle::destroyForcibly);
        up.destroyForcibly();
        RoutedLab.await("its end", () -> !up.isAlive());

        lab.run("down", name);

        assertThat(lab.state()).isEqualTo(before);
    }

    @Test
    void inTheForegroundItEndsAtSigtermWithAllItHadMade() throws IOException {
        Path log = directory.resolve("log");
        Process process = foreground(file(
                "SaveConfig = true",
                "PreUp = ip link show %i 2>/dev/null || echo PreUp >> " + log,
                "PostUp = echo PostUp >> " + log,
                "PreDown = wg set %i listen-port 47111 && echo PreDown >> " + log,
                "PostDown = ip link show %i 2>/dev/null || echo PostDown >> " + log));
        lab.awaitPing(far.inside());
        lab.run("reload", name);

        process.destroy();

        ended(process);
        assertThat(Files.readString(log)).isEqualTo("PreUp\nPostUp\nPreDown\nPostDown\n");
        assertThat(Files.readString(directory.resolve(name + ".conf")))
                .contains(far.keys().publicKey());
    }

    @Test
    void inTheForegroundItEndsWithItsInterface() throws IOException {
        Path log = directory.resolve("log");
        Process process = foreground(file("PostDown = echo PostDown >> " + log));

        lab.me.run("ip", "link", "del", name);

        ended(process);
        assertThat(Files.readString(log)).isEqualTo("PostDown\n");
    }

    @Test
    void inTheForegroundItEndsAtDown() throws IOException {
        Path log = directory.resolve("log");
        Process process = foreground(file("PostDown = echo PostDown >> " + log));

        lab.run("down", name);

        ended(process);
        assertThat(Files.readString(log)).isEqualTo("PostDown\n");
    }

    @Test
    void inTheForegroundItLeavesNothingWhenAHookFails() {
        Path said = Device.log(name);
        Path file = file("PostUp = exit 9");
        Process process = lab.me.start(
                builder -> builder.redirectErrorStream(true).redirectOutput(said.toFile()),
                Implementation.verb("up", "-f", file.toString()));

        RoutedLab.await("its end", () -> !process.isAlive());

        assertThat(process.exitValue()).isEqualTo(1);
        assertThat(said(said)).isEqualTo("anubis: " + file + ":4: PostUp: the command has failed with exit status 9\n");
        assertThat(lab.state()).isEqualTo(before);
    }
}
