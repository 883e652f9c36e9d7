package anubis.bench;

import anubis.linux.NetworkNamespace;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Random;

/**
 * UDP packets of random lengths from one network namespace to another, each with its number, so that every one that is lost,
 * repeated or damaged is known. One thread sends, one of its own receives; the counts may be asked for by any.
 */
final class NumberedStream implements AutoCloseable {
    private static final int SMALLEST = 200;
    private static final int LARGEST = 1_300;
    private static final int SOCKET_BUFFER = 1 << 20;

    private final DatagramChannel sender;
    private final DatagramChannel receiver;
    private final Thread receiving = Thread.ofPlatform().daemon().unstarted(this::receive);
    private final Random random = new Random(1);
    private final byte[] pattern = new byte[256 + LARGEST];
    private final ByteBuffer outgoing = ByteBuffer.allocateDirect(LARGEST);
    // Guarded by this.
    private final BitSet arrived = new BitSet();
    private int sent;
    private int received;
    private int refused;
    private int repeated;
    private int damaged;

    /**
     * What has become of the packets.
     *
     * @param sent taken by the sending host's kernel
     * @param received arrived whole, each counted once
     * @param refused not taken by the kernel, and sent under the same number later
     * @param repeated arrived once more
     * @param damaged arrived with another length or content than it was sent with
     */
    record Counts(int sent, int received, int refused, int repeated, int damaged) {
        int lost() {
            return sent - received;
        }
    }

    /** Opens both ends; {@code to} is an address of the host whose namespace is {@code receiverNamespace}. */
    NumberedStream(Path senderNamespace, Path receiverNamespace, InetSocketAddress to) throws Exception {
        for (int i = 0; i < pattern.length; i++) {
            pattern[i] = (byte) i;
        }
        sender = open(senderNamespace);
        receiver = open(receiverNamespace);
        receiver.bind(to);
        sender.connect(to);
        receiving.start();
    }

    private static DatagramChannel open(Path namespace) throws Exception {
        try (NetworkNamespace network = NetworkNamespace.of(namespace)) {
            return network.call(() -> DatagramChannel.open(StandardProtocolFamily.INET)
                    .setOption(StandardSocketOptions.SO_RCVBUF, SOCKET_BUFFER));
        }
    }

    /** Sends the next packet. */
    void send() throws IOException {
        int number = sent();
        int length = SMALLEST + random.nextInt(LARGEST - SMALLEST + 1);
        outgoing.clear()
                .putInt(number)
                .putInt(length)
                .put(pattern, number & 0xff, length - 2 * Integer.BYTES)
                .flip();
        boolean taken;
        try {
            taken = sender.write(outgoing) > 0;
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            taken = false;
        }
        synchronized (this) {
            if (taken) {
                sent++;
            } else {
                refused++;
            }
        }
    }

    /** How many have been sent, which is the number of the next. */
    synchronized int sent() {
        return sent;
    }

    private void receive() {
        ByteBuffer incoming = ByteBuffer.allocate(2 * LARGEST);
        try {
            while (receiver.receive(incoming.clear()) != null) {
                count(incoming.flip());
            }
        } catch (ClosedChannelException e) {
            // The end.
        } catch (IOException e) {
            throw new IllegalStateException("numbered packets cannot be received", e);
        }
    }

    private synchronized void count(ByteBuffer packet) {
        int whole = packet.remaining();
        int number = whole < SMALLEST ? -1 : packet.getInt();
        if (number < 0
                || packet.getInt() != whole
                || !packet.equals(ByteBuffer.wrap(pattern, number & 0xff, packet.remaining()))) {
            damaged++;
        } else if (arrived.get(number)) {
            repeated++;
        } else {
            arrived.set(number);
            received++;
        }
    }

    synchronized Counts counts() {
        return new Counts(sent, received, refused, repeated, damaged);
    }

    /** Which of the packets of these numbers have not arrived. */
    synchronized BitSet missing(int from, int to) {
        BitSet missing = new BitSet();
        missing.set(Math.max(0, from), Math.min(to, sent));
        missing.andNot(arrived);
        return missing;
    }

    @Override
    public void close() throws IOException {
        sender.close();
        receiver.close();
    }
}
