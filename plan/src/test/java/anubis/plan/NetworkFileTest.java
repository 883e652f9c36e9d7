package anubis.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class NetworkFileTest {
    static final Path EXAMPLES = Path.of("../docs/examples");

    static Network example(String name) throws Exception {
        Path file = EXAMPLES.resolve(name + ".toml");
        return NetworkFile.parse(file.toString(), Files.readString(file));
    }

    @Test
    void readsTheExample() throws Exception {
        Network network = example("couchnet");

        assertThat(network.hosts().keySet())
                .startsWith("jacinth", "surya", "chandra", "xena")
                .hasSize(11);
        assertThat(network.ranges()).hasToString("[10.42.0.0/24, 2001:db8:306:42::/64]");
        assertThat(network.host("jacinth").addressesOn("lan"))
                .hasToString("[/192.168.10.254, /2001:db8:306:1:0:0:0:fe]");
        assertThat(network.host("jacinth").endpoint()).hasToString("Optional[jacinth.dyn.example:4296]");
        assertThat(network.host("surya").endpoint()).hasToString("Optional[198.51.100.8:4296]");
        assertThat(network.situations()).hasSize(9);
    }
}
