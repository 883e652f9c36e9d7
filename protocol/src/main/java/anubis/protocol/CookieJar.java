package anubis.protocol;

import anubis.crypto.Primitives;
import anubis.crypto.PublicKey;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The side that adds MAC1 and MAC2 and keeps the cookie it was given (whitepaper, sections 5.4.4 and 5.4.7). One for
 * each peer, guarded by that peer's lock.
 */
final class CookieJar {
    /** How long after its arrival a cookie is used, in nanoseconds. */
    private static final long COOKIE_USED = Limits.COOKIE_SECRET_MAX_AGE - Limits.COOKIE_SECRET_LATENCY;

    private final Primitives primitives;
    private final byte[] mac1Key;
    private final byte[] cookieKey;
    private byte @Nullable [] unansweredMac1;
    private byte @Nullable [] cookie;
    /** When the cookie came. */
    private long cookieSince;

    CookieJar(Primitives primitives, PublicKey remote) {
        this.primitives = primitives;
        mac1Key = CookieChecker.mac1Key(primitives, remote);
        cookieKey = CookieChecker.cookieKey(primitives, remote);
    }

    /**
     * Writes MAC1 and MAC2 at the end of a message: an initiation or a response, at its full length. MAC2 stays zero
     * without a cookie.
     *
     * @param now in nanoseconds, from any origin
     */
    void addMacs(byte[] message, long now) {
        int mac2 = message.length - Messages.MAC_LENGTH;
        int mac1 = mac2 - Messages.MAC_LENGTH;
        unansweredMac1 = primitives.blake2sMac(mac1Key, Arrays.copyOf(message, mac1));
        System.arraycopy(unansweredMac1, 0, message, mac1, Messages.MAC_LENGTH);
        if (cookie != null && now - cookieSince >= COOKIE_USED) {
            cookie = null;
        }
        byte[] mac = cookie == null
                ? new byte[Messages.MAC_LENGTH]
                : primitives.blake2sMac(cookie, Arrays.copyOf(message, mac2));
        System.arraycopy(mac, 0, message, mac2, Messages.MAC_LENGTH);
    }

    /**
     * Takes the cookie out of a cookie reply. Each message sent is worth one reply, and only the reply to the last one
     * is taken, so that none can be played back.
     *
     * @param now in nanoseconds, from any origin
     * @return false, and nothing changed, if it is not a reply to the last message or not authentic
     */
    boolean consume(byte[] cookieReply, long now) {
        if (cookieReply.length != Messages.COOKIE_REPLY_LENGTH || unansweredMac1 == null) {
            return false;
        }
        byte[] nonce = Arrays.copyOfRange(cookieReply, Messages.COOKIE_NONCE, Messages.COOKIE_COOKIE);
        byte[] sealed = Arrays.copyOfRange(cookieReply, Messages.COOKIE_COOKIE, Messages.COOKIE_REPLY_LENGTH);
        byte[] opened = primitives.xopen(cookieKey, nonce, sealed, unansweredMac1);
        if (opened == null) {
            return false;
        }
        cookie = opened;
        cookieSince = now;
        unansweredMac1 = null;
        return true;
    }
}
