package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.ShowText.Secrets;
import anubis.config.ShowText.Style;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the real {@code wg} prints of a device, and what this module does, to the byte. */
class ShowBesideWgTest {
    private static final String PRIVATE = "c809f3e5317e9575c9b5ed78b638b7ce530dabe85ddab614220241801ddf0669";
    private static final String PRESHARED = "preshared_key=" + "5a".repeat(32) + "\n";

    @TempDir
    Path directory;

    private SocketDevice device;

    @BeforeEach
    void listen() throws Exception {
        device = new SocketDevice(directory);
    }

    @AfterEach
    void close() throws IOException {
        if (device != null) {
            device.close();
        }
    }

    private static String peer(int number, String... lines) {
        return "public_key=" + String.format("%02x", number).repeat(32) + "\n"
                + Stream.of(lines).map(line -> line + "\n").collect(Collectors.joining());
    }

    private static String handshake(long secondsAgo) {
        return "last_handshake_time_sec=" + (Instant.now().getEpochSecond() - secondsAgo)
                + "\nlast_handshake_time_nsec=5";
    }

    /** What devices answer. */
    static List<String> replies() {
        return List.of(
                "",
                "listen_port=51820\n",
                "private_key=" + PRIVATE + "\nlisten_port=51820\nfwmark=4294967295\n",
                "fwmark=16\n" + peer(1, "allowed_ip=10.0.0.0/8", "allowed_ip=2001:db8::/32") + peer(2),
                "private_key=" + PRIVATE + "\n"
                        + peer(1, "endpoint=192.0.2.1:51820", "persistent_keepalive_interval=65535")
                        + peer(2, "endpoint=[2001:db8::1]:1", "persistent_keepalive_interval=1") + PRESHARED
                        + peer(3, "endpoint=[fe80::1%lo]:1", "rx_bytes=1", "tx_bytes=0")
                        + peer(4, "rx_bytes=0", "tx_bytes=1023", "persistent_keepalive_interval=60"),
                peer(1, handshake(86_400 * 365 * 2 + 86_400 + 3_600 + 60 + 1))
                        + peer(2)
                        + peer(3, handshake(7_322))
                        + peer(4, handshake(-3_600))
                        + peer(5, handshake(3_600 * 24 * 3))
                        + peer(6, "last_handshake_time_sec=0", "last_handshake_time_nsec=0")
                        + peer(7, handshake(7_322)),
                sizes(1024, 1025, 1029, 1034, 1152, 1280, 1408, 2047, 10_485),
                sizes((1L << 20) - 1, 1L << 20, (1L << 20) + (1 << 17), (1L << 30) - 1, 1L << 30, 3L << 40),
                sizes(Long.MAX_VALUE, (1L << 50) + (1L << 47), 123_456_789_012_345L));
    }

    private static String sizes(long... sizes) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < sizes.length; i++) {
            text.append(peer(i + 1, "rx_bytes=" + sizes[i], "tx_bytes=" + sizes[sizes.length - 1 - i]));
        }
        return text.toString();
    }

    /** What this module prints at each second of a time. */
    private static List<String> pretty(String reply, Instant from, Instant to, Style style, Secrets secrets)
            throws IOException {
        List<String> texts = new ArrayList<>();
        for (Instant now = from; now.getEpochSecond() <= to.getEpochSecond(); now = now.plusSeconds(1)) {
            texts.add(ShowText.pretty("wg0", UapiReply.parse(reply), now, style, secrets));
        }
        return texts;
    }

    @ParameterizedTest
    @MethodSource("replies")
    void forPeople(String reply) throws Exception {
        device.answers(reply);
        for (Style style : Style.values()) {
            Map<String, String> colour = Map.of("WG_COLOR_MODE", style == Style.COLOURED ? "always" : "never");
            Instant start = Instant.now();
            String shown = device.wg(colour, "show", "wg0").stdout();
            assertThat(pretty(reply, start, Instant.now(), style, Secrets.HIDDEN))
                    .contains(shown);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"never", "always", ""})
    void secretsAreHiddenUnlessNeverToBeHidden(String hide) throws Exception {
        String reply = replies().get(4);
        device.answers(reply);
        Secrets secrets = hide.equals("never") ? Secrets.SHOWN : Secrets.HIDDEN;
        String shown = device.wg(Map.of("WG_HIDE_KEYS", hide), "show", "wg0").stdout();
        assertThat(pretty(reply, Instant.now(), Instant.now(), Style.PLAIN, secrets))
                .contains(shown);
    }

    @ParameterizedTest
    @EnumSource
    void forScripts(ShowField field) throws Exception {
        for (String reply : replies()) {
            device.answers(reply);
            UapiDevice state = UapiReply.parse(reply);
            assertThat(ShowText.field(field, Optional.empty(), state))
                    .isEqualTo(
                            device.wg(Map.of(), "show", "wg0", field.toString()).stdout());
            // Up to 1.0.20210914, wg named the interface of endpoints once, and even if there were none.
            if (field != ShowField.ENDPOINTS) {
                assertThat(ShowText.field(field, Optional.of("wg0"), state))
                        .isEqualTo(device.wg(Map.of(), "show", "all", field.toString())
                                .stdout());
            }
        }
    }

    /** The dump lacks the fractions of seconds, and nothing else. */
    @ParameterizedTest
    @MethodSource("replies")
    void theDumpIsReadBack(String reply) throws Exception {
        device.answers(reply);
        String dump = device.wg(Map.of(), "show", "wg0", "dump").stdout();
        assertThat(ShowDump.parse(dump)).isEqualTo(UapiReply.parse(reply.replaceAll("nsec=[0-9]+", "nsec=0")));
    }

    @Test
    void whatIsNoFieldOfWgIsNoneOfOurs() throws Exception {
        assertThat(device.wg(Map.of(), "show", "wg0", "public_key").exit()).isNotZero();
        assertThat(ShowField.of("public_key")).isEmpty();
        assertThat(ShowField.of("public-key")).contains(ShowField.PUBLIC_KEY);
    }
}
