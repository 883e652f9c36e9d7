package anubis.protocol;

import static anubis.protocol.Limits.KEEPALIVE_TIMEOUT;
import static anubis.protocol.Limits.REJECT_AFTER_TIME;
import static anubis.protocol.Limits.REKEY_ATTEMPT_TIME;
import static anubis.protocol.Limits.REKEY_TIMEOUT;

import anubis.crypto.PresharedKey;
import anubis.crypto.PublicKey;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One peer: its keypairs, its handshake and its timers (whitepaper, sections 5 and 6).
 *
 * <p>Any thread may call the methods of the data path: {@link #sendingKeypair}, {@link #stage}, {@link #sent},
 * {@link #received}. They take no lock but at a change of keypair, and send nothing themselves: what the protocol has to
 * say is said in {@link #onDeadline}, which one thread calls, the one that also receives the handshake messages.
 *
 * <p>Times are nanoseconds of a clock that goes on while the machine sleeps.
 */
public final class Peer {
    private static final long NONE = Long.MAX_VALUE;
    private static final long NEVER = Long.MIN_VALUE / 2;
    private static final long SECOND = 1_000_000_000L;
    private static final long INITIATION_INTERVAL_MIN = SECOND / 50;

    private final WireGuard wireGuard;
    private final PublicKey publicKey;
    private final CookieJar cookieJar;
    private final DropCounters drops = new DropCounters();
    private final StagedPackets staged = new StagedPackets();
    private final AtomicLong receivedBytes = new AtomicLong();
    private final AtomicLong sentBytes = new AtomicLong();

    // Configuration.
    private PresharedKey presharedKey = PresharedKey.NONE;
    private volatile int persistentKeepalive;
    private final AtomicReference<@Nullable Endpoint> endpoint = new AtomicReference<>();

    // The handshake; guarded by this.
    private @Nullable PendingHandshake pending;
    private byte @Nullable [] staticStatic;
    private @Nullable Identity staticStaticOf;
    private byte[] latestTimestamp = new byte[Tai64n.LENGTH];
    private long latestInitiationReceived = NEVER;
    private boolean removed;

    // Keypairs: changed under the lock, read by any thread.
    private volatile @Nullable Keypair previous;
    private volatile @Nullable Keypair current;
    private volatile @Nullable Keypair next;
    private volatile @Nullable Instant latestHandshake;

    // Timers: times at which something is due, or NONE.
    private final AtomicLong wakeAt = new AtomicLong(NONE);
    private volatile boolean initiationWanted;
    private volatile boolean flushWanted;
    private volatile long latestHandshakeSent = NEVER;
    private volatile long attemptsSince = NEVER;
    private volatile long retransmitAt = NONE;
    private volatile long newHandshakeAt = NONE;
    private volatile long keepaliveAt = NONE;
    private volatile boolean anotherKeepalive;
    private volatile long persistentAt = NONE;
    private volatile long forgetKeysAt = NONE;
    private volatile boolean rekeyedInLastMinute;
    private volatile long jitter;

    Peer(WireGuard wireGuard, PublicKey publicKey) {
        this.wireGuard = wireGuard;
        this.publicKey = publicKey;
        this.cookieJar = new CookieJar(wireGuard.primitives, publicKey);
    }

    // Configuration and statistics.

    public PublicKey publicKey() {
        return publicKey;
    }

    public Optional<Endpoint> endpoint() {
        return Optional.ofNullable(endpoint.get());
    }

    /** The endpoint without the wrapping, for the data path; null if none is known. */
    public @Nullable Endpoint currentEndpoint() {
        return endpoint.get();
    }

    /** Sets the endpoint unless another has taken the place of {@code expected} in the meantime. */
    public void replaceEndpoint(Endpoint expected, Endpoint fresh) {
        endpoint.compareAndSet(expected, fresh);
    }

    /** Sets the endpoint, by configuration or because an authentic packet came from there. */
    public void endpoint(Endpoint endpoint) {
        this.endpoint.set(endpoint);
    }

    public synchronized PresharedKey presharedKey() {
        return presharedKey;
    }

    /** A new preshared key takes effect at once: nothing more is sent under the old one. */
    public synchronized void presharedKey(PresharedKey key) {
        if (!presharedKey.equals(key)) {
            presharedKey = key;
            expireSending();
        }
    }

    /** The persistent keepalive interval in seconds, 0 for none. */
    public int persistentKeepalive() {
        return persistentKeepalive;
    }

    /** Sets the persistent keepalive interval, 0 to 65,535 seconds. One that begins, begins with a keepalive. */
    public void persistentKeepalive(int seconds, long now) {
        boolean begins = persistentKeepalive == 0 && seconds > 0;
        persistentKeepalive = seconds;
        if (begins && wireGuard.isUp()) {
            persistentAt = now;
            due(now);
        }
    }

    /** Whole UDP payloads received from the peer: transport data, keepalives and handshake messages. */
    public long receivedBytes() {
        return receivedBytes.get();
    }

    /** Whole UDP payloads sent to the peer. */
    public long sentBytes() {
        return sentBytes.get();
    }

    /** When the last handshake was completed, by the wall clock. */
    public Optional<Instant> latestHandshake() {
        return Optional.ofNullable(latestHandshake);
    }

    public DropCounters drops() {
        return drops;
    }

    // The data path.

    /**
     * The keypair to send with, or null: then the packet must be {@linkplain #stage staged}, for lack of a keypair or behind
     * others that are. Where these are just being sent, it waits for that: none must be overtaken.
     */
    public @Nullable Keypair sendingKeypair(long now) {
        return staged.isEmpty() || stagedSent() ? usableKeypair(now) : null;
    }

    private synchronized boolean stagedSent() {
        return staged.isEmpty();
    }

    private @Nullable Keypair usableKeypair(long now) {
        Keypair keypair = current;
        return keypair != null && keypair.maySend(now) ? keypair : null;
    }

    /** Keeps a packet, which is not copied, until a handshake is done; the oldest gives way. */
    public void stage(byte[] packet, long now) {
        if (!wireGuard.isUp()) {
            wireGuard.drop(this, Drop.INTERFACE_DOWN, 1);
            return;
        }
        wireGuard.drop(this, Drop.STAGED_OVERFLOW, staged.add(packet));
        attemptsSince = now; // Section 6.4: whoever still sends, still tries.
        if (usableKeypair(now) != null) {
            flushWanted = true;
            due(now);
        } else {
            requestInitiation(now);
        }
    }

    /**
     * Transport data has been sent.
     *
     * @param bytes whole UDP payloads
     * @param payload whether there was more than keepalives
     */
    public void sent(Keypair keypair, long bytes, boolean payload, long now) {
        sentBytes.addAndGet(bytes);
        authenticSent(now);
        if (payload && newHandshakeAt == NONE) {
            // Section 6.5: no answer for so long means that the other end has lost the keys.
            newHandshakeAt = now + KEEPALIVE_TIMEOUT + REKEY_TIMEOUT + jitter;
            due(newHandshakeAt);
        }
        if (keypair.wantsRekeyOnSending(now)) {
            attemptsSince = now;
            requestInitiation(now);
        }
    }

    /**
     * Authentic transport data has been received; its endpoint has been set.
     *
     * @param bytes whole UDP payloads
     * @param payload whether there was more than keepalives
     */
    public void received(Keypair keypair, long bytes, boolean payload, long now) {
        receivedBytes.addAndGet(bytes);
        if (keypair == next) {
            confirm(keypair, now);
        }
        authenticReceived(now);
        if (payload) {
            // Section 6.5: a passive keepalive, where there is nothing else to send.
            if (keepaliveAt == NONE) {
                keepaliveAt = now + KEEPALIVE_TIMEOUT;
                due(keepaliveAt);
            } else if (!anotherKeepalive) {
                anotherKeepalive = true;
            }
        }
        if (keypair == current && !rekeyedInLastMinute && keypair.wantsRekeyOnReceiving(now)) {
            rekeyedInLastMinute = true;
            attemptsSince = now;
            requestInitiation(now);
        }
    }

    /** Section 5.4.6: the first transport data confirms the keypair to the responder, which may now send. */
    private synchronized void confirm(Keypair keypair, long now) {
        if (keypair != next) {
            return;
        }
        discard(previous);
        previous = current;
        current = keypair;
        next = null;
        handshakeComplete();
        flushWanted = true;
        due(now);
    }

    // Timers.

    /**
     * Does what is due at {@code now}. To be called for each entry of the {@link Timetable} when its time has come.
     *
     * @param scheduled that entry's time; nothing is done if another entry has taken its place
     */
    public synchronized void onDeadline(long scheduled, long now, Sink sink) {
        // Before the times are read: who sets one later sees this, and schedules anew.
        if (!wakeAt.compareAndSet(scheduled, NONE) || removed || !wireGuard.isUp()) {
            return;
        }
        if (flushWanted) {
            flushWanted = false;
            sendStaged(now, sink);
        }
        if (forgetKeysAt <= now) {
            forgetKeysAt = NONE;
            forgetKeys();
        }
        if (keepaliveAt <= now) {
            keepaliveAt = NONE;
            sendKeepalive(now, sink);
            if (anotherKeepalive) {
                anotherKeepalive = false;
                keepaliveAt = now + KEEPALIVE_TIMEOUT;
            }
        }
        if (persistentAt <= now) {
            persistentAt = NONE;
            if (persistentKeepalive > 0) {
                sendKeepalive(now, sink);
                persistentAt = now + persistentKeepalive * SECOND;
            }
        }
        if (newHandshakeAt <= now) {
            newHandshakeAt = NONE;
            forgetSource();
            attemptsSince = now;
            initiationWanted = true;
        }
        if (retransmitAt <= now) {
            retransmitAt = NONE;
            retransmit(now);
        }
        if (initiationWanted) {
            initiationWanted = false;
            initiate(now, sink);
        }
        due(nextDeadline());
    }

    /** When {@link #onDeadline} next has something to do, in ns; {@code Long.MAX_VALUE} if never. */
    public long nextDeadline() {
        long first = Math.min(Math.min(retransmitAt, newHandshakeAt), Math.min(keepaliveAt, persistentAt));
        return initiationWanted || flushWanted ? NEVER : Math.min(first, forgetKeysAt);
    }

    private void due(long at) {
        for (long known = wakeAt.get(); at < known; known = wakeAt.get()) {
            if (wakeAt.compareAndSet(known, at)) {
                wireGuard.timetable.schedule(this, at);
                return;
            }
        }
    }

    /** Section 6.4: again after REKEY_TIMEOUT, for REKEY_ATTEMPT_TIME. */
    private void retransmit(long now) {
        if (now - attemptsSince < REKEY_ATTEMPT_TIME) {
            forgetSource();
            initiationWanted = true;
            return;
        }
        keepaliveAt = NONE;
        wireGuard.drop(this, Drop.HANDSHAKE_GAVE_UP, staged.clear());
        if (forgetKeysAt == NONE) {
            forgetKeysAt = now + 3 * REJECT_AFTER_TIME;
        }
    }

    /**
     * Section 6.1: no initiation within REKEY_TIMEOUT of the last handshake message, be it a response: the initiator's
     * confirmation may be on its way. But what is staged must not wait for the user to send more.
     */
    private void requestInitiation(long now) {
        if (now - latestHandshakeSent >= REKEY_TIMEOUT) {
            if (retransmitAt == NONE) {
                attemptsSince = now;
            }
            initiationWanted = true;
            due(now);
        } else if (retransmitAt == NONE && !staged.isEmpty()) {
            retransmitAt = latestHandshakeSent + REKEY_TIMEOUT + jitter;
            due(retransmitAt);
        }
    }

    private void authenticSent(long now) {
        if (keepaliveAt != NONE) {
            keepaliveAt = NONE;
        }
        traversed(now);
    }

    private void authenticReceived(long now) {
        if (newHandshakeAt != NONE) {
            newHandshakeAt = NONE;
        }
        traversed(now);
    }

    private void traversed(long now) {
        if (persistentKeepalive > 0) {
            persistentAt = now + persistentKeepalive * SECOND;
            due(persistentAt);
        }
    }

    private void handshakeComplete() {
        retransmitAt = NONE;
        rekeyedInLastMinute = false;
        latestHandshake = wireGuard.wallClock.instant();
        wireGuard.handshakes.incrementAndGet();
    }

    // The handshake. All below is guarded by this, and called by the one thread.

    private void initiate(long now, Sink sink) {
        Identity own = wireGuard.identity();
        Endpoint to = endpoint.get();
        if (own == null || to == null) {
            latestHandshakeSent = now; // Not again for each packet.
            return;
        }
        if (now - latestHandshakeSent < REKEY_TIMEOUT) {
            requestInitiation(now);
            return;
        }
        dropPending();
        latestHandshakeSent = now;
        byte[] message = Handshake.newInitiation();
        PendingHandshake handshake =
                wireGuard.handshake.initiate(this, own, staticStatic(own), wireGuard.timestamps.next(), message);
        if (handshake == null) {
            wireGuard.drop(this, Drop.HANDSHAKE_NOT_AUTHENTIC, 1);
            return;
        }
        handshake.localIndex = wireGuard.indices.insert(handshake, wireGuard.randomness);
        Messages.putInt(message, Messages.INITIATION_SENDER, handshake.localIndex);
        pending = handshake;
        jitter = wireGuard.jitter();
        retransmitAt = now + REKEY_TIMEOUT + jitter;
        sendHandshake(message, to, now, sink);
    }

    /** An initiation whose timestamp has proved authentic is answered, unless it is a replay. */
    synchronized void respond(
            Identity own, Handshake.Initiation initiation, byte[] timestamp, Endpoint source, long now, Sink sink) {
        if (removed || !wireGuard.isUp() || own != wireGuard.identity()) {
            wireGuard.drop(this, Drop.INTERFACE_DOWN, 1); // While the message was being read.
            return;
        }
        if (Tai64n.compare(timestamp, latestTimestamp) <= 0) {
            wireGuard.drop(this, Drop.STALE_TIMESTAMP, 1);
            return;
        }
        if (now - latestInitiationReceived < INITIATION_INTERVAL_MIN) {
            wireGuard.drop(this, Drop.INITIATION_TOO_SOON, 1);
            return;
        }
        Handshake.Response response = wireGuard.handshake.respond(initiation, presharedKey);
        if (response == null) {
            wireGuard.drop(this, Drop.HANDSHAKE_NOT_AUTHENTIC, 1);
            return;
        }
        latestTimestamp = timestamp;
        latestInitiationReceived = now;
        endpoint.set(source);
        receivedBytes.addAndGet(initiation.message.length);
        authenticReceived(now);
        int remoteIndex = Messages.intAt(initiation.message, Messages.INITIATION_SENDER);
        Keypair keypair = new Keypair(this, false, response.keys, remoteIndex, now);
        keypair.localIndex = wireGuard.indices.insert(keypair, wireGuard.randomness);
        begin(keypair, now);
        byte[] message = response.message;
        Messages.putInt(message, Messages.RESPONSE_SENDER, keypair.localIndex);
        latestHandshakeSent = now;
        sendHandshake(message, source, now, sink);
    }

    /** A response to {@code handshake}, which stays as it is unless the response is authentic. */
    synchronized void finish(PendingHandshake handshake, byte[] message, Endpoint source, long now, Sink sink) {
        Identity own = wireGuard.identity();
        if (own == null || handshake != pending) {
            wireGuard.drop(this, Drop.UNKNOWN_INDEX, 1);
            return;
        }
        byte[][] keys = wireGuard.handshake.finish(handshake, own, presharedKey, message);
        if (keys == null) {
            wireGuard.drop(this, Drop.HANDSHAKE_NOT_AUTHENTIC, 1);
            return;
        }
        endpoint.set(source);
        receivedBytes.addAndGet(message.length);
        authenticReceived(now);
        int remoteIndex = Messages.intAt(message, Messages.RESPONSE_SENDER);
        Keypair keypair = new Keypair(this, true, keys, remoteIndex, now);
        keypair.localIndex = handshake.localIndex;
        wireGuard.indices.replace(handshake.localIndex, handshake, keypair);
        pending = null;
        handshake.destroy();
        begin(keypair, now);
        handshakeComplete();
        sendKeepalive(now, sink); // The confirmation, if no packet is waiting.
    }

    /** A cookie reply for the last handshake message sent under an index of ours. */
    synchronized void cookieReply(byte[] message, long now) {
        if (cookieJar.consume(message, now)) {
            receivedBytes.addAndGet(message.length);
        } else {
            wireGuard.drop(this, Drop.COOKIE_NOT_AUTHENTIC, 1);
        }
    }

    private void sendHandshake(byte[] message, Endpoint to, long now, Sink sink) {
        cookieJar.addMacs(message, now);
        authenticSent(now);
        if (wireGuard.send(to, message, sink)) {
            sentBytes.addAndGet(message.length);
        } else {
            wireGuard.drop(this, Drop.NETWORK_SEND_FAILED, 1);
        }
    }

    /** The new keypair is current for the initiator, and next, until confirmed, for the responder. */
    private void begin(Keypair keypair, long now) {
        if (keypair.initiator) {
            Keypair unconfirmed = next;
            if (unconfirmed != null) {
                discard(previous);
                discard(current);
                previous = unconfirmed;
                next = null;
            } else {
                discard(previous);
                previous = current;
            }
            current = keypair;
        } else {
            discard(next);
            discard(previous);
            previous = null;
            next = keypair;
        }
        forgetKeysAt = now + 3 * REJECT_AFTER_TIME;
        due(forgetKeysAt);
    }

    private void sendKeepalive(long now, Sink sink) {
        staged.addIfEmpty();
        sendStaged(now, sink);
    }

    private void sendStaged(long now, Sink sink) {
        while (!staged.isEmpty()) {
            Endpoint to = endpoint.get();
            Keypair keypair = usableKeypair(now);
            long counter = keypair == null ? Keypair.EXHAUSTED : keypair.reserve(1);
            if (keypair == null || counter == Keypair.EXHAUSTED) {
                requestInitiation(now);
                return;
            }
            byte[] packet = staged.poll();
            if (packet == null) {
                return; // Pushed out by a newer one in the meantime.
            }
            int length = to == null ? 0 : wireGuard.send(keypair, counter, packet, to, sink);
            if (length > 0) {
                sent(keypair, length, packet.length > 0, now);
            } else {
                wireGuard.drop(this, to == null ? Drop.NO_ENDPOINT : Drop.NETWORK_SEND_FAILED, 1);
            }
            staged.sent();
        }
    }

    /** The shared secret of the static keys, computed when first needed. A copy: Noise wipes what it mixes. */
    synchronized byte[] staticStatic(Identity own) {
        byte[] secret = staticStatic;
        if (secret == null || staticStaticOf != own) {
            secret = own.dh(publicKey.bytes());
            staticStatic = secret;
            staticStaticOf = own;
        }
        return secret.clone();
    }

    /** Our static key has changed: it is in every shared secret, so nothing more is sent under the old one. */
    synchronized void identityChanged() {
        wipeStaticStatic();
        expireSending();
    }

    /** The interface went down: all that was negotiated is forgotten. */
    synchronized void stop() {
        wireGuard.drop(this, Drop.INTERFACE_DOWN, staged.clear());
        initiationWanted = false;
        flushWanted = false;
        retransmitAt = NONE;
        newHandshakeAt = NONE;
        keepaliveAt = NONE;
        persistentAt = NONE;
        forgetKeysAt = NONE;
        latestHandshakeSent = NEVER;
        forgetKeys();
    }

    /** The interface came up. */
    void start(long now) {
        if (persistentKeepalive > 0) {
            persistentAt = now;
            due(now);
        }
    }

    synchronized void remove() {
        removed = true;
        stop();
        wipeStaticStatic();
    }

    /** Drops the local address it is sent from: the network may have changed. */
    private void forgetSource() {
        Endpoint to = endpoint.get();
        if (to != null) {
            replaceEndpoint(to, to.withoutSource());
        }
    }

    private void expireSending() {
        dropPending();
        latestHandshakeSent = NEVER;
        for (Keypair keypair : new @Nullable Keypair[] {current, next}) {
            if (keypair != null) {
                keypair.expireSending();
            }
        }
    }

    private void forgetKeys() {
        dropPending();
        discard(previous);
        discard(current);
        discard(next);
        previous = null;
        current = null;
        next = null;
    }

    private void dropPending() {
        PendingHandshake handshake = pending;
        if (handshake != null) {
            wireGuard.indices.remove(handshake.localIndex, handshake);
            handshake.destroy();
            pending = null;
        }
    }

    private void discard(@Nullable Keypair keypair) {
        if (keypair != null) {
            wireGuard.indices.remove(keypair.localIndex, keypair);
            keypair.destroy();
        }
    }

    private void wipeStaticStatic() {
        byte[] secret = staticStatic;
        if (secret != null) {
            Arrays.fill(secret, (byte) 0);
            staticStatic = null;
            staticStaticOf = null;
        }
    }

    @Override
    public String toString() {
        return "Peer[" + publicKey + "]";
    }
}
