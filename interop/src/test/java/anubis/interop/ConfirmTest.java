package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.interop.RoutedLab.End;
import anubis.lab.CommandResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Changes that are put back unless they are confirmed. */
final class ConfirmTest {
    private static final String ADDRESS = "Address = 10.9.0.1/24";

    @TempDir
    Path directory;

    private RoutedLab lab;
    private String name;
    private String peer;
    private String before;

    @BeforeEach
    void open() {
        lab = new RoutedLab(directory);
        name = lab.name;
        End far = lab.far();
        peer = RoutedLab.peer(far, "10.77.0.1/32", far.outer());
        before = lab.state();
    }

    @AfterEach
    void close() {
        lab.close();
    }

    private Path kept(String kind) {
        return Path.of("/run/anubis", name + "." + kind);
    }

    private void mtu(int mtu, String... words) {
        Path file = lab.write(ADDRESS, "MTU = " + mtu, peer);
        String[] command = new String[words.length + 1];
        System.arraycopy(words, 0, command, 0, words.length);
        command[words.length] = file.toString();
        CommandResult result = lab.anubis(command);
        assertThat(result.status()).as(result.stderr()).isZero();
    }

    private boolean hasMtu(int mtu) {
        return lab.me.execute("ip", "link", "show", name).stdout().contains("mtu " + mtu + " ");
    }

    /** What would happen if the time were over. */
    private void timeIsOver(String token) {
        assertThat(lab.run("rollback", name, token, "0")).isEqualTo("ready\n");
    }

    private String token() throws IOException {
        return Files.readString(kept("confirm"));
    }

    @Test
    void whereNobodyCouldPutItBackNothingIsChanged() throws IOException {
        mtu(1400, "up");
        Path setsid = Files.writeString(directory.resolve("setsid"), "#!/bin/sh\nexit 1\n");
        assertThat(setsid.toFile().setExecutable(true)).isTrue();
        Path file = lab.write(ADDRESS, "MTU = 1300", peer);

        CommandResult result = lab.anubis(
                Map.of("PATH", directory + ":" + System.getenv("PATH")), "reload", "--confirm", "1h", file.toString());

        assertThat(result.stderr())
                .contains("could not be started; nothing is changed")
                .hasLineCount(1);
        assertThat(result.status()).isEqualTo(1);
        assertThat(hasMtu(1400)).isTrue();
        assertThat(kept("confirm")).doesNotExist();
        assertThat(kept("previous")).doesNotExist();
        lab.run("down", name);
    }

    @Test
    void upIsTakenDownAgain() {
        CommandResult result = lab.anubis(
                "up", "--confirm", "1s", lab.write(ADDRESS, "MTU = 1400", peer).toString());
        assertThat(result.stderr())
                .isEqualTo(
                        "anubis: " + name + " is taken down again in 1 s unless 'anubis confirm " + name + "' comes\n");

        RoutedLab.await("the way back", () -> lab.state().equals(before));
        assertThat(kept("confirm")).doesNotExist();
    }

    @Test
    void reloadIsPutBack() throws IOException {
        mtu(1400, "up");
        lab.awaitPing("10.77.0.1");
        String up = lab.state();
        String text = Files.readString(kept("conf"));

        mtu(1350, "reload", "--confirm", "1s");

        RoutedLab.await("the way back", () -> lab.state().equals(up) && !Files.exists(kept("confirm")));
        assertThat(kept("conf")).hasContent(text);
        assertThat(kept("previous")).doesNotExist();
        assertThat(lab.me.reaches("10.77.0.1")).isTrue();
    }

    @Test
    void whatIsConfirmedStays() throws IOException {
        mtu(1400, "up", "--confirm", "1h");
        String token = token();
        assertThat(lab.run("confirm", name)).isEmpty();
        timeIsOver(token);
        assertThat(hasMtu(1400)).isTrue();

        mtu(1350, "reload", "--confirm", "60m");
        token = token();
        lab.run("confirm", name);
        timeIsOver(token);
        assertThat(hasMtu(1350)).isTrue();

        CommandResult again = lab.anubis("confirm", name);
        assertThat(again.status()).isEqualTo(1);
        assertThat(again.stderr())
                .startsWith("anubis: nothing waits to be confirmed")
                .hasLineCount(1);
    }

    @Test
    void aLaterReloadConfirmsUnlessItFails() throws IOException {
        mtu(1400, "up");
        mtu(1350, "reload", "--confirm", "1h");
        String token = token();
        lab.write("Address = ff02::1/64", "MTU = 1360", peer);
        assertThat(lab.anubis("reload", name).status()).isEqualTo(1);
        assertThat(token()).as("it still waits").isEqualTo(token);
        assertThat(lab.anubis("reload", "--confirm", "1h", name).status()).isEqualTo(1);
        assertThat(token()).as("it still waits").isEqualTo(token);

        mtu(1340, "reload");
        assertThat(kept("confirm")).doesNotExist();
        timeIsOver(token);

        assertThat(hasMtu(1340)).isTrue();
    }

    @Test
    void twoThatWaitGoBackToTheFirstState() throws IOException {
        mtu(1400, "up");
        String up = lab.state();
        mtu(1350, "reload", "--confirm", "1h");
        String first = token();
        mtu(1340, "reload", "--confirm", "1h");
        String second = token();

        timeIsOver(first);
        assertThat(hasMtu(1340)).as("the first no longer counts").isTrue();
        timeIsOver(second);

        assertThat(lab.state()).isEqualTo(up);
    }

    @Test
    void anUpAndAReloadThatWaitGoBackToNothing() throws IOException {
        mtu(1400, "up", "--confirm", "1h");
        mtu(1350, "reload", "--confirm", "1h");

        timeIsOver(token());

        assertThat(lab.state()).isEqualTo(before);
    }

    @Test
    void itIsPutBackThoughTheTerminalIsGone() {
        mtu(1400, "up");
        lab.write(ADDRESS, "MTU = 1350", peer);

        // The end of script(1) closes the terminal, and every process of its session hears of it.
        lab.me.run(
                "script",
                "-qec",
                Implementation.verb()[0] + " reload --confirm 2s " + name + "; ip link show " + name
                        + " | grep 'mtu 1350'",
                "/dev/null");

        RoutedLab.await("the way back", () -> hasMtu(1400));
    }
}
