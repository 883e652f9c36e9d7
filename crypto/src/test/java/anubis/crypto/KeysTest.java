package anubis.crypto;

import static anubis.crypto.Vectors.hex;
import static anubis.crypto.Vectors.sequence;
import static anubis.crypto.Vectors.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.MemorySegment;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeysTest {
    private static final String BASE64 = Base64.getEncoder().encodeToString(sequence(32));
    private static final String HEX = text(sequence(32));

    private static final List<Function<String, Object>> OF_BASE64 =
            List.of(PrivateKey::ofBase64, PresharedKey::ofBase64, PublicKey::ofBase64);
    private static final List<Function<String, Object>> OF_HEX =
            List.of(PrivateKey::ofHex, PresharedKey::ofHex, PublicKey::ofHex);

    @Test
    void everyFormIsTheSameKey() {
        assertThat(PrivateKey.ofBase64(BASE64)).isEqualTo(PrivateKey.of(sequence(32)));
        assertThat(PrivateKey.ofHex(HEX)).isEqualTo(PrivateKey.of(sequence(32)));
        assertThat(PresharedKey.ofBase64(BASE64)).isEqualTo(PresharedKey.of(sequence(32)));
        assertThat(PresharedKey.ofHex(HEX.toUpperCase(java.util.Locale.ROOT))).isEqualTo(PresharedKey.of(sequence(32)));
        PublicKey key = PublicKey.of(sequence(32));
        assertThat(PublicKey.ofBase64(BASE64))
                .isEqualTo(key)
                .hasSameHashCodeAs(key)
                .hasToString(BASE64);
        assertThat(PublicKey.ofHex(HEX)).isEqualTo(key);
        assertThat(key.base64()).isEqualTo(BASE64);
        assertThat(key.hex()).isEqualTo(HEX);
        assertThat(key.bytes()).isEqualTo(sequence(32));
    }

    @Test
    void aDuplicateIsTheSameKeyAndDestroyedOnItsOwn() {
        PrivateKey key = PrivateKey.of(sequence(32));
        PrivateKey duplicate = key.duplicate();
        assertThat(duplicate).isEqualTo(key);
        key.destroy();
        assertThat(duplicate.bytes()).isEqualTo(sequence(32));
        assertThatIllegalStateException().isThrownBy(key::duplicate);

        PresharedKey preshared = PresharedKey.of(sequence(32));
        PresharedKey other = preshared.duplicate();
        preshared.destroy();
        assertThat(other.bytes()).isEqualTo(sequence(32));
        PresharedKey.NONE.duplicate().destroy();
        assertThat(PresharedKey.NONE.bytes()).containsOnly(0);
    }

    @Test
    void keysDiffer() {
        byte[] other = sequence(32);
        other[31] ^= 1;
        assertThat(PrivateKey.of(sequence(32)))
                .isNotEqualTo(PrivateKey.of(other))
                .isNotEqualTo(PresharedKey.of(sequence(32)))
                .hasSameHashCodeAs(PrivateKey.of(sequence(32)));
        assertThat(PresharedKey.of(sequence(32)))
                .isNotEqualTo(PresharedKey.of(other))
                .hasSameHashCodeAs(PresharedKey.of(sequence(32)));
        assertThat(PublicKey.of(sequence(32))).isNotEqualTo(PublicKey.of(other));
    }

    @Test
    void arraysAreCopied() {
        byte[] bytes = sequence(32);
        PrivateKey key = PrivateKey.of(bytes);
        PublicKey publicKey = PublicKey.of(bytes);
        bytes[0] = 99;
        key.bytes()[1] = 99;
        publicKey.bytes()[1] = 99;
        assertThat(key.bytes()).isEqualTo(sequence(32));
        assertThat(publicKey.bytes()).isEqualTo(sequence(32));
    }

    @Test
    void secretsPrintAsNothing() {
        assertThat(PrivateKey.of(sequence(32))).hasToString("PrivateKey(hidden)");
        assertThat(PresharedKey.of(sequence(32))).hasToString("PresharedKey(hidden)");
        assertThat(new SymmetricKey(sequence(32))).hasToString("SymmetricKey(hidden)");
    }

    @Test
    void aDestroyedKeyIsGone() {
        PrivateKey key = PrivateKey.of(sequence(32));
        key.destroy();
        assertThatIllegalStateException().isThrownBy(key::bytes);
        assertThatIllegalStateException().isThrownBy(() -> key.publicKey(new JdkPrimitives()));
        assertThat(key).isNotEqualTo(PrivateKey.of(new byte[32]));

        byte[] taken = sequence(32);
        var symmetric = new SymmetricKey(taken);
        assertThat(symmetric.destroyed()).isFalse();
        symmetric.destroy();
        assertThat(symmetric.destroyed()).isTrue();
        assertThat(taken).as("the array taken over is wiped").containsOnly(0);
        byte[] copy = sequence(32);
        assertThat(symmetric.copyTo(MemorySegment.ofArray(copy))).isFalse();
        assertThat(copy).isEqualTo(sequence(32));
    }

    @Test
    void noPresharedKeyIsAllZeroAndStays() {
        assertThat(PresharedKey.NONE).isEqualTo(PresharedKey.of(new byte[32]));
        PresharedKey.NONE.destroy();
        assertThat(PresharedKey.NONE.bytes()).isEqualTo(new byte[32]);
        PresharedKey destroyed = PresharedKey.of(sequence(32));
        destroyed.destroy();
        assertThat(destroyed).isNotEqualTo(PresharedKey.NONE);
        assertThat(PresharedKey.NONE).isNotEqualTo(destroyed);
        assertThatIllegalStateException().isThrownBy(destroyed::bytes);
    }

    @Test
    void generatedKeysAreClampedAndDifferent() {
        var random = new Random(1);
        for (int i = 0; i < 100; i++) {
            byte[] key = PrivateKey.generate(random).bytes();
            assertThat(key[0] & 7).isZero();
            assertThat(key[31] & 0xc0).isEqualTo(0x40);
        }
        assertThat(PrivateKey.generate(random)).isNotEqualTo(PrivateKey.generate(random));
        assertThat(PresharedKey.generate(random))
                .isNotEqualTo(PresharedKey.generate(random))
                .isNotEqualTo(PresharedKey.NONE);
    }

    /** RFC 7748, section 6.1. */
    @Test
    void thePublicKeyOfAPrivateKey() {
        PrivateKey alice = PrivateKey.of(hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
        Vectors.providers()
                .forEach(provider -> assertThat(alice.publicKey(provider).hex())
                        .isEqualTo("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"));
    }

    @Test
    void aKeyHas32Bytes() {
        for (int length : new int[] {0, 31, 33}) {
            byte[] bytes = new byte[length];
            assertThatIllegalArgumentException().isThrownBy(() -> PrivateKey.of(bytes));
            assertThatIllegalArgumentException().isThrownBy(() -> PresharedKey.of(bytes));
            assertThatIllegalArgumentException().isThrownBy(() -> PublicKey.of(bytes));
            assertThatIllegalArgumentException().isThrownBy(() -> new SymmetricKey(bytes));
        }
    }

    /** The last but one is refused by wg too: bits that belong to no byte. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "!",
                "s3cr3t",
                "s3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3tA",
                "s3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3tAA",
                "s3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3t==",
                "s3cr3ts3cr3ts3cr3t s3cr3ts3cr3ts3cr3ts3cr3A=",
                "s3cr3ts3cr3ts3cr3t_s3cr3ts3cr3ts3cr3ts3cr3A=",
                "s3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3tB=",
                "s3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3tA=\n"
            })
    void badBase64IsNotRepeated(String text) {
        OF_BASE64.forEach(parser -> refusedInSilence(parser, text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "s3cr3t",
                "0000000000000000000000000000000000000000000000000000000000000s3",
                "000000000000000000000000000000000000000000000000000000000000000",
                "00000000000000000000000000000000000000000000000000000000000000000",
                "\uff10000000000000000000000000000000000000000000000000000000000000000"
            })
    void badHexIsNotRepeated(String text) {
        OF_HEX.forEach(parser -> refusedInSilence(parser, text));
    }

    private static void refusedInSilence(Function<String, Object> parser, String text) {
        Throwable refusal = catchThrowable(() -> parser.apply(text));
        assertThat(refusal)
                .isInstanceOf(IllegalArgumentException.class)
                .hasNoCause()
                .hasNoSuppressedExceptions();
        var trace = new StringWriter();
        refusal.printStackTrace(new PrintWriter(trace));
        assertThat(trace.toString()).doesNotContain("s3").doesNotContain("!");
        assertThat(refusal).hasMessageContaining("a key is 32 bytes in");
    }
}
