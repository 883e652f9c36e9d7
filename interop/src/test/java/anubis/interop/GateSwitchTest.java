package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.interop.GateHost.Said;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A client goes from one hub to the other. At any hub, everybody reaches it from behind both: the one that does not have it
 * sends what is for it to the other.
 */
final class GateSwitchTest {
    @TempDir
    static Path directory;

    private static GateLab lab;

    @BeforeAll
    static void open() {
        GateLab.assume();
        lab = new GateLab(directory);
    }

    @AfterAll
    static void close() {
        if (lab != null) {
            lab.close();
        }
    }

    @AfterEach
    void down() {
        GateLab.atOnce(() -> lab.alice.ask("down"), () -> lab.bob.ask("down"));
    }

    /** That {@code client} is up at one hub, and to be reached by way of it from behind the other. */
    private static void isAt(GateHost at, GateHost other, GateHost client) {
        RoutedLab.await(
                "that " + other.host.name() + " has moved it: " + other.said(),
                () -> other.wg("allowed-ips", at).contains(client.network())
                        && !other.has(client)
                        && other.routes().contains(client.network()));
        assertThat(at.has(client)).isTrue();
        assertThat(at.wg("allowed-ips", other)).doesNotContain(client.inner() + "/", client.network());
        for (String behind : List.of(GateLab.OFFICE, GateLab.CLOUD)) {
            RoutedLab.await("a ping from " + client.host.name() + " to " + behind, () -> client.reaches(behind));
        }
        assertThat(lab.office.reaches(client.far())).isTrue();
        assertThat(lab.cloud.reaches(client.far())).isTrue();
        assertThat(lab.office.reaches(client.inner())).isTrue();
        assertThat(client.peers()).containsExactly(at.keys.publicKey());
    }

    /** That nothing of a client is left anywhere. */
    private static void isNowhere(GateHost client) {
        RoutedLab.await(
                "that it is nowhere",
                () -> !lab.hub.has(client)
                        && !lab.spare.has(client)
                        && lab.hub.wg("allowed-ips", lab.spare).equals("10.9.0.2/32 10.2.2.0/24")
                        && lab.spare.wg("allowed-ips", lab.hub).equals("10.9.0.1/32 10.2.1.0/24")
                        && lab.hub.routes().isEmpty()
                        && lab.spare.routes().isEmpty());
    }

    private static void thereAndBack(GateHost client) {
        assertThat(client.ask("up")).isEqualTo("done");
        isAt(lab.hub, lab.spare, client);

        Said use = client.gate("use", "spare");
        assertThat(use.status()).as(use.toString()).isZero();
        assertThat(use.values()).containsEntry("hub", "spare").containsEntry("here", "up by spare");
        isAt(lab.spare, lab.hub, client);

        assertThat(client.ask("use", "hub=hub")).isEqualTo("done");
        isAt(lab.hub, lab.spare, client);
        assertThat(client.ask("down")).isEqualTo("done");
        isNowhere(client);
    }

    @Test
    void aClientGoesThereAndBack() {
        thereAndBack(lab.alice);
    }

    @Test
    void aClientOnWireguardGoGoesThereAndBack() {
        thereAndBack(lab.bob);
    }

    /** The hub that was left dies before it hears of it, with the client in its registry. */
    @Test
    void theOtherHubIsToldLate() {
        GateHost alice = lab.alice;
        assertThat(alice.ask("up")).isEqualTo("done");
        isAt(lab.hub, lab.spare, alice);
        lab.hub.killGate();
        assertThat(alice.ask("use", "hub=spare")).isEqualTo("done");
        RoutedLab.await("a ping", () -> alice.reaches(GateLab.CLOUD));
        assertThat(lab.hub.has(alice)).isTrue(); // nobody is there who would take it down

        lab.hub.startGate();

        isAt(lab.spare, lab.hub, alice);
        // Nor is it fetched back by what happens later.
        assertThat(alice.ask("renew")).isEqualTo("done");
        isAt(lab.spare, lab.hub, alice);
        lab.hub.killGate();
        lab.hub.startGate();
        isAt(lab.spare, lab.hub, alice);
        assertThat(alice.ask("down")).isEqualTo("done");
        isNowhere(alice);
    }

    @Test
    void aHubInReserveNamesTheOther() {
        lab.spare.stopGate();
        try {
            lab.spare.write(
                    "reserve.toml",
                    read(lab.spare.file("gate.toml")).replace("[hub]\n", "[hub]\nin-reserve-for = 'hub'\n"));
            lab.spare.startGate("reserve.toml");
            Said up = lab.alice.gate("up", "spare");
            assertThat(up.status()).isEqualTo(1);
            assertThat(up.values())
                    .containsEntry("verdict", "in reserve")
                    .containsEntry("in-use", "hub")
                    .containsEntry("here", "down");
            assertThat(lab.spare.has(lab.alice)).isFalse();
            assertThat(lab.alice.ask("up", "hub=hub")).isEqualTo("done");
            isAt(lab.hub, lab.spare, lab.alice);
        } finally {
            lab.spare.stopGate();
            lab.spare.startGate();
        }
    }

    /** The production interface of this one is wg-quick's. */
    @Test
    void aClientOnWgQuickGoesThereAndBack() throws Exception {
        GateHost carol = lab.carol;
        assumeTrue(carol.host.execute("which", "wg-quick").status() == 0, "wg-quick is not installed");
        carol.host.run("ip", "link", "del", carol.name);
        RoutedLab.await("the end of the device", () -> !Device.answers(carol.name));
        Path file = carol.write(
                "quick.conf",
                "[Interface]\nPrivateKey = " + carol.keys.privateKey() + "\nAddress = " + carol.inner() + "/32, "
                        + carol.far() + "/32\n");
        Path named = Files.move(file, file.resolveSibling(carol.name + ".conf"));
        carol.host
                .execute(
                        builder -> builder.environment()
                                .put(
                                        "WG_QUICK_USERSPACE_IMPLEMENTATION",
                                        Implementation.WIREGUARD_GO.forWgQuick().toString()),
                        "wg-quick",
                        "up",
                        named.toString())
                .orThrow();
        withGate(carol);
    }

    /** The production interface of this one is the kernel's, which is driven by running wg. */
    @Test
    void aClientOnTheKernelGoesThereAndBack() {
        GateHost carol = lab.carol;
        assumeTrue(
                carol.host
                                .execute("ip", "link", "add", "trial", "type", "wireguard")
                                .status()
                        == 0,
                "this kernel has no WireGuard");
        carol.host.run("ip", "link", "del", "trial");
        carol.host.run("ip", "link", "del", carol.name);
        RoutedLab.await("the end of the device", () -> !Device.answers(carol.name));
        carol.host.run("ip", "link", "add", carol.name, "type", "wireguard");
        carol.host.run(
                "wg",
                "set",
                carol.name,
                "private-key",
                carol.file("production.key").toString());
        carol.host
                .interfaceNamed(carol.name)
                .address(carol.inner() + "/32", carol.far() + "/32")
                .up();
        withGate(carol);
    }

    private static void withGate(GateHost client) {
        lab.configure(client);
        client.startGate();
        try {
            thereAndBack(client);
        } finally {
            client.stopGate();
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
