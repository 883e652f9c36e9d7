package anubis.crypto;

import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** An X25519 public key: 32 bytes, as on the wire. */
public final class PublicKey {
    /**
     * The points of which a small multiple is zero (https://cr.yp.to/ecdh.html), as far as X25519 reads them: without the
     * highest bit. The last two are 0 and 1 again, written as p and p + 1.
     */
    private static final Set<PublicKey> LOW_ORDER = Stream.of(
                    "00".repeat(32),
                    "01" + "00".repeat(31),
                    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                    "ec" + "ff".repeat(30) + "7f",
                    "ed" + "ff".repeat(30) + "7f",
                    "ee" + "ff".repeat(30) + "7f")
            .map(PublicKey::ofHex)
            .collect(Collectors.toSet());

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

    /** Whether the shared secret with this key is zero, whatever the other key: nobody has it honestly. */
    public boolean isOfLowOrder() {
        byte[] read = bytes();
        read[read.length - 1] &= 0x7f;
        return LOW_ORDER.contains(new PublicKey(read));
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
