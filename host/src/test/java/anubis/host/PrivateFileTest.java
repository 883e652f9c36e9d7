package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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

    /** Who may write to a directory above a file can put another in its place. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            rwxr-xr-x | rwxrwxr-x | true
            rwxr-xr-x | rwxr-xrwx | true
            rwxrwxr-x | rwxr-xr-x | true
            rwxr-xr-x | rwxr-xr-x | false
            rwx------ | rwxrwxrwx | false
            rwxrwxrwx | rwx------ | true
            """)
    void whoCanReplaceAFile(String outer, String above, boolean possible) throws IOException {
        Path file = Files.writeString(inner.resolve("wg0.conf"), "text");
        mode(file, "rw-------");
        mode(inner, above);
        mode(directory, outer);

        var problem = PrivateFile.exposure(file, true);

        assertThat(problem.isPresent()).isEqualTo(possible);
        problem.ifPresent(found -> assertThat(found.toString())
                .startsWith(file + ":1: file: others than its owner can put another in its place; chmod go-w "
                        + directory));
    }

    /** As in /tmp, where each can make files, but take away only his own. */
    @Test
    void aStickyDirectoryIsNoDanger() throws IOException {
        Path file = Files.writeString(inner.resolve("wg0.conf"), "text");
        mode(file, "rw-------");
        Files.setAttribute(inner, "unix:mode", 01777);

        assertThat(PrivateFile.exposure(file, true)).isEmpty();
    }

    /** They say where it is written to, and who reads it. */
    @Test
    void linksAndPipesThatOthersMayHavePutThereAreReplaced() throws Exception {
        mode(inner, "rwxrwxrwx");
        Path victim = Files.writeString(directory.resolve("victim"), "another's");
        Path link = Files.createSymbolicLink(inner.resolve("link.png"), victim);
        Path pipe = inner.resolve("pipe.png");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();

        PrivateFile.write(link, new byte[] {1});

        assertThat(victim).hasContent("another's");
        assertThat(link).isRegularFile().isNotEqualTo(victim);
        assertThat(Files.isSymbolicLink(link)).isFalse();
        Path own = Files.createSymbolicLink(directory.resolve("own.png"), victim);
        PrivateFile.write(own, new byte[] {1});
        assertThat(own).isSymbolicLink();
        assertThat(victim).hasBinaryContent(new byte[] {1});

        assumeTrue(Files.getAttribute(pipe, "unix:uid").equals(0), "only root can give a file to another");
        Files.setAttribute(pipe, "unix:uid", 65534);
        PrivateFile.write(pipe, new byte[] {1});
        assertThat(pipe).isRegularFile();
    }
}
