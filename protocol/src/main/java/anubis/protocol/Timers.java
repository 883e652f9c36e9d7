package anubis.protocol;

import static anubis.protocol.Limits.*;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The timers of one peer (whitepaper, section 6). The methods are named after what has happened and note what follows
 * from it, and when; {@link #expire} has the peer do it. Any thread may call.
 */
final class Timers {
    /** So long ago that nothing follows from it. */
    static final long NEVER = Long.MIN_VALUE / 2;

    private static final long NONE = Long.MAX_VALUE;
    private static final long SECOND = 1_000_000_000L;

    // What may be due.
    private static final int STAGED = 0;
    static final int FORGET_KEYS = 1;
    private static final int KEEPALIVE = 2;
    private static final int PERSISTENT_KEEPALIVE = 3;
    private static final int NEW_HANDSHAKE = 4;
    private static final int RETRANSMIT = 5;
    private static final int INITIATION = 6;
    private static final int COUNT = 7;

    private final WireGuard wireGuard;
    private final Peer peer;
    /** When each is due, in ns, or NONE. */
    private final AtomicLongArray dueAt = new AtomicLongArray(COUNT);

    private final AtomicLong wakeAt = new AtomicLong(NONE);
    private volatile int persistentKeepalive;
    private volatile boolean anotherKeepalive;
    private volatile boolean rekeyedAtTheEnd;
    private volatile long latestHandshakeSent;
    private volatile long attemptsSince = NEVER;
    private volatile long jitter;

    Timers(WireGuard wireGuard, Peer peer) {
        this.wireGuard = wireGuard;
        this.peer = peer;
        interfaceDown();
    }

    /** In seconds. */
    int persistentKeepalive() {
        return persistentKeepalive;
    }

    /** A persistent keepalive that begins, begins with a keepalive. */
    void persistentKeepalive(int seconds, long now) {
        boolean begins = persistentKeepalive == 0;
        persistentKeepalive = seconds;
        if (begins && wireGuard.isUp()) {
            interfaceUp(now);
        }
    }

    void interfaceUp(long now) {
        if (persistentKeepalive > 0) {
            set(PERSISTENT_KEEPALIVE, now);
        }
    }

    void interfaceDown() {
        for (int timer = 0; timer < COUNT; timer++) {
            dueAt.set(timer, NONE);
        }
        keysExpired();
    }

    // Transport data.

    /** More than a keepalive was sent. Section 6.5: no answer for so long means that the other end has lost the keys. */
    void dataSent(long now) {
        if (!isSet(NEW_HANDSHAKE)) {
            set(NEW_HANDSHAKE, now + KEEPALIVE_TIMEOUT + REKEY_TIMEOUT + jitter);
        }
    }

    /** More than a keepalive was received. Section 6.5: a passive keepalive, where there is nothing else to send. */
    void dataReceived(long now) {
        if (!isSet(KEEPALIVE)) {
            set(KEEPALIVE, now + KEEPALIVE_TIMEOUT);
        } else if (!anotherKeepalive) {
            anotherKeepalive = true;
        }
    }

    void anyAuthenticPacketSent(long now) {
        cancel(KEEPALIVE);
        anyAuthenticPacketTraversal(now);
    }

    void anyAuthenticPacketReceived(long now) {
        cancel(NEW_HANDSHAKE);
        anyAuthenticPacketTraversal(now);
    }

    private void anyAuthenticPacketTraversal(long now) {
        if (persistentKeepalive > 0) {
            set(PERSISTENT_KEEPALIVE, now + persistentKeepalive * SECOND);
        }
    }

    /** There is a keypair for what is staged. */
    void stagedMayBeSent(long now) {
        set(STAGED, now);
    }

    // Handshakes.

    /** Someone sends, and there is no keypair for it or an old one. Section 6.4: whoever still sends, still tries. */
    void keypairWanted(long now) {
        attemptsSince = now;
        initiationWanted(now);
    }

    /** Section 6.2: a keypair in use may end before the next packet is sent. Once for each keypair. */
    void keypairEnding(long now) {
        if (!rekeyedAtTheEnd) {
            rekeyedAtTheEnd = true;
            keypairWanted(now);
        }
    }

    /**
     * Section 6.1: no initiation within REKEY_TIMEOUT of the last handshake message, be it a response: the initiator's
     * confirmation may be on its way. But what is staged must not wait for the user to send more.
     */
    void initiationWanted(long now) {
        if (now - latestHandshakeSent >= REKEY_TIMEOUT) {
            if (!isSet(RETRANSMIT)) {
                attemptsSince = now;
            }
            set(INITIATION, now);
        } else if (!isSet(RETRANSMIT) && !peer.staged.isEmpty()) {
            set(RETRANSMIT, latestHandshakeSent + REKEY_TIMEOUT + jitter);
        }
    }

    void handshakeSent(long now) {
        latestHandshakeSent = now;
    }

    void initiationSent(long now) {
        jitter = wireGuard.jitter();
        set(RETRANSMIT, now + REKEY_TIMEOUT + jitter);
    }

    void keypairDerived(long now) {
        set(FORGET_KEYS, now + 3 * REJECT_AFTER_TIME);
    }

    void handshakeComplete() {
        cancel(RETRANSMIT);
        rekeyedAtTheEnd = false;
    }

    /** A handshake may begin at once. */
    void keysExpired() {
        latestHandshakeSent = NEVER;
    }

    // What follows.

    /** Has the peer, whose lock is held, do what is due. */
    void expire(long now, Sink sink) {
        // Before the times are read: who sets one later sees this, and asks to be called anew.
        wakeAt.set(NONE);
        if (peer.removed || !wireGuard.isUp()) {
            return;
        }
        if (expired(STAGED, now)) {
            peer.sendStaged(now, sink);
        }
        if (expired(FORGET_KEYS, now)) {
            peer.forgetKeys();
        }
        if (expired(KEEPALIVE, now)) {
            peer.sendKeepalive(now, sink);
            if (anotherKeepalive) {
                anotherKeepalive = false;
                set(KEEPALIVE, now + KEEPALIVE_TIMEOUT);
            }
        }
        if (expired(PERSISTENT_KEEPALIVE, now) && persistentKeepalive > 0) {
            peer.sendKeepalive(now, sink);
            anyAuthenticPacketTraversal(now);
        }
        if (expired(NEW_HANDSHAKE, now)) {
            attemptsSince = now;
            tryAgain(now);
        }
        if (expired(RETRANSMIT, now)) {
            if (now - attemptsSince < REKEY_ATTEMPT_TIME) {
                tryAgain(now);
            } else {
                giveUp(now);
            }
        }
        if (expired(INITIATION, now)) {
            if (now - latestHandshakeSent >= REKEY_TIMEOUT) {
                peer.initiate(now, sink);
            } else {
                initiationWanted(now);
            }
        }
        for (int timer = 0; timer < COUNT; timer++) {
            wake(dueAt.get(timer));
        }
    }

    /** Section 6.4: after REKEY_TIMEOUT. The address that we send from may be what fails. */
    private void tryAgain(long now) {
        peer.forgetSource();
        dueAt.set(INITIATION, now);
    }

    /** Section 6.4: after REKEY_ATTEMPT_TIME. */
    private void giveUp(long now) {
        cancel(KEEPALIVE);
        wireGuard.drop(peer, Drop.HANDSHAKE_GAVE_UP, peer.staged.clear());
        if (!isSet(FORGET_KEYS)) {
            keypairDerived(now);
        }
    }

    boolean isSet(int timer) {
        return dueAt.get(timer) != NONE;
    }

    private void set(int timer, long at) {
        dueAt.set(timer, at);
        wake(at);
    }

    private void cancel(int timer) {
        if (isSet(timer)) {
            dueAt.set(timer, NONE);
        }
    }

    /** Whether the time has come; it then is over. One that is set anew meanwhile stays set. */
    private boolean expired(int timer, long now) {
        long at = dueAt.get(timer);
        return at <= now && dueAt.compareAndSet(timer, at, NONE);
    }

    private void wake(long at) {
        for (long known = wakeAt.get(); at < known; known = wakeAt.get()) {
            if (wakeAt.compareAndSet(known, at)) {
                wireGuard.callAt(peer, at);
                return;
            }
        }
    }
}
