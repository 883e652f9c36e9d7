package anubis.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ManCommandTest {
    @TempDir
    Path folder;

    @BeforeEach
    void write() {
        assertThat(Anubis.commandLine("man").execute("man", folder.toString())).isZero();
    }

    @Test
    void everyVerbHasAPage() throws IOException {
        String overview = Files.readString(folder.resolve("anubis.8"));
        assertThat(overview).startsWith(".TH ANUBIS 8 ").contains("\n.SH COMMANDS\n", "\\fBsyncconf\\fP\n");
        everyVerbHasAPage(Anubis.commandLine());
        assertThat(folder.resolve("anubis-gate-peer-add.8")).exists();
        assertThat(Files.readString(folder.resolve("anubis-gate.8"))).contains("as in anubis\\-gate\\-log(8)");
    }

    private void everyVerbHasAPage(CommandLine group) {
        group.getSubcommands().values().forEach(verb -> {
            String name = verb.getCommandSpec().qualifiedName("-");
            assertThat(Files.exists(folder.resolve(name + ".8")))
                    .as(name)
                    .isNotEqualTo(verb.getCommandSpec().usageMessage().hidden());
            everyVerbHasAPage(verb);
        });
    }

    @Test
    void aPageTellsWhatHelpTellsAndTheExitCodes() throws IOException {
        assertThat(Files.readString(folder.resolve("anubis-show.8")))
                .contains(
                        "anubis\\-show \\- Prints the state of WireGuard interfaces\n",
                        ".B anubis show\n[\\-hV] [\\-\\-json] [INTERFACE] [FIELD]\n",
                        "\\fB\\-\\-json\\fP\nPrint JSON.\n",
                        ".SH EXIT STATUS\n.TP\n\\fB0\\fP\n",
                        ".TP\n\\fB1\\fP\n",
                        ".TP\n\\fB2\\fP\n",
                        "latest\\-handshakes, transfer")
                .doesNotContain("${", "@|");
    }

    @Test
    void theFormatterHasNoComplaint() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/groff")), "groff is not installed");
        List<String> pages;
        try (Stream<Path> files = Files.list(folder)) {
            pages = files.map(Path::toString).toList();
        }
        for (String page : pages) {
            Path complaints = folder.resolve("complaints");
            Process groff = new ProcessBuilder("groff", "-man", "-Tutf8", "-ww", "-z", page)
                    .redirectErrorStream(true)
                    .redirectOutput(complaints.toFile())
                    .start();
            assertThat(groff.waitFor()).as(page).isZero();
            assertThat(Files.readString(complaints)).as(page).isEmpty();
        }
    }
}
