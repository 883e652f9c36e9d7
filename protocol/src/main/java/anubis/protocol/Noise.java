package anubis.protocol;

import anubis.crypto.Primitives;
import anubis.crypto.PublicKey;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The symmetric state of Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s (whitepaper, section 5.4): a chaining key, a hash of all
 * that was said, and a key for the next {@link #seal} or {@link #open}. Its verbs are Noise's tokens. Confined to one
 * thread.
 */
final class Noise {
    private static final byte[] CONSTRUCTION = ascii("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s");
    private static final byte[] IDENTIFIER = ascii("WireGuard v1 zx2c4 Jason@zx2c4.com");
    private static final byte[] NOTHING = {};

    private final Primitives primitives;
    private byte[] chainingKey;
    private byte[] hash;
    private byte[] key = NOTHING;

    /** The state before the first message of a handshake with {@code responder}, whose static key both know. */
    Noise(Primitives primitives, PublicKey responder) {
        this.primitives = primitives;
        this.chainingKey = primitives.blake2s(CONSTRUCTION);
        this.hash = primitives.blake2s(primitives.blake2s(chainingKey, IDENTIFIER), responder.bytes());
    }

    private Noise(Noise other) {
        this.primitives = other.primitives;
        this.chainingKey = other.chainingKey.clone();
        this.hash = other.hash.clone();
    }

    /** A copy to try a message on, so that a forged one leaves the original as it was. */
    Noise copy() {
        return new Noise(this);
    }

    void mixHash(byte[] data) {
        hash = primitives.blake2s(hash, data);
    }

    /** Token e: the ephemeral public key is said in clear, and with psk handshakes is also mixed into the chaining key. */
    void mixEphemeral(byte[] ephemeral) {
        mixHash(ephemeral);
        mixKey(ephemeral);
    }

    /**
     * Tokens ee, es, se, ss: a shared secret is mixed into the chaining key, and is wiped.
     *
     * @return false if it is all zero, that is, one of the keys was of low order
     */
    boolean mixDh(byte[] shared) {
        mixKey(shared);
        byte any = 0;
        for (byte b : shared) {
            any |= b;
        }
        Arrays.fill(shared, (byte) 0);
        return any != 0;
    }

    /** Token psk. */
    void mixPsk(byte[] psk) {
        byte[][] derived = kdf(psk, 3);
        replaceChainingKey(derived[0]);
        mixHash(derived[1]);
        replaceKey(derived[2]);
        Arrays.fill(derived[1], (byte) 0);
        Arrays.fill(psk, (byte) 0);
    }

    byte[] seal(byte[] plaintext) {
        byte[] ciphertext = primitives.seal(key, 0, plaintext, hash);
        mixHash(ciphertext);
        return ciphertext;
    }

    /** The plaintext, or null if the ciphertext is not authentic. */
    byte @Nullable [] open(byte[] ciphertext) {
        byte[] plaintext = primitives.open(key, 0, ciphertext, hash);
        mixHash(ciphertext);
        return plaintext;
    }

    /** The two transport keys, the initiator's sending key first. */
    byte[][] split() {
        return kdf(NOTHING, 2);
    }

    void destroy() {
        Arrays.fill(chainingKey, (byte) 0);
        Arrays.fill(hash, (byte) 0);
        Arrays.fill(key, (byte) 0);
    }

    /** A new chaining key and a new key. */
    private void mixKey(byte[] input) {
        byte[][] derived = kdf(input, 2);
        replaceChainingKey(derived[0]);
        replaceKey(derived[1]);
    }

    /** KDF1, KDF2 or KDF3 of the chaining key and an input: so many outputs. */
    private byte[][] kdf(byte[] input, int outputs) {
        byte[] secret = primitives.hmac(chainingKey, input);
        byte[][] derived = new byte[outputs][];
        byte[] before = NOTHING;
        for (int i = 0; i < outputs; i++) {
            before = primitives.hmac(secret, before, new byte[] {(byte) (i + 1)});
            derived[i] = before;
        }
        Arrays.fill(secret, (byte) 0);
        return derived;
    }

    private void replaceKey(byte[] fresh) {
        Arrays.fill(key, (byte) 0);
        key = fresh;
    }

    private void replaceChainingKey(byte[] fresh) {
        Arrays.fill(chainingKey, (byte) 0);
        chainingKey = fresh;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
