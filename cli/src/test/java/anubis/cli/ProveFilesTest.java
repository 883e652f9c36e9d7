package anubis.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code prove --files}, of the files that a plan has written. */
class ProveFilesTest {
    private final PrintStream standardOutput = System.out;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final StringWriter err = new StringWriter();

    @TempDir
    Path folder;

    @BeforeEach
    void plan() {
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        assertThat(anubis("plan", "../docs/examples/road-warriors.toml", "-o", folder.toString()))
                .isZero();
    }

    @AfterEach
    void giveBack() {
        System.setOut(standardOutput);
    }

    private int anubis(String... args) {
        CommandLine anubis = Anubis.commandLine();
        anubis.setErr(new PrintWriter(err));
        return anubis.execute(args);
    }

    private String of(String host, String file) {
        return host + "=" + folder.resolve(host).resolve(file);
    }

    @Test
    @DisplayName("A folder has all that is known of a host")
    void folders() {
        assertThat(anubis("prove", "--files", of("server", ""), of("anna-phone", ""), of("carla-laptop", "")))
                .isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("3 machines", "6 fine");
    }

    @Test
    @DisplayName("What no file tells is unknown, and a firewall of others, too")
    void unknown() throws Exception {
        String[] files = {
            "prove", "--files", of("server", "wg0.conf"), of("anna-phone", "wg0.conf"), of("carla-laptop", "wg0.conf")
        };
        assertThat(anubis(files)).isEqualTo(1);
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("4 fine, 2 unknown");

        Path firewall = folder.resolve("server/anubis-plan.nft");
        Files.writeString(firewall, Files.readString(firewall).replaceFirst("drop", "counter drop"));
        out.reset();
        assertThat(anubis("prove", "--files", of("server", ""), of("anna-phone", "")))
                .isEqualTo(1);
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("the firewall in anubis-plan.nft");
    }

    @Test
    @DisplayName("One host reaches nobody, two tunnels of one are not followed, and a host has a tunnel")
    void misused() {
        assertThat(anubis("prove", "--files", of("server", ""))).isEqualTo(2);
        assertThat(anubis("prove", "--files", of("server", "wg0.conf"), of("server", "wg0.conf")))
                .isEqualTo(2);
        assertThat(anubis(
                        "prove",
                        "--files",
                        of("server", ""),
                        of("anna-phone", ""),
                        of("carla-laptop", "anubis-plan.nft")))
                .isEqualTo(2);
        assertThat(err.toString())
                .contains("of two hosts", "server has two tunnels", "no wg-quick file of carla-laptop");
    }
}
