package anubis.protocol;

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
 * say is said by the one thread that also receives the handshake messages.
 *
 * <p>Times are nanoseconds of a clock that goes on while the machine sleeps.
 */
public final class Peer {
    private static final long INITIATION_INTERVAL_MIN = 20_000_000L;

    private final WireGuard wireGuard;
    private final PublicKey publicKey;
    private final CookieJar cookieJar;
    final Timers timers;
    private final DropCounters drops = new DropCounters();
    final StagedPackets staged = new StagedPackets();
    private final AtomicLong receivedBytes = new AtomicLong();
    private final AtomicLong sentBytes = new AtomicLong();

    // Configuration.
    PresharedKey presharedKey = PresharedKey.NONE;
    private final AtomicReference<@Nullable Endpoint> endpoint = new AtomicReference<>();

    // The handshake; guarded by this.
    private @Nullable PendingHandshake pending;
    private byte[] staticStatic = {};
    private @Nullable Identity staticStaticOf;
    private byte[] latestTimestamp = new byte[Tai64n.LENGTH];
    private long latestInitiationReceived = Timers.NEVER;
    boolean removed;

    // Keypairs: changed under the lock, read by any thread.
    private volatile @Nullable Keypair previous;
    private volatile @Nullable Keypair current;
    private volatile @Nullable Keypair next;
    private volatile @Nullable Instant latestHandshake;

    Peer(WireGuard wireGuard, PublicKey publicKey) {
        this.wireGuard = wireGuard;
        this.publicKey = publicKey;
        this.cookieJar = new CookieJar(wireGuard.primitives, publicKey);
        this.timers = new Timers(wireGuard, this);
    }

    // Configuration and statistics.

    public PublicKey publicKey() {
        return publicKey;
    }

    /** The endpoint, null if none is known. */
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

    /** A copy of the preshared key's 32 bytes, all zero if there is none, which the caller should wipe. */
    public synchronized byte[] presharedKeyBytes() {
        return presharedKey.bytes();
    }

    /** A new preshared key, which is copied, takes effect at once: nothing more is sent under the old one. */
    public synchronized void presharedKey(PresharedKey key) {
        if (!presharedKey.equals(key)) {
            presharedKey.destroy();
            presharedKey = key.duplicate();
            expireSending();
        }
    }

    /** The persistent keepalive interval in seconds, 0 for none. */
    public int persistentKeepalive() {
        return timers.persistentKeepalive();
    }

    /** Sets the persistent keepalive interval, 0 to 65,535 seconds. One that begins, begins with a keepalive. */
    public void persistentKeepalive(int seconds, long now) {
        timers.persistentKeepalive(seconds, now);
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
        if (usableKeypair(now) != null) {
            timers.stagedMayBeSent(now);
        } else {
            timers.keypairWanted(now);
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
        timers.anyAuthenticPacketSent(now);
        if (payload) {
            timers.dataSent(now);
        }
        if (keypair.wantsRekeyOnSending(now)) {
            timers.keypairWanted(now);
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
        timers.anyAuthenticPacketReceived(now);
        if (payload) {
            timers.dataReceived(now);
        }
        if (keypair == current && keypair.wantsRekeyOnReceiving(now)) {
            timers.keypairEnding(now);
        }
    }

    /** Section 5.4.6: the first transport data confirms the keypair to the responder, which may now send. */
    private synchronized void confirm(Keypair keypair, long now) {
        if (keypair != next) {
            return;
        }
        discarded(previous);
        previous = current;
        current = keypair;
        next = null;
        handshakeComplete();
        timers.stagedMayBeSent(now);
    }

    synchronized void onDeadline(long now, Sink sink) {
        timers.expire(now, sink);
    }

    private void handshakeComplete() {
        timers.handshakeComplete();
        latestHandshake = wireGuard.wallClock.instant();
        wireGuard.handshakes.incrementAndGet();
    }

    // The handshake. All below is guarded by this, and called by the one thread.

    void initiate(long now, Sink sink) {
        Identity own = wireGuard.identity();
        Endpoint to = endpoint.get();
        timers.handshakeSent(now); // Or not: then not again for each packet.
        if (own == null || to == null) {
            return;
        }
        dropPending();
        byte[] message = new byte[Messages.INITIATION_LENGTH];
        PendingHandshake handshake =
                wireGuard.handshake.initiate(this, own, staticStatic(own), wireGuard.timestamps.next(), message);
        if (handshake == null) {
            wireGuard.drop(this, Drop.HANDSHAKE_NOT_AUTHENTIC, 1);
            return;
        }
        handshake.localIndex = wireGuard.indices.insert(handshake, wireGuard.randomness);
        Messages.putInt(message, Messages.INITIATION_SENDER, handshake.localIndex);
        pending = handshake;
        timers.initiationSent(now);
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
        byte[] message = new byte[Messages.RESPONSE_LENGTH];
        byte[][] keys = wireGuard.handshake.respond(initiation, presharedKey, message);
        if (keys == null) {
            wireGuard.drop(this, Drop.HANDSHAKE_NOT_AUTHENTIC, 1);
            return;
        }
        latestTimestamp = timestamp;
        latestInitiationReceived = now;
        endpoint.set(source);
        receivedBytes.addAndGet(initiation.message.length);
        timers.anyAuthenticPacketReceived(now);
        int remoteIndex = Messages.intAt(initiation.message, Messages.INITIATION_SENDER);
        Keypair keypair = new Keypair(this, false, keys, remoteIndex, now);
        keypair.localIndex = wireGuard.indices.insert(keypair, wireGuard.randomness);
        begin(keypair, now);
        Messages.putInt(message, Messages.RESPONSE_SENDER, keypair.localIndex);
        timers.handshakeSent(now);
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
        timers.anyAuthenticPacketReceived(now);
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
        timers.anyAuthenticPacketSent(now);
        if (wireGuard.send(to, message, sink)) {
            sentBytes.addAndGet(message.length);
        } else {
            wireGuard.drop(this, Drop.NETWORK_SEND_FAILED, 1);
        }
    }

    /** The new keypair is current for the initiator, and next, until confirmed, for the responder. */
    private void begin(Keypair keypair, long now) {
        previous = discarded(previous);
        Keypair unconfirmed = next;
        if (keypair.initiator) {
            discarded(unconfirmed == null ? null : current); // The other end, too, knows the newer.
            previous = unconfirmed == null ? current : unconfirmed;
            next = null;
            current = keypair;
        } else {
            discarded(unconfirmed);
            next = keypair;
        }
        timers.keypairDerived(now);
    }

    void sendKeepalive(long now, Sink sink) {
        staged.addIfEmpty();
        sendStaged(now, sink);
    }

    void sendStaged(long now, Sink sink) {
        while (!staged.isEmpty()) {
            Endpoint to = endpoint.get();
            Keypair keypair = usableKeypair(now);
            long counter = keypair == null ? Keypair.EXHAUSTED : keypair.reserve(1);
            if (keypair == null || counter == Keypair.EXHAUSTED) {
                timers.initiationWanted(now);
                return;
            }
            byte[] packet = staged.take();
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
        if (staticStaticOf != own) {
            byte[] secret = own.dh(publicKey.bytes());
            if (removed || own != wireGuard.identity()) {
                return secret; // Nobody would wipe what is kept now.
            }
            staticStatic = secret;
            staticStaticOf = own;
        }
        return staticStatic.clone();
    }

    /** Our static key has changed: it is in every shared secret, so nothing more is sent under the old one. */
    synchronized void identityChanged() {
        wipeStaticStatic();
        expireSending();
    }

    /** The interface went down: all that was negotiated is forgotten. */
    synchronized void stop() {
        wireGuard.drop(this, Drop.INTERFACE_DOWN, staged.clear());
        timers.interfaceDown();
        forgetKeys();
    }

    synchronized void remove() {
        removed = true;
        stop();
        wireGuard.deadlines.remove(this);
        wipeStaticStatic();
        presharedKey(PresharedKey.NONE);
    }

    /** Drops the local address it is sent from: the network may have changed. */
    void forgetSource() {
        Endpoint to = endpoint.get();
        if (to != null) {
            replaceEndpoint(to, to.withoutSource());
        }
    }

    private void expireSending() {
        dropPending();
        timers.keysExpired();
        for (Keypair keypair : new @Nullable Keypair[] {current, next}) {
            if (keypair != null) {
                keypair.expireSending();
            }
        }
    }

    void forgetKeys() {
        dropPending();
        previous = discarded(previous);
        current = discarded(current);
        next = discarded(next);
    }

    private void dropPending() {
        PendingHandshake handshake = pending;
        if (handshake != null) {
            wireGuard.indices.remove(handshake.localIndex, handshake);
            handshake.destroy();
            pending = null;
        }
    }

    /** What takes the place of a keypair that has had its time: nothing. */
    private @Nullable Keypair discarded(@Nullable Keypair keypair) {
        if (keypair != null) {
            wireGuard.indices.remove(keypair.localIndex, keypair);
            keypair.destroy();
        }
        return null;
    }

    private void wipeStaticStatic() {
        Arrays.fill(staticStatic, (byte) 0);
        staticStaticOf = null;
    }
}
