package anubis.crypto;

/** A key of 32 bytes for ChaCha20-Poly1305, that prints as nothing. Any thread may use and destroy it. */
public final class SymmetricKey extends Secret {
    /**
     * Takes {@code bytes} over: the caller must not use the array again.
     *
     * @throws IllegalArgumentException if there are not 32
     */
    public SymmetricKey(byte[] bytes) {
        super(bytes);
    }

    /** Wipes the key. */
    public void destroy() {
        wipe();
    }

    /** Whether the key has been wiped. */
    public boolean destroyed() {
        return wiped();
    }
}
