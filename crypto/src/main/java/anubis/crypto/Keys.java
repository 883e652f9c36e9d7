package anubis.crypto;

import java.util.Base64;
import java.util.HexFormat;

/**
 * The textual forms of keys of 32 bytes. Text that was refused is never repeated in the error, nor kept as its cause:
 * it may be a private key.
 */
final class Keys {
    private static final int BASE64_LENGTH = 44;
    private static final int HEX_LENGTH = 64;
    /** The digits that leave the last two bits, which belong to no byte, zero; {@code wg} refuses others too. */
    private static final String LAST_DIGITS = "AEIMQUYcgkosw048";

    private Keys() {}

    static String wrongLength(int length) {
        return "a key has 32 bytes, not " + length;
    }

    static byte[] fromBase64(String text) {
        if (text.length() == BASE64_LENGTH && LAST_DIGITS.indexOf(text.charAt(BASE64_LENGTH - 2)) >= 0) {
            try {
                byte[] bytes = Base64.getDecoder().decode(text);
                if (bytes.length == Primitives.KEY_LENGTH) {
                    return bytes;
                }
            } catch (IllegalArgumentException e) {
                // its message repeats a character
            }
        }
        throw new IllegalArgumentException("a key is 32 bytes in base64: 44 characters, the last one '='");
    }

    static byte[] fromHex(String text) {
        if (text.length() == HEX_LENGTH) {
            try {
                return HexFormat.of().parseHex(text);
            } catch (IllegalArgumentException e) {
                // its message repeats a character
            }
        }
        throw new IllegalArgumentException("a key is 32 bytes in hexadecimal: 64 digits");
    }
}
