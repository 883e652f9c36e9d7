package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.protocol.Drop;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GateTunnelTest {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    private final SecureRandom random = new SecureRandom();
    private final PrivateKey hubKey = PrivateKey.generate(random);
    private final PrivateKey clientKey = PrivateKey.generate(random);
    private final PublicKey client = clientKey.publicKey(Primitives.get());
    private final Set<PublicKey> authorised = new HashSet<>(Set.of(client));
    private final BlockingQueue<String> atHub = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> atClient = new LinkedBlockingQueue<>();
    private final GateTunnel hub;
    private final GateTunnel asking;

    GateTunnelTest() throws Exception {
        hub = GateTunnel.open(
                new GateTunnel.Setup(hubKey, 0, InstantSource.system()),
                authorised::contains,
                (peer, datagram, _) -> atHub.add(peer + " " + new String(datagram, StandardCharsets.UTF_8)));
        asking = GateTunnel.open(
                new GateTunnel.Setup(clientKey, 0, InstantSource.system()),
                _ -> false,
                (_, datagram, _) -> atClient.add(new String(datagram, StandardCharsets.UTF_8)));
        asking.execute(() -> asking.peer(hub.publicKey(), new InetSocketAddress(LOOPBACK, hub.port())));
    }

    @AfterEach
    void close() {
        asking.close();
        hub.close();
    }

    private void ask(String text) {
        asking.execute(() -> asking.send(hub.publicKey(), text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String next(BlockingQueue<String> queue) throws InterruptedException {
        return String.valueOf(queue.poll(10, TimeUnit.SECONDS));
    }

    @Test
    void carriesDatagramsBothWaysAndTellsWhoSendsThem() throws Exception {
        ask("one");
        assertThat(next(atHub)).isEqualTo(client + " one");
        hub.execute(() -> hub.send(client, "two".getBytes(StandardCharsets.UTF_8)));
        assertThat(next(atClient)).isEqualTo("two");
        ask("three".repeat(240));
        assertThat(next(atHub)).endsWith("three".repeat(240));
    }

    @Test
    void whoIsNotAuthorisedGetsNoAnswer() throws Exception {
        authorised.clear();
        ask("one");
        await(() -> hub.dropped(Drop.UNKNOWN_PEER) > 0);
        assertThat(hub.keys()).isEmpty();
        authorised.add(client);
        ask("two");
        // The first one waits for the handshake, too.
        assertThat(next(atHub)).endsWith(" one");
        assertThat(next(atHub)).endsWith(" two");
        authorised.clear();
        hub.execute(() -> hub.forget(client));
        await(() -> hub.keys().isEmpty());
        ask("three");
        await(() -> hub.dropped(Drop.UNKNOWN_INDEX) > 0);
        assertThat(atHub).isEmpty();
    }

    @Test
    void whoWasAdmittedAndIsSilentIsForgottenAndAdmittedAgain() throws Exception {
        ask("one");
        assertThat(next(atHub)).endsWith(" one");
        hub.execute(() -> {
            hub.forgetSilent(Duration.ZERO, _ -> false); // something has come since the last look
            atHub.add("after the first: " + hub.keys());
            hub.forgetSilent(Duration.ofHours(1), _ -> false);
            hub.forgetSilent(Duration.ZERO, client::equals);
            atHub.add("after others: " + hub.keys());
            hub.forgetSilent(Duration.ZERO, _ -> false);
            atHub.add("in the end: " + hub.keys());
        });
        assertThat(next(atHub)).contains(client.toString());
        assertThat(next(atHub)).contains(client.toString());
        assertThat(next(atHub)).isEqualTo("in the end: []");
        asking.execute(() -> {
            asking.forget(hub.publicKey());
            asking.peer(hub.publicKey(), new InetSocketAddress(LOOPBACK, hub.port()));
        });
        ask("two");
        assertThat(next(atHub)).endsWith(" two");
        // Who was told of stays.
        asking.execute(() -> {
            asking.forgetSilent(Duration.ZERO, _ -> false);
            asking.forgetSilent(Duration.ZERO, _ -> false);
        });
        ask("three");
        assertThat(next(atHub)).endsWith(" three");
    }

    @Test
    void noiseIsMetWithSilence() throws Exception {
        try (DatagramSocket stranger = new DatagramSocket(0, LOOPBACK)) {
            stranger.setSoTimeout(200);
            for (int length : new int[] {0, 3, 32, 64, 92, 148, 193, 1500}) {
                byte[] noise = new byte[length];
                for (int type = 0; type <= 4; type++) {
                    random.nextBytes(noise);
                    if (length >= 4) {
                        noise[0] = (byte) type;
                        noise[1] = noise[2] = noise[3] = 0;
                    }
                    stranger.send(new DatagramPacket(noise, length, LOOPBACK, hub.port()));
                }
            }
            DatagramPacket answer = new DatagramPacket(new byte[2000], 2000);
            boolean silent = false;
            try {
                stranger.receive(answer);
            } catch (SocketTimeoutException e) {
                silent = true;
            }
            assertThat(silent).isTrue();
            assertThat(hub.dropped(Drop.MALFORMED)).isPositive();
            assertThat(hub.dropped(Drop.WRONG_MAC1)).isPositive();
        }
    }

    private static void await(java.util.function.BooleanSupplier condition) throws InterruptedException {
        for (int i = 0; i < 1000 && !condition.getAsBoolean(); i++) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        assertThat(condition.getAsBoolean()).isTrue();
    }
}
