package anubis.crypto;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * OpenSSL 3's libcrypto. Each call has native memory of its own, wiped before it is freed, so any thread may call, a
 * virtual one too.
 */
final class LibcryptoPrimitives extends Provider {
    @Override
    public String name() {
        return "openssl";
    }

    @Override
    byte[] multiply(byte[] scalar, byte[] point) {
        try (var memory = Arena.ofConfined()) {
            return new Multiplication(memory).of(scalar, point);
        }
    }

    @Override
    byte[] hash(byte[] message) {
        var hash = new byte[HASH_LENGTH];
        Libcrypto.digest(message, hash);
        return hash;
    }

    @Override
    byte[] mac(byte[] key, byte[] message) {
        var mac = new byte[MAC_LENGTH];
        long context = Libcrypto.newMac();
        try {
            Libcrypto.initMac(context, key, MacParams.ADDRESS);
            Libcrypto.updateMac(context, message);
            Libcrypto.finishMac(context, mac);
        } finally {
            Libcrypto.freeMac(context);
        }
        return mac;
    }

    @Override
    byte[] sealWith(byte[] key, byte[] nonce, byte[] plaintext, byte[] associated) {
        var ciphertext = new byte[Math.addExact(plaintext.length, TAG_LENGTH)];
        try (var memory = Arena.ofConfined()) {
            var message = new Message(memory, plaintext.length, associated);
            message.seal(key, nonce, plaintext, ciphertext);
        }
        return ciphertext;
    }

    @Override
    byte @Nullable [] openWith(byte[] key, byte[] nonce, byte[] ciphertext, byte[] associated) {
        var plaintext = new byte[ciphertext.length - TAG_LENGTH];
        try (var memory = Arena.ofConfined()) {
            var message = new Message(memory, plaintext.length, associated);
            return message.open(key, nonce, ciphertext, plaintext) ? plaintext : null;
        }
    }

    @Override
    public TransportCipher transportCipher() {
        return new LibcryptoTransportCipher();
    }

    /** The output length of BLAKE2SMAC, which every call shares. */
    private static final class MacParams {
        static final long ADDRESS;

        static {
            MemorySegment memory = Arena.global().allocate(Long.BYTES + 2 * Libcrypto.PARAM_LENGTH, Long.BYTES);
            memory.set(JAVA_LONG, 0, MAC_LENGTH);
            Libcrypto.sizeParam(memory, Long.BYTES, memory.address());
            ADDRESS = memory.address() + Long.BYTES;
        }
    }

    /** One X25519. */
    private static final class Multiplication {
        private static final long SCALAR = 0;
        private static final long NO_KEY = 32;
        private static final long POINT = 64;
        private static final long RESULT = 96;
        private static final long LENGTH = 128;
        private static final long PRIVATE_SLOT = 136;
        private static final long PEER_SLOT = 144;
        private static final long PRIVATE_PARAMS = 152;
        private static final long PEER_PARAMS = PRIVATE_PARAMS + 3 * Libcrypto.PARAM_LENGTH;
        private static final long END = PEER_PARAMS + 2 * Libcrypto.PARAM_LENGTH;

        private final MemorySegment memory;
        private final long at;

        Multiplication(Arena arena) {
            memory = arena.allocate(END, Long.BYTES);
            at = memory.address();
        }

        byte[] of(byte[] scalar, byte[] point) {
            MemorySegment.copy(scalar, 0, memory, JAVA_BYTE, SCALAR, KEY_LENGTH);
            MemorySegment.copy(point, 0, memory, JAVA_BYTE, POINT, KEY_LENGTH);
            memory.asSlice(RESULT, KEY_LENGTH).fill((byte) 0xff);
            memory.set(JAVA_LONG, LENGTH, KEY_LENGTH);
            // libcrypto would compute the public key of the scalar if none were given: twice the work, for nothing.
            Libcrypto.privateParam(memory, PRIVATE_PARAMS, at + SCALAR);
            Libcrypto.publicParam(memory, PRIVATE_PARAMS + Libcrypto.PARAM_LENGTH, at + NO_KEY);
            Libcrypto.publicParam(memory, PEER_PARAMS, at + POINT);
            long making = Libcrypto.newContext(Libcrypto.X25519_NAME);
            long deriving = 0;
            try {
                Libcrypto.initKey(making);
                Libcrypto.newKey(making, at + PRIVATE_SLOT, Libcrypto.EVP_PKEY_KEYPAIR, at + PRIVATE_PARAMS);
                Libcrypto.newKey(making, at + PEER_SLOT, Libcrypto.EVP_PKEY_PUBLIC_KEY, at + PEER_PARAMS);
                deriving = Libcrypto.newContextOf(memory.get(JAVA_LONG, PRIVATE_SLOT));
                Libcrypto.initDerive(deriving);
                Libcrypto.derivePeer(deriving, memory.get(JAVA_LONG, PEER_SLOT));
                boolean derived = Libcrypto.derive(deriving, at + RESULT, at + LENGTH);
                byte[] result = memory.asSlice(RESULT, KEY_LENGTH).toArray(JAVA_BYTE);
                // A result of zero is computed, then refused: that is the caller's to refuse.
                if (!derived && !allZero(result)) {
                    throw new IllegalStateException("libcrypto: EVP_PKEY_derive failed");
                }
                return result;
            } finally {
                Libcrypto.freeContext(deriving);
                Libcrypto.freeKey(memory.get(JAVA_LONG, PEER_SLOT));
                Libcrypto.freeKey(memory.get(JAVA_LONG, PRIVATE_SLOT));
                Libcrypto.freeContext(making);
                memory.fill((byte) 0);
            }
        }

        private static boolean allZero(byte[] bytes) {
            int any = 0;
            for (byte b : bytes) {
                any |= b;
            }
            return any == 0;
        }
    }

    /** One message sealed or opened in place in native memory. */
    private static final class Message {
        private static final long KEY = 0;
        private static final long NONCE = 32;
        private static final long TAG = 48;
        private static final long WRITTEN = 64;
        private static final long PARAMS = 72;
        private static final long TEXT = PARAMS + 2 * Libcrypto.PARAM_LENGTH;

        private final MemorySegment memory;
        private final long at;
        private final int length;
        private final int associatedLength;

        Message(Arena arena, int length, byte[] associated) {
            this.length = length;
            associatedLength = associated.length;
            memory = arena.allocate(TEXT + length + associated.length, Long.BYTES);
            at = memory.address();
            MemorySegment.copy(associated, 0, memory, JAVA_BYTE, TEXT + length, associated.length);
            Libcrypto.tagParam(memory, PARAMS, at + TAG);
        }

        void seal(byte[] key, byte[] nonce, byte[] plaintext, byte[] ciphertext) {
            MemorySegment.copy(plaintext, 0, memory, JAVA_BYTE, TEXT, length);
            if (!crypt(key, nonce, 1, 0, at + PARAMS)) {
                throw new IllegalStateException("libcrypto: EVP_CipherFinal_ex failed");
            }
            MemorySegment.copy(memory, JAVA_BYTE, TEXT, ciphertext, 0, length);
            MemorySegment.copy(memory, JAVA_BYTE, TAG, ciphertext, length, TAG_LENGTH);
            memory.fill((byte) 0);
        }

        boolean open(byte[] key, byte[] nonce, byte[] ciphertext, byte[] plaintext) {
            MemorySegment.copy(ciphertext, 0, memory, JAVA_BYTE, TEXT, length);
            MemorySegment.copy(ciphertext, length, memory, JAVA_BYTE, TAG, TAG_LENGTH);
            boolean authentic = crypt(key, nonce, 0, at + PARAMS, 0);
            if (authentic) {
                MemorySegment.copy(memory, JAVA_BYTE, TEXT, plaintext, 0, length);
            }
            memory.fill((byte) 0);
            return authentic;
        }

        private boolean crypt(byte[] key, byte[] nonce, int sealing, long paramsBefore, long paramsAfter) {
            MemorySegment.copy(key, 0, memory, JAVA_BYTE, KEY, KEY_LENGTH);
            MemorySegment.copy(nonce, 0, memory, JAVA_BYTE, NONCE, NONCE_LENGTH);
            long context = Libcrypto.newCipher();
            try {
                Libcrypto.initCipher(context, Libcrypto.CHACHA20_POLY1305, at + KEY, at + NONCE, sealing, paramsBefore);
                Libcrypto.updateCipher(context, 0, at + WRITTEN, at + TEXT + length, associatedLength);
                Libcrypto.updateCipher(context, at + TEXT, at + WRITTEN, at + TEXT, length);
                boolean done = Libcrypto.finishCipher(context, at + TEXT, at + WRITTEN);
                if (done && paramsAfter != 0) {
                    Libcrypto.cipherParams(context, paramsAfter);
                }
                return done;
            } finally {
                Libcrypto.freeCipher(context);
            }
        }
    }
}
