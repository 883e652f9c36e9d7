package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import anubis.crypto.PublicKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeerWatcherTest {
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    private static final String KEY = "01".repeat(32);

    @TempDir
    Path directory;

    private RunFiles files;
    private FakeDevice device;
    private PeerWatcher watcher;

    @BeforeEach
    void start() throws IOException {
        files = new RunFiles(directory, "wg0");
        device = new FakeDevice(directory, "wg0");
        watcher = new PeerWatcher(device::client, Optional.of(files));
        peer(0, Optional.empty());
    }

    @AfterEach
    void stop() throws IOException {
        device.close();
    }

    private PeerWatch kept() throws IOException {
        return PeerFile.parse(files.read("peers").orElseThrow());
    }

    private void peer(long rx, Optional<Instant> handshake) {
        device.reply(
                "get=1",
                "public_key=%s%nlast_handshake_time_sec=%d%nlast_handshake_time_nsec=0%nrx_bytes=%d%ntx_bytes=0%n"
                        .formatted(KEY, handshake.map(Instant::getEpochSecond).orElse(0L), rx));
    }

    @Test
    void eventsAreToldAndTheFileIsWrittenWhenSomethingHappens() throws IOException {
        assertThat(watcher.tick(NOW).events()).isEmpty();
        Instant first = kept().time().orElseThrow();
        assertThat(first).isEqualTo(NOW);

        watcher.tick(NOW.plusSeconds(1));
        assertThat(kept().time()).contains(NOW);

        peer(180, Optional.of(NOW.plusSeconds(2)));
        assertThat(watcher.tick(NOW.plusSeconds(2)).events())
                .extracting(PeerEvent::kind)
                .containsExactly("came");
        assertThat(kept().peers())
                .isEqualTo(watcher.watch().peers())
                .extracting(PeerStatus::state)
                .containsExactly(PeerState.UP);
    }

    @Test
    void theFileIsWrittenFromTimeToTimeAndAlsoWhenTheClockIsSetBack() throws IOException {
        watcher.tick(NOW);
        watcher.tick(NOW.plusSeconds(9));
        assertThat(kept().time()).contains(NOW);
        watcher.tick(NOW.plusSeconds(10));
        assertThat(kept().time()).contains(NOW.plusSeconds(10));
        watcher.tick(NOW.minusSeconds(1000));
        assertThat(kept().time()).contains(NOW.minusSeconds(1000));
    }

    @Test
    void onlyItsOwnerMayReadTheFile() throws IOException {
        watcher.tick(NOW);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("wg0.peers"))))
                .isEqualTo("rw-------");
    }

    @Test
    void itSaysWhenToLookAgain() throws IOException {
        assertThat(Duration.between(NOW, watcher.tick(NOW).next()))
                .isBetween(Duration.ofSeconds(1), Duration.ofSeconds(30));
    }

    @Test
    void dropCountersAreReadWhereThereAreSome() throws IOException {
        device.reply(
                "drops=1", "dropped_wrong_mac1=3\ndropped_replayed=1\npublic_key=" + KEY + "\ndropped_replayed=1\n");
        watcher.tick(NOW);
        device.reply(
                "drops=1", "dropped_wrong_mac1=3\ndropped_replayed=5\npublic_key=" + KEY + "\ndropped_replayed=4\n");
        assertThat(watcher.tick(NOW.plusSeconds(1)).events())
                .containsExactlyInAnyOrder(
                        new PeerEvent.Refused(NOW.plusSeconds(1), Optional.empty(), "dropped_replayed", 1),
                        new PeerEvent.Refused(
                                NOW.plusSeconds(1), Optional.of(PublicKey.ofHex(KEY)), "dropped_replayed", 3));
    }

    @Test
    void theCountersOfPeersAreTakenFromThoseOfTheDevice() throws IOException {
        device.reply("drops=1", "dropped_no_route=3\ndropped_replayed=1\npublic_key=" + KEY + "\ndropped_replayed=1\n");
        assertThat(Drops.of(device.client()))
                .contains(new Drops(
                        Map.of("dropped_no_route", 3L), Map.of(PublicKey.ofHex(KEY), Map.of("dropped_replayed", 1L))));
    }

    @Test
    void aDeviceThatIsGoneIsAnError() throws IOException {
        device.close();
        assertThatThrownBy(() -> watcher.tick(NOW)).isInstanceOf(UapiException.class);
    }

    @Test
    void aDeviceThatComesAgainIsWatchedAnew() throws IOException {
        peer(180, Optional.of(NOW));
        watcher.tick(NOW);
        assertThat(watcher.vanished(NOW)).isEmpty();
        device.close();
        assertThat(watcher.vanished(NOW.plusSeconds(1)).orElseThrow())
                .containsExactly(new PeerEvent.Removed(NOW.plusSeconds(1), PublicKey.ofHex(KEY), PeerState.UP));

        Files.delete(directory.resolve("wg0.sock"));
        device = new FakeDevice(directory, "wg0");
        peer(180, Optional.of(NOW.plusSeconds(2)));
        assertThat(watcher.tick(NOW.plusSeconds(2)).events())
                .extracting(PeerEvent::kind)
                .containsExactly("came");
    }

    @Test
    void inTheEndTheFileIsRemoved() throws IOException {
        watcher.tick(NOW);
        watcher.close();
        assertThat(files.read("peers")).isEmpty();
        watcher.close();
    }

    @Test
    void whoLooksOnceGoesOnFromAFileThatIsNotOld() throws IOException {
        watcher.tick(NOW);
        assertThat(PeerWatcher.resume(files, NOW.plusSeconds(40)).time()).contains(NOW);
        assertThat(PeerWatcher.resume(files, NOW.plusSeconds(60)).time()).isEmpty();
        assertThat(PeerWatcher.resume(files, NOW.minusSeconds(1)).time()).isEmpty();
        files.write("peers", "what a later version writes\n");
        assertThat(PeerWatcher.resume(files, NOW).time()).isEmpty();
        files.delete("peers");
        assertThat(PeerWatcher.resume(files, NOW).time()).isEmpty();
    }
}
