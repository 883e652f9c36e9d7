package anubis.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import anubis.config.Cidr;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class QuestionsTest {
    private final StringWriter out = new StringWriter();

    private Questions typed(String... lines) {
        Iterator<String> all = List.of(lines).iterator();
        return new Questions(() -> all.hasNext() ? all.next() : null, new PrintWriter(out));
    }

    @Test
    @DisplayName("A wrong answer is told, and asked again")
    void again() {
        assertThat(typed("10.0.0/24", " 10.0.0.0/24 ").ask("Which?", Cidr::parse))
                .contains(Cidr.parse("10.0.0.0/24"));
        assertThat(out).hasToString("Which?   not an IP address: once more, please%nWhich? ".formatted());
    }

    @Test
    @DisplayName("Enter is no answer, and who needs one asks again")
    void none() {
        assertThat(typed("").ask("Which?", Cidr::parse)).isEmpty();
        assertThat(typed("", "hub").<String>need("Who?", text -> text)).isEqualTo("hub");
    }

    @Test
    @DisplayName("At the end of what is typed nothing is assumed")
    void end() {
        assertThatThrownBy(() -> typed().ask("Which?", Cidr::parse))
                .isInstanceOf(Anubis.UsageException.class)
                .hasMessage("not all questions are answered: nothing is written");
    }
}
