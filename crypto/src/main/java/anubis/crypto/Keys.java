package anubis.crypto;

import java.util.Base64;
import java.util.HexFormat;

/** The textual forms of keys of 32 bytes. */
final class Keys {
    private static final int BASE64_LENGTH = 44;
    private static final int HEX_LENGTH = 64;

    private Keys() {}

    static byte[] checked(byte[] bytes) {
        if (bytes.length != Primitives.KEY_LENGTH) {
            throw new IllegalArgumentException("a key has 32 bytes, not " + bytes.length);
        }
        return bytes.clone();
    }

    /** Text that was refused is never repeated in the error: it may be a private key. */
    static byte[] fromBase64(String text) {
        byte[] bytes = {};
        if (text.length() == BASE64_LENGTH) {
            try {
                bytes = Base64.getDecoder().decode(text);
            } catch (IllegalArgumentException e) {
                bytes = new byte[0];
            }
        }
        if (bytes.length != Primitives.KEY_LENGTH) {
            throw new IllegalArgumentException("a key is 32 bytes in base64: 44 characters, the last one '='");
        }
        return bytes;
    }

    static byte[] fromHex(String text) {
        try {
            if (text.length() == HEX_LENGTH) {
                return HexFormat.of().parseHex(text);
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("a key is 32 bytes in hexadecimal: 64 digits", e);
        }
        throw new IllegalArgumentException("a key is 32 bytes in hexadecimal: 64 digits");
    }
}
