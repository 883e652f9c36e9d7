package anubis.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import anubis.crypto.Primitives;
import anubis.crypto.PublicKey;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Both sides of MAC1, MAC2 and cookies. The known answers come from an independent program (Python's hashlib). */
class CookieTest {
    private static final HexFormat HEX = HexFormat.of();
    private static final long SECOND = 1_000_000_000L;
    /** Near the value at which a counter of nanoseconds wraps, so that all times below pass it. */
    private static final long START = Long.MAX_VALUE - 2 * SECOND;

    private static final int SENDER = 0x8001_0203;
    /** Where MAC2 lies in an initiation. */
    private static final int MAC2 = Messages.INITIATION_LENGTH - Messages.MAC_LENGTH;

    private static final Endpoint SOURCE = endpoint("192.0.2.1", 51820);

    private final Primitives primitives = Primitives.get();
    private final Random random = new Random(53);
    private final PublicKey key = PublicKey.ofHex("0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20");
    private final CookieChecker checker = new CookieChecker(primitives, random::nextBytes);
    private final CookieJar jar = new CookieJar(primitives, key);

    CookieTest() {
        checker.publicKey(key);
    }

    private static long after(int seconds) {
        return START + seconds * SECOND;
    }

    private static Endpoint endpoint(String address, int port) {
        byte[] bytes = InetAddress.ofLiteral(address).getAddress();
        return new Endpoint() {
            @Override
            public byte[] address() {
                return bytes;
            }

            @Override
            public int port() {
                return port;
            }

            @Override
            public Endpoint withoutSource() {
                return this;
            }
        };
    }

    /** 0, 1, 2 … and room for the MACs: as long as an initiation. */
    private static byte[] message() {
        byte[] message = new byte[Messages.INITIATION_LENGTH];
        for (int i = 0; i < Messages.INITIATION_MAC1; i++) {
            message[i] = (byte) i;
        }
        return message;
    }

    private byte[] sent(long now) {
        byte[] message = message();
        jar.addMacs(message, now);
        return message;
    }

    private byte[] reply(byte[] message, long now) {
        return checker.cookieReply(message, SENDER, SOURCE, now);
    }

    private boolean mac2Valid(byte[] message, long now) {
        return checker.mac2Valid(message, SOURCE, now);
    }

    private static String mac1(byte[] message) {
        return HEX.formatHex(message, message.length - 32, message.length - 16);
    }

    private static String mac2(byte[] message) {
        return HEX.formatHex(message, message.length - 16, message.length);
    }

    @Test
    void keysAreThoseOfTheLabels() {
        assertThat(HEX.formatHex(CookieChecker.mac1Key(primitives, key)))
                .isEqualTo("121b33018813efaa1d3128cdec1392897828e98831f01822c250ddfdf7090183");
        assertThat(HEX.formatHex(CookieChecker.cookieKey(primitives, key)))
                .isEqualTo("2f87e1b72843ca5c7d1f3d56271f4a9e22cd2c8f01c86b1b88bd8fb7d7871de1");
    }

    @Test
    void knownAnswersForBothMacsAndTheReply() {
        CookieChecker known = new CookieChecker(
                primitives,
                bytes -> Arrays.fill(bytes, (byte) (bytes.length == Primitives.XNONCE_LENGTH ? 0x22 : 0x11)));
        known.publicKey(key);
        byte[] first = sent(START);
        assertThat(mac1(first)).isEqualTo("3aad596e438d5d18d36d2006d78ad668");

        byte[] reply = known.cookieReply(first, SENDER, SOURCE, START);
        assertThat(HEX.formatHex(reply))
                .isEqualTo("0300000003020180222222222222222222222222222222222222222222222222"
                        + "073412a503e17527dc352f5ae2b1b1e9e7f287d310b5ffc5581030a0347cd173");
        assertThat(jar.consume(reply, START)).isTrue();
        assertThat(mac2(sent(START))).isEqualTo("3b9d18639b92236eb71eb36740b1ea3b");

        reply = known.cookieReply(first, SENDER, endpoint("2001:db8::1", 258), START);
        assertThat(HEX.formatHex(reply))
                .isEqualTo("0300000003020180222222222222222222222222222222222222222222222222"
                        + "ba3c07b3c5d05198c41198c436d734ac737bbdfa89b22ff6d5e0e37e24abc501");
        assertThat(jar.consume(reply, START)).isTrue();
        assertThat(mac2(sent(START))).isEqualTo("cda811f2185074a5e139f821f56bdf33");
    }

    @Test
    void mac1CoversAllThatIsBeforeItAndNothingBehind() {
        byte[] message = sent(START);
        assertThat(checker.mac1Valid(message)).isTrue();
        for (int i = 0; i < message.length; i++) {
            message[i] ^= 0x40;
            assertThat(checker.mac1Valid(message)).as("byte %d", i).isEqualTo(i >= MAC2);
            message[i] ^= 0x40;
        }
        assertThat(checker.mac1Valid(message)).isTrue();
    }

    @Test
    void mac1IsOnlyValidForOurKey() {
        byte[] message = sent(START);
        assertThat(new CookieChecker(primitives, random::nextBytes).mac1Valid(message))
                .as("no key yet")
                .isFalse();
        checker.publicKey(PublicKey.of(new byte[32]));
        assertThat(checker.mac1Valid(message)).isFalse();
        checker.publicKey(key);
        assertThat(checker.mac1Valid(message)).isTrue();
    }

    @Test
    void withoutACookieMac2IsZero() {
        byte[] message = sent(START);
        assertThat(mac2(message)).isEqualTo("0".repeat(32));
        assertThat(mac2Valid(message, START)).isFalse();
        assertThat(new CookieChecker(primitives, random::nextBytes).mac2Valid(message, SOURCE, START))
                .isFalse();
    }

    @Test
    void beforeTheFirstReplyNoSecretIsInForceNotEvenZero() {
        byte[] message = sent(0);
        byte[] cookie = primitives.blake2sMac(new byte[32], SOURCE.address(), new byte[] {(byte) 0xca, 0x6c});
        byte[] forged = primitives.blake2sMac(cookie, Arrays.copyOf(message, MAC2));
        System.arraycopy(forged, 0, message, MAC2, forged.length);
        assertThat(mac2Valid(message, 0)).isFalse();
        reply(message, 0);
        assertThat(mac2Valid(message, 0)).isFalse();
    }

    @Test
    void aCookieMakesMac2ValidFromItsSourceOnly() {
        assertThat(jar.consume(reply(sent(START), START), START)).isTrue();
        byte[] message = sent(START);
        assertThat(checker.mac1Valid(message)).isTrue();
        assertThat(mac2Valid(message, START)).isTrue();
        assertThat(checker.mac2Valid(message, endpoint("192.0.2.1", 51821), START))
                .isFalse();
        assertThat(checker.mac2Valid(message, endpoint("192.0.2.2", 51820), START))
                .isFalse();
        assertThat(checker.mac2Valid(message, endpoint("2001:db8::1", 51820), START))
                .isFalse();
        for (int i = 0; i < message.length; i++) {
            message[i] ^= 1;
            assertThat(mac2Valid(message, START)).as("byte %d", i).isFalse();
            message[i] ^= 1;
        }
    }

    @Test
    void aCookieWorksForAResponseToo() {
        byte[] response = new byte[Messages.RESPONSE_LENGTH];
        jar.addMacs(response, START);
        assertThat(checker.mac1Valid(response)).isTrue();
        assertThat(jar.consume(reply(response, START), START)).isTrue();
        jar.addMacs(response, START);
        assertThat(mac2Valid(response, START)).isTrue();
    }

    @Test
    void theSecretChangesAfterTwoMinutes() {
        byte[] message = sent(START);
        assertThat(jar.consume(reply(message, START), START)).isTrue();
        byte[] before = sent(START);
        assertThat(mac2Valid(before, after(120) - 1)).isTrue();
        assertThat(mac2Valid(before, after(120))).isFalse();

        // Until then every reply has the same cookie, so it remains valid.
        reply(message, after(119));
        assertThat(mac2Valid(before, after(119))).isTrue();
        assertThat(jar.consume(reply(before, after(120)), after(120))).isTrue();
        assertThat(mac2Valid(before, after(120))).isFalse();
        assertThat(mac2Valid(sent(after(121)), after(121))).isTrue();
    }

    @Test
    void aCookieIsUsedForTwoMinutesLessItsLatency() {
        assertThat(jar.consume(reply(sent(START), START), START)).isTrue();
        assertThat(mac2Valid(sent(after(115) - 1), START)).isTrue();
        assertThat(mac2(sent(after(115)))).isEqualTo("0".repeat(32));
        assertThat(mac2(sent(START))).as("once given up it stays so").isEqualTo("0".repeat(32));
    }

    @Test
    void repliesDifferThoughTheCookieIsTheSame() {
        byte[] message = sent(START);
        assertThat(reply(message, START)).isNotEqualTo(reply(message, START));
    }

    @Test
    void aReplyIsWorthOneMessage() {
        byte[] message = sent(START);
        byte[] reply = reply(message, START);
        assertThat(jar.consume(reply, START)).isTrue();
        assertThat(jar.consume(reply, after(100))).as("replayed").isFalse();
        assertThat(mac2(sent(after(115)))).as("not prolonged").isEqualTo("0".repeat(32));
    }

    @Test
    void onlyTheReplyToTheLastMessageIsTaken() {
        byte[] first = sent(START);
        byte[] second = message();
        second[0]++;
        jar.addMacs(second, START);
        assertThat(jar.consume(reply(first, START), START)).isFalse();
        assertThat(jar.consume(reply(second, START), START)).isTrue();
    }

    @Test
    void noReplyIsTakenBeforeAMessageWasSent() {
        CookieJar other = new CookieJar(primitives, key);
        other.addMacs(message(), START);
        byte[] reply = reply(sent(START), START);
        assertThat(new CookieJar(primitives, key).consume(reply, START)).isFalse();
        assertThat(other.consume(reply, START))
                .as("the same message, so the same MAC1")
                .isTrue();
    }

    @Test
    void aForgedReplyChangesNothing() {
        byte[] message = sent(START);
        byte[] reply = reply(message, START);
        for (int i = Messages.COOKIE_NONCE; i < reply.length; i++) {
            byte[] forged = reply.clone();
            forged[i] ^= (byte) 0x80;
            assertThat(jar.consume(forged, START)).as("byte %d", i).isFalse();
        }
        assertThat(jar.consume(Arrays.copyOf(reply, 63), START)).isFalse();
        assertThat(jar.consume(Arrays.copyOf(reply, 65), START)).isFalse();
        CookieChecker stranger = new CookieChecker(primitives, random::nextBytes);
        assertThatIllegalStateException().isThrownBy(() -> stranger.cookieReply(message, SENDER, SOURCE, START));
        stranger.publicKey(PublicKey.of(new byte[32]));
        assertThat(jar.consume(stranger.cookieReply(message, SENDER, SOURCE, START), START))
                .isFalse();
        assertThat(jar.consume(reply, START)).as("the true one is still taken").isTrue();
    }

    @Test
    void anyBytesAreJudgedWithoutAnException() {
        jar.consume(reply(sent(START), START), START);
        sent(START);
        for (int length = 0; length <= 300; length++) {
            for (int i = 0; i < 10; i++) {
                byte[] bytes = new byte[length];
                random.nextBytes(bytes);
                assertThat(checker.mac1Valid(bytes)).isFalse();
                assertThat(mac2Valid(bytes, START)).isFalse();
                assertThat(jar.consume(bytes, START)).isFalse();
            }
        }
        byte[] shortest = new byte[2 * Messages.MAC_LENGTH];
        jar.addMacs(shortest, START);
        assertThat(checker.mac1Valid(shortest)).isTrue();
        assertThat(mac2Valid(shortest, START)).isTrue();
        byte[] datagram = new byte[65_535];
        jar.addMacs(datagram, START);
        assertThat(checker.mac1Valid(datagram)).isTrue();
        assertThat(jar.consume(reply(datagram, START), START)).isTrue();
    }
}
