package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.LabHost;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ExtraPorts}: a port that is somebody else's on localhost leads to the tunnel for those who come from outside. */
final class ExtraPortsTest {
    @TempDir
    Path directory;

    /** Answers whatever it is asked, until it is closed. */
    private static DatagramSocket nameServer(LabHost host) {
        DatagramSocket socket = RoutedLab.in(
                host, () -> new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 53)));
        Thread.ofPlatform().daemon().start(() -> {
            try {
                while (true) {
                    DatagramPacket question = new DatagramPacket(new byte[512], 512);
                    socket.receive(question);
                    socket.send(new DatagramPacket(
                            "from the name server".getBytes(StandardCharsets.US_ASCII),
                            20,
                            question.getSocketAddress()));
                }
            } catch (SocketException closed) {
                // The test is over.
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        return socket;
    }

    private static String ask(LabHost host) throws IOException {
        try (DatagramSocket socket = RoutedLab.in(host, () -> new DatagramSocket())) {
            socket.setSoTimeout((int) Device.SOON.toMillis());
            socket.send(
                    new DatagramPacket(new byte[1], 1, new InetSocketAddress(InetAddress.getLoopbackAddress(), 53)));
            DatagramPacket answer = new DatagramPacket(new byte[512], 512);
            socket.receive(answer);
            return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void aNameServerOnLocalhostLivesBesideIt() throws IOException {
        try (RoutedLab lab = new RoutedLab(directory);
                DatagramSocket _ = nameServer(lab.me)) {
            RoutedLab.End far = lab.far();
            String before = lab.state();
            lab.up(
                    "Address = 10.9.0.1/24",
                    "ListenPort = " + RoutedLab.PORT,
                    "#: ExtraPorts = 53 on eth0",
                    RoutedLab.peer(far, "10.9.0.2/32", ""));
            far.device().wg("set", far.device().name(), "peer", lab.keys.publicKey(), "endpoint", "10.1.0.1:53");

            RoutedLab.await(
                    "an answer through port 53", () -> far.device().host().reaches("10.9.0.1"));
            assertThat(ask(lab.me)).isEqualTo("from the name server");
            assertThat(far.device().wg("show", far.device().name(), "endpoints"))
                    .contains("10.1.0.1:53");

            lab.run("down", lab.name);
            assertThat(lab.state()).isEqualTo(before);
        }
    }
}
