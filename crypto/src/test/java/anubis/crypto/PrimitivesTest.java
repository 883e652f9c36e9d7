package anubis.crypto;

import static anubis.crypto.Vectors.NOTHING;
import static anubis.crypto.Vectors.SUNSCREEN;
import static anubis.crypto.Vectors.SUNSCREEN_ASSOCIATED;
import static anubis.crypto.Vectors.SUNSCREEN_KEY;
import static anubis.crypto.Vectors.ascii;
import static anubis.crypto.Vectors.hex;
import static anubis.crypto.Vectors.random;
import static anubis.crypto.Vectors.sequence;
import static anubis.crypto.Vectors.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every provider against the same vectors. */
@ParameterizedClass
@MethodSource("anubis.crypto.Vectors#providers")
class PrimitivesTest {
    private final Provider provider;

    PrimitivesTest(Provider provider) {
        this.provider = provider;
    }

    // ---- X25519

    /** RFC 7748, section 5.2. The scalars are not clamped, and the second point has the highest bit set. */
    @Test
    void x25519OfRfc7748() {
        assertThat(text(provider.x25519(
                        hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
                        hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"))))
                .isEqualTo("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
        assertThat(text(provider.x25519(
                        hex("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
                        hex("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493"))))
                .isEqualTo("95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
    }

    /** RFC 7748, section 5.2. */
    @Test
    void x25519Iterated() {
        byte[] scalar = new byte[32];
        scalar[0] = 9;
        byte[] point = scalar;
        for (int i = 1; i <= 1000; i++) {
            byte[] next = provider.x25519(scalar, point);
            point = scalar;
            scalar = next;
            if (i == 1) {
                assertThat(text(scalar)).isEqualTo("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
            }
        }
        assertThat(text(scalar)).isEqualTo("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
    }

    /** RFC 7748, section 6.1. */
    @Test
    void diffieHellmanOfRfc7748() {
        byte[] alice = hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        byte[] bob = hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
        byte[] alicePublic = provider.x25519Base(alice);
        byte[] bobPublic = provider.x25519Base(bob);
        assertThat(text(alicePublic)).isEqualTo("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
        assertThat(text(bobPublic)).isEqualTo("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
        String shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
        assertThat(text(provider.x25519(alice, bobPublic))).isEqualTo(shared);
        assertThat(text(provider.x25519(bob, alicePublic))).isEqualTo(shared);
    }

    /** The seven points of low order, canonical or not (https://cr.yp.to/ecdh.html), and with the unread bit set. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "0000000000000000000000000000000000000000000000000000000000000000",
                "0100000000000000000000000000000000000000000000000000000000000000",
                "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
            })
    void pointsOfLowOrderGiveZero(String point) {
        assertThat(provider.x25519(random(new Random(1), 32), hex(point))).isEqualTo(new byte[32]);
        assertThat(PublicKey.ofHex(point).isOfLowOrder()).isTrue();
        byte[] other = hex(point);
        other[7] ^= 1;
        assertThat(PublicKey.of(other).isOfLowOrder()).isFalse();
    }

    @Test
    void x25519ClampsTheScalar() {
        byte[] scalar = random(new Random(2), 32);
        byte[] clamped = scalar.clone();
        clamped[0] &= (byte) 0xf8;
        clamped[31] = (byte) ((clamped[31] & 0x7f) | 0x40);
        scalar[0] |= 7;
        scalar[31] = (byte) ((clamped[31] & 0x3f) | 0x80);
        assertThat(provider.x25519Base(scalar)).isEqualTo(provider.x25519Base(clamped));
        byte[] point = random(new Random(3), 32);
        assertThat(provider.x25519(scalar, point)).isEqualTo(provider.x25519(clamped, point));
    }

    // ---- BLAKE2s

    /** RFC 7693, appendix B; the first vector of the reference; the whitepaper's construction, section 5.4. */
    @Test
    void blake2s() {
        assertThat(text(provider.blake2s(ascii("abc"))))
                .isEqualTo("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
        assertThat(text(provider.blake2s(NOTHING)))
                .isEqualTo("69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9");
        assertThat(provider.blake2s()).isEqualTo(provider.blake2s(NOTHING));
        assertThat(text(provider.blake2s(ascii("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"))))
                .isEqualTo("60e26daef327efc02ec335e2a025d2d016eb4206f87277f52d38d1988b78cd36");
    }

    /** Made with Python's hashlib, which holds the reference: one hash over those of 0, 1 … 255 bytes, 0, 1, 2 …. */
    @Test
    void blake2sOfAllLengths() {
        assertThat(hashOf(256, n -> provider.blake2s(sequence(n))))
                .isEqualTo("6d86d20a9d486cc270bc10f4523a3e811f7f88636204b0a9a76277823b30b672");
    }

    /** Made likewise, with the key 0, 1 … 31 and 16 bytes of output; and with keys of 1 to 32 bytes. */
    @Test
    void keyedBlake2s() {
        assertThat(hashOf(256, n -> provider.blake2sMac(sequence(32), sequence(n))))
                .isEqualTo("30cc90a56615ddfabcf5d63db9805ec44aefe70ce63c66cc8214f7c74ee57b16");
        assertThat(hashOf(32, n -> provider.blake2sMac(sequence(n + 1), ascii("abc"))))
                .isEqualTo("d7e3319281f1b433f224b5dde1f5f0e4465bc2f323a6e563097f1a21773d4a14");
    }

    /** Made with Python's hmac: keys and messages of 0 to 200 bytes, so also keys longer than a block. */
    @Test
    void hmac() {
        assertThat(hashOf(201, n -> provider.hmac(sequence(n), sequence(n))))
                .isEqualTo("b3035e97a186128dc799296d98a3902896c5b6b559c7aa8a3c5e58471af3528a");
    }

    /** HKDF as the whitepaper has it (section 5.4, Kdf3), made with Python's hmac. */
    @Test
    void hkdf() {
        byte[] secret = provider.hmac(sequence(32), Arrays.copyOfRange(sequence(64), 32, 64));
        byte[] first = provider.hmac(secret, new byte[] {1});
        byte[] second = provider.hmac(secret, first, new byte[] {2});
        byte[] third = provider.hmac(secret, second, new byte[] {3});
        assertThat(text(first)).isEqualTo("6a96444e20e8d4c1cee974416acae1c10b3c92886010e54ed94dafb2c3b80ea0");
        assertThat(text(second)).isEqualTo("57af120b0de7acbe7907ec149c5ae870a2dbb74232b65777ba4123f1f7f888f5");
        assertThat(text(third)).isEqualTo("0926c7caabb6e8d73beda759e6f4f0d324ce5b5000bcf8cd784b26db3049faa9");
    }

    @Test
    void partsAreJoined() {
        byte[] whole = sequence(150);
        byte[] key = sequence(32);
        byte[] a = Arrays.copyOfRange(whole, 0, 70);
        byte[] b = Arrays.copyOfRange(whole, 70, 150);
        assertThat(provider.blake2s(a, NOTHING, b)).isEqualTo(provider.blake2s(whole));
        assertThat(provider.blake2sMac(key, a, NOTHING, b)).isEqualTo(provider.blake2sMac(key, whole));
        assertThat(provider.hmac(key, a, NOTHING, b)).isEqualTo(provider.hmac(key, whole));
        assertThat(whole).as("arguments stay as they are").isEqualTo(sequence(150));
        assertThat(key).isEqualTo(sequence(32));
    }

    // ---- ChaCha20-Poly1305

    /** RFC 8439, section 2.8.2, whose nonce WireGuard's form cannot express. */
    @Test
    void aeadOfRfc8439() {
        byte[] nonce = hex("070000004041424344454647");
        byte[] sealed =
                hex("d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
                        + "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
                        + "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691");
        assertThat(provider.sealWith(SUNSCREEN_KEY, nonce, SUNSCREEN, SUNSCREEN_ASSOCIATED))
                .isEqualTo(sealed);
        assertThat(provider.openWith(SUNSCREEN_KEY, nonce, sealed, SUNSCREEN_ASSOCIATED))
                .isEqualTo(SUNSCREEN);
    }

    /** RFC 8439, appendix A.5, whose nonce begins with four zero bytes. */
    @Test
    void openingOfRfc8439() {
        byte[] key = hex("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
        byte[] associated = hex("f33388860000000000004e91");
        long counter = 0x0807060504030201L;
        byte[] sealed =
                hex("64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0"
                        + "bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855"
                        + "9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e9"
                        + "9040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a"
                        + "0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130"
                        + "305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38");
        byte[] opened = Objects.requireNonNull(provider.open(key, counter, sealed, associated));
        assertThat(new String(opened, StandardCharsets.UTF_8))
                .startsWith("Internet-Drafts are draft documents valid for a maximum of six months")
                .endsWith("other than as /\u201cwork in progress./\u201d");
        assertThat(provider.seal(key, counter, opened, associated)).isEqualTo(sealed);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 32, 148})
    void whatIsForgedIsNotOpened(int length) {
        byte[] key = sequence(32);
        byte[] associated = sequence(32);
        byte[] sealed = provider.seal(key, 7, sequence(length), associated);
        assertThat(provider.open(key, 7, sealed, associated)).isEqualTo(sequence(length));
        for (int bit = 0; bit < sealed.length * Byte.SIZE; bit++) {
            assertThat(provider.open(key, 7, flipped(sealed, bit), associated)).isNull();
        }
        assertThat(provider.open(key, 8, sealed, associated)).isNull();
        assertThat(provider.open(flipped(key, 0), 7, sealed, associated)).isNull();
        assertThat(provider.open(key, 7, sealed, flipped(associated, 0))).isNull();
        assertThat(provider.open(key, 7, sealed, NOTHING)).isNull();
        for (int cut = 0; cut < sealed.length; cut++) {
            assertThat(provider.open(key, 7, Arrays.copyOf(sealed, cut), associated))
                    .isNull();
        }
    }

    /** As a handshake does not, but a test may: nothing is remembered between calls. */
    @Test
    void theSameKeyAndCounterAgain() {
        byte[] first = provider.seal(sequence(32), 0, ascii("abc"), NOTHING);
        assertThat(provider.seal(sequence(32), 0, ascii("abc"), NOTHING)).isEqualTo(first);
    }

    // ---- XChaCha20-Poly1305

    /** draft-irtf-cfrg-xchacha-03, appendix A.3.1. */
    @Test
    void xchachaOfTheDraft() {
        byte[] nonce = hex("404142434445464748494a4b4c4d4e4f5051525354555657");
        byte[] sealed =
                hex("bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39"
                        + "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
                        + "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49");
        assertThat(provider.xseal(SUNSCREEN_KEY, nonce, SUNSCREEN, SUNSCREEN_ASSOCIATED))
                .isEqualTo(sealed);
        assertThat(provider.xopen(SUNSCREEN_KEY, nonce, sealed, SUNSCREEN_ASSOCIATED))
                .isEqualTo(SUNSCREEN);
    }

    @Test
    void whatIsForgedIsNotXopened() {
        byte[] key = sequence(32);
        byte[] nonce = sequence(24);
        byte[] sealed = provider.xseal(key, nonce, sequence(16), sequence(16));
        for (int bit = 0; bit < sealed.length * Byte.SIZE; bit++) {
            assertThat(provider.xopen(key, nonce, flipped(sealed, bit), sequence(16)))
                    .isNull();
        }
        for (int bit = 0; bit < nonce.length * Byte.SIZE; bit++) {
            assertThat(provider.xopen(key, flipped(nonce, bit), sealed, sequence(16)))
                    .isNull();
        }
        assertThat(provider.xopen(key, nonce, new byte[15], NOTHING)).isNull();
    }

    // ---- arguments, threads

    @Test
    void wrongLengthsAreRefused() {
        byte[] key = sequence(32);
        byte[] shortKey = sequence(31);
        assertThatIllegalArgumentException().isThrownBy(() -> provider.x25519(shortKey, key));
        assertThatIllegalArgumentException().isThrownBy(() -> provider.x25519(key, shortKey));
        assertThatIllegalArgumentException().isThrownBy(() -> provider.x25519Base(shortKey));
        assertThatIllegalArgumentException().isThrownBy(() -> provider.blake2sMac(NOTHING, key));
        assertThatIllegalArgumentException().isThrownBy(() -> provider.blake2sMac(sequence(33), key));
        assertThatIllegalArgumentException().isThrownBy(() -> provider.seal(shortKey, 0, key, key));
        assertThatIllegalArgumentException().isThrownBy(() -> provider.open(shortKey, 0, key, key));
        assertThatIllegalArgumentException().isThrownBy(() -> provider.xseal(key, sequence(12), key, key));
        assertThatIllegalArgumentException().isThrownBy(() -> provider.xopen(shortKey, sequence(24), key, key));
    }

    @Test
    void manyThreadsAtOnce() throws Exception {
        try (ExecutorService platform = Executors.newFixedThreadPool(4);
                ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
            var results = new ArrayList<Future<String>>();
            for (int i = 0; i < 200; i++) {
                int seed = i % 10;
                Callable<String> task = () -> everything(seed);
                results.add((i % 2 == 0 ? platform : virtual).submit(task));
            }
            String[] expected =
                    IntStream.range(0, 10).mapToObj(this::everything).toArray(String[]::new);
            for (int i = 0; i < results.size(); i++) {
                assertThat(results.get(i).get()).isEqualTo(expected[i % 10]);
            }
        }
    }

    private String everything(int seed) {
        var random = new Random(seed);
        byte[] key = random(random, 32);
        byte[] text = random(random, 200);
        return text(provider.blake2s(
                provider.x25519(key, random(random, 32)),
                provider.x25519Base(key),
                provider.blake2sMac(key, text),
                provider.hmac(key, text),
                provider.seal(key, seed, text, key),
                provider.xseal(key, random(random, 24), text, key)));
    }

    private String hashOf(int count, IntFunction<byte[]> part) {
        var all = new ByteArrayOutputStream();
        IntStream.range(0, count).mapToObj(part).forEach(all::writeBytes);
        return text(provider.blake2s(all.toByteArray()));
    }

    private static byte[] flipped(byte[] bytes, int bit) {
        byte[] flipped = bytes.clone();
        flipped[bit / Byte.SIZE] ^= (byte) (1 << (bit % Byte.SIZE));
        return flipped;
    }
}
