package anubis.crypto;

import java.security.MessageDigest;
import java.util.Arrays;

/** An X25519 private key: 32 bytes, that print as nothing. */
public final class PrivateKey {
    private final byte[] bytes;

    private PrivateKey(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * A key of its 32 bytes, which are copied.
     *
     * @throws IllegalArgumentException if there are not 32
     */
    public static PrivateKey of(byte[] bytes) {
        return new PrivateKey(Keys.checked(bytes));
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

    /** A copy of the 32 bytes, which the caller should wipe. */
    public byte[] bytes() {
        return bytes.clone();
    }

    /** Wipes the key. */
    public void destroy() {
        Arrays.fill(bytes, (byte) 0);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PrivateKey key && MessageDigest.isEqual(bytes, key.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return "PrivateKey(hidden)";
    }
}
