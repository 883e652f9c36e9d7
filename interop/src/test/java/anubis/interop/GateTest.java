package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.interop.GateHost.Said;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.TextStyle;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A client is up as long as it is to be: it asks, its lease runs, the owner of the hub changes something. */
final class GateTest {
    @TempDir
    static Path directory;

    private static GateLab lab;
    private static KeyPair foreign;

    @BeforeAll
    static void open() {
        GateLab.assume();
        lab = new GateLab(directory);
        foreign = KeyPair.generate(lab.office);
        lab.hub.host.run("wg", "set", lab.hub.name, "peer", foreign.publicKey(), "allowed-ips", "10.9.0.99/32");
    }

    @AfterAll
    static void close() {
        if (lab != null) {
            lab.close();
        }
    }

    @AfterEach
    void downAndUntouched() {
        GateLab.atOnce(() -> lab.alice.ask("down"), () -> lab.bob.ask("down"));
        RoutedLab.await("that nobody is up", () -> lab.hub.routes().isEmpty());
        assertThat(lab.hub.peers()).containsExactlyInAnyOrder(foreign.publicKey(), lab.spare.keys.publicKey());
        assertThat(lab.hub.wg("allowed-ips", lab.spare)).isEqualTo("10.9.0.2/32 10.2.2.0/24");
        GateLab.atOnce(Stream.of(lab.alice, lab.bob, lab.carol)
                .map(client -> (Runnable) () -> GateLab.enter(lab.hub, client, ""))
                .toArray(Runnable[]::new));
    }

    private static void awaitReach(GateHost from, String address) {
        RoutedLab.await("a ping from " + from.host.name() + " to " + address, () -> from.reaches(address));
    }

    private static void isUp(GateHost client) {
        awaitReach(client, GateLab.OFFICE);
        assertThat(lab.hub.has(client)).isTrue();
        assertThat(lab.hub.routes()).contains(client.network());
        assertThat(lab.office.reaches(client.far())).isTrue();
    }

    private static void awaitDown(GateHost client) {
        RoutedLab.await(
                "that " + client.host.name() + " is down at the hub",
                () -> !lab.hub.has(client) && !lab.hub.routes().contains(client.network()));
        RoutedLab.await("that it is down at its own side: " + client.said(), () -> !client.has(lab.hub));
        assertThat(client.routes()).isEmpty();
        assertThat(client.ask("status")).isIn("done", "outside hours", "expired", "");
    }

    private static void isLease(String left, int granted) {
        assertThat(Integer.parseInt(left)).isBetween(granted - 60, granted);
    }

    private static void clientOfOurs(GateHost client) {
        Said up = client.gate("up", "--lease", "10m");
        assertThat(up.status()).as(up.toString()).isZero();
        assertThat(up.values())
                .containsEntry("verdict", "done")
                .containsEntry("key", lab.hub.keys.publicKey())
                .containsEntry("here", "up by hub")
                .hasEntrySatisfying("lease", left -> isLease(left, 600));
        isUp(client);

        assertThat(client.gate("up").value("verdict")).isEqualTo("already");
        isLease(client.gate("renew", "--lease", "20m").value("lease"), 1200);
        assertThat(client.gate("status").values())
                .containsEntry("peer", "up")
                .hasEntrySatisfying("lease", left -> isLease(left, 1200));
        assertThat(client.gate("hello", "spare").values())
                .containsEntry("key", lab.spare.keys.publicKey())
                .containsEntry("peer", "down");
        isUp(client);

        Said down = client.gate("down");
        assertThat(down.status()).isZero();
        assertThat(down.values()).containsEntry("verdict", "done").containsEntry("here", "down");
        awaitDown(client);
        assertThat(client.gate("status").value("peer")).isEqualTo("down");
        assertThat(client.gate("renew").status()).isEqualTo(1);
        assertThat(client.reaches(GateLab.OFFICE)).isFalse();
    }

    @Test
    void aClientComesAndGoes() {
        clientOfOurs(lab.alice);
    }

    @Test
    void aClientOnWireguardGoComesAndGoes() {
        clientOfOurs(lab.bob);
    }

    // The client that is not ours. It has no daemon: nothing is renewed by itself.

    private static String python(int status, String gate, String... words) {
        var result = lab.python(gate, lab.hub, words);
        assertThat(result.status()).as(result.toString()).isEqualTo(status);
        return result.stdout();
    }

    private static void production() {
        lab.carol.host.run(
                "wg",
                "set",
                lab.carol.name,
                "peer",
                lab.hub.keys.publicKey(),
                "endpoint",
                lab.hub.outer() + ":51820",
                "allowed-ips",
                "10.9.0.0/24,10.2.0.0/16");
        lab.carol.host.run("ip", "route", "replace", "10.2.0.0/16", "dev", lab.carol.name, "proto", "203");
    }

    @Test
    void aClientThatIsNotOursComesAndGoes() throws Exception {
        GateLab.assumePython();
        GateHost carol = lab.carol;
        String gate = lab.pythonTunnel(lab.hub);
        assertThat(python(0, gate, "hello")).contains(lab.hub.keys.publicKey(), "\"state\": \"down\"");

        // A lease ends without handshake.
        assertThat(python(0, gate, "up", "--lease", "2")).contains("\"code\": 0", "\"leaseLeft\": ");
        assertThat(lab.hub.has(carol)).isTrue();
        RoutedLab.await("the end of the lease", () -> !lab.hub.has(carol));
        assertThat(lab.hub.log(1)).singleElement().asString().contains("lease over");
        assertThat(python(1, gate, "renew")).contains("\"code\": 12");

        // A handshake prolongs it, and so does a renewal; roaming does not end it.
        assertThat(python(0, gate, "up", "--lease", "6")).contains("\"code\": 0");
        Thread.sleep(3000); // of the lease
        production();
        isUp(carol);
        RoutedLab.await(
                "that the lease is prolonged", () -> lab.hub.log(4).toString().contains("in use"));
        assertThat(python(0, gate, "renew", "--lease", "900")).contains("\"leaseLeft\": ");
        move(carol, 15);
        isUp(carol);
        assertThat(python(0, gate, "status")).contains("\"state\": \"up\"");
        move(carol, 5);
        assertThat(python(0, gate, "down")).contains("\"code\": 0");
        assertThat(lab.hub.has(carol)).isFalse();

        // It hears a goodbye, and the hub its answer.
        python(0, gate, "up");
        Path heard = Files.createTempFile(directory, "heard", ".json");
        Process listening = carol.host.start(
                builder -> builder.redirectOutput(heard.toFile()),
                lab.pythonWords(gate, lab.hub, "listen", "--wait", "20"));
        Thread.sleep(300); // until it listens; else it hears the second one
        GateLab.enter(lab.hub, carol, "expiry = 2020-01-01T00:00:00Z");
        assertThat(listening.waitFor()).isZero();
        assertThat(Files.readString(heard))
                .contains("\"operation\": \"leaving\"")
                .contains("\"operation\": \"goodbye\"");
        assertThat(python(1, gate, "up")).contains("\"code\": 5");
        carol.host.run("wg", "set", carol.name, "peer", lab.hub.keys.publicKey(), "remove");
        carol.host.run("ip", "link", "del", gate);
    }

    /** Changes a host's outer address. */
    private static void move(GateHost client, int to) {
        String now = client.host
                .run("ip", "-o", "-4", "address", "show", "dev", "eth0")
                .replaceAll("(?s).* (10[./0-9]+).*", "$1");
        client.host.interfaceNamed("eth0").removeAddress(now).address("10.1.0." + to + "/24");
    }

    @Test
    void theLeaseEndsOfWhoIsGone() {
        GateHost bob = lab.bob;
        assertThat(bob.ask("up", "lease=4")).isEqualTo("done");
        isUp(bob);
        RoutedLab.await("a renewal", () -> lab.hub.log(3).toString().contains(" up "));
        bob.killGate();
        bob.host.interfaceNamed("eth0").down();

        RoutedLab.await(
                "the end of the lease",
                () -> !lab.hub.has(bob) && lab.hub.routes().isEmpty());

        bob.host.interfaceNamed("eth0").up();
        bob.startGate(); // asks for what it had, and has it again
        isUp(bob);
    }

    @Test
    void roamingEndsNothing() {
        GateHost alice = lab.alice;
        assertThat(alice.ask("up", "lease=30")).isEqualTo("done");
        isUp(alice);
        String before = lab.hub.wg("latest-handshakes", alice);
        move(alice, 13);
        isUp(alice);
        assertThat(lab.hub.wg("endpoints", alice)).startsWith("10.1.0.13:");
        assertThat(lab.hub.wg("latest-handshakes", alice)).isEqualTo(before);
        assertThat(alice.ask("renew")).isEqualTo("done");
        move(alice, 3);
        assertThat(alice.asked("status")).containsEntry("peer", "up");
        isUp(alice);
    }

    // What the owner of the hub changes.

    @Test
    void theAuthorisationExpires() {
        GateHost bob = lab.bob;
        assertThat(bob.ask("up")).isEqualTo("done");
        isUp(bob);
        GateLab.enter(lab.hub, bob, "expiry = " + Instant.now().plusSeconds(4).toString());
        awaitDown(bob);
        Said again = bob.gate("up", "hub");
        assertThat(again.status()).isEqualTo(1);
        assertThat(again.value("verdict")).isEqualTo("expired");
    }

    @Test
    void theHoursAreOver() {
        GateHost alice = lab.alice;
        assertThat(alice.ask("up")).isEqualTo("done");
        isUp(alice);
        String day = Instant.now()
                .atOffset(ZoneOffset.UTC)
                .plusDays(3)
                .getDayOfWeek()
                .getDisplayName(TextStyle.SHORT, Locale.ROOT);
        GateLab.enter(lab.hub, alice, "hours = \"" + day + " 08:00-09:00 UTC\"");
        awaitDown(alice);
        assertThat(alice.ask("up")).isEqualTo("outside hours");
    }

    @Test
    void whoIsDisabledHearsOneGoodbyeAndThenNothing() throws Exception {
        GateHost bob = lab.bob;
        assertThat(bob.ask("up")).isEqualTo("done");
        isUp(bob);
        lab.hub.run("gate", "peer", "disable", "bob");
        RoutedLab.await("that bob is down", () -> !lab.hub.has(bob) && !bob.has(lab.hub));
        assertThat(bob.said()).containsOnlyOnce("says goodbye");
        try (Capture capture = Capture.on(lab.hub.host.interfaceNamed("eth0"))) {
            CompletableFuture<Void> asking =
                    CompletableFuture.runAsync(() -> bob.asked("hello"), Thread::startVirtualThread);
            RoutedLab.await("that bob asks twice", () -> capture.datagrams().size() >= 2);
            assertThat(capture.datagrams())
                    .noneMatch(each -> each.source().getHostAddress().equals(lab.hub.outer()));
            assertThat(asking).isNotDone();
        }
        lab.hub.run("gate", "peer", "enable", "bob");
        assertThat(bob.ask("up")).isEqualTo("done");
        isUp(bob);
    }

    @Test
    void whoIsRemovedHearsAGoodbye() {
        GateHost alice = lab.alice;
        assertThat(alice.ask("up")).isEqualTo("done");
        isUp(alice);
        lab.hub.run("gate", "peer", "remove", "alice");
        RoutedLab.await("that alice is down", () -> !lab.hub.has(alice) && !alice.has(lab.hub));
        assertThat(lab.hub.routes()).isEmpty();
        assertThat(alice.said()).contains("says goodbye");
        GateLab.enter(lab.hub, alice, "");
    }

    @Test
    void aPeerIsChangedWhileItIsUp() {
        GateHost bob = lab.bob;
        assertThat(bob.ask("up")).isEqualTo("done");
        isUp(bob);
        String psk = bob.host.run("wg", "genpsk").strip();
        Path file = lab.hub.write(
                "peer.toml",
                GateLab.entry(bob, "preshared-key = \"" + psk + "\"").replace("10.20.4.0/24", "10.20.44.0/24"));
        lab.hub.run("gate", "peer", "import", file.toString());
        RoutedLab.await("the new route", () -> lab.hub.routes().equals(Set.of("10.9.0.4", "10.20.44.0/24")));
        assertThat(lab.hub.wg("allowed-ips", bob)).isEqualTo("10.9.0.4/32 10.20.44.0/24");
        assertThat(lab.hub.wg("preshared-keys", bob)).isEqualTo(psk);
        assertThat(bob.ask("status")).isEqualTo("done");
    }
}
