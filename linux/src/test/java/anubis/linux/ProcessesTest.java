package anubis.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessesTest {
    @Test
    void newFilesLackTheBitsOfTheMask(@TempDir Path folder) throws Exception {
        int until = Processes.umask(0b111_111_111 & ~0600);
        try {
            Path file = Files.createFile(folder.resolve("secret"));
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
        } finally {
            assertThat(Processes.umask(until)).isEqualTo(0177);
        }
    }

    @Test
    void findsTheLoopback() throws Exception {
        assertThat(Processes.interfaceIndex("lo")).isEqualTo(1);
    }
}
