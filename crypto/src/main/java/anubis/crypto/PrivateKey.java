package anubis.crypto;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** An X25519 private key: 32 bytes, that print as nothing. Any thread may use and destroy it. */
public final class PrivateKey extends Secret {
    private PrivateKey(byte[] bytes) {
        super(bytes);
    }

    /**
     * A key of its 32 bytes, which are copied.
     *
     * @throws IllegalArgumentException if there are not 32
     */
    public static PrivateKey of(byte[] bytes) {
        return new PrivateKey(bytes.clone());
    }

    /**
     * The key that {@code wg} prints: base64, 44 characters.
     *
     * @throws IllegalArgumentException if it is not that; the text is not repeated
     */
    public static PrivateKey ofBase64(String text) {
        return new PrivateKey(Keys.fromBase64(text));
    }

    /**
     * The key as the UAPI prints it: 64 hexadecimal digits.
     *
     * @throws IllegalArgumentException if it is not that; the text is not repeated
     */
    public static PrivateKey ofHex(String text) {
        return new PrivateKey(Keys.fromHex(text));
    }

    /**
     * A new key, clamped as RFC 7748, section 5, has it.
     *
     * @param random must be fit for keys: a {@link java.security.SecureRandom}, tests excepted
     */
    public static PrivateKey generate(RandomGenerator random) {
        var bytes = new byte[Primitives.KEY_LENGTH];
        random.nextBytes(bytes);
        bytes[0] &= (byte) 0xf8;
        bytes[31] = (byte) ((bytes[31] & 0x7f) | 0x40);
        return new PrivateKey(bytes);
    }

    /**
     * The public key that belongs to this.
     *
     * @throws IllegalStateException if this key has been destroyed
     */
    public PublicKey publicKey(Primitives primitives) {
        byte[] scalar = copy();
        try {
            return PublicKey.of(primitives.x25519Base(scalar));
        } finally {
            Arrays.fill(scalar, (byte) 0);
        }
    }

    /**
     * The public key that belongs to this, by code that is ready at once: for a command that needs no more of all the
     * cryptography. To link libcrypto would take it longer than all the rest.
     *
     * @throws IllegalStateException if this key has been destroyed
     */
    public PublicKey publicKey() {
        byte[] scalar = copy();
        try {
            return PublicKey.of(JdkPrimitives.multiplyBase(scalar));
        } finally {
            Arrays.fill(scalar, (byte) 0);
        }
    }

    /**
     * The same key, to be destroyed on its own.
     *
     * @throws IllegalStateException if this key has been destroyed
     */
    public PrivateKey duplicate() {
        return new PrivateKey(copy());
    }

    /**
     * A copy of the 32 bytes, which the caller should wipe.
     *
     * @throws IllegalStateException if this key has been destroyed
     */
    public byte[] bytes() {
        return copy();
    }

    /** Wipes the key. */
    public void destroy() {
        wipe();
    }

    /** In constant time; a destroyed key equals itself only. */
    @Override
    public boolean equals(@Nullable Object other) {
        return sameAs(other);
    }

    @Override
    public int hashCode() {
        return hash();
    }
}
