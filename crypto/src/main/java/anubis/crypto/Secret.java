package anubis.crypto;

import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** 32 secret bytes that can be destroyed and print as nothing. Any thread may use and destroy them. */
abstract sealed class Secret permits PrivateKey, PresharedKey, SymmetricKey {
    private final byte[] bytes;
    /** Written under the lock; volatile so that {@link #destroyed} costs a read and no more. */
    private volatile boolean destroyed;

    /** Takes {@code bytes} over. */
    Secret(byte[] bytes) {
        if (bytes.length != Primitives.KEY_LENGTH) {
            throw new IllegalArgumentException(Keys.wrongLength(bytes.length));
        }
        this.bytes = bytes;
    }

    /** Copies the 32 bytes to the beginning of {@code to}; false, and nothing copied, if they have been destroyed. */
    final synchronized boolean copyTo(MemorySegment to) {
        if (!destroyed) {
            MemorySegment.copy(MemorySegment.ofArray(bytes), 0, to, 0, bytes.length);
        }
        return !destroyed;
    }

    final byte[] copy() {
        var copy = new byte[bytes.length];
        if (!copyTo(MemorySegment.ofArray(copy))) {
            throw new IllegalStateException("this key has been destroyed");
        }
        return copy;
    }

    final synchronized void wipe() {
        destroyed = true;
        Arrays.fill(bytes, (byte) 0);
    }

    final boolean wiped() {
        return destroyed;
    }

    /** In constant time. A destroyed secret equals itself only: its bytes are those of no key. */
    @SuppressWarnings("ReferenceEquality") // subclasses call this from equals
    final boolean sameAs(@Nullable Object other) {
        return other == this
                || (other instanceof Secret secret
                        && secret.getClass() == getClass()
                        && !destroyed
                        && !secret.destroyed
                        && MessageDigest.isEqual(bytes, secret.bytes));
    }

    final int hash() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public final String toString() {
        return getClass().getSimpleName() + "(hidden)";
    }
}
