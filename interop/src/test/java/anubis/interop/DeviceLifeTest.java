package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.CommandResult;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A device's process: how it begins, what it lives through, and how it ends and leaves nothing. */
@ParameterizedClass
@MethodSource("anubis.interop.Implementation#devices")
final class DeviceLifeTest {
    private static final String NET_BIND_SERVICE_AND_NET_ADMIN = "0000000000001400";

    private final Implementation implementation;

    DeviceLifeTest(Implementation implementation) {
        this.implementation = implementation;
        Tunnel.assume(pair());
    }

    private Pair pair() {
        return new Pair(implementation, implementation);
    }

    // What it lives through.

    @Test
    void theMtuChangesAndPaddingStaysWithinIt() {
        try (Tunnel tunnel = Tunnel.between(pair());
                Capture capture = Capture.on(tunnel.link().left())) {
            tunnel.awaitPing();
            tunnel.left().link().mtu(1_300);
            tunnel.right().link().mtu(1_300);

            tunnel.await("1,300 bytes unpadded in each direction", () -> {
                tunnel.left().host().run("ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s", "1272", Tunnel.RIGHT);
                return capture.datagrams().stream()
                                .filter(datagram -> datagram.length() == 1_332)
                                .count()
                        >= 2;
            });

            tunnel.left().link().mtu(1_420);
            tunnel.right().link().mtu(1_420);
            tunnel.await("1,300 bytes padded to 1,312", () -> {
                tunnel.left().host().run("ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s", "1272", Tunnel.RIGHT);
                return capture.datagrams().stream().anyMatch(datagram -> datagram.length() == 1_344);
            });
            tunnel.left().host().run("ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s", "1392", Tunnel.RIGHT);
        }
    }

    @Test
    void theLinkGoesDownAndUp() {
        try (Tunnel tunnel = Tunnel.between(pair())) {
            tunnel.awaitPing();
            for (Device device : new Device[] {tunnel.left(), tunnel.right()}) {
                device.link().down();
                assertThat(tunnel.left().host().reaches(Tunnel.RIGHT)).isFalse();
                assertThat(device.answers()).isTrue();

                device.link().up();
                tunnel.awaitPing();
            }
        }
    }

    /** The sockets stay where they were made, so the inner network has no other way out than the tunnel. */
    @Test
    void theInterfaceMovesToAnotherNamespace() {
        try (Tunnel tunnel = Tunnel.between(pair())) {
            tunnel.awaitPing();
            LabHost cell = tunnel.lab().host("cell");
            tunnel.left().host().run("ip", "link", "set", tunnel.left().name(), "netns", cell.namespace());
            cell.interfaceNamed(tunnel.left().name())
                    .address(Tunnel.LEFT + "/24", Tunnel.LEFT_V6 + "/64")
                    .up();

            tunnel.await("a ping from the cell", () -> cell.reaches(Tunnel.RIGHT));
            assertThat(cell.reaches(Tunnel.RIGHT_V6)).isTrue();
            Transfer.listen(tunnel.right().host());
            Transfer.tcp(cell, Tunnel.RIGHT, 5_000_000);
            cell.interfaceNamed(tunnel.left().name()).mtu(1_300);
            tunnel.await("a ping after a change of MTU", () -> cell.reaches(Tunnel.RIGHT));
            assertThat(tunnel.left().wg("show", tunnel.left().name())).contains("latest handshake");

            cell.run("ip", "link", "del", tunnel.left().name());
            assertEnded(tunnel.left());
        }
    }

    @Test
    void theUdpPortChangesUnderLoad() throws Exception {
        try (Tunnel tunnel = Tunnel.between(pair())) {
            tunnel.awaitPing();
            Transfer.listen(tunnel.right().host());
            Process transfer = Transfer.tcpFor(tunnel.left().host(), Tunnel.RIGHT, 6);

            for (int port = 42_000; port < 42_010; port++) {
                String endpoint = "10.1.0.1:" + port;
                tunnel.left().wg("set", tunnel.left().name(), "listen-port", Integer.toString(port));
                tunnel.await(
                        "the right end follows",
                        () -> tunnel.right().peer().endpoint().equals(endpoint));
                long before = tunnel.left().peer().received();
                tunnel.await("traffic", () -> tunnel.left().peer().received() > before + 50_000);
            }

            assertThat(transfer.waitFor()).isZero();
        }
    }

    @Test
    void aPortThatIsTakenIsAnErrorAndHarmsNobody() {
        try (Tunnel tunnel = Tunnel.between(pair())) {
            tunnel.awaitPing();
            Device second = Device.start(implementation, tunnel.right().host());
            second.link().up();

            assertThat(second.tryWg("set", second.name(), "listen-port", "51820")
                            .stderr())
                    .contains("Address already in use");

            assertThat(tunnel.left().host().reaches(Tunnel.RIGHT)).isTrue();
            assertThat(second.answers()).isTrue();
        }
    }

    @Test
    void aRequestWithOneBadLineChangesNothing() throws IOException {
        try (Lab lab = Lab.open()) {
            Device device = Device.start(implementation, lab.host("a"));
            String key = KeyPair.generate(device.host()).publicKey();
            device.wg("set", device.name(), "listen-port", "4000", "peer", key);
            String before = device.wg("showconf", device.name());

            assertThat(Device.uapi(device.name(), "set=1\nlisten_port=5000\nreplace_peers=true\nno_such_key=1\n\n"))
                    .startsWith("errno=-22\n");

            assertThat(device.wg("showconf", device.name())).isEqualTo(before);
        }
    }

    // How it begins.

    @Test
    void withoutFItReturnsWhenTheSocketAnswers() {
        try (Lab lab = Lab.open()) {
            LabHost host = lab.host("a");
            String name = Device.freshName();

            host.run(implementation.background(name).toArray(String[]::new));

            assertThat(Device.answers(name)).isTrue();
            ProcessHandle daemon = host.interfaceNamed(name).holder();
            assertThat(host.run("ps", "-o", "sid=", "-p", Long.toString(daemon.pid()))
                            .strip())
                    .as("a session of its own")
                    .isNotEqualTo(host.run(
                                    "ps",
                                    "-o",
                                    "sid=",
                                    "-p",
                                    Long.toString(ProcessHandle.current().pid()))
                            .strip());
            host.run("ip", "link", "del", name);
            assertThat(Lab.poll(Device.SOON, () -> !daemon.isAlive())).isTrue();
        }
    }

    @Test
    void withoutFItReturnsTheErrorWhenItCannotStart() {
        try (Lab lab = Lab.open()) {
            Device first = Device.start(implementation, lab.host("a"));

            CommandResult second =
                    first.host().execute(implementation.background(first.name()).toArray(String[]::new));

            assertThat(second.status()).isNotZero();
            assertThat(second.stderr()).contains(first.name());
        }
    }

    @Test
    void aSecondOneOfTheSameNameIsRefused() {
        try (Lab lab = Lab.open()) {
            Device first = Device.start(implementation, lab.host("a"));
            KeyPair keys = KeyPair.generate(first.host());
            first.wg("set", first.name(), "peer", keys.publicKey());

            assertRefused(first.host(), first.name());
            assertRefused(lab.host("b"), first.name());

            assertThat(first.wg("show", first.name(), "peers")).isEqualTo(keys.publicKey() + "\n");
            assertThat(first.hasInterface()).isTrue();
        }
    }

    @Test
    void aSocketThatSomebodyListensToIsRefusedAndLeftAlone() throws IOException {
        try (Lab lab = Lab.open()) {
            String name = Device.freshName();
            Path path = Device.socket(name);
            Files.createDirectories(path.getParent());
            try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                other.bind(UnixDomainSocketAddress.of(path));

                assertRefused(lab.host("a"), name);

                assertThat(path).exists();
            } finally {
                Files.deleteIfExists(path);
            }
        }
    }

    private void assertRefused(LabHost host, String name) {
        CommandResult result = host.execute(implementation.foreground(name).toArray(String[]::new));
        assertThat(result.status()).isNotZero();
        assertThat(result.stderr()).contains(name).doesNotContain("Exception").doesNotContain("\tat ");
    }

    @Test
    void aSocketThatNobodyListensToIsReplaced() throws IOException {
        try (Lab lab = Lab.open()) {
            String name = Device.freshName();
            Path path = Device.socket(name);
            Files.createDirectories(path.getParent());
            try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                other.bind(UnixDomainSocketAddress.of(path));
            }
            assertThat(path).exists();

            assertThat(Device.start(implementation, lab.host("a"), name).answers())
                    .isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sixteen-letters-", "a/b", "..", "a b"})
    void aNameThatIsNoInterfaceNameIsRefused(String name) {
        try (Lab lab = Lab.open()) {
            assertRefused(lab.host("a"), name);
        }
    }

    @Test
    void onlyRootMayUseTheSocket() throws IOException {
        try (Lab lab = Lab.open()) {
            Device device = Device.start(implementation, lab.host("a"));

            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(device.socket())))
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void itHasTwoCapabilitiesAndCanGainNoOther() throws IOException {
        try (Lab lab = Lab.open()) {
            Device device = Device.start(implementation, lab.host("a"));

            assertThat(
                            Files.readAllLines(Path.of(
                                            "/proc",
                                            Long.toString(device.link().holder().pid()),
                                            "status"))
                                    .stream()
                                    .filter(line -> line.matches("Cap(Prm|Eff|Bnd):.*"))
                                    .map(line -> line.substring(line.indexOf('\t') + 1)))
                    .containsOnly(NET_BIND_SERVICE_AND_NET_ADMIN);
        }
    }

    // How it ends.

    @Test
    void itEndsWhenItsSocketIsRemoved() throws IOException {
        try (Lab lab = Lab.open()) {
            Device device = Device.start(implementation, lab.host("a"));

            Files.delete(device.socket());

            assertEnded(device);
        }
    }

    @Test
    void itEndsWhenItsInterfaceIsDeleted() {
        try (Lab lab = Lab.open()) {
            Device device = Device.start(implementation, lab.host("a"));

            device.host().run("ip", "link", "del", device.name());

            assertEnded(device);
        }
    }

    @Test
    void itEndsWhenItIsToldTo() {
        try (Tunnel tunnel = Tunnel.between(pair())) {
            tunnel.awaitPing();

            tunnel.left().link().holder().destroy();

            assertEnded(tunnel.left());
            assertThat(tunnel.left().process().exitValue())
                    .as("it did what it was told to")
                    .isZero();
        }
    }

    @Test
    void killedItCanBeStartedAgain() throws InterruptedException {
        try (Lab lab = Lab.open()) {
            Device first = Device.start(implementation, lab.host("a"));
            first.link().holder().destroyForcibly();
            assertThat(first.process().waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(first.socket()).as("left behind").exists();

            Device second = Device.start(implementation, first.host(), first.name());

            second.wg("set", second.name(), "listen-port", "4000");
            assertThat(second.wg("show", second.name(), "listen-port")).isEqualTo("4000\n");
        }
    }

    private static void assertEnded(Device device) {
        assertThat(Lab.poll(Device.SOON, () -> !device.process().isAlive()))
                .as(() -> "it ends; it said: " + device.log())
                .isTrue();
        assertThat(device.hasInterface()).isFalse();
        assertThat(device.socket()).doesNotExist();
    }
}
