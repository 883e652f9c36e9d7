package anubis.device;

import anubis.linux.Clock;
import anubis.linux.Epoll;
import anubis.linux.ErrnoException;
import anubis.linux.EventFd;
import anubis.linux.LinkMonitor;
import anubis.linux.UdpMessage;
import anubis.linux.UdpSocket;
import anubis.protocol.Drop;
import anubis.protocol.Endpoint;
import anubis.protocol.WireGuard;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * The thread for all that is not transport data: handshake messages, of which a bounded number may wait, so that nobody's
 * X25519 delays data; the peers' timers; and the state of the interface.
 */
final class Control implements Runnable, AutoCloseable {
    private static final int QUEUE_MAX = 4096;
    private static final int UNDER_LOAD = QUEUE_MAX / 8;
    private static final long SECOND = 1_000_000_000L;
    private static final long MILLISECOND = 1_000_000L;
    private static final long SLEEP_MAX = 10 * SECOND;
    /** Longer than any handshake message: what is longer is malformed, and its length shows it. */
    private static final int MESSAGE_MAX = 192;
    /** Messages looked at before timers and the interface have their turn. */
    private static final int BUDGET = 16;

    private static final int WAKE = 0;
    private static final int LINK = 1;
    /** DS field AF41 of handshake messages, as Linux sends them. */
    private static final int PRECEDENCE = 0x88;

    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    private record Message(byte[] bytes, NetworkEndpoint source) {}

    private final Device device;
    private final Epoll epoll;
    private final EventFd wake;
    private final LinkMonitor links;
    private final ArrayBlockingQueue<Message> queue = new ArrayBlockingQueue<>(QUEUE_MAX);
    private final UdpMessage out = new UdpMessage();
    private volatile boolean waiting;
    private volatile boolean stopped;
    private long underLoadUntil = Long.MIN_VALUE;

    Control(Device device) throws ErrnoException {
        this.device = device;
        this.epoll = Epoll.open();
        this.wake = EventFd.open();
        this.links = LinkMonitor.open();
        epoll.add(wake.fd(), Epoll.IN, WAKE);
        epoll.add(links.fd(), Epoll.IN, LINK);
    }

    /** Takes what is no transport data from a worker. Never blocks. */
    void offer(MemorySegment segment, long offset, int length, UdpMessage received) {
        if (length > MESSAGE_MAX || length < Integer.BYTES) {
            device.wireGuard().drop(null, Drop.MALFORMED, 1);
            return;
        }
        byte[] bytes = new byte[length];
        MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, offset, bytes, 0, length);
        if (queue.offer(new Message(bytes, new NetworkEndpoint(received.source())))) {
            wakeIfWaiting();
        } else {
            device.wireGuard().drop(null, Drop.HANDSHAKE_QUEUE_FULL, 1);
        }
    }

    void stop() {
        stopped = true;
        wake.signal();
    }

    /** The fences of the two volatile accesses make sure that one of both sides sees what the other has done. */
    void wakeIfWaiting() {
        if (waiting) {
            waiting = false;
            wake.signal();
        }
    }

    @Override
    public void run() {
        device.look();
        while (!stopped) {
            waiting = true;
            int events = epoll.await(queue.isEmpty() ? timeout() : 0);
            waiting = false;
            for (int i = 0; i < events; i++) {
                if (epoll.token(i) == LINK) {
                    device.linksChanged(links.poll());
                } else {
                    wake.drain();
                }
            }
            device.poll();
            messages();
            device.wireGuard().onDeadline(Clock.boottime(), this::toNetwork);
        }
    }

    /** Milliseconds to the next deadline, rounded up. */
    private int timeout() {
        long next = Math.min(device.pollAt(), device.wireGuard().nextDeadline());
        if (next == Long.MAX_VALUE) {
            return -1;
        }
        // Not for long: epoll's clock stands still while the machine sleeps, and that of the deadlines does not.
        long left = Math.clamp(next - Clock.boottime(), 0, SLEEP_MAX);
        return (int) ((left + MILLISECOND - 1) / MILLISECOND);
    }

    private void messages() {
        WireGuard wireGuard = device.wireGuard();
        for (int i = 0; i < BUDGET; i++) {
            int waitingMessages = queue.size();
            Message message = queue.poll();
            if (message == null) {
                return;
            }
            long now = Clock.boottime();
            if (waitingMessages > UNDER_LOAD) {
                underLoadUntil = now + SECOND;
            }
            if (wireGuard.isUp()) {
                wireGuard.receive(message.bytes(), message.source(), now < underLoadUntil, now, this::toNetwork);
            } else {
                wireGuard.drop(null, Drop.INTERFACE_DOWN, 1);
            }
        }
    }

    private boolean toNetwork(Endpoint to, MemorySegment datagram, int length, boolean handshake) {
        Binding binding = device.binding();
        if (binding == null || !(to instanceof NetworkEndpoint endpoint)) {
            return false;
        }
        out.payload(datagram, 0, length).segmentSize(0).trafficClass(handshake ? PRECEDENCE : 0);
        synchronized (binding) {
            UdpSocket socket = binding.socket(endpoint.udp().family(), 0);
            if (socket == null || binding.closed()) {
                return false;
            }
            int result = socket.send(out.to(endpoint.udp()));
            if (Sender.isSourceGone(result)) {
                result = socket.send(out.to(endpoint.udp().withoutSource()));
            }
            return result >= 0;
        }
    }

    @Override
    public void close() {
        epoll.close();
        wake.close();
        links.close();
    }
}
