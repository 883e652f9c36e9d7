package anubis.device;

import anubis.linux.Errno;
import anubis.linux.NativeMemory;
import anubis.linux.UdpAddress;
import anubis.linux.UdpMessage;
import anubis.linux.UdpSocket;
import anubis.protocol.Drop;
import anubis.protocol.Keypair;
import anubis.protocol.Peer;
import anubis.protocol.Transport;
import anubis.protocol.WireGuard;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Seals packets into one dense buffer, as long as they go to one endpoint under one keypair and are of one size, and
 * hands them to the kernel with one call (UDP_SEGMENT). Confined to one worker.
 */
final class Sender {
    private static final int SEGMENTS_MAX = 64;
    /** What fits into one IPv4 datagram, which is what the kernel counts before it segments. */
    private static final int LENGTH_MAX = 65_507;

    private final WireGuard wireGuard;
    private final Transport transport;
    final MemorySegment buffer = NativeMemory.allocate(LENGTH_MAX);
    private final UdpMessage message = new UdpMessage();
    private final int worker;
    /** The sockets to send through. */
    @Nullable
    Binding binding;

    // The run gathered so far.
    private @Nullable Keypair keypair;
    private @Nullable NetworkEndpoint endpoint;
    private int trafficClass;
    private int segmentSize;
    private int segments;
    private int length;
    private boolean ended;

    Sender(WireGuard wireGuard, Transport transport, int worker) {
        this.wireGuard = wireGuard;
        this.transport = transport;
        this.worker = worker;
    }

    /**
     * Seals one packet into the run, or sends the run and begins another with it. The packet may be padded behind its
     * end.
     *
     * @return false if the keypair can seal no more: the packet is then to be staged
     */
    boolean add(
            Keypair keypair,
            NetworkEndpoint to,
            int trafficClass,
            MemorySegment from,
            long offset,
            int packetLength,
            long now) {
        int padded = Transport.padded(packetLength, wireGuard.mtu());
        int size = padded + Transport.OVERHEAD;
        if (size > LENGTH_MAX) {
            wireGuard.drop(keypair.peer(), Drop.NETWORK_SEND_FAILED, 1); // No datagram can carry it.
            return true;
        }
        if (segments > 0
                && (ended
                        || size > segmentSize
                        || length + size > LENGTH_MAX
                        || segments == SEGMENTS_MAX
                        || keypair != this.keypair
                        || !to.equals(endpoint)
                        || trafficClass != this.trafficClass)) {
            flush(now);
        }
        long counter = keypair.reserve(1);
        if (counter == Keypair.EXHAUSTED
                || transport.seal(keypair, counter, from, offset, packetLength, padded, buffer, length) == 0) {
            return false;
        }
        if (segments == 0) {
            this.keypair = keypair;
            this.endpoint = to;
            this.trafficClass = trafficClass;
            segmentSize = size;
        }
        ended = size < segmentSize;
        segments++;
        length += size;
        return true;
    }

    /** Sends what has been gathered. */
    void flush(long now) {
        Keypair sealedWith = keypair;
        NetworkEndpoint to = endpoint;
        if (segments == 0 || sealedWith == null || to == null) {
            return;
        }
        Peer peer = sealedWith.peer();
        int sent = send(peer, to);
        if (sent > 0) {
            peer.sent(sealedWith, sent, true, now);
        }
        segments = 0;
        length = 0;
        keypair = null;
        endpoint = null;
    }

    /** Sends the run, as one or, where this network cannot, one by one; returns the bytes that the network took. */
    private int send(Peer peer, NetworkEndpoint to) {
        UdpAddress address = to.udp();
        Binding bound = binding;
        UdpSocket socket = bound == null ? null : bound.socket(address.family(), worker);
        if (socket == null) {
            wireGuard.drop(peer, Drop.NETWORK_SEND_FAILED, segments);
            return 0;
        }
        message.to(address).trafficClass(trafficClass);
        if (segments > 1 && socket.segmentation()) {
            int result = send(socket, 0, length, segmentSize);
            if (result >= 0) {
                return length;
            }
            if (result == -Errno.EAGAIN) {
                wireGuard.drop(peer, Drop.NETWORK_SEND_FAILED, segments);
                return 0;
            }
        }
        int taken = 0;
        boolean sourced = address.interfaceIndex() != 0;
        for (int offset = 0; offset < length; offset += segmentSize) {
            int size = Math.min(segmentSize, length - offset);
            int result = send(socket, offset, size, 0);
            if (sourced && isSourceGone(result)) {
                // Roaming: the address we were reached at is gone. The kernel shall choose.
                sourced = false;
                peer.replaceEndpoint(to, to.withoutSource());
                message.to(address.withoutSource());
                result = send(socket, offset, size, 0);
            }
            if (result >= 0) {
                taken += size;
            } else {
                wireGuard.drop(peer, Drop.NETWORK_SEND_FAILED, 1);
            }
        }
        return taken;
    }

    private int send(UdpSocket socket, int offset, int size, int segmentSize) {
        message.payload(buffer, offset, size).segmentSize(segmentSize);
        return socket.send(message);
    }

    /** Whether a datagram could not be sent perhaps because the local address that it was to be sent from is gone. */
    static boolean isSourceGone(int result) {
        return result == -Errno.EINVAL
                || result == -Errno.ENODEV
                || result == -Errno.EADDRNOTAVAIL
                || result == -Errno.ENETUNREACH;
    }
}
