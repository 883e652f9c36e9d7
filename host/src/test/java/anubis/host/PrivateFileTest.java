package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrivateFileTest {
    @TempDir
    Path directory;

    private Path inner;

    @BeforeEach
    void open() throws IOException {
        mode(directory, "rwxr-xr-x");
        inner = Files.createDirectory(directory.resolve("wireguard"));
    }

    private static void mode(Path path, String mode) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
        rwxr-xr-x | rw------- | true  | -
        rwxr-xr-x | rw-r--r-- | true  | others than its owner can read its secret keys
        rwxr-xr-x | rw-r----- | true  | others than its owner can read its secret keys
        rwxr-xr-x | rw----r-- | true  | others than its owner can read its secret keys
        rwxr-xr-x | rw-r--r-- | false | -
        rwxr-xr-x | rw-rw-r-- | false | others than its owner can change it
        rwxr-xr-x | rw--w---- | true  | others than its owner can change it
        rwx------ | rw-rw-rw- | true  | -
        rwxr-x--- | rw----rw- | true  | -
        rwxr-x--- | rw-r----- | true  | others than its owner can read its secret keys
        rwx-----x | rw-r----- | true  | others than its owner can read its secret keys
        """)
    void whoCanGetAtAFile(String above, String mode, boolean secrets, String fault) throws IOException {
        Path file = Files.writeString(inner.resolve("wg0.conf"), "text");
        mode(file, mode);
        mode(inner, above);

        var problem = PrivateFile.exposure(file, secrets);

        assertThat(problem.map(found -> found.fault()).orElse(null)).isEqualTo(fault);
        problem.ifPresent(found -> assertThat(found.toString())
                .startsWith(file + ":1: file: ")
                .endsWith("; chmod " + (secrets ? "600 " : "go-w ") + file));
    }

    @Test
    void aLinkIsAsOpenAsWhatItLeadsTo() throws IOException {
        Path file = Files.writeString(directory.resolve("wg0.conf"), "text");
        mode(file, "rw-r--r--");
        Path link = Files.createSymbolicLink(inner.resolve("link"), file);
        mode(inner, "rwx------");

        assertThat(PrivateFile.exposure(link, true)).isPresent();
        assertThat(PrivateFile.exposure(Path.of("/dev/null"), true)).isEmpty();
        assertThat(PrivateFile.exposure(directory.resolve("nowhere"), true)).isEmpty();
    }

    @Test
    void aWrittenFileIsTheOwnersWhateverWasThere() throws IOException {
        Path file = Files.writeString(inner.resolve("code.png"), "old and longer");
        mode(file, "rw-rw-rw-");
        Path link = Files.createSymbolicLink(directory.resolve("link"), file);

        PrivateFile.write(link, new byte[] {1, 2});

        assertThat(link).isSymbolicLink();
        assertThat(Files.readAllBytes(file)).containsExactly(1, 2);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(inner.toFile().list()).containsExactly("code.png");
    }

    @Test
    void whatIsNoFileIsNotReplaced() throws IOException {
        PrivateFile.write(Path.of("/dev/null"), new byte[1]);

        assertThat(Files.isRegularFile(Path.of("/dev/null"))).isFalse();
        assertThatThrownBy(() -> PrivateFile.write(inner.resolve("no/file"), new byte[1]))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(inner.resolve("no") + "");
    }
}
