package anubis.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class MessagesTest {
    private static final int INDEX = 4;
    private static final int KEY = 32;
    private static final int TAG = 16;

    @Test
    void fieldsOfAnInitiationFollowOneAnother() {
        assertThat(Messages.INITIATION_SENDER).isEqualTo(4);
        assertThat(Messages.INITIATION_EPHEMERAL).isEqualTo(Messages.INITIATION_SENDER + INDEX);
        assertThat(Messages.INITIATION_STATIC).isEqualTo(Messages.INITIATION_EPHEMERAL + KEY);
        assertThat(Messages.INITIATION_TIMESTAMP).isEqualTo(Messages.INITIATION_STATIC + KEY + TAG);
        assertThat(Messages.INITIATION_MAC1).isEqualTo(Messages.INITIATION_TIMESTAMP + Tai64n.LENGTH + TAG);
        assertThat(Messages.INITIATION_LENGTH)
                .isEqualTo(Messages.INITIATION_MAC1 + 2 * Messages.MAC_LENGTH)
                .isEqualTo(148);
    }

    @Test
    void fieldsOfAResponseFollowOneAnother() {
        assertThat(Messages.RESPONSE_SENDER).isEqualTo(4);
        assertThat(Messages.RESPONSE_RECEIVER).isEqualTo(Messages.RESPONSE_SENDER + INDEX);
        assertThat(Messages.RESPONSE_EPHEMERAL).isEqualTo(Messages.RESPONSE_RECEIVER + INDEX);
        assertThat(Messages.RESPONSE_NOTHING).isEqualTo(Messages.RESPONSE_EPHEMERAL + KEY);
        assertThat(Messages.RESPONSE_MAC1).isEqualTo(Messages.RESPONSE_NOTHING + TAG);
        assertThat(Messages.RESPONSE_LENGTH)
                .isEqualTo(Messages.RESPONSE_MAC1 + 2 * Messages.MAC_LENGTH)
                .isEqualTo(92);
    }

    @Test
    void fieldsOfACookieReplyAndOfTransportDataFollowOneAnother() {
        assertThat(Messages.COOKIE_RECEIVER).isEqualTo(4);
        assertThat(Messages.COOKIE_NONCE).isEqualTo(Messages.COOKIE_RECEIVER + INDEX);
        assertThat(Messages.COOKIE_COOKIE).isEqualTo(Messages.COOKIE_NONCE + 24);
        assertThat(Messages.COOKIE_REPLY_LENGTH)
                .isEqualTo(Messages.COOKIE_COOKIE + Messages.MAC_LENGTH + TAG)
                .isEqualTo(64);
        assertThat(Messages.TRANSPORT_RECEIVER).isEqualTo(4);
        assertThat(Messages.TRANSPORT_COUNTER).isEqualTo(Messages.TRANSPORT_RECEIVER + INDEX);
        assertThat(Messages.TRANSPORT_DATA)
                .isEqualTo(Messages.TRANSPORT_COUNTER + Long.BYTES)
                .isEqualTo(16);
        assertThat(Transport.OVERHEAD).isEqualTo(Messages.TRANSPORT_DATA + TAG);
    }

    @Test
    void numbersAreLittleEndian() {
        byte[] message = new byte[7];
        Messages.putInt(message, 2, 0x8001_0203);
        assertThat(message).containsExactly(0, 0, 3, 2, 1, 0x80, 0);
        assertThat(Messages.intAt(message, 2)).isEqualTo(0x8001_0203);
    }

    @Test
    void randomNumbersUseAllTheirBits() {
        Randomness ones = bytes -> Arrays.fill(bytes, (byte) 0xff);
        assertThat(ones.nextInt()).isEqualTo(-1);
    }

    @Test
    void limitsAreThoseOfTheWhitepaper() {
        assertThat(Long.toUnsignedString(Limits.REKEY_AFTER_MESSAGES)).isEqualTo("1152921504606846976");
        assertThat(Long.toUnsignedString(Limits.REJECT_AFTER_MESSAGES)).isEqualTo("18446744073709543423");
        assertThat(Limits.REKEY_AFTER_TIME).isEqualTo(120_000_000_000L);
        assertThat(Limits.REJECT_AFTER_TIME).isEqualTo(180_000_000_000L);
        assertThat(Limits.REKEY_ATTEMPT_TIME).isEqualTo(90_000_000_000L);
        assertThat(Limits.REKEY_TIMEOUT).isEqualTo(5_000_000_000L);
        assertThat(Limits.REKEY_TIMEOUT_JITTER_MAX).isEqualTo(333_000_000L);
        assertThat(Limits.KEEPALIVE_TIMEOUT).isEqualTo(10_000_000_000L);
        assertThat(Limits.COOKIE_SECRET_MAX_AGE).isEqualTo(120_000_000_000L);
        assertThat(Limits.COOKIE_SECRET_LATENCY).isEqualTo(5_000_000_000L);
    }
}
