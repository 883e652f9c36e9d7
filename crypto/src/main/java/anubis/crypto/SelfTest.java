package anubis.crypto;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A fixed answer from every primitive before a provider is used, and a forged message refused. X25519: RFC 7748,
 * sections 5.2 and 6.1. BLAKE2s: RFC 7693, appendix B; with a key and as HMAC: Python's hashlib. The ciphertexts:
 * Python's cryptography, XChaCha20's subkey after the draft.
 */
final class SelfTest {
    private static final byte[] KEY = sequence(Primitives.KEY_LENGTH);
    private static final byte[] TEXT = "abc".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ASSOCIATED = "de".getBytes(StandardCharsets.US_ASCII);
    private static final long COUNTER = 0x0102030405060708L;

    private final Primitives primitives;

    private SelfTest(Primitives primitives) {
        this.primitives = primitives;
    }

    /** @throws IllegalStateException if an answer is wrong, naming the primitive */
    static void run(Primitives primitives) {
        var test = new SelfTest(primitives);
        test.hashes();
        test.curve();
        test.ciphers();
        test.transport();
    }

    private void hashes() {
        expect("BLAKE2s", primitives.blake2s(TEXT), "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
        expect("keyed BLAKE2s", primitives.blake2sMac(KEY, TEXT), "61ba5f165c194692e09d12520cc4c74a");
        expect(
                "HMAC-BLAKE2s",
                primitives.hmac(KEY, TEXT),
                "82623be5bc0a391b24dce53e67d028eff92d586de0485ac37822e597d049c74f");
    }

    private void curve() {
        expect(
                "X25519",
                primitives.x25519(
                        hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
                        hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")),
                "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
        expect(
                "X25519 of the base point",
                primitives.x25519Base(hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")),
                "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
        var zero = new byte[Primitives.KEY_LENGTH];
        expect("X25519 of a point of low order", primitives.x25519(KEY, zero), zero);
    }

    private void ciphers() {
        byte[] sealed = primitives.seal(KEY, COUNTER, TEXT, ASSOCIATED);
        expect("ChaCha20-Poly1305", sealed, "912bce239f34404501913e84794f96cb08be77");
        expect("opening ChaCha20-Poly1305", primitives.open(KEY, COUNTER, sealed, ASSOCIATED), TEXT);
        expectNull("ChaCha20-Poly1305", primitives.open(KEY, COUNTER, forged(sealed), ASSOCIATED));

        byte[] nonce = sequence(Primitives.XNONCE_LENGTH);
        byte[] xsealed = primitives.xseal(KEY, nonce, TEXT, ASSOCIATED);
        expect("XChaCha20-Poly1305", xsealed, "ffa06c3ecfb59e64b1fc560698c2c038d16b8d");
        expect("opening XChaCha20-Poly1305", primitives.xopen(KEY, nonce, xsealed, ASSOCIATED), TEXT);
        expectNull("XChaCha20-Poly1305", primitives.xopen(KEY, nonce, forged(xsealed), ASSOCIATED));
    }

    /** Twice, so that a change of direction and a second packet are also tried. */
    private void transport() {
        TransportCipher cipher = primitives.transportCipher();
        cipher.use(new SymmetricKey(KEY.clone()));
        try (var arena = Arena.ofConfined()) {
            MemorySegment packet = arena.allocate(TEXT.length + Primitives.TAG_LENGTH);
            for (int round = 0; round < 2; round++) {
                MemorySegment.copy(TEXT, 0, packet, JAVA_BYTE, 0, TEXT.length);
                cipher.seal(COUNTER, packet, 0, TEXT.length, packet, 0);
                expect("sealing transport data", packet.toArray(JAVA_BYTE), "912bcecce42fd8b8925c23e9d6e58ac22209b8");
                boolean authentic = cipher.open(COUNTER, packet, 0, TEXT.length, packet, 0);
                byte[] opened = packet.asSlice(0, TEXT.length).toArray(JAVA_BYTE);
                expect("opening transport data", authentic ? opened : null, TEXT);
            }
            if (cipher.open(COUNTER, packet, 0, TEXT.length, packet, 0)) {
                throw wrong("a forgery of transport data");
            }
        } finally {
            cipher.forget();
        }
    }

    private void expect(String what, byte[] answer, String right) {
        expect(what, answer, hex(right));
    }

    private void expect(String what, byte @Nullable [] answer, byte[] right) {
        if (!Arrays.equals(answer, right)) {
            throw wrong(what);
        }
    }

    private void expectNull(String what, byte @Nullable [] answer) {
        if (answer != null) {
            throw wrong("a forgery of " + what);
        }
    }

    private IllegalStateException wrong(String what) {
        return new IllegalStateException("the self-test of " + primitives.name() + " failed at " + what);
    }

    private static byte[] forged(byte[] sealed) {
        byte[] forged = sealed.clone();
        forged[sealed.length - 1] ^= 1;
        return forged;
    }

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text);
    }

    private static byte[] sequence(int length) {
        var bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) i;
        }
        return bytes;
    }
}
