package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.Step;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BesideTest {
    @TempDir
    Path folder;

    @Test
    void whatWasInAFileIsNoCommandWhenItIsPutBack() throws Exception {
        Path file = folder.resolve("it's a file");
        String before = "a $HOME `id`\nANUBIS-END\ntouch '" + folder.resolve("made") + "'\nANUBIS-ENDD\n";
        Step step = new Step.WriteFile(file.toString(), "new\n", Optional.of(before), false);

        Command.Answer answer = Command.run(new Beside(List.of(step), Optional.empty()).undo(), List.of("sh"));

        assertThat(answer.err()).isEmpty();
        assertThat(folder.resolve("made")).doesNotExist();
        assertThat(Files.readString(file)).isEqualTo(before);
    }
}
