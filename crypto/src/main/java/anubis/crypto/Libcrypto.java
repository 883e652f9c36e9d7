package anubis.crypto;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * The functions of OpenSSL 3's libcrypto that are needed, one method each, named as in C. Pointers are addresses, so
 * that a call makes no object; where a parameter is a segment, it may lie on the heap.
 *
 * <p>Calls that are short and run no vector code are <i>critical</i>: no change of the thread's state. Those that run
 * the cipher are not: a critical call holds up the garbage collector, and {@code EVP_CipherFinal_ex} as one measured
 * 130 ns slower (OpenSSL 3.0, AVX-512), it seems because only after an ordinary call the JVM clears the upper halves of
 * the vector registers, which Poly1305 leaves in use.
 */
final class Libcrypto {
    private static final String LIBRARY = "libcrypto.so.3";

    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup SYMBOLS = open();

    private static final Linker.Option[] ORDINARY = {};
    private static final Linker.Option[] SHORT = {Linker.Option.critical(false)};
    private static final Linker.Option[] ON_HEAP = {Linker.Option.critical(true)};

    // No atexit handler: it would free libcrypto's state under threads that still compute when the JVM ends.
    private static final long OPENSSL_INIT_NO_ATEXIT = 0x00080000;
    private static final int OSSL_PARAM_UNSIGNED_INTEGER = 2;
    private static final int OSSL_PARAM_OCTET_STRING = 5;
    static final int EVP_PKEY_PUBLIC_KEY = 0x86;
    static final int EVP_PKEY_KEYPAIR = 0x87;

    /** Length of an {@code OSSL_PARAM}. A list of them ends with one whose key is null: zero bytes. */
    static final long PARAM_LENGTH = 40;

    private static final long PARAM_TYPE_OFFSET = 8;
    private static final long PARAM_DATA_OFFSET = 16;
    private static final long PARAM_LENGTH_OFFSET = 24;

    private static final MethodHandle FREE_CIPHER = ordinary("EVP_CIPHER_CTX_free", null, JAVA_LONG);
    private static final MethodHandle NEW_CIPHER = ordinary("EVP_CIPHER_CTX_new", JAVA_LONG);
    private static final MethodHandle RESET_CIPHER = ordinary("EVP_CIPHER_CTX_reset", JAVA_INT, JAVA_LONG);
    private static final MethodHandle INIT_CIPHER = linked(
            SHORT, "EVP_CipherInit_ex2", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG);
    private static final MethodHandle UPDATE_CIPHER =
            ordinary("EVP_CipherUpdate", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT);
    private static final MethodHandle FINISH_CIPHER =
            ordinary("EVP_CipherFinal_ex", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle CIPHER_PARAMS =
            linked(SHORT, "EVP_CIPHER_CTX_get_params", JAVA_INT, JAVA_LONG, JAVA_LONG);

    private static final MethodHandle DIGEST =
            linked(ON_HEAP, "EVP_Digest", JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle NEW_MAC = ordinary("EVP_MAC_CTX_new", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle FREE_MAC = ordinary("EVP_MAC_CTX_free", null, JAVA_LONG);
    private static final MethodHandle INIT_MAC =
            linked(ON_HEAP, "EVP_MAC_init", JAVA_INT, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle UPDATE_MAC =
            linked(ON_HEAP, "EVP_MAC_update", JAVA_INT, JAVA_LONG, ADDRESS, JAVA_LONG);
    private static final MethodHandle FINISH_MAC =
            linked(ON_HEAP, "EVP_MAC_final", JAVA_INT, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG);

    private static final MethodHandle CONTEXT_BY_NAME =
            ordinary("EVP_PKEY_CTX_new_from_name", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle CONTEXT_BY_KEY =
            ordinary("EVP_PKEY_CTX_new_from_pkey", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle FREE_CONTEXT = ordinary("EVP_PKEY_CTX_free", null, JAVA_LONG);
    private static final MethodHandle INIT_KEY = ordinary("EVP_PKEY_fromdata_init", JAVA_INT, JAVA_LONG);
    private static final MethodHandle NEW_KEY =
            ordinary("EVP_PKEY_fromdata", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG);
    private static final MethodHandle FREE_KEY = ordinary("EVP_PKEY_free", null, JAVA_LONG);
    private static final MethodHandle INIT_DERIVE = ordinary("EVP_PKEY_derive_init", JAVA_INT, JAVA_LONG);
    private static final MethodHandle DERIVE_PEER =
            ordinary("EVP_PKEY_derive_set_peer_ex", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
    private static final MethodHandle DERIVE = ordinary("EVP_PKEY_derive", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    private static final long TAG_NAME = text("tag");
    private static final long SIZE_NAME = text("size");
    private static final long PRIVATE_NAME = text("priv");
    private static final long PUBLIC_NAME = text("pub");
    static final long X25519_NAME = text("X25519");

    /** Fetched once and kept for good; shared by all threads, as libcrypto allows. */
    static final long CHACHA20_POLY1305;

    static final long BLAKE2S;
    static final long BLAKE2S_MAC;

    static {
        try {
            MethodHandle init = ordinary("OPENSSL_init_crypto", JAVA_INT, JAVA_LONG, JAVA_LONG);
            succeeded("OPENSSL_init_crypto", (int) init.invokeExact(OPENSSL_INIT_NO_ATEXIT, 0L));
            CHACHA20_POLY1305 = fetched("EVP_CIPHER_fetch", "ChaCha20-Poly1305");
            BLAKE2S = fetched("EVP_MD_fetch", "BLAKE2S-256");
            BLAKE2S_MAC = fetched("EVP_MAC_fetch", "BLAKE2SMAC");
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private Libcrypto() {}

    // ---- AEAD

    static long newCipher() {
        try {
            return made("EVP_CIPHER_CTX_new", (long) NEW_CIPHER.invokeExact());
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void freeCipher(long context) {
        try {
            FREE_CIPHER.invokeExact(context);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Wipes all that is in the context. */
    static void resetCipher(long context) {
        try {
            succeeded("EVP_CIPHER_CTX_reset", (int) RESET_CIPHER.invokeExact(context));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** What is zero stays as it was. */
    static void initCipher(long context, long algorithm, long key, long nonce, int sealing, long params) {
        try {
            succeeded("EVP_CipherInit_ex2", (int)
                    INIT_CIPHER.invokeExact(context, algorithm, key, nonce, sealing, params));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Takes associated data if {@code to} is 0. */
    static void updateCipher(long context, long to, long written, long from, int length) {
        try {
            succeeded("EVP_CipherUpdate", (int) UPDATE_CIPHER.invokeExact(context, to, written, from, length));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** False if the tag is wrong. */
    static boolean finishCipher(long context, long to, long written) {
        try {
            return (int) FINISH_CIPHER.invokeExact(context, to, written) > 0;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void cipherParams(long context, long params) {
        try {
            succeeded("EVP_CIPHER_CTX_get_params", (int) CIPHER_PARAMS.invokeExact(context, params));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    // ---- BLAKE2s

    static void digest(byte[] message, byte[] hash) {
        try {
            succeeded("EVP_Digest", (int) DIGEST.invokeExact(
                    MemorySegment.ofArray(message),
                    (long) message.length,
                    MemorySegment.ofArray(hash),
                    0L,
                    BLAKE2S,
                    0L));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static long newMac() {
        try {
            return made("EVP_MAC_CTX_new", (long) NEW_MAC.invokeExact(BLAKE2S_MAC));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void freeMac(long context) {
        try {
            FREE_MAC.invokeExact(context);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void initMac(long context, byte[] key, long params) {
        try {
            succeeded("EVP_MAC_init", (int)
                    INIT_MAC.invokeExact(context, MemorySegment.ofArray(key), (long) key.length, params));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void updateMac(long context, byte[] message) {
        try {
            succeeded("EVP_MAC_update", (int)
                    UPDATE_MAC.invokeExact(context, MemorySegment.ofArray(message), (long) message.length));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void finishMac(long context, byte[] mac) {
        try {
            succeeded("EVP_MAC_final", (int)
                    FINISH_MAC.invokeExact(context, MemorySegment.ofArray(mac), 0L, (long) mac.length));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    // ---- X25519

    static long newContext(long name) {
        try {
            return made("EVP_PKEY_CTX_new_from_name", (long) CONTEXT_BY_NAME.invokeExact(0L, name, 0L));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static long newContextOf(long key) {
        try {
            return made("EVP_PKEY_CTX_new_from_pkey", (long) CONTEXT_BY_KEY.invokeExact(0L, key, 0L));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Zero is allowed, and nothing. */
    static void freeContext(long context) {
        try {
            FREE_CONTEXT.invokeExact(context);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void initKey(long context) {
        try {
            succeeded("EVP_PKEY_fromdata_init", (int) INIT_KEY.invokeExact(context));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Writes the address of the new key to {@code key}, where zero must stand. */
    static void newKey(long context, long key, int selection, long params) {
        try {
            succeeded("EVP_PKEY_fromdata", (int) NEW_KEY.invokeExact(context, key, selection, params));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Zero is allowed, and nothing. */
    static void freeKey(long key) {
        try {
            FREE_KEY.invokeExact(key);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void initDerive(long context) {
        try {
            succeeded("EVP_PKEY_derive_init", (int) INIT_DERIVE.invokeExact(context));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void derivePeer(long context, long peer) {
        try {
            succeeded("EVP_PKEY_derive_set_peer_ex", (int) DERIVE_PEER.invokeExact(context, peer, 0));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** False if it failed; for X25519 also if the result is all zero. */
    static boolean derive(long context, long to, long length) {
        try {
            return (int) DERIVE.invokeExact(context, to, length) > 0;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    // ---- OSSL_PARAM

    static void tagParam(MemorySegment at, long offset, long tag) {
        param(at, offset, TAG_NAME, OSSL_PARAM_OCTET_STRING, tag, Primitives.TAG_LENGTH);
    }

    /** Points the parameter at another place: all that differs from packet to packet. */
    static void paramData(MemorySegment at, long offset, long data) {
        at.set(JAVA_LONG, offset + PARAM_DATA_OFFSET, data);
    }

    /** @param size the address of a {@code size_t} */
    static void sizeParam(MemorySegment at, long offset, long size) {
        param(at, offset, SIZE_NAME, OSSL_PARAM_UNSIGNED_INTEGER, size, Long.BYTES);
    }

    static void privateParam(MemorySegment at, long offset, long key) {
        param(at, offset, PRIVATE_NAME, OSSL_PARAM_OCTET_STRING, key, Primitives.KEY_LENGTH);
    }

    static void publicParam(MemorySegment at, long offset, long key) {
        param(at, offset, PUBLIC_NAME, OSSL_PARAM_OCTET_STRING, key, Primitives.KEY_LENGTH);
    }

    private static void param(MemorySegment at, long offset, long name, int type, long data, long length) {
        at.set(JAVA_LONG, offset, name);
        at.set(JAVA_INT, offset + PARAM_TYPE_OFFSET, type);
        paramData(at, offset, data);
        at.set(JAVA_LONG, offset + PARAM_LENGTH_OFFSET, length);
    }

    // ---- linking

    private static SymbolLookup open() {
        try {
            return SymbolLookup.libraryLookup(LIBRARY, Arena.global());
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException(LIBRARY + " was not found: install OpenSSL 3", e);
        }
    }

    private static MethodHandle ordinary(String name, @Nullable MemoryLayout result, MemoryLayout... parameters) {
        return linked(ORDINARY, name, result, parameters);
    }

    private static MethodHandle linked(
            Linker.Option[] options, String name, @Nullable MemoryLayout result, MemoryLayout... parameters) {
        MemorySegment function = SYMBOLS.find(name)
                .orElseThrow(() -> new IllegalStateException(LIBRARY + " has no " + name + ": it is not OpenSSL 3"));
        FunctionDescriptor descriptor =
                result == null ? FunctionDescriptor.ofVoid(parameters) : FunctionDescriptor.of(result, parameters);
        return LINKER.downcallHandle(function, descriptor, options);
    }

    private static long fetched(String function, String algorithm) throws Throwable {
        MethodHandle fetch = ordinary(function, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
        long fetched = (long) fetch.invokeExact(0L, text(algorithm), 0L);
        if (fetched == 0) {
            throw new IllegalStateException(LIBRARY + " offers no " + algorithm);
        }
        return fetched;
    }

    private static long text(String text) {
        return Arena.global().allocateFrom(text).address();
    }

    private static void succeeded(String function, int result) {
        if (result <= 0) {
            throw failed(function);
        }
    }

    private static long made(String function, long pointer) {
        if (pointer == 0) {
            throw failed(function);
        }
        return pointer;
    }

    private static IllegalStateException failed(String function) {
        return new IllegalStateException(LIBRARY + ": " + function + " failed");
    }

    /** Nothing that is checked comes out of a call. */
    private static RuntimeException unexpected(Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        return e instanceof RuntimeException exception ? exception : new IllegalStateException(e);
    }
}
