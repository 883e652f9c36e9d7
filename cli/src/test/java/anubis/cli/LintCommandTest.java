package anubis.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class LintCommandTest {
    private static final String CLEAN = """
            [Interface]
            PrivateKey = uIShoqKMd1R2SpeYVvCZCwtfQPG0JRNQpWXLVkytxFI=
            Address = 10.0.0.1/24
            ListenPort = 51820
            [Peer]
            PublicKey = TTUCyK9D5FikCw/8vX3v6CwquyvWcwxUXH/SyHFUSAQ=
            AllowedIPs = 10.0.0.2/32
            """;

    private final PrintStream standardOutput = System.out;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final StringWriter err = new StringWriter();

    @TempDir
    Path directory;

    @BeforeEach
    void take() throws IOException {
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @AfterEach
    void giveBack() {
        System.setOut(standardOutput);
    }

    private String file(String name, String mode, String text) throws IOException {
        Path path = Files.writeString(directory.resolve(name), text);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
        return path.toString();
    }

    private int lint(String... args) {
        CommandLine anubis = Anubis.commandLine();
        anubis.setErr(new PrintWriter(err));
        return anubis.execute(Stream.concat(Stream.of("lint"), Stream.of(args)).toArray(String[]::new));
    }

    private String output() {
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aCleanFileIsPassedInSilence() throws IOException {
        assertThat(lint(file("wg0.conf", "rw-------", CLEAN))).isZero();
        assertThat(output() + err).isEmpty();
    }

    @Test
    void warningsAndNotesAreToldAndNoFailure() throws IOException {
        String file = file("wg0.conf", "rw-------", CLEAN.replace("51820", "51820\nMTU = 1500\nDNS = 9.9.9.9"));
        assertThat(lint(file)).isZero();
        assertThat(output().lines())
                .satisfiesExactly(
                        line -> assertThat(line)
                                .startsWith(file + ":5: warning: MTU: ")
                                .endsWith(" [mtu-large]"),
                        line -> assertThat(line)
                                .startsWith(file + ":6: note: DNS: ")
                                .endsWith(" [dns-outside]"));
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void errorsOfAllFilesAreToldAndCounted() throws IOException {
        String open = file("wg0.conf", "rw-r--r--", CLEAN);
        String broken = file("wg1.conf", "rw-------", CLEAN.replace("Address", "Adress"));
        assertThat(lint(open, broken)).isEqualTo(1);
        assertThat(output().lines())
                .containsExactly(
                        open + ":1: error: file: others than its owner can read its secret keys; chmod 600 " + open
                                + " [exposed-file]",
                        broken + ":3: error: Adress: there is no such setting in [Interface]; write Address if you mean"
                                + " that, or remove it [syntax]");
        assertThat(err.toString()).isEqualTo("anubis: 2 errors\n");
    }

    @Test
    void asJson() throws IOException {
        String file = file("wg0.conf", "rw-------", CLEAN.replace("ListenPort = 51820\n", ""));
        assertThat(lint("--json", file)).isZero();
        assertThat(output())
                .isEqualTo("[{\"file\":\"" + file + "\",\"line\":4,\"severity\":\"warning\",\"rule\":\"nobody-begins\","
                        + "\"key\":\"Endpoint\",\"fault\":\"this host does not know where the peer is, nor the peer which"
                        + " port to send to\",\"remedy\":\"add an Endpoint here, or a ListenPort to [Interface]\"}]\n");
    }

    @Test
    void aFileThatCannotBeReadIsNamed() {
        assertThat(lint(directory.resolve("none.conf").toString())).isEqualTo(1);
        assertThat(err.toString()).isEqualTo("anubis: " + directory.resolve("none.conf") + ": there is no such file\n");
        assertThat(lint()).isEqualTo(2);
    }
}
