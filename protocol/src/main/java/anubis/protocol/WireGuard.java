package anubis.protocol;

import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The protocol state of one WireGuard interface: our static key, the peers, cryptokey routing, and what is known of
 * cookies. Owns no socket, thread or clock.
 *
 * <p>One thread, the control thread, calls {@link #receive} and {@link #onDeadline}. Configuration may come from any thread. The data path is {@link Transport}'s.
 */
public final class WireGuard {
    private static final int STAGED_PACKET_MAX = 65_535;

    final Primitives primitives;
    final Randomness randomness;
    final InstantSource wallClock;
    private final Runnable alarm;
    final Deadlines deadlines = new Deadlines();
    final Handshake handshake;
    final Tai64n timestamps;
    private final CookieChecker cookieChecker;
    private final RateLimiter rateLimiter = new RateLimiter();
    final IndexTable<Receiver> indices = new IndexTable<>();
    private final AllowedIps<Peer> allowedIps = new AllowedIps<>();
    private final Map<PublicKey, Peer> peers = Collections.synchronizedMap(new LinkedHashMap<>());
    private final DropCounters drops = new DropCounters();
    final AtomicLong handshakes = new AtomicLong();
    private volatile @Nullable Identity identity;
    private volatile Consumer<PublicKey> newcomers = key -> {};
    private volatile boolean up;
    private volatile int mtu = 1420;

    // What the control thread sends with.
    private final Transport transport;
    private final MemorySegment outgoing =
            Arena.ofAuto().allocate(STAGED_PACKET_MAX + Transport.OVERHEAD + Limits.PADDING_MULTIPLE, 64);

    /**
     * @param wallClock what time it is, for what is told of handshakes
     * @param timestamps the same for our initiations, which are refused if it goes back, be it between two lives of ours
     * @param alarm called, by any thread, when {@link #nextDeadline} has become earlier
     */
    public WireGuard(
            Primitives primitives,
            Randomness randomness,
            InstantSource wallClock,
            InstantSource timestamps,
            Runnable alarm) {
        this.primitives = primitives;
        this.randomness = randomness;
        this.wallClock = wallClock;
        this.alarm = alarm;
        this.handshake = new Handshake(primitives, randomness);
        this.timestamps = new Tai64n(timestamps);
        this.cookieChecker = new CookieChecker(primitives, randomness);
        this.transport = new Transport(this);
    }

    // Configuration.

    /** A copy of the private key's 32 bytes, which the caller should wipe. */
    public synchronized Optional<byte[]> privateKeyBytes() {
        return Optional.ofNullable(identity).map(own -> own.privateKey.bytes());
    }

    public Optional<PublicKey> publicKey() {
        return Optional.ofNullable(identity).map(own -> own.publicKey);
    }

    /** Sets the private key, which is copied, at once for all peers. A peer that has our own public key is removed. */
    public synchronized void privateKey(PrivateKey key) {
        if (identity == null || !identity.privateKey.equals(key)) {
            Identity own = new Identity(primitives, key.duplicate());
            cookieChecker.publicKey(own.publicKey);
            identity(own);
            removePeer(own.publicKey);
        }
    }

    /** Takes the private key away: no handshake succeeds from now on. */
    public synchronized void clearPrivateKey() {
        identity(null);
    }

    /** The old private key is destroyed when no peer's handshake uses it any more. */
    private void identity(@Nullable Identity own) {
        Identity old = identity;
        identity = own;
        peers().forEach(Peer::identityChanged);
        if (old != null) {
            old.destroy();
        }
    }

    /** The peer with that key, added if it was not there. Empty if the key is our own. */
    public synchronized Optional<Peer> addPeer(PublicKey key) {
        return publicKey().filter(key::equals).isPresent()
                ? Optional.empty()
                : Optional.of(peers.computeIfAbsent(key, k -> new Peer(this, k)));
    }

    /**
     * Who is told by {@link #receive} of a key that claims to be the initiator's and is no peer's: {@link #addPeer} makes it
     * one, which then has to prove itself as any other. So who has very many peers need not name all of them beforehand.
     */
    public void newcomers(Consumer<PublicKey> told) {
        newcomers = told;
    }

    public Optional<Peer> peer(PublicKey key) {
        return Optional.ofNullable(peers.get(key));
    }

    /** The peers, in the order in which they were added, as they are now. */
    public Collection<Peer> peers() {
        synchronized (peers) {
            return List.copyOf(peers.values());
        }
    }

    /** Removes a peer, its allowed IPs and all keys negotiated with it. */
    public synchronized void removePeer(PublicKey key) {
        Peer peer = peers.remove(key);
        if (peer != null) {
            allowedIps.removeAll(peer);
            peer.remove();
        }
    }

    public synchronized void removePeers() {
        peers().forEach(peer -> removePeer(peer.publicKey()));
    }

    public AllowedIps<Peer> allowedIps() {
        return allowedIps;
    }

    public int mtu() {
        return mtu;
    }

    /** The interface's MTU, which limits padding. */
    public void mtu(int bytes) {
        mtu = bytes;
    }

    public boolean isUp() {
        return up;
    }

    /** The interface comes up: persistent keepalives begin. */
    public synchronized void up(long now) {
        if (!up) {
            up = true;
            peers().forEach(peer -> peer.timers.interfaceUp(now));
        }
    }

    /** The interface goes down: no timer runs and all negotiated keys are forgotten. */
    public synchronized void down() {
        if (up) {
            up = false;
            peers().forEach(Peer::stop);
        }
    }

    /** How many handshakes have been completed since the beginning. */
    public long handshakes() {
        return handshakes.get();
    }

    /** What has been dropped, whether or not it could be ascribed to a peer. */
    public DropCounters drops() {
        return drops;
    }

    /** Counts {@code packets} dropped packets for the device and, where it is known, for the peer. */
    public void drop(@Nullable Peer peer, Drop reason, long packets) {
        if (packets > 0) {
            drops.count(reason, packets);
            if (peer != null) {
                peer.drops().count(reason, packets);
            }
        }
    }

    // Timers and handshake messages. One thread.

    /** When {@link #onDeadline} next has something to do, in ns; {@code Long.MAX_VALUE} if never. Any thread may ask. */
    public long nextDeadline() {
        return deadlines.first();
    }

    /** Does what is due at {@code now}; calls too many do no harm. */
    public void onDeadline(long now, Sink sink) {
        for (Peer peer = deadlines.poll(now); peer != null; peer = deadlines.poll(now)) {
            peer.onDeadline(now, sink);
        }
    }

    /**
     * Receives a handshake message: an initiation, a response or a cookie reply. Anything else is dropped.
     *
     * @param underLoad whether initiations and responses must prove where they come from (section 5.3)
     */
    public void receive(byte[] message, Endpoint source, boolean underLoad, long now, Sink sink) {
        switch (handshakeType(message)) {
            case Messages.TYPE_INITIATION -> {
                Identity own = admit(message, source, underLoad, now, sink);
                if (own != null) {
                    receiveInitiation(own, message, source, now, sink);
                }
            }
            case Messages.TYPE_RESPONSE -> {
                if (admit(message, source, underLoad, now, sink) != null) {
                    receiveResponse(message, source, now, sink);
                }
            }
            case Messages.TYPE_COOKIE_REPLY -> receiveCookieReply(message, now);
            default -> drop(null, Drop.MALFORMED, 1);
        }
    }

    /** The type of a handshake message that has the length of its type, else 0. */
    private static int handshakeType(byte[] message) {
        int type = switch (message.length) {
            case Messages.INITIATION_LENGTH -> Messages.TYPE_INITIATION;
            case Messages.RESPONSE_LENGTH -> Messages.TYPE_RESPONSE;
            case Messages.COOKIE_REPLY_LENGTH -> Messages.TYPE_COOKIE_REPLY;
            default -> 0;
        };
        return type != 0 && Messages.intAt(message, 0) == type ? type : 0;
    }

    /** Sections 5.4.4 and 5.4.7: mac1 always, under load mac2 too. Our identity, or null if the message is dropped. */
    private @Nullable Identity admit(byte[] message, Endpoint source, boolean underLoad, long now, Sink sink) {
        Identity own = identity;
        if (own == null) {
            drop(null, Drop.NO_PRIVATE_KEY, 1);
            return null;
        }
        if (!cookieChecker.mac1Valid(message)) {
            drop(null, Drop.WRONG_MAC1, 1);
            return null;
        }
        if (!underLoad) {
            return own;
        }
        if (!cookieChecker.mac2Valid(message, source, now)) {
            drop(null, Drop.COOKIE_DEMANDED, 1);
            int sender = Messages.intAt(message, Messages.INITIATION_SENDER);
            if (!send(source, cookieChecker.cookieReply(message, sender, source, now), sink)) {
                drop(null, Drop.NETWORK_SEND_FAILED, 1);
            }
            return null;
        }
        if (!rateLimiter.allows(source.address(), now)) {
            drop(null, Drop.RATE_LIMITED, 1);
            return null;
        }
        return own;
    }

    private void receiveInitiation(Identity own, byte[] message, Endpoint source, long now, Sink sink) {
        Handshake.Initiation initiation = handshake.read(own, message);
        if (initiation == null) {
            drop(null, Drop.HANDSHAKE_NOT_AUTHENTIC, 1);
            return;
        }
        if (!peers.containsKey(initiation.initiator)) {
            newcomers.accept(initiation.initiator);
        }
        Peer peer = peers.get(initiation.initiator);
        byte[] timestamp = peer == null ? null : handshake.timestamp(initiation, peer.staticStatic(own));
        if (peer != null && timestamp != null) {
            peer.respond(own, initiation, timestamp, source, now, sink);
        } else {
            // Anyone can claim to be a peer: not counted against it.
            drop(null, peer == null ? Drop.UNKNOWN_PEER : Drop.HANDSHAKE_NOT_AUTHENTIC, 1);
        }
        initiation.noise.destroy();
    }

    private void receiveResponse(byte[] message, Endpoint source, long now, Sink sink) {
        if (indices.lookup(Messages.intAt(message, Messages.RESPONSE_RECEIVER)) instanceof PendingHandshake pending) {
            pending.peer.finish(pending, message, source, now, sink);
        } else {
            drop(null, Drop.UNKNOWN_INDEX, 1);
        }
    }

    private void receiveCookieReply(byte[] message, long now) {
        Receiver receiver = indices.lookup(Messages.intAt(message, Messages.COOKIE_RECEIVER));
        if (receiver == null) {
            drop(null, Drop.UNKNOWN_INDEX, 1);
        } else {
            receiver.peer.cookieReply(message, now);
        }
    }

    /** Sends a handshake message. */
    boolean send(Endpoint to, byte[] message, Sink sink) {
        MemorySegment.copy(message, 0, outgoing, ValueLayout.JAVA_BYTE, 0, message.length);
        return sink.toNetwork(to, outgoing, message.length, true);
    }

    /** Sends a packet as transport data; returns the datagram's length, 0 if it was not sent. */
    int send(Keypair keypair, long counter, byte[] packet, Endpoint to, Sink sink) {
        int padded = Transport.padded(packet.length, mtu);
        MemorySegment.copy(packet, 0, outgoing, ValueLayout.JAVA_BYTE, Transport.DATA, packet.length);
        int length = transport.seal(keypair, counter, outgoing, Transport.DATA, packet.length, padded, outgoing, 0);
        transport.forget();
        return length > 0 && sink.toNetwork(to, outgoing, length, false) ? length : 0;
    }

    // For the classes of this package.

    @Nullable
    Identity identity() {
        return identity;
    }

    void callAt(Peer peer, long at) {
        if (deadlines.add(peer, at)) {
            alarm.run();
        }
    }

    /** Section 6.1: up to a third of a second, so that both ends do not retry together. */
    long jitter() {
        return Math.floorMod(randomness.nextInt(), Limits.REKEY_TIMEOUT_JITTER_MAX);
    }
}
