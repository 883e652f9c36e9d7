package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import anubis.config.Endpoint;
import anubis.config.UapiPeer;
import anubis.crypto.PublicKey;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeerFileTest {
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00.123456789Z");

    @TempDir
    Path directory;

    private static PeerStatus sparse() {
        return PeerStatus.first(
                new UapiPeer(
                        PublicKey.of(new byte[32]),
                        Optional.empty(),
                        1,
                        Optional.empty(),
                        0,
                        List.of(),
                        0,
                        0,
                        Optional.empty()),
                NOW);
    }

    private static Optional<Instant> second(int number) {
        return Optional.of(NOW.plusSeconds(number));
    }

    private static PeerStatus full() {
        byte[] key = new byte[32];
        key[0] = 1;
        return new PeerStatus(
                PublicKey.of(key),
                PeerState.NO_DATA,
                second(1),
                Optional.of(Endpoint.parse("[fe80::1%eth0]:51820")),
                5,
                6,
                7,
                8,
                second(2),
                second(3),
                new PeerStatus.Evidence(second(4), second(5), second(6), second(7), second(8), second(9)));
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        Path file = directory.resolve("new").resolve("wg0.peers");
        PeerFile.write(file, NOW, List.of(sparse(), full()));
        PeerFile.write(file, NOW, List.of(full(), sparse()));
        PeerWatch read = PeerFile.read(file).orElseThrow();
        assertThat(read.time()).contains(NOW);
        assertThat(read.peers()).containsExactly(full(), sparse());
    }

    @Test
    void onlyItsOwnerMayReadItAndNothingElseIsLeft() throws IOException {
        Path file = directory.resolve("wg0.peers");
        PeerFile.write(file, NOW, List.of(full()));
        PeerFile.write(file, NOW, List.of(full()));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void noFileIsNoError() throws IOException {
        assertThat(PeerFile.read(directory.resolve("wg0.peers"))).isEmpty();
    }

    @Test
    void whatALaterVersionAddsIsPassedOver() throws IOException {
        Path file = directory.resolve("wg0.peers");
        PeerFile.write(file, NOW, List.of(full()));
        Files.writeString(file, Files.readString(file).replace(" rx=", " name=laptop rx="));
        assertThat(PeerFile.read(file).orElseThrow().peers()).containsExactly(full());
    }

    @Test
    void whatIsNoSuchFileIsRefused() throws IOException {
        Path file = directory.resolve("wg0.peers");
        PeerFile.write(file, NOW, List.of(full()));
        String good = Files.readString(file);
        for (String bad : List.of(
                "",
                good.replace("anubis-peers 1", "anubis-peers 2"),
                good.replace("123456789Z", "yesterday"),
                good.replace("peer=", "peer=x"),
                good.replace("no-data", "well"),
                good.replace("rx=5", "rx=five"),
                good.replace("heard=2026", "heard=then"),
                good + "\n")) {
            Files.writeString(file, bad);
            assertThatThrownBy(() -> PeerFile.read(file)).as(bad).isInstanceOf(ProtocolException.class);
        }
    }
}
