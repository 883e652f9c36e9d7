package anubis.protocol;

import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.util.Arrays;

/** Our own static keys, until they are replaced. Any thread may use it. */
final class Identity {
    private final Primitives primitives;
    final PrivateKey privateKey;
    final PublicKey publicKey;
    private boolean destroyed;

    /** Takes the key over. */
    Identity(Primitives primitives, PrivateKey privateKey) {
        this.primitives = primitives;
        this.privateKey = privateKey;
        this.publicKey = privateKey.publicKey(primitives);
    }

    /** The shared secret with {@code remote}, all zero if that is of low order, or our key has been destroyed. */
    synchronized byte[] dh(byte[] remote) {
        if (destroyed) {
            return new byte[Primitives.KEY_LENGTH];
        }
        byte[] scalar = privateKey.bytes();
        try {
            return primitives.x25519(scalar, remote);
        } finally {
            Arrays.fill(scalar, (byte) 0);
        }
    }

    synchronized void destroy() {
        destroyed = true;
        privateKey.destroy();
    }
}
