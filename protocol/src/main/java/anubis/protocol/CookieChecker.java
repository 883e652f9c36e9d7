package anubis.protocol;

import anubis.crypto.Primitives;
import anubis.crypto.PublicKey;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The side that checks MAC1 and MAC2 and hands out cookies (whitepaper, sections 5.4.4 and 5.4.7). To be used by one
 * thread.
 *
 * <p>A message is a whole initiation or response: the caller has checked type and length. Both MACs end it, so nothing
 * else is read; a message too short to hold them has no valid MAC.
 */
final class CookieChecker {
    private static final int SECRET_LENGTH = 32;

    private final Primitives primitives;
    private final Randomness randomness;
    private final byte[] secret = new byte[SECRET_LENGTH];
    /** When the secret was made. */
    private long secretSince;

    private boolean hasSecret;
    private byte @Nullable [] mac1Key;
    private byte @Nullable [] cookieKey;

    CookieChecker(Primitives primitives, Randomness randomness) {
        this.primitives = primitives;
        this.randomness = randomness;
    }

    /** Sets our static public key, without which no MAC is valid. */
    void publicKey(PublicKey own) {
        mac1Key = mac1Key(primitives, own);
        cookieKey = cookieKey(primitives, own);
    }

    /** Whether the sender knows our public key. */
    boolean mac1Valid(byte[] message) {
        int at = message.length - 2 * Messages.MAC_LENGTH;
        return mac1Key != null && at >= 0 && valid(mac1Key, message, at);
    }

    /**
     * Whether the sender has a cookie, so receives what is sent to {@code source}.
     *
     * @param now in nanoseconds, from any origin
     */
    boolean mac2Valid(byte[] message, Endpoint source, long now) {
        int at = message.length - Messages.MAC_LENGTH;
        return at >= 0 && secretFresh(now) && valid(cookie(source), message, at);
    }

    /**
     * The reply to a message whose MAC1 is valid: the cookie of {@code source}, bound to that MAC1.
     *
     * @param senderIndex the one in {@code message}
     * @param now in nanoseconds, from any origin
     * @return {@link Messages#COOKIE_REPLY_LENGTH} bytes
     * @throws IllegalStateException if our public key was never set
     */
    byte[] cookieReply(byte[] message, int senderIndex, Endpoint source, long now) {
        if (cookieKey == null) {
            throw new IllegalStateException("a cookie reply needs our public key");
        }
        if (!secretFresh(now)) {
            randomness.fill(secret);
            secretSince = now;
            hasSecret = true;
        }
        byte[] nonce = new byte[Primitives.XNONCE_LENGTH];
        randomness.fill(nonce);
        int mac2 = message.length - Messages.MAC_LENGTH;
        byte[] mac1 = Arrays.copyOfRange(message, mac2 - Messages.MAC_LENGTH, mac2);
        byte[] sealed = primitives.xseal(cookieKey, nonce, cookie(source), mac1);

        byte[] reply = new byte[Messages.COOKIE_REPLY_LENGTH];
        Messages.putInt(reply, 0, Messages.TYPE_COOKIE_REPLY);
        Messages.putInt(reply, Messages.COOKIE_RECEIVER, senderIndex);
        System.arraycopy(nonce, 0, reply, Messages.COOKIE_NONCE, nonce.length);
        System.arraycopy(sealed, 0, reply, Messages.COOKIE_COOKIE, sealed.length);
        return reply;
    }

    /** The key of MAC1 for messages to whoever owns {@code key}. */
    static byte[] mac1Key(Primitives primitives, PublicKey key) {
        return labelled(primitives, "mac1----", key);
    }

    /** The key under which whoever owns {@code key} seals cookies. */
    static byte[] cookieKey(Primitives primitives, PublicKey key) {
        return labelled(primitives, "cookie--", key);
    }

    private static byte[] labelled(Primitives primitives, String label, PublicKey key) {
        return primitives.blake2s(label.getBytes(StandardCharsets.US_ASCII), key.bytes());
    }

    private boolean secretFresh(long now) {
        return hasSecret && now - secretSince < Limits.COOKIE_SECRET_MAX_AGE;
    }

    private byte[] cookie(Endpoint source) {
        byte[] port =
                ByteBuffer.allocate(Short.BYTES).putShort((short) source.port()).array();
        return primitives.blake2sMac(secret, source.address(), port);
    }

    /** Whether the MAC at {@code at} covers everything before it. */
    private boolean valid(byte[] key, byte[] message, int at) {
        byte[] mac = primitives.blake2sMac(key, Arrays.copyOf(message, at));
        return MessageDigest.isEqual(mac, Arrays.copyOfRange(message, at, at + Messages.MAC_LENGTH));
    }
}
