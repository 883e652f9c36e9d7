package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

    @Test
    void aWordIsTheNameOfAnInterface() {
        assertThatThrownBy(() -> ConfigFile.read("no-such-wg"))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "/etc/wireguard/no-such-wg.conf: there is no such file; write ./no-such-wg for a file that is"
                                + " elsewhere");
        assertThatThrownBy(() -> ConfigFile.read("no-such-wg.conf"))
                .hasMessage("no-such-wg.conf: there is no such file");
        assertThatThrownBy(() -> ConfigFile.read(directory.toString()))
                .hasMessageStartingWith(directory + ": it cannot be read (");
    }
}
