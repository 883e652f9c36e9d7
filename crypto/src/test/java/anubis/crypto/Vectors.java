package anubis.crypto;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import java.util.stream.Stream;

/** What the tests share. */
final class Vectors {
    static final byte[] NOTHING = {};
    /** The plaintext of RFC 8439, section 2.8.2, and of the XChaCha draft, appendix A.3. */
    static final byte[] SUNSCREEN = ascii("Ladies and Gentlemen of the class of '99: "
            + "If I could offer you only one tip for the future, sunscreen would be it.");

    static final byte[] SUNSCREEN_KEY = hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    static final byte[] SUNSCREEN_ASSOCIATED = hex("50515253c0c1c2c3c4c5c6c7");

    private Vectors() {}

    /** Every provider; libcrypto is not optional for the tests. */
    static Stream<Provider> providers() {
        return Stream.of(new LibcryptoPrimitives(), new JdkPrimitives());
    }

    static byte[] hex(String text) {
        return HexFormat.of().parseHex(text);
    }

    static String text(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** 0, 1, 2 … */
    static byte[] sequence(int length) {
        var bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) i;
        }
        return bytes;
    }

    static byte[] random(Random random, int length) {
        var bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
}
