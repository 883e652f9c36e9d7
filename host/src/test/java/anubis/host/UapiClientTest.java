package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import anubis.config.ConfigException;
import anubis.config.ConfigParser;
import anubis.config.DeviceChange;
import anubis.config.UapiDevice;
import anubis.host.UapiException.Reason;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The client against a device of this test's own, that answers every request with {@link #reply}. */
class UapiClientTest {
    @TempDir
    Path directory;

    private final BlockingQueue<String> requests = new LinkedBlockingQueue<>();
    private volatile String reply = "errno=0\n\n";
    private ServerSocketChannel device;
    private UapiClient client;

    private Thread serving = Thread.currentThread();

    @BeforeEach
    void listen() throws IOException {
        device = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        device.bind(UnixDomainSocketAddress.of(directory.resolve("wg0.sock")));
        client = new UapiClient(directory, "wg0", Duration.ofSeconds(60));
        serving = Thread.ofPlatform().daemon().start(this::serve);
    }

    @AfterEach
    void close() throws IOException {
        device.close();
    }

    private void serve() {
        while (device.isOpen()) {
            try (SocketChannel connection = device.accept()) {
                BufferedReader in = new BufferedReader(Channels.newReader(connection, StandardCharsets.US_ASCII));
                StringBuilder request = new StringBuilder();
                String line;
                while ((line = in.readLine()) != null) {
                    request.append(line).append('\n');
                    if (line.isEmpty()) {
                        requests.add(request.toString());
                        Channels.newOutputStream(connection).write(reply.getBytes(StandardCharsets.US_ASCII));
                        break;
                    }
                }
            } catch (IOException gone) {
                // So is the client, or the test is over.
            }
        }
    }

    @Test
    void getReadsWhatTheDeviceReports() throws Exception {
        reply = "listen_port=51820\nerrno=0\n\n";
        assertThat(client.get().listenPort()).isEqualTo(51820);
        assertThat(requests.take()).isEqualTo("get=1\n\n");
    }

    @Test
    void aConnectionThatLastsIsMadeAnewWhereTheDeviceHasClosedIt() throws Exception {
        UapiClient lasting = client.lasting();
        reply = "listen_port=51820\nerrno=0\n\n";
        for (int i = 0; i < 20; i++) {
            assertThat(lasting.get().listenPort()).isEqualTo(51820); // this device answers one request on each
            assertThat(requests.take()).isEqualTo("get=1\n\n");
        }
        assertThat(requests).isEmpty();
        lasting.hangUp();
    }

    @Test
    void setSendsTheRequest() throws Exception {
        DeviceChange change = change("[Interface]\nListenPort=7");
        client.set(change);
        assertThat(requests.take()).isEqualTo(change.request());
    }

    @Test
    void anErrnoBecomesATypedErrorWithItsText() {
        reply = "errno=-98\n\n";
        UapiException refused = catchThrowableOfType(UapiException.class, () -> client.set(change("[Interface]")));
        assertThat(refused.reason()).isEqualTo(Reason.REFUSED);
        assertThat(refused.errno()).isEqualTo(98);
        assertThat(refused).hasMessage("the device wg0 refused the request: the port is in use (errno 98)");
    }

    @Test
    void anAnswerThatIsNotOfTheProtocol() {
        reply = "listen_port=x\nerrno=0\n\n";
        assertThatThrownBy(client::get).isInstanceOf(ProtocolException.class);
        reply = "listen_port=1\n";
        assertThatThrownBy(client::get).isInstanceOf(EOFException.class);
    }

    @Test
    void noSuchInterface() throws Exception {
        assertThat(reasonOf(new UapiClient(directory, "wg1", Duration.ofSeconds(60))))
                .isEqualTo(Reason.NO_INTERFACE);
        device.close();
        serving.join(); // It may have had a connection in its hands.
        assertThat(reasonOf(client)).isEqualTo(Reason.NO_INTERFACE);
    }

    @Test
    void aDeviceThatDoesNotAnswerIsGivenUp() throws IOException {
        try (ServerSocketChannel mute = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            mute.bind(UnixDomainSocketAddress.of(directory.resolve("mute.sock")));
            assertThat(reasonOf(new UapiClient(directory, "mute", Duration.ofMillis(50))))
                    .isEqualTo(Reason.TIMED_OUT);
        }
    }

    @Test
    void aDeviceThatAcceptsNobodyIsGivenUp() throws IOException {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("full.sock"));
        List<SocketChannel> waiting = new ArrayList<>();
        try (ServerSocketChannel full = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            full.bind(address, 1);
            for (int i = 0; i < 2; i++) { // Linux lets one more wait than was asked for
                waiting.add(SocketChannel.open(address));
            }
            UapiClient stuck = new UapiClient(directory, "full", Duration.ofMillis(50));
            assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
                assertThat(reasonOf(stuck)).isEqualTo(Reason.TIMED_OUT);
                assertThat(stuck.answers()).isTrue();
            });
        } finally {
            for (SocketChannel each : waiting) {
                each.close();
            }
        }
    }

    @Test
    void aLineWithoutAnEndIsNoAnswer() {
        reply = "listen_port=" + "1".repeat(1 << 20) + "\nerrno=0\n\n";
        assertThatThrownBy(client::get)
                .isInstanceOf(ProtocolException.class)
                .hasMessage("the device wg0 answered with a line that does not end");
        reply = "unheard_of=" + "1".repeat((1 << 16) - 12) + "\nlisten_port=5\nerrno=0\n\n";
        assertThatCode(() -> assertThat(client.get().listenPort()).isEqualTo(5)).doesNotThrowAnyException();
    }

    /** They are shown to people, on terminals. */
    @ParameterizedTest
    @ValueSource(strings = {"dropped_\033[2J=1", "dropped_x=-1", "dropped_x=99999999999999999999", "=1", "dropped_x"})
    void whatIsNoDropCounterIsNotTakenForOne(String line) throws IOException {
        reply = "dropped_replayed=3\nerrno=0\n\n";
        assertThat(client.drops()).contains(new Drops(Map.of("dropped_replayed", 3L), Map.of()));
        reply = line + "\nerrno=0\n\n";
        assertThat(client.drops()).isEmpty();
    }

    @Test
    void aNameThatLeavesTheDirectoryIsRefused() {
        for (String name : new String[] {"", "../wg0", "a/b", "sixteen-letters-", "wg0\n"}) {
            assertThatThrownBy(() -> new UapiClient(name)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void interfacesAreTheSocketsThatAreServed() throws IOException {
        Files.createFile(directory.resolve("file.sock"));
        Files.createFile(directory.resolve("wg2.name"));
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(directory.resolve("dead.sock")));
        }
        assertThat(UapiClient.interfaces(directory)).containsExactly("wg0");
        assertThat(UapiClient.interfaces(directory.resolve("none"))).isEmpty();
    }

    @Test
    void aReplyOfTwentyThousandPeersIsReadWhole() throws IOException {
        StringBuilder text = new StringBuilder("listen_port=1\n");
        for (int i = 0; i < 20_000; i++) {
            text.append("public_key=%064x%n".formatted(i))
                    .append("preshared_key=%064x%n".formatted(i + 1))
                    .append("endpoint=10.0.0.1:")
                    .append(i + 1)
                    .append("\nlast_handshake_time_sec=1\nlast_handshake_time_nsec=2\ntx_bytes=3\nrx_bytes=4\n")
                    .append("persistent_keepalive_interval=25\nprotocol_version=1\nallowed_ip=10.")
                    .append(i >> 8)
                    .append('.')
                    .append(i & 255)
                    .append(".0/32\n");
        }
        reply = text + "errno=0\n\n";
        UapiDevice device = client.get();
        assertThat(device.peers()).hasSize(20_000);
        assertThat(device.peers().getLast().allowedIps()).hasToString("[10.78.31.0/32]");
    }

    private static Reason reasonOf(UapiClient client) {
        return catchThrowableOfType(UapiException.class, client::get).reason();
    }

    private static DeviceChange change(String text) throws ConfigException {
        return DeviceChange.replacing(ConfigParser.parse("file", text, ConfigParser.Dialect.WG));
    }
}
