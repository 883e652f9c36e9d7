package anubis.config;

import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.function.Function;

/** Secret keys as text, which a key itself never prints. Each method wipes the bytes it is given. */
final class KeyText {
    /** The last digit of 32 bytes in base64 carries four bits, so its two lowest are zero. */
    private static final String LAST_DIGITS = "AEIMQUYcgkosw048";

    private KeyText() {}

    static String base64(byte[] key) {
        try {
            return Base64.getEncoder().encodeToString(key);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    static String hex(byte[] key) {
        try {
            return HexFormat.of().formatHex(key);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    static boolean isZero(byte[] key) {
        int bits = 0;
        for (byte b : key) {
            bits |= b;
        }
        Arrays.fill(key, (byte) 0);
        return bits == 0;
    }

    /** A key in base64, refusing as {@code wg} does a last digit of which bits would be lost. */
    static <K> K fromBase64(String text, Function<String, K> ofBase64) {
        if (text.length() == 44 && LAST_DIGITS.indexOf(text.charAt(42)) < 0) {
            throw new IllegalArgumentException("the last digit of the key is mistyped");
        }
        return ofBase64.apply(text);
    }
}
