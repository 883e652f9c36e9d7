package anubis.gate;

import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.device.NetworkEndpoint;
import anubis.linux.Clock;
import anubis.linux.Epoll;
import anubis.linux.Errno;
import anubis.linux.ErrnoException;
import anubis.linux.EventFd;
import anubis.linux.Family;
import anubis.linux.NativeMemory;
import anubis.linux.UdpAddress;
import anubis.linux.UdpMessage;
import anubis.linux.UdpSocket;
import anubis.protocol.Drop;
import anubis.protocol.Endpoint;
import anubis.protocol.Keypair;
import anubis.protocol.Peer;
import anubis.protocol.Prefix;
import anubis.protocol.Transport;
import anubis.protocol.WireGuard;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A WireGuard without an interface: what its peers send ends in this process, and nothing but requests of the gate and
 * their replies can be in it. All of it, and whatever it calls, runs on one thread; other threads give it work by
 * {@link #execute}.
 */
public final class GateTunnel implements AutoCloseable {
    private static final int IPV4 = 0;
    private static final int IPV6 = 1;
    private static final int WAKE = 2;

    private static final int DATAGRAM_MAX = 65_535;
    /** Reads of a socket before the rest has its turn. */
    private static final int BUDGET = 64;
    /** More handshake messages in one turn than this, and initiators must prove where they are (whitepaper, section 5.3). */
    private static final int LOAD = 32;

    private static final long SECOND = 1_000_000_000L;
    private static final long MILLISECOND = 1_000_000L;
    private static final long SLEEP_MAX = 10 * SECOND;
    /** The longest handshake message has 148 bytes; what is longer is none, and its length shows it. */
    private static final int MESSAGE_MAX = 192;
    /** DS field AF41 of handshake messages, as Linux sends them. */
    private static final int PRECEDENCE = 0x88;

    private final PublicKey publicKey;
    private final InetAddress address;
    private final Receiver receiver;
    private final Predicate<PublicKey> admission;
    private final RefusalCounters refusals = new RefusalCounters();
    private final WireGuard wireGuard;
    private final Transport transport;
    private final Map<Family, UdpSocket> sockets = new EnumMap<>(Family.class);
    private final Epoll epoll;
    private final EventFd wake;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final PriorityQueue<Alarm> alarms = new PriorityQueue<>(Comparator.comparingLong(Alarm::at));
    private final MemorySegment incoming = NativeMemory.allocate(DATAGRAM_MAX);
    private final MemorySegment outgoing = NativeMemory.allocate(2 * 1024);
    private final Map<PublicKey, Heard> admitted = new HashMap<>();
    private final UdpMessage in = new UdpMessage();
    private final UdpMessage out = new UdpMessage();
    private final Thread thread;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile @Nullable Throwable fault;
    private volatile boolean stopped;
    private int mark;
    private long underLoadUntil = Long.MIN_VALUE;

    private record Alarm(long at, Runnable task) {}

    /** How many bytes had come from a peer when it was last looked at, and since when it is so many (boot time, ns). */
    private record Heard(long bytes, long since) {}

    /** Takes what comes. On the tunnel's thread. */
    @FunctionalInterface
    public interface Receiver {
        /**
         * Takes a datagram.
         *
         * @param peer which the tunnel has proved
         * @param datagram the payload of a well-formed packet from its gate address
         * @param from where it is now, as text
         */
        void received(PublicKey peer, byte[] datagram, String from);
    }

    /**
     * What a tunnel is made of.
     *
     * @param key the gate key of this end, which is copied
     * @param port UDP, 0 for any
     * @param timestamps the time of our initiations, which a restart should not set back
     */
    public record Setup(PrivateKey key, int port, InstantSource timestamps) {}

    /**
     * Opens a tunnel in the network namespace of this thread.
     *
     * @param admission asked for a key that claims to be an initiator's and is no peer's yet, whether it may be one
     * @throws ErrnoException if there are no sockets to be had, EADDRINUSE above all
     */
    public static GateTunnel open(Setup setup, Predicate<PublicKey> admission, Receiver receiver)
            throws ErrnoException {
        GateTunnel tunnel = new GateTunnel(setup, admission, receiver);
        tunnel.thread.start();
        return tunnel;
    }

    private GateTunnel(Setup setup, Predicate<PublicKey> admission, Receiver receiver) throws ErrnoException {
        Primitives primitives = Primitives.get();
        SecureRandom random = new SecureRandom();
        this.receiver = receiver;
        this.admission = admission;
        this.publicKey = setup.key.publicKey(primitives);
        this.address = GateAddress.of(publicKey, primitives);
        this.epoll = Epoll.open();
        this.wake = EventFd.open();
        try {
            epoll.add(wake.fd(), Epoll.IN, WAKE);
            open(Family.IPV4, setup.port, IPV4);
            open(Family.IPV6, sockets.isEmpty() ? setup.port : port(), IPV6);
            if (sockets.isEmpty()) {
                throw new ErrnoException("UDP: this host has neither IPv4 nor IPv6", Errno.EAFNOSUPPORT);
            }
        } catch (ErrnoException e) {
            closeSockets();
            throw e;
        }
        this.wireGuard =
                new WireGuard(primitives, random::nextBytes, InstantSource.system(), setup.timestamps, wake::signal);
        wireGuard.privateKey(setup.key);
        wireGuard.newcomers(this::newcomer);
        wireGuard.up(Clock.boottime());
        this.transport = new Transport(wireGuard);
        this.thread = Thread.ofPlatform().name("gate-tunnel").daemon().unstarted(this::run);
    }

    private void open(Family family, int port, int token) throws ErrnoException {
        try {
            UdpSocket socket = UdpSocket.open(family, port, UdpSocket.Sharing.FIRST);
            sockets.put(family, socket);
            epoll.add(socket.fd(), Epoll.IN, token);
        } catch (ErrnoException e) {
            if (e.errno() != Errno.EAFNOSUPPORT) {
                throw e; // else a host with one family only
            }
        }
    }

    public PublicKey publicKey() {
        return publicKey;
    }

    public int port() {
        return sockets.values().iterator().next().port();
    }

    /** How often packets inside the tunnel were refused. */
    public RefusalCounters refusals() {
        return refusals;
    }

    /** Why, and how often, WireGuard has dropped something, as {@code anubis why} names it. */
    public long dropped(Drop reason) {
        return wireGuard.drops().of(reason);
    }

    /** Has the tunnel's thread run {@code task}. Any thread. */
    public void execute(Runnable task) {
        tasks.add(task);
        wake.signal();
    }

    // To be called on the tunnel's thread.

    /** Has {@code task} run after that time, in which a sleep of the machine counts. */
    public void after(Duration time, Runnable task) {
        alarms.add(new Alarm(Clock.boottime() + time.toNanos(), task));
    }

    /**
     * Sets the firewall mark of what is sent, 0 for none.
     *
     * @throws ErrnoException without CAP_NET_ADMIN, if it is another one than before
     */
    public void mark(int wanted) throws ErrnoException {
        if (wanted != mark) {
            for (UdpSocket socket : sockets.values()) {
                socket.mark(wanted);
            }
            mark = wanted;
        }
    }

    /** Makes a peer of a key, if it is none, and tells where it is. Its host must be an address. */
    public void peer(PublicKey key, InetSocketAddress at) {
        add(key);
        admitted.remove(key);
        wireGuard
                .peer(key)
                .ifPresent(peer -> peer.endpoint(
                        new NetworkEndpoint(new UdpAddress(at.getAddress().getAddress(), at.getPort(), 0))));
    }

    /**
     * Forgets the keys negotiated with a peer, so that what is sent next begins with a handshake: the other end may have
     * forgotten them, and WireGuard finds that out after 15 s only.
     */
    public void shakeHandsAnew(PublicKey key) {
        wireGuard.peer(key).ifPresent(peer -> {
            Endpoint endpoint = peer.currentEndpoint();
            int keepalive = peer.persistentKeepalive();
            wireGuard.removePeer(key);
            add(key);
            if (endpoint != null) {
                wireGuard.peer(key).ifPresent(again -> again.endpoint(endpoint));
            }
            keepalive(key, keepalive);
        });
    }

    /** Has something sent to a peer each so many seconds, that a NAT on the way remembers us; 0 for nothing. */
    public void keepalive(PublicKey key, int seconds) {
        wireGuard.peer(key).ifPresent(peer -> {
            if (peer.persistentKeepalive() != seconds) {
                peer.persistentKeepalive(seconds, Clock.boottime());
            }
        });
    }

    /** Forgets a peer and all keys negotiated with it: from now on it is a stranger, unless {@code admission} says otherwise. */
    public void forget(PublicKey key) {
        admitted.remove(key);
        wireGuard.removePeer(key);
    }

    /**
     * Forgets those that have been admitted and are silent: who comes again is admitted again. That no record is left of the
     * timestamps of their initiations is as after a restart: one that is replayed has no session to disturb (whitepaper,
     * section 5.1).
     *
     * @param since from one call of this to another, with nothing heard between
     * @param but who is to stay
     */
    void forgetSilent(Duration since, Predicate<PublicKey> but) {
        long now = Clock.boottime();
        for (Map.Entry<PublicKey, Heard> each : List.copyOf(admitted.entrySet())) {
            PublicKey key = each.getKey();
            long bytes = wireGuard.peer(key).map(Peer::receivedBytes).orElse(0L);
            if (bytes != each.getValue().bytes) {
                admitted.put(key, new Heard(bytes, now));
            } else if (now - each.getValue().since >= since.toNanos() && !but.test(key)) {
                forget(key);
            }
        }
    }

    /** The keys of all peers: those that were told of, and those that have been admitted. Any thread. */
    public List<PublicKey> keys() {
        return wireGuard.peers().stream().map(Peer::publicKey).toList();
    }

    /** Sends a datagram, at once or after the handshake that this begins. Does nothing if nobody knows where the peer is. */
    public void send(PublicKey to, byte[] datagram) {
        Peer peer = wireGuard.peer(to).orElse(null);
        if (peer == null || peer.currentEndpoint() == null) {
            return;
        }
        byte[] packet = InnerUdp.build(address, GateAddress.of(to, Primitives.get()), datagram);
        long now = Clock.boottime();
        Keypair keypair = peer.sendingKeypair(now);
        long counter = keypair == null ? Keypair.EXHAUSTED : keypair.reserve(1);
        if (keypair == null || counter == Keypair.EXHAUSTED) {
            peer.stage(packet, now);
            return;
        }
        MemorySegment.copy(packet, 0, outgoing, ValueLayout.JAVA_BYTE, Transport.DATA, packet.length);
        int padded = Transport.padded(packet.length, wireGuard.mtu());
        int length = transport.seal(keypair, counter, outgoing, Transport.DATA, packet.length, padded, outgoing, 0);
        Endpoint endpoint = peer.currentEndpoint();
        if (length > 0 && endpoint != null && toNetwork(endpoint, outgoing, length, false)) {
            peer.sent(keypair, length, true, now);
        } else {
            wireGuard.drop(peer, Drop.NETWORK_SEND_FAILED, 1);
        }
    }

    private void newcomer(PublicKey key) {
        if (admission.test(key)) {
            add(key);
            admitted.put(key, new Heard(0, Clock.boottime()));
        }
    }

    private void add(PublicKey key) {
        wireGuard.addPeer(key).ifPresent(peer -> {
            byte[] gateAddress = GateAddress.of(key, Primitives.get()).getAddress();
            wireGuard.allowedIps().insert(Prefix.of(gateAddress, gateAddress.length * Byte.SIZE), peer);
        });
    }

    // The loop.

    private void run() {
        try {
            loop();
        } catch (RuntimeException | Error e) {
            fault = e; // rather an end than a limping tunnel
        } finally {
            ended.countDown();
        }
    }

    /**
     * Waits until the tunnel has ended.
     *
     * @throws IllegalStateException if it ended because of a fault, which is the cause
     */
    public void awaitEnd() throws InterruptedException {
        ended.await();
        Throwable cause = fault;
        if (cause != null) {
            throw new IllegalStateException("the gate has failed: " + cause, cause);
        }
    }

    /** Whether {@link #awaitEnd} would not wait. */
    public boolean hasEnded() {
        return ended.getCount() == 0;
    }

    private void loop() {
        while (!stopped) {
            int events = epoll.await(tasks.isEmpty() ? timeout() : 0);
            int handshakes = 0;
            for (int i = 0; i < events; i++) {
                switch (epoll.token(i)) {
                    case IPV4 -> handshakes += receive(Family.IPV4, epoll.events(i));
                    case IPV6 -> handshakes += receive(Family.IPV6, epoll.events(i));
                    default -> wake.drain();
                }
            }
            if (handshakes > LOAD) {
                underLoadUntil = Clock.boottime() + SECOND;
            }
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                task.run();
            }
            long now = Clock.boottime();
            while (!alarms.isEmpty() && alarms.peek().at <= now) {
                alarms.remove().task.run();
            }
            wireGuard.onDeadline(now, this::toNetwork);
            transport.forget();
        }
    }

    /** Milliseconds to the next deadline, rounded up. */
    private int timeout() {
        // Not for long: epoll's clock stands still while the machine sleeps, and that of the deadlines does not.
        Alarm alarm = alarms.peek();
        long next = Math.min(wireGuard.nextDeadline(), alarm == null ? Long.MAX_VALUE : alarm.at);
        long left = next == Long.MAX_VALUE ? SLEEP_MAX : Math.clamp(next - Clock.boottime(), 0, SLEEP_MAX);
        return (int) ((left + MILLISECOND - 1) / MILLISECOND);
    }

    /** Receives what is there, up to a limit; returns how many handshake messages were in it. */
    private int receive(Family family, int events) {
        UdpSocket socket = sockets.get(family);
        if (socket == null) {
            return 0;
        }
        if ((events & Epoll.ERR) != 0) {
            socket.pendingError();
        }
        int handshakes = 0;
        long now = Clock.boottime();
        for (int i = 0; i < BUDGET; i++) {
            int length = socket.receive(in.payload(incoming, 0, DATAGRAM_MAX));
            if (length < 0) {
                break;
            }
            if (in.controlTruncated()) {
                wireGuard.drop(null, Drop.CONTROL_TRUNCATED, 1);
                continue;
            }
            // The kernel may have put several together (UDP_GRO), all of one size but for the last.
            int size = in.receivedSegmentSize() > 0 ? in.receivedSegmentSize() : Math.max(length, 1);
            for (int at = 0; at < length; at += size) {
                handshakes += receive(at, Math.min(size, length - at), now);
            }
        }
        return handshakes;
    }

    private int receive(int at, int length, long now) {
        if (!Transport.isTransport(incoming, at, length)) {
            if (length < Integer.BYTES || length > MESSAGE_MAX) {
                wireGuard.drop(null, Drop.MALFORMED, 1);
                return 0;
            }
            byte[] message = new byte[length];
            MemorySegment.copy(incoming, ValueLayout.JAVA_BYTE, at, message, 0, length);
            wireGuard.receive(message, new NetworkEndpoint(in.source()), now < underLoadUntil, now, this::toNetwork);
            return 1;
        }
        int packet = transport.open(incoming, at, length, now);
        if (packet == Transport.DROPPED) {
            return 0;
        }
        Keypair keypair = transport.keypair();
        Peer peer = keypair.peer();
        if (!(peer.currentEndpoint() instanceof NetworkEndpoint known && in.isFrom(known.udp()))) {
            peer.endpoint(new NetworkEndpoint(in.source()));
        }
        peer.received(keypair, length, length > Transport.OVERHEAD, now);
        if (packet > 0) {
            byte[] bytes = new byte[packet];
            MemorySegment.copy(incoming, ValueLayout.JAVA_BYTE, at + Transport.DATA, bytes, 0, packet);
            received(peer, bytes);
        }
        return 0;
    }

    private void received(Peer peer, byte[] packet) {
        PublicKey from = peer.publicKey();
        switch (InnerUdp.parse(packet, GateAddress.of(from, Primitives.get()), address)) {
            case Parsed.Refused<byte[]>(Refusal why) -> refusals.count(why);
            case Parsed.Read<byte[]>(byte[] datagram) ->
                receiver.received(from, datagram, String.valueOf(peer.currentEndpoint()));
        }
    }

    private boolean toNetwork(Endpoint to, MemorySegment datagram, int length, boolean handshake) {
        if (!(to instanceof NetworkEndpoint endpoint)) {
            return false;
        }
        UdpSocket socket = sockets.get(endpoint.udp().family());
        if (socket == null) {
            return false;
        }
        out.payload(datagram, 0, length).segmentSize(0).trafficClass(handshake ? PRECEDENCE : 0);
        int result = socket.send(out.to(endpoint.udp()));
        // The address that the peer wrote to may be gone.
        return result >= 0 || socket.send(out.to(endpoint.udp().withoutSource())) >= 0;
    }

    /** Ends the tunnel, after what it has been given to do; all keys are wiped. */
    @Override
    public void close() {
        execute(() -> stopped = true);
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        wireGuard.down();
        wireGuard.removePeers();
        wireGuard.clearPrivateKey();
        closeSockets();
    }

    private void closeSockets() {
        sockets.values().forEach(UdpSocket::close);
        epoll.close();
        wake.close();
    }
}
