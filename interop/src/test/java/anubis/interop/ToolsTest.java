package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.lab.LabHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The left end as the ordinary tools see and drive it. */
@ParameterizedClass
@MethodSource("anubis.interop.Pair#all")
final class ToolsTest {
    private final Pair pair;
    private final Path directory;

    ToolsTest(Pair pair, @TempDir Path directory) {
        this.pair = pair;
        this.directory = directory;
    }

    @Test
    void showconfGivesBackWhatSetconfWasGiven() {
        try (Tunnel tunnel = Tunnel.unconnected(pair)) {
            Device left = tunnel.left();
            KeyPair other = KeyPair.generate(left.host());
            String configuration = "[Interface]\nListenPort = 41414\nFwMark = 0x1234\nPrivateKey = "
                    + tunnel.leftKeys().privateKey() + "\n\n" + tunnel.rightAsPeer()
                    + "Endpoint = 10.1.0.2:51820\nPersistentKeepalive = 25\n\n[Peer]\nPublicKey = " + other.publicKey()
                    + "\nAllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = [fd01::99]:1\n";

            left.wgFile("setconf", configuration);

            assertThat(left.wg("showconf", left.name()).lines().filter(line -> !line.isBlank()))
                    .containsExactlyInAnyOrderElementsOf(configuration
                            .lines()
                            .filter(line -> !line.isBlank())
                            .toList());
            assertThat(left.wg("show", left.name(), "fwmark")).isEqualTo("0x1234\n");
            assertThat(left.wg("show", left.name(), "dump").lines()).hasSize(3);
        }
    }

    @Test
    void syncconfChangesWhatDiffersAndLeavesTheKeysAlone() {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            Device left = tunnel.left();
            KeyPair gone = KeyPair.generate(left.host());
            left.wg("set", left.name(), "peer", gone.publicKey(), "allowed-ips", "10.8.0.0/16");
            tunnel.awaitPing();
            Device.Peer before = right(tunnel);
            String port = left.wg("show", left.name(), "listen-port").strip();
            String configuration =
                    "[Interface]\nPrivateKey = " + tunnel.leftKeys().privateKey() + "\nListenPort = " + port
                            + "\n\n" + tunnel.rightAsPeer().replace("fd09::2/128", "10.77.0.0/16") + "Endpoint = "
                            + Tunnel.OUTER_RIGHT + "\nPersistentKeepalive = 25\n";

            left.wgFile("syncconf", configuration);

            assertThat(left.peers()).hasSize(1);
            assertThat(left.peer().latestHandshake()).isEqualTo(before.latestHandshake());
            assertThat(left.peer().received()).isGreaterThanOrEqualTo(before.received());
            assertThat(left.wg("show", left.name(), "allowed-ips"))
                    .isEqualTo(tunnel.rightKeys().publicKey() + "\t10.9.0.2/32 10.77.0.0/16\n");
            assertThat(left.wg("show", left.name(), "persistent-keepalive")).endsWith("\t25\n");
            assertThat(left.host().reaches(Tunnel.RIGHT)).isTrue();
            assertThat(left.peer().latestHandshake()).isEqualTo(before.latestHandshake());
        }
    }

    private static Device.Peer right(Tunnel tunnel) {
        return tunnel.left().peers().stream()
                .filter(peer -> peer.latestHandshake() > 0)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aBadSettingIsRefusedAndChangesNothing() {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            Device left = tunnel.left();
            String before = left.wg("showconf", left.name());

            assertThat(left.tryWg("set", left.name(), "listen-port", "0x10000").status())
                    .isNotZero();
            assertThatUapiAnswers(left, "set=1\nlisten_port=70000\n\n");
            assertThatUapiAnswers(left, "set=1\nno_such_key=1\n\n");
            assertThatUapiAnswers(left, "set=1\nprivate_key=00\n\n");

            assertThat(left.wg("showconf", left.name())).isEqualTo(before);
        }
    }

    private static void assertThatUapiAnswers(Device device, String request) {
        try {
            assertThat(Device.uapi(device.name(), request)).as(request).matches("errno=-?[1-9][0-9]*\n\n");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void wgQuickBringsTheTunnelUpAndDown() throws IOException {
        try (Tunnel tunnel = Tunnel.unconnected(pair)) {
            throughWgQuick(tunnel, "AllowedIPs = 10.9.0.2/32, fd09::2/128");

            assertThat(tunnel.left().host().run("ip", "route")).doesNotContain("10.9.0.2 dev wq");
        }
    }

    /** All traffic goes into the tunnel but the tunnel's own, which carries the firewall mark. */
    @Test
    void wgQuickBringsAFullTunnelUpAndDown() throws IOException {
        try (Tunnel tunnel = Tunnel.unconnected(pair)) {
            throughWgQuick(tunnel, "AllowedIPs = 0.0.0.0/0, ::/0");

            assertThat(tunnel.left().host().run("ip", "rule")).doesNotContain("fwmark");
        }
    }

    private void throughWgQuick(Tunnel tunnel, String allowedIps) throws IOException {
        LabHost host = tunnel.left().host();
        assumeTrue(
                host.execute("ip", "link", "add", "trial", "type", "wireguard").status() != 0,
                "the kernel has WireGuard, and wg-quick prefers it");
        tunnel.left().process().destroy();
        String name = "wq" + tunnel.left().name().substring(2);
        Path file = Files.createFile(
                directory.resolve(name + ".conf"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(
                file,
                "[Interface]\nPrivateKey = " + tunnel.leftKeys().privateKey() + "\nAddress = " + Tunnel.LEFT + "/32, "
                        + Tunnel.LEFT_V6 + "/128\n\n"
                        + tunnel.rightAsPeer().replaceFirst("AllowedIPs.*", allowedIps) + "Endpoint = "
                        + Tunnel.OUTER_RIGHT + "\n");

        wgQuick(host, "up", file);
        try {
            tunnel.await("a ping", () -> host.reaches(Tunnel.RIGHT));
            assertThat(host.reaches(Tunnel.RIGHT_V6)).isTrue();
            assertThat(host.run("wg", "show", name)).contains("latest handshake");
            assertThat(host.run("ip", "link", "show", name)).contains("mtu 1420");
        } finally {
            wgQuick(host, "down", file);
        }
        assertThat(host.execute("ip", "link", "show", name).status()).isNotZero();
        tunnel.await("the socket is gone", () -> Files.notExists(Device.socket(name)));
    }

    private void wgQuick(LabHost host, String verb, Path file) {
        host.execute(
                        builder -> builder.environment()
                                .put(
                                        "WG_QUICK_USERSPACE_IMPLEMENTATION",
                                        pair.left().forWgQuick().toString()),
                        "wg-quick",
                        verb,
                        file.toString())
                .orThrow();
    }
}
