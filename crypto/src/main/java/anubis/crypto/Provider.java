package anubis.crypto;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What the providers share: the checks of lengths, and what is built of other primitives. */
abstract sealed class Provider implements Primitives permits LibcryptoPrimitives, JdkPrimitives {
    static final int NONCE_LENGTH = 12;
    /** Where the counter stands in the nonce, after four zero bytes. */
    static final int COUNTER_OFFSET = 4;

    private static final int BLAKE2S_BLOCK_LENGTH = 64;
    private static final int INNER_PAD = 0x36;
    private static final int OUTER_PAD = 0x5c;
    private static final VarHandle LITTLE_ENDIAN_LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final byte[] BASE_POINT = new byte[KEY_LENGTH];

    static {
        BASE_POINT[0] = 9;
    }

    abstract byte[] multiply(byte[] scalar, byte[] point);

    abstract byte[] hash(byte[] message);

    abstract byte[] mac(byte[] key, byte[] message);

    /** ChaCha20-Poly1305 with any nonce of 12 bytes. */
    abstract byte[] sealWith(byte[] key, byte[] nonce, byte[] plaintext, byte[] associated);

    /** The opposite of {@link #sealWith}; the ciphertext has room for a tag. */
    abstract byte @Nullable [] openWith(byte[] key, byte[] nonce, byte[] ciphertext, byte[] associated);

    @Override
    public final byte[] x25519(byte[] scalar, byte[] point) {
        return multiply(checked("a scalar", scalar, KEY_LENGTH), checked("a point", point, KEY_LENGTH));
    }

    @Override
    public byte[] x25519Base(byte[] scalar) {
        return x25519(scalar, BASE_POINT);
    }

    @Override
    public final byte[] blake2s(byte[]... parts) {
        byte[] message = joined(0, parts);
        byte[] hash = hash(message);
        Arrays.fill(message, (byte) 0);
        return hash;
    }

    @Override
    public final byte[] blake2sMac(byte[] key, byte[]... parts) {
        if (key.length == 0 || key.length > KEY_LENGTH) {
            throw new IllegalArgumentException("a key of BLAKE2s has 1 to 32 bytes, not " + key.length);
        }
        return mac(key, joined(0, parts));
    }

    @Override
    public final byte[] hmac(byte[] key, byte[]... parts) {
        byte[] shortKey = key.length > BLAKE2S_BLOCK_LENGTH ? hash(key) : key;
        byte[] inner = joined(BLAKE2S_BLOCK_LENGTH, parts);
        var outer = new byte[BLAKE2S_BLOCK_LENGTH + HASH_LENGTH];
        for (int i = 0; i < BLAKE2S_BLOCK_LENGTH; i++) {
            int k = i < shortKey.length ? shortKey[i] : 0;
            inner[i] = (byte) (k ^ INNER_PAD);
            outer[i] = (byte) (k ^ OUTER_PAD);
        }
        System.arraycopy(hash(inner), 0, outer, BLAKE2S_BLOCK_LENGTH, HASH_LENGTH);
        byte[] mac = hash(outer);
        Arrays.fill(inner, (byte) 0);
        Arrays.fill(outer, (byte) 0);
        return mac;
    }

    @Override
    public final byte[] seal(byte[] key, long counter, byte[] plaintext, byte[] associated) {
        return sealWith(checked("a key", key, KEY_LENGTH), nonce(counter), plaintext, associated);
    }

    @Override
    public final byte @Nullable [] open(byte[] key, long counter, byte[] ciphertext, byte[] associated) {
        checked("a key", key, KEY_LENGTH);
        return ciphertext.length < TAG_LENGTH ? null : openWith(key, nonce(counter), ciphertext, associated);
    }

    @Override
    public final byte[] xseal(byte[] key, byte[] nonce, byte[] plaintext, byte[] associated) {
        byte[] subkey = subkey(key, nonce);
        try {
            return sealWith(subkey, subnonce(nonce), plaintext, associated);
        } finally {
            Arrays.fill(subkey, (byte) 0);
        }
    }

    @Override
    public final byte @Nullable [] xopen(byte[] key, byte[] nonce, byte[] ciphertext, byte[] associated) {
        byte[] subkey = subkey(key, nonce);
        try {
            return ciphertext.length < TAG_LENGTH ? null : openWith(subkey, subnonce(nonce), ciphertext, associated);
        } finally {
            Arrays.fill(subkey, (byte) 0);
        }
    }

    /** WireGuard's nonce: four zero bytes, then the counter, little-endian (whitepaper, section 5.4). */
    static byte[] nonce(long counter) {
        var nonce = new byte[NONCE_LENGTH];
        LITTLE_ENDIAN_LONG.set(nonce, COUNTER_OFFSET, counter);
        return nonce;
    }

    /** The address of {@code length} bytes, which must lie in {@code segment}, and that in native memory. */
    static long address(MemorySegment segment, long offset, long length) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException("packets lie in native memory");
        }
        long size = segment.byteSize();
        if (offset < 0 || length < 0 || offset > size - length) {
            throw new IndexOutOfBoundsException(length + " bytes at " + offset + " of " + size);
        }
        return segment.address() + offset;
    }

    private static byte[] subkey(byte[] key, byte[] nonce) {
        return HChaCha20.subkey(checked("a key", key, KEY_LENGTH), checked("a nonce", nonce, XNONCE_LENGTH));
    }

    /** Four zero bytes, then the last eight of the nonce (draft-irtf-cfrg-xchacha-03, section 2.3). */
    private static byte[] subnonce(byte[] nonce) {
        return nonce((long) LITTLE_ENDIAN_LONG.get(nonce, HChaCha20.NONCE_LENGTH));
    }

    private static byte[] checked(String what, byte[] bytes, int length) {
        if (bytes.length != length) {
            throw new IllegalArgumentException(what + " has " + length + " bytes, not " + bytes.length);
        }
        return bytes;
    }

    /** The parts, one after the other, behind {@code room} zero bytes. */
    private static byte[] joined(int room, byte[]... parts) {
        int length = room;
        for (byte[] part : parts) {
            length = Math.addExact(length, part.length);
        }
        var joined = new byte[length];
        int at = room;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, joined, at, part.length);
            at += part.length;
        }
        return joined;
    }
}
