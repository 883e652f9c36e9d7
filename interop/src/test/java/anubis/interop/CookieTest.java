package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.LabHost;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The right end is under load: the left one is sent a cookie, and gets in with it. */
@ParameterizedClass
@MethodSource("anubis.interop.Pair#all")
final class CookieTest {
    private static final Duration SEVERAL_RETRIES = Duration.ofSeconds(60);

    private final Pair pair;

    CookieTest(Pair pair) {
        this.pair = pair;
    }

    @Test
    void anHonestPeerGetsThroughAFloodOfInitiations(@TempDir Path directory) throws IOException {
        Path said = Files.createFile(directory.resolve("flood.txt"));
        try (Tunnel tunnel = Tunnel.unconnected(pair);
                Capture capture = Capture.on(tunnel.link().left())) {
            LabHost attacker = tunnel.lab().host("attacker");
            tunnel.lab().link(attacker, tunnel.right().host()).addresses("10.3.0.1/24", "10.3.0.2/24");
            Process flood = InitiationFlood.start(
                    attacker, said, "10.3.0.2", 51820, tunnel.rightKeys().publicKey());
            tunnel.await("the responder is under load", () -> read(said).contains("cookie"));

            tunnel.connect(Tunnel.OUTER_RIGHT);
            tunnel.await(
                    "a ping through the flood",
                    SEVERAL_RETRIES,
                    () -> tunnel.left().host().reaches(Tunnel.RIGHT));

            assertThat(flood.isAlive()).as("the flood goes on").isTrue();
            InetAddress right = InetAddress.getByName("10.1.0.2");
            List<Capture.Datagram> answers = capture.datagrams().stream()
                    .filter(datagram -> datagram.source().equals(right))
                    .toList();
            assertThat(answers.getFirst()).as("a cookie reply").isEqualTo(new Capture.Datagram(right, 64, 3));
            assertThat(answers).as("then a response").contains(new Capture.Datagram(right, 92, 2));
            Transfer.listen(tunnel.right().host());
            Transfer.tcp(tunnel.left().host(), Tunnel.RIGHT, 2_000_000);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
