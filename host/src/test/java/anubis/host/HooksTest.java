package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import anubis.config.QuickConfig;
import anubis.config.QuickSetting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HooksTest {
    private static final String KEY = "UMlAztNylJahPmTyjthNAQm7HMVlsE4AelA6Ansk2GI=";

    @TempDir
    Path directory;

    private Path file;

    @BeforeEach
    void open() {
        file = directory.resolve("wg0.conf");
    }

    private void run(String... commands) throws Exception {
        QuickConfig config = QuickConfig.parse(
                file.toString(), "[Interface]\nPostUp = " + String.join("\nPostUp = ", commands) + "\n");
        Hooks.run(file, config, QuickSetting.Key.PostUp, "wg0");
    }

    /** A command that writes what {@code file} says of the shell, or with {@code exec} of a program that it starts. */
    private String told(String program, String procFile) throws Exception {
        run(program + " cat /proc/" + (program.isEmpty() ? "$$" : "self") + "/" + procFile + " > " + directory
                + "/%i.said; : <(echo " + KEY + ")");
        return Files.readString(directory.resolve("wg0.said")).replace('\0', ' ');
    }

    /** Every user can read how any process was called. */
    @Test
    void theKeyInACommandIsNotInAnyProcessList() throws Exception {
        assertThat(told("", "cmdline")).isNotBlank().doesNotContain(KEY);
        assertThat(told("env", "cmdline")).isNotBlank().doesNotContain(KEY);
        assertThat(told("env", "environ")).isNotBlank().doesNotContain(KEY);
    }

    @Test
    void theKeyInACommandThatFailsIsNotTold() {
        assertThatThrownBy(() -> run("true", "wg set nothing peer " + KEY + " preshared-key <(echo " + KEY + ") 2>&-"))
                .isInstanceOf(IOException.class)
                .hasMessageMatching(file + ":3: PostUp: the command has failed with exit status \\d+")
                .hasMessageNotContaining(KEY);
    }

    @Test
    void aCommandIsEvaluatedAsItStands() throws Exception {
        run(
                "a='1  2'; printf '%s|%s\\n' \"$a\" \"${a/ */}\" > " + directory + "/%i",
                "set -o | grep -q 'pipefail.*on'");
        assertThat(directory.resolve("wg0")).hasContent("1  2|1\n");
        assertThatThrownBy(() -> run("false; true")).hasMessageEndingWith("status 1");
        assertThatThrownBy(() -> run("false | true")).hasMessageEndingWith("status 1");
        assertThatThrownBy(() -> run("exit 7")).hasMessageEndingWith("status 7");
    }
}
