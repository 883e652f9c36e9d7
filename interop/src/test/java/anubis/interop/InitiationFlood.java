package anubis.interop;

import anubis.lab.LabHost;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Random;
import org.bouncycastle.crypto.digests.Blake2sDigest;
import org.jspecify.annotations.Nullable;

/**
 * Initiations from somebody who knows only the responder's public key: {@code mac1} is right, everything else is noise. They
 * come in bursts, to fill a queue faster than it can be emptied.
 */
final class InitiationFlood {
    private static final int LENGTH = 148;
    private static final int MAC1_OFFSET = 116;
    private static final int MAC_LENGTH = 16;
    private static final int COOKIE_REPLY_LENGTH = 64;
    private static final int BURST = 3_000;
    private static final int BURSTS_PER_SECOND = 4;

    private InitiationFlood() {}

    /** Starts a flood from a host, which ends with the process; the process says {@code cookie} once it is sent one. */
    static Process start(LabHost from, Path said, String address, int port, String publicKey) {
        return from.start(
                builder -> builder.redirectErrorStream(true).redirectOutput(said.toFile()),
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx64m",
                "-cp",
                classes(InitiationFlood.class) + ":" + classes(Blake2sDigest.class),
                InitiationFlood.class.getName(),
                address,
                Integer.toString(port),
                publicKey);
    }

    private static String classes(Class<?> of) {
        return of.getProtectionDomain().getCodeSource().getLocation().getPath();
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        ByteBuffer[] initiations = new ByteBuffer[BURST];
        byte[] mac1Key = blake2s(
                null,
                32,
                "mac1----".getBytes(StandardCharsets.US_ASCII),
                Base64.getDecoder().decode(args[2]));
        Random random = new Random();
        for (int i = 0; i < BURST; i++) {
            initiations[i] = ByteBuffer.wrap(initiation(random, mac1Key));
        }
        boolean cookieSeen = false;
        ByteBuffer answer = ByteBuffer.allocate(2_048);
        try (DatagramChannel channel = DatagramChannel.open()) {
            channel.connect(new InetSocketAddress(args[0], Integer.parseInt(args[1])));
            channel.configureBlocking(false);
            while (true) {
                for (ByteBuffer initiation : initiations) {
                    channel.write(initiation.rewind());
                }
                while (channel.read(answer.clear()) > 0) {
                    if (!cookieSeen && answer.position() == COOKIE_REPLY_LENGTH && answer.get(0) == 3) {
                        cookieSeen = true;
                        System.out.println("cookie");
                    }
                }
                Thread.sleep(1_000 / BURSTS_PER_SECOND);
            }
        }
    }

    private static byte[] initiation(Random random, byte[] mac1Key) {
        byte[] message = new byte[LENGTH];
        random.nextBytes(message);
        message[0] = 1;
        message[1] = 0;
        message[2] = 0;
        message[3] = 0;
        byte[] authenticated = new byte[MAC1_OFFSET];
        System.arraycopy(message, 0, authenticated, 0, MAC1_OFFSET);
        System.arraycopy(blake2s(mac1Key, MAC_LENGTH, authenticated), 0, message, MAC1_OFFSET, MAC_LENGTH);
        for (int i = MAC1_OFFSET + MAC_LENGTH; i < LENGTH; i++) {
            message[i] = 0;
        }
        return message;
    }

    private static byte[] blake2s(byte @Nullable [] key, int length, byte[]... parts) {
        Blake2sDigest digest = new Blake2sDigest(key, length, null, null);
        for (byte[] part : parts) {
            digest.update(part, 0, part.length);
        }
        byte[] hash = new byte[length];
        digest.doFinal(hash, 0);
        return hash;
    }
}
