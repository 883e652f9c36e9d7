package anubis.protocol;

import anubis.crypto.SymmetricKey;
import java.util.concurrent.atomic.AtomicLong;

/** The two transport keys that a handshake has yielded. Any thread may use it. */
public final class Keypair extends Receiver {
    /** What {@link #reserve} returns when the counters are used up. Itself never a valid counter. */
    public static final long EXHAUSTED = -1;

    final SymmetricKey sending;
    final SymmetricKey receiving;
    final boolean initiator;
    final int remoteIndex;
    private final long createdAt;
    final AtomicLong counter = new AtomicLong();
    final ReplayWindow replayWindow = new ReplayWindow();
    private volatile boolean sendingExpired;

    Keypair(Peer peer, boolean initiator, byte[][] keys, int remoteIndex, long now) {
        super(peer);
        this.initiator = initiator;
        this.sending = new SymmetricKey(keys[initiator ? 0 : 1]);
        this.receiving = new SymmetricKey(keys[initiator ? 1 : 0]);
        this.remoteIndex = remoteIndex;
        this.createdAt = now;
    }

    public Peer peer() {
        return peer;
    }

    /** Section 6.2: no transport data after REJECT_AFTER_TIME or REJECT_AFTER_MESSAGES. */
    boolean maySend(long now) {
        return !sendingExpired && mayReceive(now);
    }

    boolean mayReceive(long now) {
        return now - createdAt < Limits.REJECT_AFTER_TIME;
    }

    /**
     * Takes {@code count} counters (at most a few hundred).
     *
     * @return the first, or {@link #EXHAUSTED}: they end at REJECT_AFTER_MESSAGES and never wrap
     */
    public long reserve(int count) {
        if (Long.compareUnsigned(counter.get(), Limits.REJECT_AFTER_MESSAGES - count) > 0) {
            sendingExpired = true;
            return EXHAUSTED;
        }
        return counter.getAndAdd(count);
    }

    /** Section 6.2: after REKEY_AFTER_MESSAGES either, after REKEY_AFTER_TIME only the initiator makes a new handshake when it sends. */
    boolean wantsRekeyOnSending(long now) {
        return Long.compareUnsigned(counter.get(), Limits.REKEY_AFTER_MESSAGES) >= 0
                || (initiator && now - createdAt >= Limits.REKEY_AFTER_TIME);
    }

    /** Section 6.2: and when it receives so late that a passive keepalive might come after the end. */
    boolean wantsRekeyOnReceiving(long now) {
        return initiator
                && now - createdAt >= Limits.REJECT_AFTER_TIME - Limits.KEEPALIVE_TIMEOUT - Limits.REKEY_TIMEOUT;
    }

    /** Nothing more is sent with it; what is on its way is still received. */
    void expireSending() {
        sendingExpired = true;
    }

    void destroy() {
        sendingExpired = true;
        sending.destroy();
        receiving.destroy();
    }
}
