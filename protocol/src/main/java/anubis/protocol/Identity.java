package anubis.protocol;

import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.util.Arrays;

/** Our own static keys. Immutable; any thread may use it. */
final class Identity {
    private final Primitives primitives;
    private final PrivateKey privateKey;
    private final PublicKey publicKey;

    Identity(Primitives primitives, PrivateKey privateKey) {
        this.primitives = primitives;
        this.privateKey = privateKey;
        this.publicKey = privateKey.publicKey(primitives);
    }

    PrivateKey privateKey() {
        return privateKey;
    }

    PublicKey publicKey() {
        return publicKey;
    }

    /** The shared secret with {@code remote}, all zero if that is of low order. */
    byte[] dh(byte[] remote) {
        byte[] scalar = privateKey.bytes();
        try {
            return primitives.x25519(scalar, remote);
        } finally {
            Arrays.fill(scalar, (byte) 0);
        }
    }
}
