package anubis.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The script in a real shell. */
class CompletionCommandTest {
    @TempDir
    Path directory;

    private Path script;

    @BeforeEach
    void writeScript() throws IOException {
        PrintStream standardOutput = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            assertThat(Anubis.commandLine("completion").execute("completion", "bash"))
                    .isZero();
        } finally {
            System.setOut(standardOutput);
        }
        script = Files.write(directory.resolve("script"), out.toByteArray());
    }

    private List<String> completed(String wrapper, String line) throws IOException, InterruptedException {
        // Only a shell that is completing has options of that.
        String complete = "compopt() { :; }; source '" + script + "'; COMP_WORDS=(" + line
                + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1));" + " COMP_LINE='" + line
                + "'; _complete_anubis; printf '%s\\n' \"${COMPREPLY[@]}\"";
        Path output = directory.resolve("output");
        Process bash = new ProcessBuilder("unshare", "-rm", "bash", "-c", wrapper + complete)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(bash.waitFor()).as(() -> "exit status").isZero();
        return Files.readAllLines(output);
    }

    @ParameterizedTest
    @CsvSource({
        "anubis sho, 'show showconf'",
        "anubis show wg0 pub, public-key",
        "anubis setconf --vers, --version",
        "anubis gate peer e, 'enable export'",
        "anubis gate peer show --js, --json"
    })
    void wordsAreCompleted(String line, String words) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/unshare")), "needs unshare (util-linux)");
        assertThat(completed("", line)).containsExactlyInAnyOrder(words.split(" "));
    }

    @Test
    void interfacesAreCompleted() throws Exception {
        String sockets =
                "mount -t tmpfs none /run && mkdir /run/wireguard && touch /run/wireguard/{wg0,wg1,other}.sock && ";
        assertThat(completed(sockets, "anubis showconf w"))
                .contains("wg0", "wg1")
                .doesNotContain("other");
        assertThat(completed(sockets, "anubis show ot")).containsExactly("other");
    }

    /** Bash expands what it is given to choose from. */
    @Test
    void theNameOfAFileIsNoCommand() throws Exception {
        Path made = Path.of("made-by-completion");
        String socket = "mount -t tmpfs none /run && mkdir /run/wireguard && cd '" + directory
                + "' && touch '/run/wireguard/$(touch " + made + ").sock' /run/wireguard/wg0.sock && ";

        assertThat(completed(socket, "anubis showconf w")).containsExactly("wg0");

        assertThat(directory.resolve(made)).doesNotExist();
    }
}
