package anubis.gate;

import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Optional;
import java.util.random.RandomGenerator;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;

/**
 * The seal by which a client proves that it holds the production key it names: random bytes in XChaCha20-Poly1305, under a
 * key that the two static keys have in common, with all the rest of the datagram as associated data.
 */
public final class Proof {
    private static final byte[] INFO = "anubis gate v1 request".getBytes(StandardCharsets.US_ASCII);

    private Proof() {}

    /**
     * The datagram of a request.
     *
     * @param productionKey of the client; the request names its public key
     * @param gateKey of the hub
     * @param random fit for keys: a {@link java.security.SecureRandom}, tests excepted
     * @throws IllegalArgumentException if {@code gateKey} is of low order
     */
    public static byte[] seal(
            Request request,
            PrivateKey productionKey,
            PublicKey gateKey,
            RandomGenerator random,
            Primitives primitives) {
        byte[] datagram = request.unsealed();
        byte[] nonce = new byte[Primitives.XNONCE_LENGTH];
        byte[] secret = new byte[Request.SECRET_LENGTH];
        random.nextBytes(nonce);
        random.nextBytes(secret);
        System.arraycopy(nonce, 0, datagram, Request.NONCE_OFFSET, nonce.length);
        byte[] key = key(productionKey, gateKey, gateKey, request.productionKey(), primitives)
                .orElseThrow(() -> new IllegalArgumentException("the gate key is of low order"));
        try {
            byte[] sealed = primitives.xseal(key, nonce, secret, associated(datagram));
            System.arraycopy(sealed, 0, datagram, Request.SEALED_OFFSET, sealed.length);
            return datagram;
        } finally {
            Arrays.fill(key, (byte) 0);
            Arrays.fill(secret, (byte) 0);
        }
    }

    /**
     * Whether who made a datagram, of which {@link Request#parse} has read the form, holds the production key in it. It
     * takes as long whatever is wrong.
     *
     * @param gateKey the hub's
     * @param gatePublicKey that of {@code gateKey}
     */
    public static boolean holds(byte[] datagram, PrivateKey gateKey, PublicKey gatePublicKey, Primitives primitives) {
        PublicKey productionKey = Request.productionKey(datagram);
        Optional<byte[]> key = key(gateKey, productionKey, gatePublicKey, productionKey, primitives);
        if (key.isEmpty()) {
            return false;
        }
        byte[] nonce = Arrays.copyOfRange(datagram, Request.NONCE_OFFSET, Request.SEALED_OFFSET);
        byte[] sealed = Arrays.copyOfRange(datagram, Request.SEALED_OFFSET, Request.FIELDS_OFFSET);
        byte[] secret = primitives.xopen(key.get(), nonce, sealed, associated(datagram));
        Arrays.fill(key.get(), (byte) 0);
        if (secret == null) {
            return false;
        }
        Arrays.fill(secret, (byte) 0);
        return true;
    }

    /** HKDF-SHA256 (RFC 5869) of what both have in common; nothing if that is zero, which anybody could know. */
    private static Optional<byte[]> key(
            PrivateKey own, PublicKey other, PublicKey gateKey, PublicKey productionKey, Primitives primitives) {
        byte[] scalar = own.bytes();
        byte[] shared = primitives.x25519(scalar, other.bytes());
        try {
            int bits = 0;
            for (byte b : shared) {
                bits |= b;
            }
            if (bits == 0) {
                return Optional.empty();
            }
            return Optional.of(KDF.getInstance("HKDF-SHA256")
                    .deriveData(HKDFParameterSpec.ofExtract()
                            .addIKM(shared)
                            .addSalt(gateKey.bytes())
                            .addSalt(productionKey.bytes())
                            .thenExpand(INFO, Primitives.KEY_LENGTH)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no HKDF-SHA256", e);
        } finally {
            Arrays.fill(scalar, (byte) 0);
            Arrays.fill(shared, (byte) 0);
        }
    }

    /** All bytes but the seal. */
    private static byte[] associated(byte[] datagram) {
        int after = datagram.length - Request.FIELDS_OFFSET;
        byte[] associated = Arrays.copyOf(datagram, Request.SEALED_OFFSET + after);
        System.arraycopy(datagram, Request.FIELDS_OFFSET, associated, Request.SEALED_OFFSET, after);
        return associated;
    }
}
