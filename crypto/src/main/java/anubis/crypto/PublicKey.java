package anubis.crypto;

import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/** An X25519 public key: 32 bytes, as on the wire. */
public final class PublicKey {
    private final byte[] bytes;

    private PublicKey(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * A key of its 32 bytes, which are copied.
     *
     * @throws IllegalArgumentException if there are not 32
     */
    public static PublicKey of(byte[] bytes) {
        return new PublicKey(Keys.checked(bytes));
    }

    /**
     * The key that {@code wg} prints: base64, 44 characters.
     *
     * @throws IllegalArgumentException if it is not that
     */
    public static PublicKey ofBase64(String text) {
        return new PublicKey(Keys.fromBase64(text));
    }

    /**
     * The key as the UAPI prints it: 64 hexadecimal digits.
     *
     * @throws IllegalArgumentException if it is not that
     */
    public static PublicKey ofHex(String text) {
        return new PublicKey(Keys.fromHex(text));
    }

    /** A copy of the 32 bytes. */
    public byte[] bytes() {
        return bytes.clone();
    }

    public String base64() {
        return Base64.getEncoder().encodeToString(bytes);
    }

    public String hex() {
        return HexFormat.of().formatHex(bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PublicKey key && Arrays.equals(bytes, key.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return base64();
    }
}
