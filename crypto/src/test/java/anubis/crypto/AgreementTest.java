package anubis.crypto;

import static anubis.crypto.Vectors.hex;
import static anubis.crypto.Vectors.random;
import static anubis.crypto.Vectors.sequence;
import static anubis.crypto.Vectors.text;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.bouncycastle.crypto.modes.ChaCha20Poly1305;
import org.bouncycastle.crypto.params.AEADParameters;
import org.bouncycastle.crypto.params.KeyParameter;
import org.junit.jupiter.api.Test;

/** The providers against each other, and against an engine that neither uses, on random values of a fixed seed. */
class AgreementTest {
    private final LibcryptoPrimitives openssl = new LibcryptoPrimitives();
    private final JdkPrimitives jdk = new JdkPrimitives();
    private final Random random = new Random(20261122);

    /** draft-irtf-cfrg-xchacha-03, section 2.2.1. */
    @Test
    void hchacha20OfTheDraft() {
        assertThat(text(HChaCha20.subkey(sequence(32), hex("000000090000004a0000000031415927"))))
                .isEqualTo("82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc");
    }

    @Test
    void sealingOfEveryLength() throws Exception {
        for (int length = 0; length <= 2000; length++) {
            byte[] key = random(random, 32);
            byte[] plaintext = random(random, length);
            byte[] associated = random(random, random.nextInt(100));
            long counter = random.nextLong();
            byte[] sealed = openssl.seal(key, counter, plaintext, associated);
            assertThat(sealed).isEqualTo(bouncyCastle(key, counter, plaintext, associated));
            assertThat(jdk.seal(key, counter, plaintext, associated)).isEqualTo(sealed);
            assertThat(openssl.open(key, counter, sealed, associated)).isEqualTo(plaintext);
            assertThat(jdk.open(key, counter, sealed, associated)).isEqualTo(plaintext);
        }
    }

    @Test
    void transportDataOfEveryLength() throws Exception {
        TransportCipher ours = openssl.transportCipher();
        TransportCipher theirs = jdk.transportCipher();
        try (var arena = Arena.ofConfined()) {
            MemorySegment plain = arena.allocate(4096);
            MemorySegment sealed = arena.allocate(4096);
            for (int length = 0; length <= 2000; length++) {
                byte[] key = random(random, 32);
                byte[] plaintext = random(random, length);
                long counter = random.nextLong();
                int at = random.nextInt(64);
                var symmetric = new SymmetricKey(key.clone());
                ours.use(symmetric);
                theirs.use(symmetric);
                byte[] expected = bouncyCastle(key, counter, plaintext, new byte[0]);
                for (TransportCipher cipher : new TransportCipher[] {ours, theirs}) {
                    MemorySegment.copy(plaintext, 0, plain, JAVA_BYTE, at, length);
                    cipher.seal(counter, plain, at, length, sealed, 3);
                    assertThat(sealed.asSlice(3, length + 16).toArray(JAVA_BYTE))
                            .isEqualTo(expected);
                    plain.fill((byte) 0);
                    assertThat(cipher.open(counter, sealed, 3, length, plain, at))
                            .isTrue();
                    assertThat(plain.asSlice(at, length).toArray(JAVA_BYTE)).isEqualTo(plaintext);
                }
            }
        }
    }

    @Test
    void theOtherPrimitives() {
        for (int length = 0; length <= 2000; length++) {
            byte[] key = random(random, 32);
            byte[] message = random(random, length);
            byte[] nonce = random(random, 24);
            assertThat(openssl.blake2s(key, message)).isEqualTo(jdk.blake2s(key, message));
            assertThat(openssl.blake2sMac(key, message)).isEqualTo(jdk.blake2sMac(key, message));
            assertThat(openssl.hmac(message, key)).isEqualTo(jdk.hmac(message, key));
            byte[] sealed = openssl.xseal(key, nonce, message, key);
            assertThat(jdk.xseal(key, nonce, message, key)).isEqualTo(sealed);
            assertThat(jdk.xopen(key, nonce, sealed, key)).isEqualTo(message);
        }
        for (int i = 0; i < 300; i++) {
            byte[] scalar = random(random, 32);
            byte[] point = random(random, 32);
            assertThat(openssl.x25519(scalar, point)).isEqualTo(jdk.x25519(scalar, point));
            assertThat(openssl.x25519Base(scalar)).isEqualTo(jdk.x25519Base(scalar));
        }
    }

    private static byte[] bouncyCastle(byte[] key, long counter, byte[] plaintext, byte[] associated) throws Exception {
        var nonce = new byte[12];
        for (int i = 0; i < 8; i++) {
            nonce[4 + i] = (byte) (counter >>> (8 * i));
        }
        var engine = new ChaCha20Poly1305();
        engine.init(true, new AEADParameters(new KeyParameter(key), 128, nonce, associated));
        var sealed = new byte[engine.getOutputSize(plaintext.length)];
        int written = engine.processBytes(plaintext, 0, plaintext.length, sealed, 0);
        engine.doFinal(sealed, written);
        return sealed;
    }
}
