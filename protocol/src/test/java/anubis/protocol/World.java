package anubis.protocol;

import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.Predicate;

/**
 * Hosts with a WireGuard interface each, a clock turned by hand, and a network that loses, repeats, reorders and delays
 * as seeded dice fall. Time begins at 0, as on a machine that has just started. Confined to one thread.
 */
final class World {
    static final long MILLISECOND = 1_000_000L;
    static final long SECOND = 1_000 * MILLISECOND;
    /** How long a datagram travels, unless the dice say otherwise. */
    static final long DELAY = 10 * MILLISECOND;

    private static final int MTU = 1420;
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    /** Every datagram sent, lost or not, until {@link #forgetWire}. */
    final List<Datagram> wire = new ArrayList<>();
    /** What the network carries; the rest is lost. */
    Predicate<Datagram> carries = datagram -> true;

    double loss;
    double repetition;
    /** Up to so many nanoseconds are added to {@link #DELAY}, which reorders. */
    long spread;

    boolean recording = true;
    /** Of the hosts to come. */
    Primitives primitives = Primitives.get();

    private final Random dice;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final Map<Address, Host> hosts = new HashMap<>();
    private long order;
    private long now;

    World() {
        this(0);
    }

    World(long seed) {
        dice = new Random(seed);
    }

    private record Event(long at, long order, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(order, other.order);
        }
    }

    /** An endpoint. {@code sourced} says whether it remembers the local address that it was reached from. */
    record Address(int ip, int port, boolean sourced) implements Endpoint {
        @Override
        public byte[] address() {
            return ByteBuffer.allocate(4).putInt(ip).array();
        }

        @Override
        public Address withoutSource() {
            return new Address(ip, port, false);
        }
    }

    /** A datagram on its way; {@code from} is its source as the receiver sees it. */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    record Datagram(long at, Host sender, Address from, Address to, byte[] bytes) {
        int type() {
            return bytes[0];
        }

        boolean isHandshake() {
            return type() != Messages.TYPE_TRANSPORT;
        }

        boolean isKeepalive() {
            return type() == Messages.TYPE_TRANSPORT && bytes.length == Transport.OVERHEAD;
        }

        boolean isData() {
            return type() == Messages.TYPE_TRANSPORT && !isKeepalive();
        }

        long counter() {
            return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(Messages.TRANSPORT_COUNTER);
        }

        int index(int offset) {
            return Messages.intAt(bytes, offset);
        }
    }

    long now() {
        return now;
    }

    /** Hosts are numbered from 1 on: 192.0.2.n outside, 10.0.0.n inside. */
    Host host(int number) {
        return new Host(number);
    }

    /** Two hosts that have each other as peers and know where the other one is. */
    static void introduce(Host a, Host b) {
        a.befriend(b).endpoint(b.address);
        b.befriend(a).endpoint(a.address);
    }

    /** Lets so much time pass, and do what falls due. */
    void run(long duration) {
        runUntil(now + duration);
    }

    void runUntil(long end) {
        for (Event next = events.peek(); next != null && next.at <= end; next = events.peek()) {
            events.poll();
            now = Math.max(now, next.at);
            next.action.run();
        }
        now = end;
    }

    /** The machines are suspended: time passes and nothing is done until they wake. */
    void sleep(long duration) {
        now += duration;
    }

    void at(long time, Runnable action) {
        events.add(new Event(Math.max(time, now), order++, action));
    }

    int waitingEvents() {
        return events.size();
    }

    void forgetWire() {
        wire.clear();
    }

    List<Datagram> sentBy(Host host, int type) {
        return wire.stream()
                .filter(datagram -> datagram.sender == host && datagram.type() == type)
                .toList();
    }

    List<Datagram> keepalivesBy(Host host) {
        return wire.stream()
                .filter(datagram -> datagram.sender == host && datagram.isKeepalive())
                .toList();
    }

    /** Delivers a datagram, or whatever an attacker has made of one. */
    void inject(byte[] bytes, Address from, Host to) {
        to.receive(bytes, from);
    }

    private void send(Host sender, Address to, byte[] bytes) {
        Datagram datagram = new Datagram(now, sender, sender.address, to, bytes);
        if (recording) {
            wire.add(datagram);
        }
        if (!carries.test(datagram)) {
            return;
        }
        for (int copies = dice.nextDouble() < repetition ? 2 : 1; copies > 0; copies--) {
            if (dice.nextDouble() >= loss) {
                long delay = DELAY + (spread == 0 ? 0 : dice.nextLong(spread));
                at(now + delay, () -> arrive(datagram));
            }
        }
    }

    private void arrive(Datagram datagram) {
        Host receiver = hosts.get(datagram.to.withoutSource());
        if (receiver != null) {
            receiver.receive(datagram.bytes, datagram.from);
        }
    }

    /** A host: an interface, and the data path as a device has it. */
    final class Host implements Sink {
        final int number;
        final PrivateKey key;
        final WireGuard wireGuard;
        /** The numbers of the packets that came out of the tunnel, in order. */
        final List<Long> delivered = new ArrayList<>();

        Address address;
        boolean underLoad;
        /** How far the wall clock is off, in ns. */
        long clockError;

        /** The last 32 bytes of randomness that were asked for in one piece: an ephemeral private key. */
        byte[] lastScalar = {};
        /** All of them, as long as they are not wiped. */
        final List<byte[]> scalars = new ArrayList<>();

        private long armedFor = Long.MAX_VALUE;
        private final PublicKey publicKey;
        private final Random random;
        private final Transport transport;
        private final MemorySegment buffer = Arena.ofAuto().allocate(2L * 65_536, 64);
        private final MemorySegment out = Arena.ofAuto().allocate(65_536 + 64, 64);

        private Host(int number) {
            this.number = number;
            this.random = new Random(dice.nextLong());
            this.key = PrivateKey.generate(random);
            this.publicKey = key.publicKey(Primitives.get());
            this.wireGuard = new WireGuard(primitives, this::draw, this::wallClock, this::wallClock, this::arm);
            this.transport = new Transport(wireGuard);
            wireGuard.mtu(MTU);
            wireGuard.privateKey(key);
            wireGuard.up(now);
            moveTo(0xc000_0200 + number, 51_820);
        }

        private void draw(byte[] bytes) {
            random.nextBytes(bytes);
            if (bytes.length == Primitives.KEY_LENGTH) {
                lastScalar = bytes.clone();
                scalars.add(bytes);
            }
        }

        Instant wallClock() {
            return START.plusNanos(now + clockError);
        }

        PublicKey publicKey() {
            return publicKey;
        }

        /** Takes another address, as after a change of network. */
        void moveTo(int ip, int port) {
            hosts.values().remove(this);
            address = new Address(ip, port, true);
            hosts.put(address.withoutSource(), this);
        }

        int innerAddress() {
            return 0x0a00_0000 + number;
        }

        /** Adds the other host as a peer, with its inner address, and without its endpoint. */
        Peer befriend(Host other) {
            Peer peer = wireGuard.addPeer(other.publicKey()).orElseThrow();
            wireGuard.allowedIps().insert(new Prefix(false, 0, other.innerAddress(), 32), peer);
            return peer;
        }

        Peer peer(Host other) {
            return wireGuard.peer(other.publicKey()).orElseThrow();
        }

        Keypair keypair(Host other) {
            Keypair keypair = peer(other).sendingKeypair(now);
            if (keypair == null) {
                throw new AssertionError("no keypair to send with");
            }
            return keypair;
        }

        boolean canSend(Host other) {
            return peer(other).sendingKeypair(now) != null;
        }

        PendingHandshake pending(int index) {
            return (PendingHandshake) Objects.requireNonNull(wireGuard.indices.lookup(index));
        }

        Identity identity() {
            return Objects.requireNonNull(wireGuard.identity());
        }

        int indices() {
            return wireGuard.indices.size();
        }

        /** Where the other host is, as this one believes; compares without regard to our own address. */
        Address endpoint(Host other) {
            return whereIs(peer(other)).withoutSource();
        }

        long drops(Drop reason) {
            return wireGuard.drops().of(reason);
        }

        // From the tunnel to the network.

        /** Sends a numbered packet of 60 bytes. */
        void send(Host to, long id) {
            sendPacket(packet(this, to, id, 60));
        }

        void sendPacket(byte[] packet) {
            int length = packet.length;
            MemorySegment.copy(packet, 0, buffer, ValueLayout.JAVA_BYTE, 0, length);
            Peer peer = wireGuard.allowedIps().destination(buffer, 0);
            if (peer == null || peer.currentEndpoint() == null) {
                wireGuard.drop(peer, peer == null ? Drop.NO_ROUTE : Drop.NO_ENDPOINT, 1);
                return;
            }
            Keypair keypair = peer.sendingKeypair(now);
            long counter = keypair == null ? Keypair.EXHAUSTED : keypair.reserve(1);
            byte[] datagram = keypair == null || counter == Keypair.EXHAUSTED ? null : sealed(keypair, counter, packet);
            if (keypair == null || datagram == null) {
                peer.stage(packet, now);
            } else {
                World.this.send(this, whereIs(peer), datagram);
                peer.sent(keypair, datagram.length, true, now);
            }
        }

        /** The datagram that carries the packet; empty if the keypair's keys are gone. */
        byte[] sealed(Keypair keypair, long counter, byte[] packet) {
            MemorySegment.copy(packet, 0, buffer, ValueLayout.JAVA_BYTE, 0, packet.length);
            int padded = Transport.padded(packet.length, wireGuard.mtu());
            int length = transport.seal(keypair, counter, buffer, 0, packet.length, padded, out, 0);
            return out.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
        }

        // From the network to the tunnel.

        void receive(byte[] bytes, Address from) {
            MemorySegment.copy(bytes, 0, buffer, ValueLayout.JAVA_BYTE, 0, bytes.length);
            if (!Transport.isTransport(buffer, 0, bytes.length)) {
                wireGuard.receive(bytes, from, underLoad, now, this);
                return;
            }
            int packet = transport.open(buffer, 0, bytes.length, now);
            if (packet == Transport.DROPPED) {
                return;
            }
            Keypair keypair = transport.keypair();
            keypair.peer().endpoint(from);
            keypair.peer().received(keypair, bytes.length, bytes.length > Transport.OVERHEAD, now);
            if (packet > 0) {
                byte[] inner = buffer.asSlice(Transport.DATA, packet).toArray(ValueLayout.JAVA_BYTE);
                delivered.add(ByteBuffer.wrap(inner).getLong(20));
                if (!Arrays.equals(inner, 28, packet, new byte[packet - 28], 0, packet - 28)) {
                    throw new AssertionError("a packet came out other than it went in");
                }
            }
        }

        /** Has the machine called at its next deadline, unless it will be called before. */
        private void arm() {
            long at = wireGuard.nextDeadline();
            if (at < armedFor) {
                armedFor = at;
                World.this.at(at, () -> {
                    if (armedFor == at) {
                        armedFor = Long.MAX_VALUE;
                        wireGuard.onDeadline(now, this);
                        arm();
                    }
                });
            }
        }

        @Override
        public boolean toNetwork(Endpoint to, MemorySegment datagram, int length, boolean handshake) {
            World.this.send(this, (Address) to, datagram.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
            return true;
        }

        @Override
        public String toString() {
            return "host " + number;
        }
    }

    /** Where a peer is, with our own address if that is remembered. */
    static Address whereIs(Peer peer) {
        return (Address) Objects.requireNonNull(peer.currentEndpoint());
    }

    static byte[] packet(Host from, Host to, long id, int length) {
        return packet(from.innerAddress(), to.innerAddress(), id, length);
    }

    /** An IPv4 packet whose payload begins with a number of 64 bits and else is zero. At least 28 bytes. */
    static byte[] packet(int from, int to, long id, int length) {
        return ByteBuffer.allocate(length)
                .put(0, (byte) 0x45)
                .putShort(2, (short) length)
                .putInt(12, from)
                .putInt(16, to)
                .putLong(20, id)
                .array();
    }
}
