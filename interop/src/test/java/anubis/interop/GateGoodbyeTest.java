package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.Lab;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whichever side stops tells the other, which sends nothing more; and what is begun again works. */
final class GateGoodbyeTest {
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

    @BeforeEach
    void up() {
        GateLab.atOnce(
                () -> assertThat(lab.alice.ask("up")).isEqualTo("done"),
                () -> assertThat(lab.bob.ask("up")).isEqualTo("done"));
        awaitUp(lab.alice);
        awaitUp(lab.bob);
    }

    @AfterEach
    void down() {
        GateLab.atOnce(() -> lab.alice.ask("down"), () -> lab.bob.ask("down"));
    }

    private static void awaitUp(GateHost client) {
        RoutedLab.await("a ping from " + client.host.name(), () -> client.reaches(GateLab.OFFICE));
    }

    private static boolean isDown(GateHost client) {
        return !lab.hub.has(client) && !client.has(lab.hub) && client.routes().isEmpty();
    }

    /** That both ends are down long before a lease is over: it is said, and not found out. */
    private static void awaitDown(GateHost client) {
        assertThat(Lab.poll(Duration.ofSeconds(8), () -> isDown(client)))
                .as(() -> "that both ends are down: " + client.said() + lab.hub.said())
                .isTrue();
        assertThat(Path.of("/run/anubis/gate-" + client.name + ".session")).doesNotExist();
    }

    @Test
    void theHubStops() throws Exception {
        long before = System.nanoTime();
        lab.hub.stopGate();
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(3));
        assertThat(lab.hub.process().exitValue()).isZero();

        awaitDown(lab.alice);
        awaitDown(lab.bob);
        assertThat(lab.hub.routes()).isEmpty();
        assertThat(lab.hub.has(lab.spare)).isTrue();
        assertThat(lab.hub.said()).doesNotContain("not all clients");

        // The survivors are silent.
        try (Capture capture = Capture.on(lab.hub.host.interfaceNamed("eth0"))) {
            assertThat(lab.alice.reaches(GateLab.OFFICE)).isFalse();
            assertThat(lab.bob.reaches(GateLab.OFFICE)).isFalse();
            assertThat(capture.datagrams()).isEmpty();
        }

        lab.hub.startGate();
        assertThat(lab.hub.has(lab.alice)).isFalse();
        assertThat(lab.alice.ask("up")).isEqualTo("done");
        awaitUp(lab.alice);
    }

    @Test
    void aClientStops() {
        lab.alice.stopGate();
        assertThat(lab.alice.process().exitValue()).isZero();
        awaitDown(lab.alice);
        assertThat(lab.hub.has(lab.bob)).isTrue();
        lab.alice.startGate();
        assertThat(lab.alice.asked("status")).containsEntry("peer", "down").containsEntry("here", "down");
    }

    @Test
    void theInterfaceOfAClientIsDeleted() {
        lab.bob.host.run("ip", "link", "del", lab.bob.name);
        RoutedLab.await("that bob is down at the hub", () -> !lab.hub.has(lab.bob));
        RoutedLab.await("the end of the device", () -> !Device.answers(lab.bob.name));
        lab.bob.stock("");
        assertThat(lab.bob.asked("status")).containsEntry("peer", "down").containsEntry("here", "down");
        assertThat(lab.bob.ask("up")).isEqualTo("done");
        awaitUp(lab.bob);
    }

    @Test
    void theInterfaceThatWeBroughtUpIsDeleted() {
        lab.alice.host.run("ip", "link", "del", lab.alice.name);
        RoutedLab.await("that alice is down at the hub", () -> !lab.hub.has(lab.alice));
        RoutedLab.await("the end of the device", () -> !Device.answers(lab.alice.name));
        lab.alice.up("");
        assertThat(lab.alice.asked("status")).containsEntry("peer", "down").containsEntry("here", "down");
        assertThat(lab.alice.ask("up")).isEqualTo("done");
        awaitUp(lab.alice);
    }

    @Test
    void theInterfaceOfTheHubIsDeleted() {
        lab.hub.host.run("ip", "link", "del", lab.hub.name);
        for (GateHost client : new GateHost[] {lab.alice, lab.bob}) {
            RoutedLab.await("that " + client.host.name() + " is down: " + client.said(), () -> !client.has(lab.hub));
        }
        RoutedLab.await("the end of the device", () -> !Device.answers(lab.hub.name));
        lab.hub.up(GateLab.peer(lab.spare));
        assertThat(lab.hub.peers()).containsExactly(lab.spare.keys.publicKey());
        assertThat(lab.alice.ask("up")).isEqualTo("done");
        awaitUp(lab.alice);
    }

    /** Who is killed is not heard of again; its next life asks for what the last had. */
    @Test
    void aClientIsKilledAndLivesAgain() throws Exception {
        lab.alice.killGate();
        assertThat(Path.of("/run/anubis/gate-" + lab.alice.name + ".session")).exists();
        assertThat(lab.alice.reaches(GateLab.OFFICE)).isTrue();
        lab.alice.startGate();
        RoutedLab.await(
                "that it has asked",
                () -> lab.alice.asked("status").getOrDefault("here", "").equals("up by hub"));
        assertThat(lab.alice.asked("status")).containsEntry("peer", "up");
        awaitUp(lab.alice);
        assertThat(Files.exists(Path.of("/run/anubis/gate-" + lab.alice.name + ".session")))
                .isTrue();
    }
}
