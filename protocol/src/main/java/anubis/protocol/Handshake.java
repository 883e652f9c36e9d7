package anubis.protocol;

import static anubis.protocol.Messages.*;

import anubis.crypto.PresharedKey;
import anubis.crypto.Primitives;
import anubis.crypto.PublicKey;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Noise_IKpsk2 (whitepaper, section 5.4): each function makes or reads one message, a line a token. The macs at a
 * message's end are {@link CookieJar}'s.
 */
final class Handshake {
    private static final byte[] NOTHING = {};

    private final Primitives primitives;
    private final Randomness randomness;

    Handshake(Primitives primitives, Randomness randomness) {
        this.primitives = primitives;
        this.randomness = randomness;
    }

    /** An initiation received, its static key known and its timestamp not yet. */
    static final class Initiation {
        final byte[] message;
        final PublicKey initiator;
        final Noise noise;
        private final byte[] ephemeral;

        private Initiation(Noise noise, byte[] message, PublicKey initiator, byte[] ephemeral) {
            this.noise = noise;
            this.message = message;
            this.initiator = initiator;
            this.ephemeral = ephemeral;
        }
    }

    /**
     * The first message, but for its sender index and macs; null if the peer's static key is of low order, for then
     * anyone could read who we are.
     *
     * @param staticStatic the shared secret of both static keys
     */
    @Nullable
    PendingHandshake initiate(Peer peer, Identity own, byte[] staticStatic, byte[] timestamp, byte[] message) {
        Noise noise = new Noise(primitives, peer.publicKey());
        PendingHandshake pending = new PendingHandshake(peer, noise, ephemeralPrivate());
        byte[] ephemeral = primitives.x25519Base(pending.ephemeralPrivate);
        Messages.putInt(message, 0, Messages.TYPE_INITIATION);
        put(message, INITIATION_EPHEMERAL, ephemeral);
        noise.mixEphemeral(ephemeral); // e
        boolean es = noise.mixDh(
                primitives.x25519(pending.ephemeralPrivate, peer.publicKey().bytes())); // es
        put(message, INITIATION_STATIC, noise.seal(own.publicKey.bytes())); // s
        boolean ss = noise.mixDh(staticStatic); // ss
        put(message, INITIATION_TIMESTAMP, noise.seal(timestamp));
        if (es && ss) {
            return pending;
        }
        pending.destroy();
        return null;
    }

    /** Reads an initiation as far as its static key; null if it is not authentic. */
    @Nullable
    Initiation read(Identity own, byte[] message) {
        Noise noise = new Noise(primitives, own.publicKey);
        byte[] ephemeral = Arrays.copyOfRange(message, INITIATION_EPHEMERAL, INITIATION_STATIC);
        noise.mixEphemeral(ephemeral); // e
        boolean es = noise.mixDh(own.dh(ephemeral)); // es
        byte[] initiator = noise.open(Arrays.copyOfRange(message, INITIATION_STATIC, INITIATION_TIMESTAMP)); // s
        if (es && initiator != null) {
            return new Initiation(noise, message, PublicKey.of(initiator), ephemeral);
        }
        noise.destroy();
        return null;
    }

    /** The timestamp of an initiation; null if it is not authentic, that is, whoever sent it lacks the initiator's key. */
    byte @Nullable [] timestamp(Initiation initiation, byte[] staticStatic) {
        if (!initiation.noise.mixDh(staticStatic)) { // ss
            return null;
        }
        return initiation.noise.open(Arrays.copyOfRange(initiation.message, INITIATION_TIMESTAMP, INITIATION_MAC1));
    }

    /**
     * Writes the second message, but for its sender index and macs; the keys, or null if one of the initiator's keys is
     * of low order.
     */
    byte @Nullable [][] respond(Initiation initiation, PresharedKey psk, byte[] message) {
        Noise noise = initiation.noise;
        byte[] ephemeralPrivate = ephemeralPrivate();
        byte[] ephemeral = primitives.x25519Base(ephemeralPrivate);
        Messages.putInt(message, 0, Messages.TYPE_RESPONSE);
        Messages.putInt(message, RESPONSE_RECEIVER, Messages.intAt(initiation.message, INITIATION_SENDER));
        put(message, RESPONSE_EPHEMERAL, ephemeral);
        noise.mixEphemeral(ephemeral); // e
        boolean ee = noise.mixDh(primitives.x25519(ephemeralPrivate, initiation.ephemeral)); // ee
        boolean se = noise.mixDh(primitives.x25519(ephemeralPrivate, initiation.initiator.bytes())); // se
        Arrays.fill(ephemeralPrivate, (byte) 0);
        noise.mixPsk(psk.bytes()); // psk
        put(message, RESPONSE_NOTHING, noise.seal(NOTHING));
        return ee && se ? noise.split() : null;
    }

    /** Reads the response to {@code pending}, which stays as it is; the keys, or null if it is not authentic. */
    byte @Nullable [][] finish(PendingHandshake pending, Identity own, PresharedKey psk, byte[] message) {
        Noise noise = pending.noise.copy();
        byte[] ephemeral = Arrays.copyOfRange(message, RESPONSE_EPHEMERAL, RESPONSE_NOTHING);
        noise.mixEphemeral(ephemeral); // e
        boolean ee = noise.mixDh(primitives.x25519(pending.ephemeralPrivate, ephemeral)); // ee
        boolean se = noise.mixDh(own.dh(ephemeral)); // se
        noise.mixPsk(psk.bytes()); // psk
        byte[] nothing = noise.open(Arrays.copyOfRange(message, RESPONSE_NOTHING, RESPONSE_MAC1));
        byte[][] keys = ee && se && nothing != null ? noise.split() : null;
        noise.destroy();
        return keys;
    }

    private byte[] ephemeralPrivate() {
        byte[] scalar = new byte[Primitives.KEY_LENGTH];
        randomness.fill(scalar);
        return scalar;
    }

    private static void put(byte[] message, int offset, byte[] field) {
        System.arraycopy(field, 0, message, offset, field.length);
    }
}
