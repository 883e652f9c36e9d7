package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.config.AllowedIps;
import anubis.config.Cidr;
import anubis.config.ConfigException;
import anubis.config.ConfigParser;
import anubis.config.DeviceChange;
import anubis.config.PeerChange;
import anubis.config.PeerConfig;
import anubis.config.WireGuardConfig;
import anubis.crypto.PublicKey;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client and a real device, wireguard-go, in network and mount namespaces of its own; ANUBIS_WIREGUARD_GO names it. */
class UapiClientOnWireguardGoTest {
    private static final String WIREGUARD_GO = System.getenv().getOrDefault("ANUBIS_WIREGUARD_GO", "");
    private static final String UNSHARE = "mount -t tmpfs none /run && mkdir /run/wireguard"
            + " && mount --bind \"$1\" /run/wireguard && exec \"$0\" -f wg0";

    private static final String CONFIG = """
            [Interface]
            ListenPort = 51820
            FwMark = 0x10
            PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=

            [Peer]
            PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
            PresharedKey = gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA=
            AllowedIPs = 10.0.0.0/8, 2001:db8::/32
            Endpoint = [2001:db8::1]:2468
            PersistentKeepalive = 25
            """;

    @TempDir
    Path directory;

    private Optional<Process> device = Optional.empty();
    private UapiClient client;

    @BeforeEach
    void start() throws IOException {
        assumeTrue(
                !WIREGUARD_GO.isEmpty() && Files.isExecutable(Path.of(WIREGUARD_GO)),
                "skipped: ANUBIS_WIREGUARD_GO does not name wireguard-go");
        ProcessBuilder builder =
                new ProcessBuilder("unshare", "-rmn", "sh", "-c", UNSHARE, WIREGUARD_GO, directory.toString());
        builder.environment().put("LOG_LEVEL", "verbose");
        Process started = builder.redirectErrorStream(true).start();
        device = Optional.of(started);
        BufferedReader log = started.inputReader();
        List<String> said = new ArrayList<>();
        String line;
        while ((line = log.readLine()) != null && !line.contains("UAPI listener started")) {
            said.add(line);
        }
        assumeTrue(line != null, "skipped: this system gives no namespace with a TUN: " + said);
        // Else a full pipe would stop the device.
        Thread.ofVirtual().start(() -> log.lines().forEach(each -> {}));
        client = new UapiClient(directory, "wg0", Duration.ofSeconds(60));
    }

    @AfterEach
    void stop() throws InterruptedException {
        if (device.isPresent()) {
            device.get().destroy();
            device.get().waitFor();
        }
    }

    private static WireGuardConfig config(String text) throws ConfigException {
        return ConfigParser.parse("file", text, ConfigParser.Dialect.WG);
    }

    @Test
    void whatIsSetIsWhatIsRead() throws Exception {
        client.set(DeviceChange.replacing(config(CONFIG)));
        assertThat(client.get().config().showconf()).isEqualTo(CONFIG);
        assertThat(client.get().peers().getFirst().latestHandshake()).isEmpty();
        assertThat(UapiClient.interfaces(directory)).containsExactly("wg0");

        client.set(DeviceChange.replacing(config("")));
        assertThat(client.get().privateKey()).isEmpty();
        assertThat(client.get().peers()).isEmpty();
    }

    @Test
    void aPeerIsChangedAndRemoved() throws Exception {
        client.set(DeviceChange.replacing(config(CONFIG)));
        PublicKey peer = client.get().peers().getFirst().publicKey();
        client.set(change(new PeerChange(
                peer,
                PeerChange.Mode.UPDATE,
                Optional.empty(),
                Optional.empty(),
                OptionalInt.of(0),
                Optional.of(AllowedIps.changed(List.of(Cidr.parse("1.2.3.4")), List.of(Cidr.parse("10.0.0.0/8")))))));
        assertThat(client.get().peers().getFirst().allowedIps())
                .containsExactlyInAnyOrder(Cidr.parse("1.2.3.4"), Cidr.parse("2001:db8::/32"));
        assertThat(client.get().peers().getFirst().persistentKeepalive()).isZero();

        client.set(change(PeerChange.remove(peer)));
        assertThat(client.get().peers()).isEmpty();
    }

    @Test
    void aRefusalCarriesItsErrno() {
        UapiException refused =
                catchThrowableOfType(UapiException.class, () -> client.request("set=1\nlisten_port=x\n\n", line -> {}));
        assertThat(refused.reason()).isEqualTo(UapiException.Reason.REFUSED);
        assertThat(refused.errno()).isEqualTo(22);
    }

    @Test
    void twentyThousandPeers() throws Exception {
        List<PeerConfig> peers = new ArrayList<>();
        for (int i = 1; i <= 20_000; i++) {
            byte[] key = ByteBuffer.allocate(32).putInt(i).array();
            Cidr ip = Cidr.parse("10." + (i >> 8) + "." + (i & 255) + ".1");
            peers.add(new PeerConfig(
                    PublicKey.of(key),
                    Optional.empty(),
                    Optional.empty(),
                    AllowedIps.exactly(List.of(ip)),
                    Optional.empty(),
                    OptionalInt.empty()));
        }
        client.set(DeviceChange.replacing(new WireGuardConfig(config(CONFIG).device(), peers, List.of())));
        assertThat(client.get().peers()).hasSize(20_000);
    }

    private static DeviceChange change(PeerChange peer) {
        return new DeviceChange(Optional.empty(), OptionalInt.empty(), OptionalLong.empty(), false, List.of(peer));
    }
}
