package anubis.crypto;

import java.lang.foreign.MemorySegment;

/**
 * ChaCha20-Poly1305 over packets that lie in native memory, with empty associated data and WireGuard's nonce. Confined
 * to the thread that uses it first. Allocates nothing per packet where the provider is libcrypto.
 *
 * <p>The segments must be native and outlive the call. Plaintext and ciphertext may be the same bytes (in place) but
 * must not overlap otherwise. A segment on the heap is an {@link IllegalArgumentException}, bytes outside a segment an
 * {@link IndexOutOfBoundsException}, a call without a key an {@link IllegalStateException}.
 */
public interface TransportCipher {
    /**
     * Takes {@code key} for the calls of {@link #seal} and {@link #open} that follow. Taking the key already in force
     * costs nothing.
     *
     * @return false if the key has been destroyed; then no call may follow
     */
    boolean use(SymmetricKey key);

    /**
     * Writes {@code length} bytes of ciphertext and the 16 bytes of the tag to {@code to}.
     *
     * @param counter the nonce, 64 bits unsigned; never the same twice with one key
     * @param length of the plaintext, in bytes; 0 is allowed
     */
    void seal(long counter, MemorySegment from, long fromOffset, int length, MemorySegment to, long toOffset);

    /**
     * Opens {@code length} bytes of ciphertext, followed by the 16 bytes of the tag, and writes {@code length} bytes of
     * plaintext to {@code to}.
     *
     * @param counter the nonce, 64 bits unsigned
     * @param length of the ciphertext without its tag, in bytes
     * @return false if the ciphertext is not authentic; what was written is then worthless
     */
    boolean open(long counter, MemorySegment from, long fromOffset, int length, MemorySegment to, long toOffset);

    /** Wipes the key in force, which must be taken again before the next packet. */
    void forget();
}
