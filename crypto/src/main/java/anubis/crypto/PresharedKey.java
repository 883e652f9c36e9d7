package anubis.crypto;

import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A preshared key, mixed into the handshake (Noise psk2): 32 bytes, that print as nothing. Any thread may use and
 * destroy it.
 */
public final class PresharedKey extends Secret {
    /** No preshared key: all zero (whitepaper, section 5.4.3). It cannot be destroyed. */
    public static final PresharedKey NONE = new PresharedKey(new byte[Primitives.KEY_LENGTH]);

    private PresharedKey(byte[] bytes) {
        super(bytes);
    }

    /**
     * A key of its 32 bytes, which are copied.
     *
     * @throws IllegalArgumentException if there are not 32
     */
    public static PresharedKey of(byte[] bytes) {
        return new PresharedKey(bytes.clone());
    }

    /**
     * The key that {@code wg} prints: base64, 44 characters.
     *
     * @throws IllegalArgumentException if it is not that; the text is not repeated
     */
    public static PresharedKey ofBase64(String text) {
        return new PresharedKey(Keys.fromBase64(text));
    }

    /**
     * The key as the UAPI prints it: 64 hexadecimal digits.
     *
     * @throws IllegalArgumentException if it is not that; the text is not repeated
     */
    public static PresharedKey ofHex(String text) {
        return new PresharedKey(Keys.fromHex(text));
    }

    /**
     * A new key.
     *
     * @param random must be fit for keys: a {@link java.security.SecureRandom}, tests excepted
     */
    public static PresharedKey generate(RandomGenerator random) {
        var bytes = new byte[Primitives.KEY_LENGTH];
        random.nextBytes(bytes);
        return new PresharedKey(bytes);
    }

    /**
     * The same key, to be destroyed on its own.
     *
     * @throws IllegalStateException if this key has been destroyed
     */
    public PresharedKey duplicate() {
        return new PresharedKey(copy());
    }

    /**
     * A copy of the 32 bytes, which the caller should wipe.
     *
     * @throws IllegalStateException if this key has been destroyed
     */
    public byte[] bytes() {
        return copy();
    }

    /** Wipes the key. One that equals {@link #NONE} holds no secret and stays as it is. */
    public void destroy() {
        if (!equals(NONE)) {
            wipe();
        }
    }

    /** In constant time; a destroyed key equals itself only, not {@link #NONE}. */
    @Override
    public boolean equals(@Nullable Object other) {
        return sameAs(other);
    }

    @Override
    public int hashCode() {
        return hash();
    }
}
