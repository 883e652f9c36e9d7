package anubis.crypto;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** The JDK's cipher. It works on the heap, so every packet is copied there and back. */
final class JdkTransportCipher implements TransportCipher {
    private Cipher sealing = JdkPrimitives.newCipher();
    private Cipher opening = JdkPrimitives.newCipher();
    private long lastSealed;
    private byte[] packet = new byte[2048];
    private @Nullable SymmetricKey inForce;
    private @Nullable SecretKeySpec spec;

    @Override
    public boolean use(SymmetricKey key) {
        if (key == inForce && !key.destroyed()) {
            return true;
        }
        var bytes = new byte[Primitives.KEY_LENGTH];
        if (!key.copyTo(MemorySegment.ofArray(bytes))) {
            forget();
            return false;
        }
        spec = new SecretKeySpec(bytes, "ChaCha20");
        Arrays.fill(bytes, (byte) 0);
        inForce = key;
        return true;
    }

    @Override
    public void seal(long counter, MemorySegment from, long fromOffset, int length, MemorySegment to, long toOffset) {
        int sealed = Math.addExact(length, Primitives.TAG_LENGTH);
        Provider.address(from, fromOffset, length);
        Provider.address(to, toOffset, sealed);
        if (counter == lastSealed) {
            // The JDK refuses a key and nonce that it has just had. Never to seal twice with one is the caller's duty.
            sealing = JdkPrimitives.newCipher();
        }
        lastSealed = counter;
        room(sealed);
        MemorySegment.copy(from, JAVA_BYTE, fromOffset, packet, 0, length);
        try {
            begin(sealing, Cipher.ENCRYPT_MODE, counter);
            sealing.doFinal(packet, 0, length, packet, 0);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
        MemorySegment.copy(packet, 0, to, JAVA_BYTE, toOffset, sealed);
    }

    @Override
    public boolean open(
            long counter, MemorySegment from, long fromOffset, int length, MemorySegment to, long toOffset) {
        int sealed = Math.addExact(length, Primitives.TAG_LENGTH);
        Provider.address(to, toOffset, length);
        Provider.address(from, fromOffset, sealed);
        room(sealed);
        MemorySegment.copy(from, JAVA_BYTE, fromOffset, packet, 0, sealed);
        try {
            begin(opening, Cipher.DECRYPT_MODE, counter);
            opening.doFinal(packet, 0, sealed, packet, 0);
        } catch (AEADBadTagException e) {
            return false;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
        MemorySegment.copy(packet, 0, to, JAVA_BYTE, toOffset, length);
        return true;
    }

    @Override
    public void forget() {
        if (inForce != null) {
            inForce = null;
            spec = null;
            sealing = JdkPrimitives.newCipher();
            opening = JdkPrimitives.newCipher();
            Arrays.fill(packet, (byte) 0);
        }
    }

    private void begin(Cipher cipher, int mode, long counter) throws GeneralSecurityException {
        if (spec == null) {
            throw new IllegalStateException("no key is in force");
        }
        cipher.init(mode, spec, new IvParameterSpec(Provider.nonce(counter)));
    }

    private void room(int length) {
        if (packet.length < length) {
            packet = new byte[length];
        }
    }
}
