package anubis.gate;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Time-based one-time passwords (RFC 6238) as authenticator apps make them: HMAC-SHA-1, 6 digits, a new one every 30 s. The
 * secret can be destroyed and prints as nothing. Any thread may use and destroy it.
 */
public final class Totp implements SecondFactor {
    static final String PREFIX = "totp:";

    /** Seconds. */
    private static final int STEP = 30;

    /** How many steps before and after the present one are valid, for clocks that are not quite right. */
    private static final int WINDOW = 1;

    private static final int DIGITS = 6;
    private static final int MODULUS = 1_000_000;

    /** Bytes: as RFC 4226, section 4, has it at least, and recommends. */
    private static final int SHORTEST = 16;

    private static final int NEW = 20;
    private static final int LONGEST = 64;

    /** RFC 4648, section 6. */
    private static final String BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    private final byte[] secret;
    private boolean destroyed;

    private Totp(byte[] secret) {
        if (secret.length < SHORTEST || secret.length > LONGEST) {
            throw new IllegalArgumentException("the secret of a one-time password has " + SHORTEST + " to " + LONGEST
                    + " bytes, not " + secret.length);
        }
        this.secret = secret;
    }

    /**
     * One with a secret of 16 to 64 bytes, which are copied.
     *
     * @throws IllegalArgumentException if it has fewer or more
     */
    public static Totp of(byte[] secret) {
        return new Totp(secret.clone());
    }

    /**
     * One with a new secret.
     *
     * @param random must be fit for keys: a {@link java.security.SecureRandom}, tests excepted
     */
    public static Totp generate(RandomGenerator random) {
        var secret = new byte[NEW];
        random.nextBytes(secret);
        return new Totp(secret);
    }

    /**
     * One whose secret is given in base32 (RFC 4648), in capitals or not, with or without the padding.
     *
     * @throws IllegalArgumentException if it is not that; the text is not repeated
     */
    public static Totp ofBase32(String text) {
        String digits = text.replaceFirst("=+$", "").toUpperCase(Locale.ROOT);
        var bytes = new ByteArrayOutputStream();
        int bits = 0;
        int held = 0;
        for (int i = 0; i < digits.length(); i++) {
            int value = BASE32.indexOf(digits.charAt(i));
            if (value < 0) {
                throw new IllegalArgumentException(
                        "the secret is not in base32, which is written with A to Z and 2 to 7");
            }
            bits = (bits << 5) | value;
            held += 5;
            if (held >= 8) {
                held -= 8;
                bytes.write(bits >> held);
                bits &= (1 << held) - 1;
            }
        }
        if (held >= 5 || bits != 0) {
            throw new IllegalArgumentException("the secret is not in base32: a digit is lacking or mistyped");
        }
        return new Totp(bytes.toByteArray());
    }

    /**
     * The secret in base32, in capitals and without padding.
     *
     * @throws IllegalStateException if it has been destroyed
     */
    public String base32() {
        byte[] bytes = copy();
        var text = new StringBuilder();
        int bits = 0;
        int held = 0;
        for (byte each : bytes) {
            bits = ((bits << 8) | (each & 0xff)) & 0xfff;
            held += 8;
            while (held >= 5) {
                held -= 5;
                text.append(BASE32.charAt((bits >> held) & 31));
            }
        }
        if (held > 0) {
            text.append(BASE32.charAt((bits << (5 - held)) & 31));
        }
        Arrays.fill(bytes, (byte) 0);
        return text.toString();
    }

    @Override
    public String text() {
        return PREFIX + base32();
    }

    /**
     * What an authenticator app reads, as a QR code or a link: a URI of the scheme otpauth.
     *
     * @param name of the peer, of characters that need no escape there
     */
    public String uri(String name) {
        return "otpauth://totp/Anubis:" + name + "?secret=" + base32() + "&issuer=Anubis&algorithm=SHA1&digits="
                + DIGITS + "&period=" + STEP;
    }

    /**
     * Whether {@code code} is that of this time, or of 30 s before or after: the number of the step that it is of. A
     * code is to be used once, so that a caller accepts none of a step that is not greater than the last one accepted
     * (RFC 6238, section 5.2). The comparison takes the same time wherever they differ.
     *
     * @throws IllegalStateException if the secret has been destroyed
     */
    public OptionalLong step(String code, Instant now) {
        byte[] given = code.getBytes(StandardCharsets.UTF_8);
        long present = Math.floorDiv(now.getEpochSecond(), STEP);
        OptionalLong found = OptionalLong.empty();
        for (long step = present - WINDOW; step <= present + WINDOW; step++) {
            if (MessageDigest.isEqual(code(step).getBytes(StandardCharsets.UTF_8), given)) {
                found = OptionalLong.of(step);
            }
        }
        return found;
    }

    /** The code of a step (RFC 4226, section 5.3). */
    String code(long step) {
        byte[] key = copy();
        try {
            Mac mac = Mac.getInstance("HmacSHA1");
            mac.init(new SecretKeySpec(key, "HmacSHA1"));
            byte[] hash =
                    mac.doFinal(ByteBuffer.allocate(Long.BYTES).putLong(step).array());
            int offset = hash[hash.length - 1] & 0xf;
            int number = ByteBuffer.wrap(hash).getInt(offset) & 0x7fff_ffff;
            return String.format(Locale.ROOT, "%0" + DIGITS + "d", number % MODULUS);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA1", e);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    private synchronized byte[] copy() {
        if (destroyed) {
            throw new IllegalStateException("this secret has been destroyed");
        }
        return secret.clone();
    }

    /** Wipes the secret. */
    public synchronized void destroy() {
        destroyed = true;
        Arrays.fill(secret, (byte) 0);
    }

    private synchronized boolean has(byte[] other) {
        return !destroyed && MessageDigest.isEqual(secret, other);
    }

    /** In constant time; a destroyed one equals itself only. */
    @Override
    public boolean equals(@Nullable Object other) {
        if (other == this) {
            return true;
        }
        return other instanceof Totp totp && has(totp.secret);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(secret);
    }

    @Override
    public String toString() {
        return "Totp(hidden)";
    }
}
