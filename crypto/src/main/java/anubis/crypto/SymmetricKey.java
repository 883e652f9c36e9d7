package anubis.crypto;

import java.util.Arrays;

/** A key of 32 bytes for ChaCha20-Poly1305. Any thread may use and destroy it. */
public final class SymmetricKey {
    private final byte[] bytes;
    private boolean destroyed;

    /** Takes {@code bytes} over: the caller must not use the array again. */
    public SymmetricKey(byte[] bytes) {
        if (bytes.length != Primitives.KEY_LENGTH) {
            throw new IllegalArgumentException("a symmetric key has 32 bytes, not " + bytes.length);
        }
        this.bytes = bytes;
    }

    /** Copies the key to {@code to}; false, and nothing copied, if it has been destroyed. */
    synchronized boolean copyTo(byte[] to) {
        if (!destroyed) {
            System.arraycopy(bytes, 0, to, 0, bytes.length);
        }
        return !destroyed;
    }

    /** Wipes the key. */
    public synchronized void destroy() {
        destroyed = true;
        Arrays.fill(bytes, (byte) 0);
    }

    public synchronized boolean destroyed() {
        return destroyed;
    }

    @Override
    public String toString() {
        return "SymmetricKey(hidden)";
    }
}
