package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import anubis.config.ConfigException;
import anubis.config.Finding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigFileTest {
    @TempDir
    Path directory;

    @Test
    void theNameIsThatOfTheFile() throws IOException {
        Path file = Files.writeString(directory.resolve("wg-home.conf"), "[Interface]\n");
        Path other = Files.write(directory.resolve("wg-home.txt"), new byte[] {(byte) 0xff, '\n'});

        assertThat(ConfigFile.read(file.toString())).satisfies(read -> {
            assertThat(read.name()).contains("wg-home");
            assertThat(read.path()).isEqualTo(file);
            assertThat(read.text()).isEqualTo("[Interface]\n");
            assertThat(read).asString().doesNotContain("[Interface]");
        });
        assertThat(ConfigFile.read(other.toString()).name()).isEmpty();
    }

    /** A file without keys may be read by all, but not changed; with a key, or not understood, it may not be read. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
        rw-r--r-- | [Interface]                                               | -
        rw-r--rw- | [Interface]                                               | others than its owner can change it
        rw-r--r-- | PrivateKey = uIShoqKMd1R2SpeYVvCZCwtfQPG0JRNQpWXLVkytxFI= | others than its owner can read its secret keys
        rw------- | PrivateKey = uIShoqKMd1R2SpeYVvCZCwtfQPG0JRNQpWXLVkytxFI= | -
        rw-r--r-- | PrivateKey = mistyped                                     | others than its owner can read its secret keys
        """)
    void whoCanReadTheKeys(String mode, String line, String fault) throws IOException {
        ConfigFile file = file(mode, "[Interface]\n" + line + "\n");

        List<Finding> found = exposed(file);

        assertThat(found.stream()
                        .map(finding -> finding.problem().fault())
                        .findFirst()
                        .orElse(null))
                .isEqualTo(fault);
    }

    @Test
    void theFilesOfKeysThatCommandsRead() throws IOException {
        for (String key : List.of("open", "open\033", "wg0", "closed")) {
            Files.setPosixFilePermissions(
                    Files.writeString(directory.resolve(key + ".key"), "key"),
                    PosixFilePermissions.fromString(key.equals("closed") ? "rw-------" : "rw-r--r--"));
        }
        ConfigFile file = file("rw-r--r--", """
                [Interface]
                PreUp = cat D/open.key
                PostUp = wg set %i private-key "D/%i.key" peer X preshared-key D/closed.key
                PostUp = wg set %i private-key D/open\033.key
                PostUp = wg set %i peer X preshared-key D/open.key; wg set %i private-key <(pass wg) peer Y preshared-key D/none
                """.replace("D/", directory + "/"));

        assertThat(exposed(file).stream().map(Finding::toString))
                .containsExactly(
                        file.path() + ":3: error: PostUp: " + directory
                                + "/wg0.key: others than its owner can read its secret" + " keys; chmod 600 "
                                + directory + "/wg0.key [exposed-file]",
                        file.path() + ":5: error: PostUp: " + directory
                                + "/open.key: others than its owner can read its" + " secret keys; chmod 600 "
                                + directory + "/open.key [exposed-file]");
    }

    private ConfigFile file(String mode, String text) throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path path = Files.writeString(directory.resolve("wg0.conf"), text);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
        return ConfigFile.read(path.toString());
    }

    private static List<Finding> exposed(ConfigFile file) {
        return file.lint().findings().stream()
                .filter(finding -> finding.rule() == Finding.Rule.EXPOSED_FILE)
                .toList();
    }

    @Test
    void whatIsCertainToBeWrongIsNotPutInForce() throws Exception {
        String text = """
                [Interface]
                PrivateKey = uIShoqKMd1R2SpeYVvCZCwtfQPG0JRNQpWXLVkytxFI=
                MTU = 1500
                """;
        assertThat(file("rw-------", text).lint().orThrow().mtu()).hasValue(1500);
        assertThatThrownBy(() -> file("rw-r--r--", text + "[Peer]\nPublicKey = " + "A".repeat(43) + "=\n")
                        .lint()
                        .orThrow())
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(":1: file: others than its owner can read")
                .hasMessageContaining(":5: PublicKey: a key of low order")
                .hasMessageNotContaining("MTU");
    }

    @Test
    void upRefusesSuchAFileBeforeItDoesAnything() throws IOException {
        ConfigFile file = file("rw-------", "[Interface]\nPrivateKey = " + "A".repeat(43) + "=\n");
        Tunnel tunnel = new Tunnel("no-such-wg", warning -> {});

        assertThatThrownBy(() -> tunnel.up(
                        file,
                        name -> {
                            throw new AssertionError(name + " was made");
                        },
                        Optional.empty()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("no random key");
    }

    @Test
    void aWordIsTheNameOfAnInterface() {
        assertThatThrownBy(() -> ConfigFile.read("no-such-wg"))
                .isInstanceOf(IOException.class)
                .hasMessage("/etc/wireguard/no-such-wg.conf: there is no such file; write ./no-such-wg.conf for a file"
                        + " that is elsewhere");
        assertThatThrownBy(() -> ConfigFile.read("no-such-wg.conf"))
                .hasMessage("no-such-wg.conf: there is no such file");
        assertThatThrownBy(() -> ConfigFile.read(directory + "/a\n# anubis:source /etc/passwd\n/wg0.conf"))
                .hasMessageContaining("cannot be printed");
        assertThatThrownBy(() -> ConfigFile.read(directory.toString()))
                .hasMessageStartingWith(directory + ": it cannot be read (");
    }
}
