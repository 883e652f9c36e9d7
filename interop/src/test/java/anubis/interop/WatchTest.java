package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.CommandResult;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code status}, {@code events} and {@code why}, asked at the left end: ours, and another that has no drop counters. */
@Tag("alone")
@ParameterizedClass
@MethodSource("anubis.interop.Pair#all")
final class WatchTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final String STRANGER = "10.9.0.77";

    @TempDir
    Path directory;

    private final Pair pair;

    WatchTest(Pair pair) {
        this.pair = pair;
    }

    private static CommandResult verb(Tunnel tunnel, String... words) {
        return tunnel.left().host().execute(Implementation.verb(words));
    }

    static String left(Tunnel tunnel, String verb, String... more) {
        String[] words = new String[2 + more.length];
        words[0] = verb;
        words[1] = tunnel.left().name();
        System.arraycopy(more, 0, words, 2, more.length);
        return verb(tunnel, words).orThrow();
    }

    // status

    @Test
    void statusTellsWhoIsThere() {
        try (Tunnel tunnel = Tunnel.unconnected(pair)) {
            String name = tunnel.left().name();
            assertThat(left(tunnel, "status")).startsWith(name + ", port ").contains("no peers");

            tunnel.left().wgFile("addconf", tunnel.rightAsPeer());
            assertThat(left(tunnel, "status", "--json"))
                    .contains("\"peer\":\"" + tunnel.rightKeys().publicKey() + "\",\"state\":\"never-seen\"")
                    .doesNotContain("since", "via", "latest_handshake");

            tunnel.connect(Tunnel.OUTER_RIGHT);
            tunnel.awaitPing();
            assertThat(left(tunnel, "status", "--json"))
                    .startsWith("{\"interface\":\"" + name + "\"")
                    .hasLineCount(1)
                    .contains(
                            "\"state\":\"up\",\"since\":\"20",
                            "\"endpoint\":\"10.1.0.2:51820\"",
                            "\"via\":{\"interface\":\"" + tunnel.link().left().name() + "\",\"source\":\"10.1.0.1\"}",
                            "\"latest_handshake\":\"20");
            assertThat(left(tunnel, "status"))
                    .contains("1 peer: 1 up", tunnel.rightKeys().publicKey() + "  up ", "10.1.0.2:51820");
            assertThat(verb(tunnel, "status").orThrow()).contains(name + ", port ");
        }
    }

    // events

    @Test
    void eventsTellWhatHappens() throws IOException {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            Path told = directory.resolve("events");
            Process events = tunnel.left()
                    .host()
                    .start(
                            builder -> builder.redirectOutput(told.toFile()),
                            Implementation.verb("events", tunnel.left().name()));
            String peer = "\"peer\":\"" + tunnel.rightKeys().publicKey() + "\"";

            // What was there at the first look, whenever that is, is no event.
            String came = "\"event\":\"came\"," + peer;
            await(told, "\"event\":\"went\"," + peer + ",\"was\":\"up\",\"removed\":true", () -> {
                tunnel.connect(Tunnel.OUTER_RIGHT);
                ping(tunnel.left().host(), Tunnel.RIGHT);
                Lab.poll(Duration.ofSeconds(3), () -> read(told).contains(came));
                remove(tunnel.left(), tunnel.rightKeys());
            });
            await(told, came, () -> {
                tunnel.connect(Tunnel.OUTER_RIGHT);
                ping(tunnel.left().host(), Tunnel.RIGHT);
            });

            // The right end knows where the left one is, but has no key, so it shakes hands.
            await(told, "\"event\":\"rekeyed\"," + peer + ",\"handshake\":\"20", () -> {
                remove(tunnel.right(), tunnel.leftKeys());
                tunnel.right()
                        .wgFile("addconf", tunnel.leftAsPeer() + "Endpoint = " + "10.1.0.1:" + port(tunnel) + "\n");
                ping(tunnel.right().host(), Tunnel.LEFT);
            });

            tunnel.link().right().removeAddress("10.1.0.2/24").address("10.1.0.12/24");
            await(
                    told,
                    "\"event\":\"roamed\"," + peer + ",\"was\":\"10.1.0.2:51820\",\"endpoint\":\"10.1.0.12:51820\"",
                    () -> ping(tunnel.right().host(), Tunnel.LEFT));

            if (pair.left() == Implementation.ANUBIS) {
                tunnel.right().link().address(STRANGER + "/32");
                await(
                        told,
                        "\"event\":\"refused\"," + peer + ",\"reason\":\"dropped_source_not_allowed\",\"count\":",
                        () -> tunnel.right().host().execute("ping", "-c", "1", "-W", "1", "-I", STRANGER, Tunnel.LEFT));
            }

            assertThat(Files.readAllLines(told))
                    .allSatisfy(line -> assertThat(line)
                            .startsWith("{\"time\":\"20")
                            .contains("\"interface\":\"" + tunnel.left().name() + "\"")
                            .endsWith("}"));
            if (pair.left() != Implementation.ANUBIS) {
                assertThat(Files.readString(told)).doesNotContain("refused");
            }
            assertThat(events.isAlive()).isTrue();
        }
    }

    private static void remove(Device device, KeyPair peer) {
        device.wg("set", device.name(), "peer", peer.publicKey(), "remove");
    }

    private static String port(Tunnel tunnel) {
        return tunnel.left().wg("show", tunnel.left().name(), "listen-port").strip();
    }

    static void ping(LabHost host, String address) {
        host.execute("ping", "-n", "-q", "-c", "1", "-W", "1", address);
    }

    /** Does something again and again, not too often, until it has been told. */
    static void await(Path told, String text, Runnable attempt) {
        boolean found = Lab.poll(PATIENCE, () -> {
            attempt.run();
            return Lab.poll(Duration.ofSeconds(3), () -> read(told).contains(text));
        });
        assertThat(found).as(() -> text + " in\n" + read(told)).isTrue();
    }

    private static String read(Path told) {
        try {
            return Files.readString(told);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // why

    @Test
    void whyTellsWhatIsLacking() {
        try (Tunnel tunnel = Tunnel.unconnected(pair)) {
            assertThat(left(tunnel, "why")).contains("  no-peers: ").doesNotContain("no-private-key", "link-down");

            tunnel.left().link().down();
            tunnel.left().wg("set", tunnel.left().name(), "private-key", "/dev/null");
            assertThat(left(tunnel, "why"))
                    .contains(
                            "  no-private-key: ",
                            "  link-down: ",
                            "ip link set " + tunnel.left().name() + " up");

            assertThat(tunnel.right()
                            .host()
                            .run(Implementation.verb("why", tunnel.right().name())))
                    .contains("peer " + tunnel.leftKeys().publicKey(), "  no-endpoint: ", "port 51820/udp");
        }
    }

    @Test
    void aHandshakeThatNobodyAnswersIsTold() {
        try (Tunnel tunnel = Tunnel.unconnected(pair)) {
            tunnel.connect("10.1.0.2:7");
            tunnel.await("an initiation", () -> {
                ping(tunnel.left().host(), Tunnel.RIGHT);
                return tunnel.left().peer().sent() > 0;
            });
            assertThat(left(tunnel, "why")).contains("  handshake-not-answered: no initiation sent to 10.1.0.2:7 was");
            Path told = directory.resolve("status");
            tunnel.left()
                    .host()
                    .start(
                            builder -> builder.redirectOutput(told.toFile()),
                            Implementation.verb("status", tunnel.left().name(), "--watch", "--json"));
            await(
                    told,
                    "\"state\":\"handshaking\",\"since\":\"20",
                    () -> ping(tunnel.left().host(), Tunnel.RIGHT));
        }
    }

    @Test
    void whyTellsWhatWasDropped() {
        try (Tunnel tunnel = Tunnel.between(pair)) {
            tunnel.awaitPing();
            assertThat(left(tunnel, "why", tunnel.rightKeys().publicKey()))
                    .isEqualTo("nothing is wrong, as far as can be seen from here\n");

            tunnel.right().link().address(STRANGER + "/32");
            tunnel.right().host().execute("ping", "-c", "3", "-i", "0.2", "-W", "1", "-I", STRANGER, Tunnel.LEFT);
            String peer = tunnel.rightKeys().publicKey();
            String why = left(tunnel, "why", peer.substring(0, 8));
            if (pair.left() != Implementation.ANUBIS) {
                assertThat(why).doesNotContain("dropped_"); // it does not count what it drops
                return;
            }
            assertThat(why)
                    .startsWith("peer " + peer + "\n  dropped_source_not_allowed (")
                    .contains("AllowedIPs");
            assertThat(left(tunnel, "why", peer, "--json"))
                    .hasLineCount(1)
                    .contains("\"findings\":[{\"peer\":\"" + peer
                            + "\",\"cause\":\"dropped_source_not_allowed\",\"count\":");

            CommandResult unknown = verb(tunnel, "why", tunnel.left().name(), "x");
            assertThat(unknown.status()).isEqualTo(2);
            assertThat(unknown.stderr()).contains("no peer of", "'x'").hasLineCount(1);
        }
    }

    @Test
    void anInterfaceThatIsNotThere() {
        try (Tunnel tunnel = Tunnel.unconnected(pair)) {
            for (String verb : new String[] {"status", "events", "why", "mtu"}) {
                CommandResult result = verb(tunnel, verb, "no-such-one");
                assertThat(result.status()).as(verb).isEqualTo(1);
                assertThat(result.stderr())
                        .contains("there is no interface no-such-one")
                        .hasLineCount(1);
            }
        }
    }
}
