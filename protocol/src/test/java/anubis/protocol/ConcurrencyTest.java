package anubis.protocol;

import static anubis.protocol.World.MILLISECOND;
import static anubis.protocol.World.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import anubis.crypto.PresharedKey;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.protocol.World.Address;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two hosts with threads as a device has them, one for control and two for data, while a third reconfigures them without
 * a break. Afterwards they must find each other again, and leave nothing behind.
 */
class ConcurrencyTest {
    private static final int ROUNDS = 400;
    private static final int LENGTH = 60;
    private static final int QUEUE_MAX = 500;

    private final AtomicLong clock = new AtomicLong();
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final Host a = new Host(1);
    private final Host b = new Host(2);

    private final class Host implements Sink {
        private final int number;
        private final PrivateKey key = PrivateKey.generate(new SecureRandom());
        private final Queue<byte[]> messages = new ConcurrentLinkedQueue<>();
        private final Queue<byte[]> datagrams = new ConcurrentLinkedQueue<>();
        private final AtomicLong delivered = new AtomicLong();
        private final WireGuard wireGuard;

        private Host(int number) {
            this.number = number;
            SecureRandom random = new SecureRandom();
            InstantSource wallClock = () -> Instant.EPOCH.plusNanos(clock.get());
            wireGuard = new WireGuard(Primitives.get(), random::nextBytes, wallClock, wallClock, () -> {});
            wireGuard.privateKey(key);
            wireGuard.up(0);
        }

        private Host other() {
            return this == a ? b : a;
        }

        private int inner() {
            return 0x0a00_0000 + number;
        }

        private void befriend() {
            Peer peer =
                    wireGuard.addPeer(other().key.publicKey(Primitives.get())).orElseThrow();
            wireGuard.allowedIps().insert(new Prefix(false, 0, other().inner(), 32), peer);
            peer.endpoint(new Address(number, 1, true));
        }

        @Override
        public boolean toNetwork(Endpoint to, MemorySegment datagram, int length, boolean handshake) {
            byte[] bytes = datagram.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
            Queue<byte[]> queue = handshake ? other().messages : other().datagrams;
            return queue.size() < QUEUE_MAX && queue.add(bytes);
        }

        private void control() {
            long now = clock.get();
            for (byte[] message = messages.poll(); message != null; message = messages.poll()) {
                wireGuard.receive(message, new Address(other().number, 1, true), false, now, this);
            }
            wireGuard.onDeadline(now, this);
        }
    }

    /** What a worker of a device does, on one thread. */
    private final class Worker {
        private final Host host;
        private final Transport transport;
        private final MemorySegment buffer = Arena.ofAuto().allocate(4096, 64);
        private final MemorySegment out = Arena.ofAuto().allocate(4096, 64);

        private Worker(Host host) {
            this.host = host;
            this.transport = new Transport(host.wireGuard);
        }

        private void send() {
            byte[] packet = World.packet(host.inner(), host.other().inner(), 0, LENGTH);
            MemorySegment.copy(packet, 0, buffer, ValueLayout.JAVA_BYTE, 0, LENGTH);
            Peer peer = host.wireGuard.allowedIps().destination(buffer, 0);
            if (peer == null || peer.currentEndpoint() == null) {
                return;
            }
            long now = clock.get();
            Keypair keypair = peer.sendingKeypair(now);
            long counter = keypair == null ? Keypair.EXHAUSTED : keypair.reserve(1);
            int length = keypair == null || counter == Keypair.EXHAUSTED
                    ? 0
                    : transport.seal(keypair, counter, buffer, 0, LENGTH, Transport.padded(LENGTH, 1420), out, 0);
            if (keypair == null || length == 0) {
                peer.stage(packet, now);
            } else if (host.toNetwork(new Address(0, 0, false), out, length, false)) {
                peer.sent(keypair, length, true, now);
            }
        }

        private void receive() {
            byte[] datagram = host.datagrams.poll();
            if (datagram == null) {
                return;
            }
            long now = clock.get();
            MemorySegment.copy(datagram, 0, buffer, ValueLayout.JAVA_BYTE, 0, datagram.length);
            int packet = transport.open(buffer, 0, datagram.length, now);
            if (packet != Transport.DROPPED) {
                Keypair keypair = transport.keypair();
                keypair.peer().received(keypair, datagram.length, datagram.length > Transport.OVERHEAD, now);
                if (packet > 0) {
                    host.delivered.incrementAndGet();
                }
            }
        }
    }

    private Thread thread(Runnable step) {
        return Thread.ofPlatform().start(() -> {
            try {
                while (!stopped.get()) {
                    step.run();
                    LockSupport.parkNanos(20_000);
                }
            } catch (RuntimeException | Error e) {
                failures.add(e);
            }
        });
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whateverIsReconfiguredTheHostsFindEachOtherAgain(long seed) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (Host host : List.of(a, b)) {
            host.befriend();
            threads.add(thread(host::control));
            for (int i = 0; i < 2; i++) {
                Worker worker = new Worker(host);
                threads.add(thread(() -> {
                    worker.send();
                    worker.receive();
                    worker.receive();
                }));
            }
        }
        threads.add(thread(() -> {
            a.wireGuard.privateKeyBytes();
            a.wireGuard.peers().forEach(Peer::presharedKeyBytes);
        }));
        Random random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            clock.addAndGet(random.nextLong(SECOND));
            reconfigure(random.nextBoolean() ? a : b, random);
            LockSupport.parkNanos(random.nextLong(3 * MILLISECOND));
        }
        stopped.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();

        assertThatTheyTalk();
        for (Host host : List.of(a, b)) {
            assertThat(host.wireGuard.indices.size()).isLessThanOrEqualTo(4);
            host.wireGuard.peers().forEach(peer -> host.wireGuard.removePeer(peer.publicKey()));
            assertThat(host.wireGuard.indices.size()).isZero();
        }
    }

    /** As when a worker learns where a peer is while another, or a timer, forgets the local address. */
    @Test
    void whatIsForgottenOfAnEndpointBringsNoOlderOneBack() throws InterruptedException {
        a.befriend();
        Peer peer = a.wireGuard.peers().iterator().next();
        Thread forgetting = Thread.ofPlatform().start(() -> {
            while (!stopped.get()) {
                Endpoint known = peer.currentEndpoint();
                if (known != null) {
                    peer.replaceEndpoint(known, known.withoutSource());
                }
            }
        });
        for (int ip = 0; ip < 200_000; ip++) {
            peer.endpoint(new Address(ip, 1, true));
            assertThat(World.whereIs(peer).ip()).isEqualTo(ip);
        }
        stopped.set(true);
        forgetting.join();
    }

    /** Or else a persistent keepalive, say, that a packet has just put off would never come. */
    @Test
    void aTimerThatIsSetAtTheMomentItIsDueIsNotLost() throws InterruptedException {
        Timers timers = a.wireGuard.addPeer(b.key.publicKey(Primitives.get())).orElseThrow().timers;
        AtomicLong done = new AtomicLong();
        Thread setting = Thread.ofPlatform().start(() -> {
            for (long now = clock.get(); !stopped.get(); now = clock.get()) {
                if (now > done.get()) {
                    timers.keypairDerived(now);
                    done.set(now);
                }
            }
        });
        for (int round = 1; round <= 20_000 && failures.isEmpty(); round++) {
            long now = clock.addAndGet(1000 * SECOND);
            for (int i = 0; i < round % 50; i++) {
                Thread.onSpinWait();
            }
            timers.expire(now, a);
            while (done.get() < now) {
                Thread.onSpinWait();
            }
            if (!timers.isSet(Timers.FORGET_KEYS)) {
                failures.add(new AssertionError("lost in round " + round));
            }
        }
        stopped.set(true);
        setting.join();
        assertThat(failures).isEmpty();
    }

    private void reconfigure(Host host, Random random) {
        WireGuard wireGuard = host.wireGuard;
        switch (random.nextInt(8)) {
            case 0 -> {
                wireGuard.down();
                LockSupport.parkNanos(random.nextLong(MILLISECOND));
                wireGuard.up(clock.get());
            }
            case 1 -> {
                wireGuard.peers().forEach(peer -> wireGuard.removePeer(peer.publicKey()));
                host.befriend();
            }
            case 2 -> {
                wireGuard.privateKey(PrivateKey.generate(random));
                LockSupport.parkNanos(random.nextLong(MILLISECOND));
                wireGuard.privateKey(host.key);
            }
            case 3 -> {
                PresharedKey key = PresharedKey.generate(random);
                for (Host each : List.of(a, b)) {
                    each.wireGuard.peers().forEach(peer -> peer.presharedKey(key));
                }
            }
            default -> LockSupport.parkNanos(random.nextLong(MILLISECOND));
        }
    }

    /** Without threads now: within a minute of virtual time, and from then on at once. */
    private void assertThatTheyTalk() {
        List<Worker> workers = List.of(new Worker(a), new Worker(b));
        a.wireGuard.peers().forEach(peer -> peer.presharedKey(PresharedKey.NONE));
        b.wireGuard.peers().forEach(peer -> peer.presharedKey(PresharedKey.NONE));
        for (int second = 0; second <= 60; second++) {
            a.delivered.set(0);
            b.delivered.set(0);
            clock.addAndGet(SECOND);
            workers.forEach(Worker::send);
            for (int i = 0; i < 2 * QUEUE_MAX; i++) {
                a.control();
                b.control();
                workers.forEach(Worker::receive);
            }
        }
        assertThat(a.delivered).hasPositiveValue();
        assertThat(b.delivered).hasPositiveValue();
    }
}
