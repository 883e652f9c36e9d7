package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.Lab;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** A peer that does not answer, and comes back. What is concluded from what is tested second by second in the module host. */
@Tag("slow") // WireGuard has 20 s to answer
@ParameterizedClass
@MethodSource("anubis.interop.Pair#all")
final class GoneTest {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    @TempDir
    Path directory;

    private final Pair pair;

    GoneTest(Pair pair) {
        this.pair = pair;
    }

    @Test
    void eventsTellThatAPeerWentAndCame() throws IOException {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            tunnel.awaitPing();
            Path told = directory.resolve("events");
            tunnel.left()
                    .host()
                    .start(
                            builder -> builder.redirectOutput(told.toFile()),
                            Implementation.verb("events", tunnel.left().name()));
            String peer = "\"peer\":\"" + tunnel.rightKeys().publicKey() + "\"";

            tunnel.right().link().down();
            tunnel.link().right().down();
            WatchTest.await(
                    told,
                    "\"event\":\"went\"," + peer + ",\"was\":\"up\",\"state\":\"gone\",\"since\":\"20",
                    () -> WatchTest.ping(tunnel.left().host(), Tunnel.RIGHT));
            if (pair.left() == Implementation.ANUBIS) {
                // Its process watches all the time, so what takes longer to see than a command takes is known.
                assertThat(Lab.poll(
                                PATIENCE,
                                () -> WatchTest.left(tunnel, "status", "--json")
                                        .contains("\"state\":\"gone\",\"since\":\"20")))
                        .isTrue();
                assertThat(WatchTest.left(tunnel, "why")).contains("  gone: it has not answered since 20");
            }

            tunnel.link().right().up();
            tunnel.right().link().up();
            // Who began the handshake decides whether it was seen unfinished.
            WatchTest.await(
                    told,
                    "\"event\":\"came\"," + peer + ",\"was\":",
                    () -> WatchTest.ping(tunnel.left().host(), Tunnel.RIGHT));
        }
    }
}
