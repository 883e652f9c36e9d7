package anubis.protocol;

import static anubis.protocol.Messages.*;

import anubis.crypto.Primitives;
import anubis.crypto.TransportCipher;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Seals and opens transport data where it lies in native memory (whitepaper, section 5.4.6). Confined to one thread;
 * allocates nothing.
 */
public final class Transport {
    /** Where the packet lies in a datagram. */
    public static final int DATA = TRANSPORT_DATA;

    /** How much longer a datagram is than its padded packet: header and tag, 32 bytes. */
    public static final int OVERHEAD = TRANSPORT_DATA + Primitives.TAG_LENGTH;

    /** {@link #open}: not authentic. It must have no effect at all. */
    public static final int DROPPED = -1;

    /** {@link #open}: authentic, but its packet was dropped. */
    public static final int PACKET_DROPPED = -2;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final WireGuard wireGuard;
    private final TransportCipher cipher;
    private @Nullable Keypair keypair;

    public Transport(WireGuard wireGuard) {
        this.wireGuard = wireGuard;
        this.cipher = wireGuard.primitives.transportCipher();
    }

    /** The length to which a packet is padded: a multiple of 16, but never past the MTU (section 5.4.6). */
    public static int padded(int length, int mtu) {
        int aligned = (length + Limits.PADDING_MULTIPLE - 1) & -Limits.PADDING_MULTIPLE;
        return Math.max(length, Math.min(aligned, mtu));
    }

    /**
     * Seals a packet, which is padded with zeros where it lies.
     *
     * @param counter one that {@link Keypair#reserve} gave
     * @param from has {@code padded} bytes from {@code fromOffset} on
     * @return the datagram's length, {@code padded} + {@link #OVERHEAD}; 0 if the keypair has been destroyed
     */
    public int seal(
            Keypair keypair,
            long counter,
            MemorySegment from,
            long fromOffset,
            int length,
            int padded,
            MemorySegment to,
            long toOffset) {
        if (!cipher.use(keypair.sending)) {
            return 0;
        }
        for (int i = length; i < padded; i++) {
            from.set(ValueLayout.JAVA_BYTE, fromOffset + i, (byte) 0);
        }
        to.set(INT, toOffset, Messages.TYPE_TRANSPORT);
        to.set(INT, toOffset + TRANSPORT_RECEIVER, keypair.remoteIndex);
        to.set(LONG, toOffset + TRANSPORT_COUNTER, counter);
        cipher.seal(counter, from, fromOffset, padded, to, toOffset + TRANSPORT_DATA);
        return padded + OVERHEAD;
    }

    /** Whether a datagram is transport data by type and length; what is not, may be a handshake message. */
    public static boolean isTransport(MemorySegment segment, long offset, int length) {
        return length >= OVERHEAD && segment.get(INT, offset) == Messages.TYPE_TRANSPORT;
    }

    /**
     * Opens transport data in place: the packet then lies at {@code offset} + 16. What is dropped has been counted.
     *
     * @return the packet's length; 0 for a keepalive; {@link #DROPPED}; {@link #PACKET_DROPPED}
     */
    public int open(MemorySegment segment, long offset, int length, long now) {
        keypair = null;
        if (!(wireGuard.indices.lookup(segment.get(INT, offset + TRANSPORT_RECEIVER)) instanceof Keypair found)) {
            wireGuard.drop(null, Drop.UNKNOWN_INDEX, 1);
            return DROPPED;
        }
        if (!found.mayReceive(now) || !cipher.use(found.receiving)) {
            wireGuard.drop(found.peer(), Drop.KEYPAIR_EXPIRED, 1);
            return DROPPED;
        }
        long counter = segment.get(LONG, offset + TRANSPORT_COUNTER);
        int available = length - OVERHEAD;
        long data = offset + TRANSPORT_DATA;
        if (!cipher.open(counter, segment, data, available, segment, data)) {
            wireGuard.drop(found.peer(), Drop.NOT_AUTHENTIC, 1);
            return DROPPED;
        }
        if (!found.replayWindow.accept(counter)) {
            wireGuard.drop(found.peer(), Drop.REPLAYED, 1);
            return DROPPED;
        }
        keypair = found;
        return available == 0 ? 0 : inner(found.peer(), segment, data, available);
    }

    /** The keypair of the last datagram that {@link #open} found authentic. */
    public Keypair keypair() {
        Keypair opened = keypair;
        if (opened == null) {
            throw new IllegalStateException("nothing authentic has been opened");
        }
        return opened;
    }

    /** Wipes the key last used, before this thread waits. */
    public void forget() {
        cipher.forget();
    }

    /** Cryptokey routing, inwards: trims the padding, and lets pass only what the peer may send. */
    private int inner(Peer peer, MemorySegment segment, long offset, int available) {
        int length = InnerPacket.length(segment, offset, available);
        if (length < 0) {
            wireGuard.drop(peer, Drop.INNER_MALFORMED, 1);
            return PACKET_DROPPED;
        }
        if (wireGuard.allowedIps().source(segment, offset) != peer) {
            wireGuard.drop(peer, Drop.SOURCE_NOT_ALLOWED, 1);
            return PACKET_DROPPED;
        }
        return length;
    }
}
