package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.host.LivePeers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which goodbye a client heeds, and what it reads of its last life. Its production interface is not there. */
class GateClientTest {
    @TempDir
    Path directory;

    private final SecureRandom random = new SecureRandom();
    private final PublicKey hub = key();
    private final PublicKey spare = key();
    private final PublicKey production = key();
    private final LivePeers peers = new LivePeers("anubis-none");
    private final Session session = new Session(
            "hub",
            new Reply.Terms(key(), List.of(Endpoint.parse("192.0.2.1:51820")), List.of(Cidr.parse("10.0.0.0/8"))),
            new Identifier(0, 5),
            Optional.of(Instant.now().plusSeconds(3600)),
            Duration.ofHours(1));
    private final GateTunnel tunnel;
    private Path file;
    private GateClient client;

    GateClientTest() throws Exception {
        tunnel = GateTunnel.open(
                new GateTunnel.Setup(PrivateKey.generate(random), 0, InstantSource.system()),
                _ -> false,
                (_, _, _) -> {});
    }

    private PublicKey key() {
        return PrivateKey.generate(random).publicKey(Primitives.get());
    }

    @BeforeEach
    void start() throws Exception {
        file = directory.resolve("session");
        session.write(file);
        Endpoint nowhere = Endpoint.parse("127.0.0.1:1");
        client = new GateClient(
                tunnel,
                peers,
                List.of(
                        new HubAddress("hub", hub, nowhere, Optional.empty()),
                        new HubAddress("spare", spare, nowhere, Optional.empty())),
                file,
                InstantSource.system(),
                _ -> {});
        client.start();
        await(() -> client.session().isPresent());
        assertThat(client.session()).contains(session);
    }

    @AfterEach
    void close() {
        tunnel.close();
        peers.close();
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        for (int i = 0; i < 1000 && !condition.getAsBoolean(); i++) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        assertThat(condition.getAsBoolean()).isTrue();
    }

    private void hears(PublicKey from, int identifier) throws InterruptedException {
        Reply goodbye = Reply.of(Operation.LEAVING, Code.DONE, new Identifier(0, identifier), production);
        tunnel.execute(() -> client.received(from, goodbye));
        TimeUnit.MILLISECONDS.sleep(50);
    }

    @Test
    void onlyTheHubInUseEndsWhatIsNotYoungerThanItsGoodbye() throws Exception {
        hears(hub, 4); // of before the present up
        hears(spare, 9);
        hears(key(), 9);
        assertThat(client.session()).contains(session);
        assertThat(file).exists();
        hears(hub, 5);
        await(() -> client.session().isEmpty());
        assertThat(file).doesNotExist();
        hears(hub, 5); // once more
        assertThat(client.session()).isEmpty();
    }

    @Test
    void whoStopsIsDownEvenIfTheHubCannotBeTold() {
        client.stop(); // there is no key to ask with
        assertThat(client.session()).isEmpty();
        assertThat(file).doesNotExist();
    }

    @Test
    void aDamagedSessionIsNone() throws Exception {
        String good = Files.readString(file);
        assertThat(Session.read(file)).contains(session);
        for (String bad : List.of(
                "",
                "\\u12",
                good.replace("up=", "up=0"),
                good.replace("lease=PT1H", "lease=PT-2562047788015215H"),
                good.replaceFirst("lease-end=.*", "lease-end=-1000000000-01-01T00:00:00Z"),
                good.replace("key=", "key=!"),
                good.replace("10.0.0.0/8", "10.0.0.0/99"))) {
            Files.writeString(file, bad);
            assertThat(Session.read(file)).as(bad).isEmpty();
        }
        Files.write(file, new byte[] {(byte) 0xff, (byte) 0xfe});
        assertThat(Session.read(file)).isEmpty();
        Files.write(file, good.getBytes(StandardCharsets.UTF_8));
        assertThat(Session.read(file)).contains(session);
    }
}
