package anubis.bench;

import anubis.crypto.Primitives;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;

/**
 * Many peers that shake hands with one responder as often as it lets them, in a process of its own. All initiations are made
 * beforehand; as few are under way as not to put the responder under load, for then it would ask for cookies.
 *
 * <p>Prints the peers' configuration, waits for an end of line, then prints the number of responses in a second.
 */
final class HandshakeLoad {
    /** An initiator may come again after 20 ms at the earliest; so many peers cannot have all their turn in that time. */
    private static final int PEERS = 1_000;

    private static final int TURNS = 15;
    private static final int WARM_UP_TURNS = 5;
    private static final int UNDER_WAY = 64;
    private static final int PATIENCE_MILLIS = 200;

    private static final int INITIATION_LENGTH = 148;
    private static final int RESPONSE_LENGTH = 92;
    private static final byte[] CONSTRUCTION = ascii("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s");
    private static final byte[] IDENTIFIER = ascii("WireGuard v1 zx2c4 Jason@zx2c4.com");
    private static final byte[] LABEL_MAC1 = ascii("mac1----");
    private static final long TAI64_EPOCH = 0x400000000000000aL;

    private final Primitives primitives = Primitives.get();
    private final SecureRandom random = new SecureRandom();
    private final byte[] responder;
    private final byte[] mac1Key;

    private static final class Initiator {
        final byte[] publicKey;
        final byte[] staticStatic;

        Initiator(byte[] publicKey, byte[] staticStatic) {
            this.publicKey = publicKey;
            this.staticStatic = staticStatic;
        }
    }

    private HandshakeLoad(byte[] responder) {
        this.responder = responder;
        this.mac1Key = primitives.blake2s(LABEL_MAC1, responder);
    }

    /** Runs it: ADDRESS PORT RESPONDERS-PUBLIC-KEY. */
    public static void main(String[] args) throws IOException {
        HandshakeLoad load = new HandshakeLoad(Base64.getDecoder().decode(args[2]));
        byte[][] initiations = load.prepare();
        System.out.println("ready");
        if (System.in.read() < 0) {
            return;
        }
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(args[0], Integer.parseInt(args[1])));
            socket.setSoTimeout(PATIENCE_MILLIS);
            exchange(socket, initiations, 0, WARM_UP_TURNS * PEERS);
            long start = System.nanoTime();
            int responses = exchange(socket, initiations, WARM_UP_TURNS * PEERS, TURNS * PEERS);
            System.out.println(responses * 1e9 / (System.nanoTime() - start));
        }
    }

    private byte[][] prepare() {
        Initiator[] initiators = new Initiator[PEERS];
        for (int i = 0; i < PEERS; i++) {
            byte[] key = randomBytes(Primitives.KEY_LENGTH);
            initiators[i] = new Initiator(primitives.x25519Base(key), primitives.x25519(key, responder));
            System.out.println("[Peer]\nPublicKey = " + Base64.getEncoder().encodeToString(initiators[i].publicKey));
        }
        long now = Instant.now().getEpochSecond();
        byte[][] initiations = new byte[TURNS * PEERS][];
        for (int i = 0; i < initiations.length; i++) {
            initiations[i] = initiation(initiators[i % PEERS], now + i / PEERS);
        }
        return initiations;
    }

    /** Sends a part of the initiations, each when an earlier one has been answered or lost, and counts the responses. */
    private static int exchange(DatagramSocket socket, byte[][] initiations, int from, int to) throws IOException {
        DatagramPacket answer = new DatagramPacket(new byte[2_048], 2_048);
        int next = from;
        int responses = 0;
        int underWay = 0;
        while (next < to || underWay > 0) {
            while (next < to && underWay < UNDER_WAY) {
                socket.send(new DatagramPacket(initiations[next++], INITIATION_LENGTH));
                underWay++;
            }
            try {
                socket.receive(answer);
                underWay--;
                if (answer.getLength() != RESPONSE_LENGTH) {
                    throw new IllegalStateException(
                            "the responder asks for cookies: nothing else can be measured here");
                }
                responses++;
            } catch (SocketTimeoutException e) {
                underWay = 0; // all that was under way is lost
            }
        }
        return responses;
    }

    /** The first message of Noise_IKpsk2 (whitepaper, section 5.4.2). */
    private byte[] initiation(Initiator initiator, long seconds) {
        byte[] chainingKey = primitives.blake2s(CONSTRUCTION);
        byte[] hash = primitives.blake2s(primitives.blake2s(chainingKey, IDENTIFIER), responder);
        byte[] ephemeralKey = randomBytes(Primitives.KEY_LENGTH);
        byte[] ephemeral = primitives.x25519Base(ephemeralKey);
        hash = primitives.blake2s(hash, ephemeral);
        chainingKey = kdf1(chainingKey, ephemeral);

        byte[][] keys = kdf2(chainingKey, primitives.x25519(ephemeralKey, responder));
        byte[] sealedStatic = primitives.seal(keys[1], 0, initiator.publicKey, hash);
        hash = primitives.blake2s(hash, sealedStatic);

        keys = kdf2(keys[0], initiator.staticStatic);
        byte[] timestamp =
                ByteBuffer.allocate(12).putLong(TAI64_EPOCH + seconds).putInt(0).array();
        byte[] sealedTimestamp = primitives.seal(keys[1], 0, timestamp, hash);

        byte[] message = new byte[INITIATION_LENGTH];
        ByteBuffer buffer = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(1)
                .putInt(random.nextInt())
                .put(ephemeral)
                .put(sealedStatic)
                .put(sealedTimestamp);
        byte[] authenticated = new byte[buffer.position()];
        System.arraycopy(message, 0, authenticated, 0, authenticated.length);
        buffer.put(primitives.blake2sMac(mac1Key, authenticated));
        return message;
    }

    private byte[] kdf1(byte[] key, byte[] input) {
        return primitives.hmac(primitives.hmac(key, input), new byte[] {1});
    }

    private byte[][] kdf2(byte[] key, byte[] input) {
        byte[] secret = primitives.hmac(key, input);
        byte[] first = primitives.hmac(secret, new byte[] {1});
        return new byte[][] {first, primitives.hmac(secret, first, new byte[] {2})};
    }

    private byte[] randomBytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
