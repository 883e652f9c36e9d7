package anubis.bench;

import anubis.linux.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * UDP packets from a client to {@link GateHosts#TARGET}, two thousand a second, which the hub sends back: when the first comes
 * back, there is a tunnel. UDP rather than ICMP, so that it is this process whose clock both the request and the answer are
 * timed by, and that a ping which has no route yet is no reason to end.
 */
final class Pings implements AutoCloseable {
    private static final int ECHO = 7; // the port, RFC 862
    private static final int LENGTH = 56; // that of a ping
    private static final long INTERVAL = TimeUnit.MICROSECONDS.toNanos(500);

    private final DatagramChannel near;
    private final DatagramChannel far;
    private final CompletableFuture<Long> answered = new CompletableFuture<>();

    /** Starts to send at once, and goes on until this is closed. */
    Pings(GateHosts hosts) throws Exception {
        far = open(hosts.hub().namespacePath());
        far.bind(new InetSocketAddress(ECHO));
        near = open(hosts.client().namespacePath());
        near.bind(new InetSocketAddress(0));
        start("pings-echo", this::echo);
        start("pings-answers", this::receive);
        start("pings-sender", this::send);
    }

    private static DatagramChannel open(Path namespace) throws Exception {
        try (NetworkNamespace network = NetworkNamespace.of(namespace)) {
            return network.call(() -> DatagramChannel.open(StandardProtocolFamily.INET));
        }
    }

    /** What is to be done until the channel is closed. */
    private interface Loop {
        void run() throws IOException;
    }

    private void start(String name, Loop loop) {
        Thread.ofPlatform().daemon().name(name).start(() -> {
            try {
                loop.run();
            } catch (ClosedChannelException e) {
                // The end.
            } catch (IOException e) {
                answered.completeExceptionally(e);
            }
        });
    }

    private void send() throws IOException {
        InetSocketAddress target = new InetSocketAddress(InetAddress.ofLiteral(GateHosts.TARGET), ECHO);
        ByteBuffer ping = ByteBuffer.allocateDirect(LENGTH);
        while (near.isOpen()) {
            send(near, ping.clear(), target);
            LockSupport.parkNanos(INTERVAL);
        }
    }

    private void echo() throws IOException {
        ByteBuffer ping = ByteBuffer.allocateDirect(LENGTH);
        while (true) {
            SocketAddress source = far.receive(ping.clear());
            send(far, ping.flip(), source);
        }
    }

    private static void send(DatagramChannel from, ByteBuffer ping, SocketAddress to) throws IOException {
        try {
            from.send(ping, to);
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            // No route yet: that is what is waited for.
        }
    }

    private void receive() throws IOException {
        near.receive(ByteBuffer.allocateDirect(LENGTH));
        answered.complete(System.nanoTime());
    }

    /** Whether a ping has been answered. */
    boolean answered() {
        return answered.isDone();
    }

    /** Waits for the first answer and returns when it arrived, by {@link System#nanoTime}. */
    long firstAnswer(Duration atMost) throws InterruptedException {
        try {
            return answered.get(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("no ping was answered in " + atMost.toSeconds() + " s", e);
        }
    }

    @Override
    public void close() throws IOException {
        near.close();
        far.close();
    }
}
