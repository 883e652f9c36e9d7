package anubis.cli;

import anubis.config.ConfigText;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.host.Tunnel;
import anubis.host.UapiClient;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
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
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Runs the short verbs once, so that the build can record which classes they load and have them ready at the next start.
 * Their device is only a socket, in a folder that is gone afterwards, by the name of the loopback, as there is one everywhere;
 * with the argument {@code reload} {@code ip} and {@code nft} are called, which must be fakes that the caller has put in the PATH.
 */
final class Rehearsal {
    private static final String KEY = key();

    private static final String CONFIGURATION = "[Interface]\nListenPort = 51820\nPrivateKey = " + key()
            + "Address = 10.0.0.1/24, 2001:db8::1/64\n[Peer]\nPublicKey = " + KEY + "PresharedKey = " + key()
            + "Endpoint = 192.0.2.1:51820\nAllowedIPs = 10.0.0.0/8, 2001:db8::/32\n[Peer]\nPublicKey = " + key()
            + "AllowedIPs = 172.16.0.0/16\n";
    /** What is kept of an interface that is up, below the line that names its file (anubis.host.Applied). */
    private static final String IN_FORCE =
            "# anubis:mtu 1420\n# anubis:slot 0\n# anubis:moved false\n# anubis:end of it\n"
                    + CONFIGURATION.replace("172.16.0.0/16", "172.16.0.0/12");

    /** That of the device. */
    static final PrivateKey PRODUCTION = PrivateKey.ofHex("11".repeat(32));

    private static final String STATE = "private_key=" + "11".repeat(32) + "\nlisten_port=51820\nfwmark=5\npublic_key="
            + "22".repeat(32)
            + "\nendpoint=192.0.2.7:51820\nallowed_ip=10.0.0.0/8\npersistent_keepalive_interval=25\n"
            + "last_handshake_time_sec=1\nlast_handshake_time_nsec=0\nrx_bytes=5000\ntx_bytes=5\n";
    private static final String STRIPPED = "stripped";
    private static final String SUCCESS = "errno=0\n\n";

    private Rehearsal() {}

    /** Any key will do. */
    private static String key() {
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        return Base64.getEncoder().encodeToString(key) + "\n";
    }

    public static void main(String[] args) throws IOException {
        Path folder = Files.createTempDirectory("anubis");
        System.setProperty(UapiClient.DIRECTORY_PROPERTY, folder.toString());
        System.setProperty(Tunnel.DIRECTORY_PROPERTY, folder.resolve("run").toString());
        Path socket = folder.resolve("lo.sock");
        Path file = folder.resolve("lo.conf");
        InputStream input = System.in;
        try (ServerSocketChannel device = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            device.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofPlatform().daemon().start(() -> serve(device));
            Files.writeString(file, CONFIGURATION);
            Files.writeString(folder.resolve(STRIPPED), ConfigText.strip(CONFIGURATION));
            Files.writeString(
                    Files.createDirectory(folder.resolve("run")).resolve("lo.conf"),
                    "# anubis:source " + file + "\n" + IN_FORCE);
            rehearse(file.toString(), folder.resolve(STRIPPED).toString());
            if (List.of(args).contains("reload")) {
                run("reload", file.toString());
                GateRehearsal.run(folder);
            }
        } finally {
            System.setIn(input);
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
            }
        }
    }

    private static void rehearse(String file, String stripped) {
        String[][] verbs = {
            {"--version"},
            {"--help"},
            {"genkey"},
            {"genpsk"},
            {"pubkey"},
            {"show"},
            {"show", "lo"},
            {"show", "lo", "dump"},
            {"show", "lo", "--json"},
            {"showconf", "lo"},
            {"set", "lo", "peer", KEY.strip(), "allowed-ips", "10.0.0.0/8", "endpoint", "192.0.2.1:5"},
            {"setconf", "lo", stripped},
            {"addconf", "lo", stripped},
            {"syncconf", "lo", stripped},
            {"status", "lo"},
            {"strip", file},
            {"lint", file},
            {"reload", "--dry-run", file},
            {"gate", "--help"},
            {
                "gate",
                "peer",
                "add",
                "rehearsal",
                "--gate-key",
                KEY.strip(),
                "--production-key",
                KEY.strip(),
                "--allowed-ips",
                "10.0.0.2/32"
            },
            {"gate", "peer", "list"},
            {"gate", "peer", "show", "rehearsal"},
            {"gate", "log"},
            {"device"},
            {"device", "--help"}
        };
        Primitives.get().transportCipher(); // for the device
        for (String[] verb : verbs) {
            run(verb);
        }
    }

    static void run(String... verb) {
        System.setIn(new ByteArrayInputStream(KEY.getBytes(StandardCharsets.US_ASCII)));
        Anubis.commandLine(verb).execute(verb);
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
