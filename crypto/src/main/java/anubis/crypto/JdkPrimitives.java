package anubis.crypto;

import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.crypto.digests.Blake2sDigest;
import org.bouncycastle.math.ec.rfc7748.X25519;
import org.jspecify.annotations.Nullable;

/**
 * ChaCha20-Poly1305 of the JDK; X25519, which is more than twice as fast there, and BLAKE2s of Bouncy Castle. Neither
 * can wipe the copies of keys that it makes: the garbage collector gets them as they are.
 */
final class JdkPrimitives extends Provider {
    @Override
    public String name() {
        return "jdk";
    }

    @Override
    byte[] multiply(byte[] scalar, byte[] point) {
        var result = new byte[KEY_LENGTH];
        X25519.scalarMult(scalar, 0, point, 0, result, 0);
        return result;
    }

    /** With the tables of Ed25519: less than half the time. */
    @Override
    public byte[] x25519Base(byte[] scalar) {
        return scalar.length == KEY_LENGTH ? multiplyBase(scalar) : super.x25519Base(scalar);
    }

    /** The public key of a scalar of 32 bytes. */
    static byte[] multiplyBase(byte[] scalar) {
        var result = new byte[KEY_LENGTH];
        X25519.scalarMultBase(scalar, 0, result, 0);
        return result;
    }

    @Override
    byte[] hash(byte[] message) {
        return finished(new Blake2sDigest(HASH_LENGTH * Byte.SIZE), message, HASH_LENGTH);
    }

    @Override
    byte[] mac(byte[] key, byte[] message) {
        return finished(new Blake2sDigest(key, MAC_LENGTH, null, null), message, MAC_LENGTH);
    }

    @Override
    byte[] sealWith(byte[] key, byte[] nonce, byte[] plaintext, byte[] associated) {
        try {
            return ready(newCipher(), Cipher.ENCRYPT_MODE, key, nonce, associated)
                    .doFinal(plaintext);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    byte @Nullable [] openWith(byte[] key, byte[] nonce, byte[] ciphertext, byte[] associated) {
        try {
            return ready(newCipher(), Cipher.DECRYPT_MODE, key, nonce, associated)
                    .doFinal(ciphertext);
        } catch (AEADBadTagException e) {
            return null;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public TransportCipher transportCipher() {
        return new JdkTransportCipher();
    }

    static Cipher newCipher() {
        try {
            return Cipher.getInstance("ChaCha20-Poly1305");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no ChaCha20-Poly1305", e);
        }
    }

    private static Cipher ready(Cipher cipher, int mode, byte[] key, byte[] nonce, byte[] associated)
            throws GeneralSecurityException {
        cipher.init(mode, new SecretKeySpec(key, "ChaCha20"), new IvParameterSpec(nonce));
        cipher.updateAAD(associated);
        return cipher;
    }

    private static byte[] finished(Blake2sDigest digest, byte[] message, int length) {
        var result = new byte[length];
        digest.update(message, 0, message.length);
        digest.doFinal(result, 0);
        return result;
    }
}
