package anubis.crypto;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * One context of libcrypto, which holds the key; a packet costs four calls. The context is wiped and freed when this
 * object is no longer reachable: hence the fences, since native code holds addresses, which keep nothing alive.
 */
final class LibcryptoTransportCipher implements TransportCipher {
    private static final ValueLayout.OfLong COUNTER = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int OPENING = 0;
    private static final int SEALING = 1;
    private static final int AS_BEFORE = -1;

    // The nonce stands so that the counter in it is aligned.
    private static final long KEY_OFFSET = 0;
    private static final long NONCE_OFFSET = 36;
    private static final long WRITTEN_OFFSET = 48;
    private static final long PARAMS_OFFSET = 56;
    private static final long SCRATCH_LENGTH = PARAMS_OFFSET + 2 * Libcrypto.PARAM_LENGTH;

    private final MemorySegment scratch;
    private final long scratchAddress;
    private final long context;
    private @Nullable SymmetricKey inForce;

    LibcryptoTransportCipher() {
        var arena = Arena.ofAuto();
        scratch = arena.allocate(SCRATCH_LENGTH, Long.BYTES);
        scratchAddress = scratch.address();
        context = Libcrypto.newCipher();
        MemorySegment.ofAddress(context).reinterpret(arena, freed -> Libcrypto.freeCipher(freed.address()));
        takeAlgorithm();
        Libcrypto.tagParam(scratch, PARAMS_OFFSET, 0);
    }

    @Override
    public boolean use(SymmetricKey key) {
        if (key == inForce && !key.destroyed()) {
            return true;
        }
        if (!key.copyTo(scratch)) {
            forget();
            return false;
        }
        inForce = null;
        try {
            Libcrypto.initCipher(context, 0, scratchAddress + KEY_OFFSET, 0, AS_BEFORE, 0);
        } finally {
            scratch.asSlice(KEY_OFFSET, Primitives.KEY_LENGTH).fill((byte) 0);
        }
        inForce = key;
        return true;
    }

    @Override
    public void seal(long counter, MemorySegment from, long fromOffset, int length, MemorySegment to, long toOffset) {
        long in = Provider.address(from, fromOffset, length);
        long out = Provider.address(to, toOffset, (long) length + Primitives.TAG_LENGTH);
        try {
            begin(counter, SEALING, 0);
            update(out, in, length);
            if (!Libcrypto.finishCipher(context, out + length, scratchAddress + WRITTEN_OFFSET)) {
                throw new IllegalStateException("libcrypto: EVP_CipherFinal_ex failed");
            }
            Libcrypto.paramData(scratch, PARAMS_OFFSET, out + length);
            Libcrypto.cipherParams(context, scratchAddress + PARAMS_OFFSET);
        } finally {
            Reference.reachabilityFence(this);
            Reference.reachabilityFence(from);
            Reference.reachabilityFence(to);
        }
    }

    @Override
    public boolean open(
            long counter, MemorySegment from, long fromOffset, int length, MemorySegment to, long toOffset) {
        long out = Provider.address(to, toOffset, length);
        long in = Provider.address(from, fromOffset, (long) length + Primitives.TAG_LENGTH);
        try {
            Libcrypto.paramData(scratch, PARAMS_OFFSET, in + length);
            begin(counter, OPENING, scratchAddress + PARAMS_OFFSET);
            update(out, in, length);
            return Libcrypto.finishCipher(context, out + length, scratchAddress + WRITTEN_OFFSET);
        } finally {
            Reference.reachabilityFence(this);
            Reference.reachabilityFence(from);
            Reference.reachabilityFence(to);
        }
    }

    @Override
    public void forget() {
        if (inForce != null) {
            inForce = null;
            try {
                Libcrypto.resetCipher(context);
                takeAlgorithm();
            } finally {
                Reference.reachabilityFence(this);
            }
        }
    }

    private void takeAlgorithm() {
        Libcrypto.initCipher(context, Libcrypto.CHACHA20_POLY1305, 0, 0, SEALING, 0);
    }

    private void begin(long counter, int direction, long params) {
        if (inForce == null) {
            throw new IllegalStateException("no key is in force");
        }
        scratch.set(COUNTER, NONCE_OFFSET + Provider.COUNTER_OFFSET, counter);
        Libcrypto.initCipher(context, 0, 0, scratchAddress + NONCE_OFFSET, direction, params);
    }

    private void update(long out, long in, int length) {
        Libcrypto.updateCipher(context, out, scratchAddress + WRITTEN_OFFSET, in, length);
    }
}
