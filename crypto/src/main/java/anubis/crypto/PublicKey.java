package anubis.crypto;

import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** An X25519 public key: 32 bytes, as on the wire. */
public final class PublicKey {
    private final byte[] bytes;

    private PublicKey(byte[] bytes) {
        if (bytes.length != Primitives.KEY_LENGTH) {
            throw new IllegalArgumentException(Keys.wrongLength(bytes.length));
        }
        this.bytes = bytes;
    }

    /**
     * A key of its 32 bytes, which are copied.
     *
     * @throws IllegalArgumentException if there are not 32
     */
    public static PublicKey of(byte[] bytes) {
        return new PublicKey(bytes.clone());
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

    /** The key as {@code wg} prints it: 44 characters. */
    public String base64() {
        return Base64.getEncoder().encodeToString(bytes);
    }

    /** The key as the UAPI prints it: 64 lower-case digits. */
    public String hex() {
        return HexFormat.of().formatHex(bytes);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof PublicKey key && Arrays.equals(bytes, key.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** Base64. */
    @Override
    public String toString() {
        return base64();
    }
}
