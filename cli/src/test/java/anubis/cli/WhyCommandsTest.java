package anubis.cli;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.host.DropReason;
import anubis.host.PeerState;
import anubis.protocol.Drop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class WhyCommandsTest {
    @Test
    void everyDropCounterOfTheProtocolHasAnEntryAndNoOther() {
        assertThat(Stream.of(DropReason.values()).map(Enum::name))
                .containsExactlyElementsOf(
                        Stream.of(Drop.values()).map(Enum::name).toList());
    }

    @Test
    void thePageHasTheSameWords() throws IOException {
        List<String> page = Files.readAllLines(Path.of("..", "docs", "watch.md"));
        for (DropReason reason : DropReason.values()) {
            assertThat(page)
                    .contains("| `" + reason.counter() + "` | " + reason.meaning() + " | " + reason.remedy() + " |");
        }
        for (PeerState state : PeerState.values()) {
            assertThat(page).anyMatch(line -> line.startsWith("| " + state.text() + " | `" + state + "` | "));
        }
    }
}
