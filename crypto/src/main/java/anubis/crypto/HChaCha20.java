package anubis.crypto;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** HChaCha20 (draft-irtf-cfrg-xchacha-03, section 2.2), which neither libcrypto nor the JDK offers. */
final class HChaCha20 {
    /** The first 16 bytes of an XChaCha20 nonce; what follows them is not read. */
    static final int NONCE_LENGTH = 16;

    private static final int DOUBLE_ROUNDS = 10;
    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private HChaCha20() {}

    /** The 32 bytes of the key that XChaCha20 uses in place of {@code key}. */
    static byte[] subkey(byte[] key, byte[] nonce) {
        int[] x = new int[16];
        x[0] = 0x61707865; // "expand 32-byte k"
        x[1] = 0x3320646e;
        x[2] = 0x79622d32;
        x[3] = 0x6b206574;
        for (int i = 0; i < 8; i++) {
            x[4 + i] = (int) WORD.get(key, Integer.BYTES * i);
        }
        for (int i = 0; i < 4; i++) {
            x[12 + i] = (int) WORD.get(nonce, Integer.BYTES * i);
        }
        for (int i = 0; i < DOUBLE_ROUNDS; i++) {
            quarterRound(x, 0, 4, 8, 12);
            quarterRound(x, 1, 5, 9, 13);
            quarterRound(x, 2, 6, 10, 14);
            quarterRound(x, 3, 7, 11, 15);
            quarterRound(x, 0, 5, 10, 15);
            quarterRound(x, 1, 6, 11, 12);
            quarterRound(x, 2, 7, 8, 13);
            quarterRound(x, 3, 4, 9, 14);
        }
        var subkey = new byte[Primitives.KEY_LENGTH];
        for (int i = 0; i < 4; i++) {
            WORD.set(subkey, Integer.BYTES * i, x[i]);
            WORD.set(subkey, Integer.BYTES * (4 + i), x[12 + i]);
        }
        return subkey;
    }

    private static void quarterRound(int[] x, int a, int b, int c, int d) {
        x[a] += x[b];
        x[d] = Integer.rotateLeft(x[d] ^ x[a], 16);
        x[c] += x[d];
        x[b] = Integer.rotateLeft(x[b] ^ x[c], 12);
        x[a] += x[b];
        x[d] = Integer.rotateLeft(x[d] ^ x[a], 8);
        x[c] += x[d];
        x[b] = Integer.rotateLeft(x[b] ^ x[c], 7);
    }
}
