package anubis.cli;

import anubis.config.ConfigException;
import anubis.config.Difference;
import anubis.config.Facts;
import anubis.config.HostState;
import anubis.config.Observed;
import anubis.config.QuickConfig;
import anubis.config.Step;
import anubis.config.UapiDevice;
import anubis.config.UapiReply;
import anubis.crypto.Primitives;
import anubis.host.UapiClient;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ProtocolException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Runs the short verbs once, so that the build can record which classes they load and have them ready at the next start.
 * Their device is only a socket, in a folder that is gone afterwards.
 */
final class Rehearsal {
    /** Any key will do. */
    private static final String KEY = "A".repeat(43) + "=\n";

    private static final String CONFIGURATION =
            "[Interface]\nListenPort = 51820\nPrivateKey = " + KEY + "[Peer]\nPublicKey = " + KEY + "PresharedKey = "
                    + KEY + "Endpoint = 192.0.2.1:51820\nAllowedIPs = 10.0.0.0/8, 2001:db8::/32\n";
    private static final String STATE = "private_key=" + "11".repeat(32) + "\nlisten_port=51820\nfwmark=5\npublic_key="
            + "22".repeat(32)
            + "\nendpoint=[2001:db8::1]:51820\nallowed_ip=10.0.0.0/8\npersistent_keepalive_interval=25\n"
            + "last_handshake_time_sec=1\nlast_handshake_time_nsec=0\nrx_bytes=5000\ntx_bytes=5\n";
    private static final String SUCCESS = "errno=0\n\n";

    private Rehearsal() {}

    public static void main(String[] args) throws IOException {
        Path folder = Files.createTempDirectory("anubis");
        System.setProperty(UapiClient.DIRECTORY_PROPERTY, folder.toString());
        Path socket = folder.resolve("wg0.sock");
        Path file = folder.resolve("wg0.conf");
        InputStream input = System.in;
        try (ServerSocketChannel device = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            device.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofPlatform().daemon().start(() -> serve(device));
            Files.writeString(file, CONFIGURATION);
            rehearse(file.toString());
        } finally {
            System.setIn(input);
            Files.deleteIfExists(socket);
            Files.deleteIfExists(file);
            Files.delete(folder);
        }
    }

    private static void rehearse(String file) {
        String[][] verbs = {
            {"--version"},
            {"--help"},
            {"genkey"},
            {"genpsk"},
            {"pubkey"},
            {"show"},
            {"show", "wg0"},
            {"show", "wg0", "dump"},
            {"show", "wg0", "--json"},
            {"showconf", "wg0"},
            {"set", "wg0", "peer", KEY.strip(), "allowed-ips", "10.0.0.0/8", "endpoint", "192.0.2.1:5"},
            {"setconf", "wg0", file},
            {"addconf", "wg0", file},
            {"syncconf", "wg0", file},
            {"status", "wg0"},
            {"strip", file},
            {"lint", file},
            {"device"},
            {"device", "--help"}
        };
        Primitives.get().transportCipher(); // for the device
        reload();
        for (String[] verb : verbs) {
            System.setIn(new ByteArrayInputStream(KEY.getBytes(StandardCharsets.US_ASCII)));
            Anubis.commandLine(verb).execute(verb);
        }
    }

    /** What a reload works out, without looking at this host or changing it. */
    private static void reload() {
        try {
            QuickConfig config = QuickConfig.parse("wg0.conf", CONFIGURATION);
            UapiDevice device = UapiReply.parse(STATE);
            HostState state = HostState.of("wg0", config, new Facts(1420, 0, true, Map.of()));
            Observed now = new Observed(1420, true, Set.of(), device, state.routes(), Set.of(), true);
            Difference.between(Optional.of(state), now, state).forEach(Step::describe);
        } catch (ConfigException | ProtocolException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void serve(ServerSocketChannel device) {
        while (device.isOpen()) {
            try (SocketChannel connection = device.accept()) {
                BufferedReader in = new BufferedReader(Channels.newReader(connection, StandardCharsets.US_ASCII));
                String first = in.readLine();
                String line = first;
                while (line != null && !line.isEmpty()) {
                    line = in.readLine();
                }
                String reply = "get=1".equals(first) ? STATE + SUCCESS : SUCCESS;
                connection.write(ByteBuffer.wrap(reply.getBytes(StandardCharsets.US_ASCII)));
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                // Whoever asked does not wait for the answer.
            }
        }
    }
}
