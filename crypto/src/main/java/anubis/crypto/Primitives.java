package anubis.crypto;

import org.jspecify.annotations.Nullable;

/**
 * The primitives WireGuard names (whitepaper, section 5.4). An instance may be used by any thread.
 *
 * <p>All byte strings are in the order in which they stand on the wire. A key, scalar, point or nonce of the wrong
 * length is an {@link IllegalArgumentException}.
 */
public interface Primitives {
    int KEY_LENGTH = 32;
    int TAG_LENGTH = 16;
    int HASH_LENGTH = 32;
    int MAC_LENGTH = 16;
    /** Length of an XChaCha20-Poly1305 nonce. */
    int XNONCE_LENGTH = 24;

    /**
     * The provider in force, chosen at the first call: what {@code ANUBIS_CRYPTO} ({@code jdk} or {@code openssl})
     * forces, else libcrypto if it can be used, else the JDK's. Each has passed a self-test.
     *
     * @throws IllegalStateException if the variable has another value, or no provider allowed can be used; the message
     *     says why
     */
    static Primitives get() {
        return Providers.chosen();
    }

    /** {@code openssl} or {@code jdk}. */
    String name();

    /**
     * X25519 (RFC 7748, section 5).
     *
     * @param scalar 32 bytes, which are clamped here
     * @param point 32 bytes, of which the highest bit is not read
     * @return 32 bytes; all zero if {@code point} is of low order, which the caller must refuse
     */
    byte[] x25519(byte[] scalar, byte[] point);

    /** The public key of {@code scalar}: X25519 with the base point 9. */
    byte[] x25519Base(byte[] scalar);

    /** BLAKE2s-256 (RFC 7693), {@link #HASH_LENGTH} bytes, of the parts, one after the other. */
    byte[] blake2s(byte[]... parts);

    /** Keyed BLAKE2s with an output of {@link #MAC_LENGTH} bytes. The key has 1 to 32 bytes. */
    byte[] blake2sMac(byte[] key, byte[]... parts);

    /** HMAC-BLAKE2s-256 (RFC 2104), {@link #HASH_LENGTH} bytes, of the parts, one after the other; any key. */
    byte[] hmac(byte[] key, byte[]... parts);

    /**
     * ChaCha20-Poly1305 (RFC 8439) with the nonce of WireGuard: four zero bytes, then the counter, 64 bits unsigned,
     * little-endian.
     *
     * @return the ciphertext and the {@link #TAG_LENGTH} bytes of its tag
     */
    byte[] seal(byte[] key, long counter, byte[] plaintext, byte[] associated);

    /** The opposite of {@link #seal}, {@code null} if the ciphertext is not authentic. */
    byte @Nullable [] open(byte[] key, long counter, byte[] ciphertext, byte[] associated);

    /**
     * XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03).
     *
     * @param nonce {@link #XNONCE_LENGTH} bytes
     * @return the ciphertext and the {@link #TAG_LENGTH} bytes of its tag
     */
    byte[] xseal(byte[] key, byte[] nonce, byte[] plaintext, byte[] associated);

    /** The opposite of {@link #xseal}, {@code null} if the ciphertext is not authentic. */
    byte @Nullable [] xopen(byte[] key, byte[] nonce, byte[] ciphertext, byte[] associated);

    /** A cipher for transport data, to be used by one thread only. */
    TransportCipher transportCipher();
}
