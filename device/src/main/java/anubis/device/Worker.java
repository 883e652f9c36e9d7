package anubis.device;

import anubis.linux.Clock;
import anubis.linux.Epoll;
import anubis.linux.Errno;
import anubis.linux.ErrnoException;
import anubis.linux.EventFd;
import anubis.linux.Family;
import anubis.linux.NativeMemory;
import anubis.linux.Tun;
import anubis.linux.UdpMessage;
import anubis.linux.UdpSocket;
import anubis.protocol.Drop;
import anubis.protocol.Keypair;
import anubis.protocol.Peer;
import anubis.protocol.Transport;
import anubis.protocol.WireGuard;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Moves packets between one queue of the interface and one pair of sockets, each batch to completion: what it reads, it
 * seals and sends before it reads more. Handshake messages alone go to the {@link Control} thread.
 */
final class Worker implements Runnable, AutoCloseable {
    private static final int TUNNEL = 0;
    private static final int IPV4 = 1;
    private static final int IPV6 = 2;
    private static final int WAKE = 3;

    private static final int DATAGRAM_MAX = 65_535;
    /** Datagrams are gathered until the next might not fit. */
    private static final int RECEIVE_BUFFER = 4 * 65_536;

    private static final int TUNNEL_READ_MAX = Virtio.HEADER + 65_535;
    /** Reads of the interface, or calls to receive, before the other direction has its turn. */
    private static final int BUDGET = 64;

    private final Device device;
    private final WireGuard wireGuard;
    private final Control control;
    private final int number;
    private final Tun tun;
    private final Epoll epoll;
    private final EventFd wake;
    private final Transport transport;
    private final Sender sender;
    private final MemorySegment tunnelBuffer = NativeMemory.allocate(TUNNEL_READ_MAX + Splitter.ROOM_BEHIND);
    private final Splitter splitter = new Splitter(tunnelBuffer);
    private final MemorySegment networkBuffer = NativeMemory.allocate(RECEIVE_BUFFER);
    private final UdpMessage message = new UdpMessage();
    private final Coalescer coalescer;
    private volatile boolean stopped;
    private @Nullable Binding binding;

    // The datagrams received from one keypair's peer since its timers were last told.
    private @Nullable Keypair receivedWith;
    private long receivedBytes;
    private boolean receivedPayload;

    Worker(Device device, Control control, int number, Tun tun) throws ErrnoException {
        this.device = device;
        this.wireGuard = device.wireGuard();
        this.control = control;
        this.number = number;
        this.tun = tun;
        this.epoll = Epoll.open();
        this.wake = EventFd.open();
        this.transport = new Transport(wireGuard);
        this.sender = new Sender(wireGuard, transport, number);
        this.coalescer = new Coalescer(
                tun::writev,
                (peer, packets) -> wireGuard.drop(peer, Drop.TUNNEL_WRITE_FAILED, packets),
                tun.udpSegmentation());
        epoll.add(wake.fd(), Epoll.IN, WAKE);
        epoll.add(tun.fd(), Epoll.IN, TUNNEL);
    }

    /** Makes the worker look at the device's binding, or stop. Any thread. */
    void wake() {
        wake.signal();
    }

    void stop() {
        stopped = true;
        wake();
    }

    @Override
    public void run() {
        while (!stopped) {
            int events = epoll.await(0);
            if (events == 0) {
                transport.forget();
                events = epoll.await(-1);
            }
            for (int i = 0; i < events; i++) {
                turn(epoll.token(i), epoll.events(i));
            }
        }
        transport.forget();
        NativeMemory.giveBack(sender.buffer, tunnelBuffer, networkBuffer);
    }

    private void turn(int token, int events) {
        switch (token) {
            case TUNNEL -> fromTunnel();
            case IPV4 -> fromNetwork(Family.IPV4, events);
            case IPV6 -> fromNetwork(Family.IPV6, events);
            default -> {
                wake.drain();
                rebind();
            }
        }
    }

    /** Changes to the sockets that are in force, so that the old ones can be closed. */
    private void rebind() {
        Binding wanted = device.binding();
        if (wanted == binding) {
            device.bound();
            return;
        }
        for (Family family : Family.values()) {
            UdpSocket old = binding == null ? null : binding.socket(family, number);
            UdpSocket fresh = wanted == null ? null : wanted.socket(family, number);
            if (old != null) {
                epoll.remove(old.fd());
                old.refuse();
            }
            if (fresh != null) {
                try {
                    epoll.add(fresh.fd(), Epoll.IN, family == Family.IPV4 ? IPV4 : IPV6);
                } catch (ErrnoException e) {
                    device.fail(e);
                }
            }
            while (old != null && receiveSome(old)) {
                // What came before is nowhere else.
            }
        }
        binding = wanted;
        sender.binding = wanted;
        device.bound();
    }

    // From the tunnel to the network.

    private void fromTunnel() {
        long now = Clock.boottime();
        for (int i = 0; i < BUDGET; i++) {
            int length = tun.read(tunnelBuffer, 0, TUNNEL_READ_MAX);
            if (length < 0) {
                if (length != -Errno.EAGAIN) {
                    tunnelFailed(length);
                }
                break;
            }
            send(length, now);
        }
        sender.flush(now);
    }

    /** The interface is gone, or down: then it is no more readable until it is up. */
    private void tunnelFailed(int result) {
        if (result == -Errno.EBADFD) {
            epoll.remove(tun.fd());
            device.end();
        }
    }

    private void send(int length, long now) {
        int packet = splitter.start(0, length) ? splitter.next() : 0;
        if (packet == 0) {
            wireGuard.drop(null, Drop.NOT_IP, 1);
            return;
        }
        // All packets of a super-packet have one destination.
        Peer peer = wireGuard.allowedIps().destination(tunnelBuffer, splitter.offset());
        if (peer == null) {
            wireGuard.drop(null, Drop.NO_ROUTE, remaining());
            return;
        }
        if (!(peer.currentEndpoint() instanceof NetworkEndpoint to)) {
            wireGuard.drop(peer, Drop.NO_ENDPOINT, remaining());
            return;
        }
        // RFC 6040, section 4.1: all else stays inside.
        int trafficClass = Packets.ecn(tunnelBuffer, splitter.offset());
        Keypair keypair = peer.sendingKeypair(now);
        for (; packet > 0; packet = splitter.next()) {
            if (keypair == null
                    || !sender.add(keypair, to, trafficClass, tunnelBuffer, splitter.offset(), packet, now)) {
                byte[] copy = new byte[packet];
                MemorySegment.copy(tunnelBuffer, ValueLayout.JAVA_BYTE, splitter.offset(), copy, 0, packet);
                peer.stage(copy, now);
            }
        }
    }

    /** How many packets are left in the super-packet, the present one included. */
    private int remaining() {
        int count = 1;
        while (splitter.next() > 0) {
            count++;
        }
        return count;
    }

    // From the network to the tunnel.

    private void fromNetwork(Family family, int events) {
        UdpSocket socket = binding == null ? null : binding.socket(family, number);
        if (socket == null) {
            return;
        }
        if ((events & Epoll.ERR) != 0) {
            socket.pendingError();
        }
        receiveSome(socket);
    }

    /** Receives until nothing is left, or the other direction should have its turn: then true. */
    private boolean receiveSome(UdpSocket socket) {
        long now = Clock.boottime();
        int used = 0;
        int length = 0;
        for (int i = 0; i < BUDGET; i++) {
            length = socket.receive(message.payload(networkBuffer, used, DATAGRAM_MAX));
            if (length < 0) {
                break;
            }
            receive(used, length, now);
            used += length + 15 & -16;
            if (used > RECEIVE_BUFFER - DATAGRAM_MAX) {
                coalescer.flush();
                used = 0;
            }
        }
        coalescer.flush();
        return length >= 0;
    }

    /** Takes apart what one call received: datagrams of one source, all of one size but for the last. */
    private void receive(int offset, int length, long now) {
        int told = message.receivedSegmentSize();
        int segmentSize = told > 0 ? told : Math.max(length, 1);
        if (message.controlTruncated()) {
            // The kernel tells the size first; where that was lost too, they count as one.
            wireGuard.drop(null, Drop.CONTROL_TRUNCATED, Math.max(1, Math.ceilDiv(length, segmentSize)));
            return;
        }
        int trafficClass = message.receivedTrafficClass();
        int end = offset + length;
        for (int at = offset; at < end; at += segmentSize) {
            receiveOne(at, Math.min(segmentSize, end - at), trafficClass, now);
        }
        if (length == 0) {
            wireGuard.drop(null, Drop.MALFORMED, 1);
        }
        tellReceived(now);
    }

    private void receiveOne(int offset, int length, int trafficClass, long now) {
        if (!Transport.isTransport(networkBuffer, offset, length)) {
            control.offer(networkBuffer, offset, length, message);
            return;
        }
        int packet = transport.open(networkBuffer, offset, length, now);
        if (packet == Transport.DROPPED) {
            return;
        }
        Keypair keypair = transport.keypair();
        if (keypair != receivedWith) {
            tellReceived(now);
            receivedWith = keypair;
        }
        receivedBytes += length;
        receivedPayload |= length > Transport.OVERHEAD;
        if (packet > 0) {
            int at = offset + Transport.DATA;
            if (trafficClass <= 0 || markCongestion(at, trafficClass)) {
                coalescer.add(keypair.peer(), networkBuffer, at, packet);
            } else {
                wireGuard.drop(keypair.peer(), Drop.CONGESTION_MARK_LOST, 1);
            }
        }
    }

    /** Copies the network's congestion mark inside (RFC 6040); false if the packet must be dropped. */
    private boolean markCongestion(long at, int trafficClass) {
        int inner = Packets.ecn(networkBuffer, at);
        int ecn = Packets.ecnDecapsulate(inner, trafficClass);
        if (ecn >= 0 && ecn != inner) {
            Packets.ecn(networkBuffer, at, ecn);
        }
        return ecn >= 0;
    }

    /** Tells the peer's timers, once for many datagrams, and where the peer now is. */
    private void tellReceived(long now) {
        Keypair keypair = receivedWith;
        if (keypair == null) {
            return;
        }
        Peer peer = keypair.peer();
        if (!(peer.currentEndpoint() instanceof NetworkEndpoint known && message.isFrom(known.udp()))) {
            peer.endpoint(new NetworkEndpoint(message.source()));
        }
        peer.received(keypair, receivedBytes, receivedPayload, now);
        receivedWith = null;
        receivedBytes = 0;
        receivedPayload = false;
    }

    @Override
    public void close() {
        epoll.close();
        wake.close();
        tun.close();
    }
}
