package anubis.protocol;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.spec.NamedParameterSpec;
import java.security.spec.XECPrivateKeySpec;
import java.security.spec.XECPublicKeySpec;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * One handshake written straight down from section 5.4 of the whitepaper, in its letters, as an oracle: with the JDK's
 * X25519 and ChaCha20-Poly1305 and a BLAKE2s after RFC 7693, and with nothing of what is tested.
 */
final class Whitepaper {
    static final byte[] EMPTY = {};
    private static final int[] BLAKE2S_IV = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
    };
    private static final String[] BLAKE2S_SIGMA = {
        "0123456789abcdef",
        "ea489fd61c02b753",
        "b8c052fdae367194",
        "7931dcbe265a40f8",
        "905724afe1bc683d",
        "2c6a0b834d75fe19",
        "c51fed4a0763928b",
        "db7ec13950f4862a",
        "6fe9b308c2d714a5",
        "a2847615fb9e3cd0"
    };

    // What is known at the end of a handshake.
    byte[] initiatorSends = EMPTY;
    byte[] responderSends = EMPTY;
    byte[] initiatorStatic = EMPTY;
    byte[] timestamp = EMPTY;
    int initiatorIndex;
    int responderIndex;

    // In between.
    private byte[] c = EMPTY;
    private byte[] h = EMPTY;
    private byte[] initiatorEphemeral = EMPTY;

    /** Section 5.4.2, as the initiator. */
    byte[] initiation(byte[] ephemeral, byte[] own, byte[] responder, byte[] time, int index) {
        byte[] ephemeralPublic = dh(ephemeral, nine());
        c = hash(ascii("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"));
        h = hash(c, ascii("WireGuard v1 zx2c4 Jason@zx2c4.com"));
        h = hash(h, responder);
        c = kdf(1, c, ephemeralPublic)[0];
        h = hash(h, ephemeralPublic);
        byte[][] ck = kdf(2, c, dh(ephemeral, responder));
        c = ck[0];
        byte[] sealedStatic = aead(ck[1], 0, dh(own, nine()), h);
        h = hash(h, sealedStatic);
        ck = kdf(2, c, dh(own, responder));
        c = ck[0];
        byte[] sealedTime = aead(ck[1], 0, time, h);
        h = hash(h, sealedTime);
        initiatorIndex = index;
        byte[] message = little(148)
                .putInt(1)
                .putInt(index)
                .put(ephemeralPublic)
                .put(sealedStatic)
                .put(sealedTime)
                .array();
        return withMac1(message, responder);
    }

    /** Section 5.4.2, as the responder. */
    void readInitiation(byte[] message, byte[] own) {
        byte[] ownPublic = dh(own, nine());
        initiatorEphemeral = Arrays.copyOfRange(message, 8, 40);
        c = hash(ascii("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"));
        h = hash(c, ascii("WireGuard v1 zx2c4 Jason@zx2c4.com"));
        h = hash(h, ownPublic);
        c = kdf(1, c, initiatorEphemeral)[0];
        h = hash(h, initiatorEphemeral);
        byte[][] ck = kdf(2, c, dh(own, initiatorEphemeral));
        c = ck[0];
        byte[] sealedStatic = Arrays.copyOfRange(message, 40, 88);
        initiatorStatic = open(ck[1], 0, sealedStatic, h);
        h = hash(h, sealedStatic);
        ck = kdf(2, c, dh(own, initiatorStatic));
        c = ck[0];
        byte[] sealedTime = Arrays.copyOfRange(message, 88, 116);
        timestamp = open(ck[1], 0, sealedTime, h);
        h = hash(h, sealedTime);
        initiatorIndex = Messages.intAt(message, 4);
    }

    /** Section 5.4.3, as the responder. */
    byte[] response(byte[] ephemeral, byte[] psk, int index) {
        return response(
                dh(ephemeral, nine()), dh(ephemeral, initiatorEphemeral), dh(ephemeral, initiatorStatic), psk, index);
    }

    /** The same with shared secrets of one's choice, as someone would send it whose ephemeral key is of low order. */
    byte[] response(byte[] ephemeralPublic, byte[] ee, byte[] se, byte[] psk, int index) {
        c = kdf(1, c, ephemeralPublic)[0];
        h = hash(h, ephemeralPublic);
        c = kdf(1, c, ee)[0];
        c = kdf(1, c, se)[0];
        byte[][] ctk = kdf(3, c, psk);
        c = ctk[0];
        h = hash(h, ctk[1]);
        byte[] empty = aead(ctk[2], 0, EMPTY, h);
        h = hash(h, empty);
        responderIndex = index;
        byte[] message = little(92)
                .putInt(2)
                .putInt(index)
                .putInt(initiatorIndex)
                .put(ephemeralPublic)
                .put(empty)
                .array();
        derive();
        return withMac1(message, initiatorStatic);
    }

    /** Section 5.4.3, as the initiator. */
    void readResponse(byte[] message, byte[] ephemeral, byte[] own, byte[] psk) {
        byte[] theirs = Arrays.copyOfRange(message, 12, 44);
        c = kdf(1, c, theirs)[0];
        h = hash(h, theirs);
        c = kdf(1, c, dh(ephemeral, theirs))[0];
        c = kdf(1, c, dh(own, theirs))[0];
        byte[][] ctk = kdf(3, c, psk);
        c = ctk[0];
        h = hash(h, ctk[1]);
        open(ctk[2], 0, Arrays.copyOfRange(message, 44, 60), h);
        responderIndex = Messages.intAt(message, 4);
        derive();
    }

    /** Section 5.4.5. */
    private void derive() {
        byte[][] keys = kdf(2, c, EMPTY);
        initiatorSends = keys[0];
        responderSends = keys[1];
    }

    /** Section 5.4.6. */
    static byte[] transport(byte[] key, long counter, int receiver, byte[] padded) {
        return little(32 + padded.length)
                .putInt(4)
                .putInt(receiver)
                .putLong(counter)
                .put(aead(key, counter, padded, EMPTY))
                .array();
    }

    static byte[] openTransport(byte[] key, byte[] message) {
        long counter = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN).getLong(8);
        return open(key, counter, Arrays.copyOfRange(message, 16, message.length), EMPTY);
    }

    /** Section 5.4.4: fills in mac1 of an initiation or a response, for the owner of {@code receiver}. */
    static byte[] withMac1(byte[] message, byte[] receiver) {
        byte[] mac = blake2s(16, hash(ascii("mac1----"), receiver), Arrays.copyOf(message, message.length - 32));
        System.arraycopy(mac, 0, message, message.length - 32, 16);
        return message;
    }

    // Section 5.4, the notation.

    static byte[] hash(byte[]... parts) {
        return blake2s(32, EMPTY, concatenate(parts));
    }

    private static byte[] hmac(byte[] key, byte[]... parts) {
        byte[] inner = new byte[64];
        byte[] outer = new byte[64];
        for (int i = 0; i < 64; i++) {
            int k = i < key.length ? key[i] : 0;
            inner[i] = (byte) (k ^ 0x36);
            outer[i] = (byte) (k ^ 0x5c);
        }
        return hash(outer, hash(inner, concatenate(parts)));
    }

    private static byte[][] kdf(int n, byte[] key, byte[] input) {
        byte[] secret = hmac(key, input);
        byte[][] t = new byte[n][];
        for (int i = 0; i < n; i++) {
            t[i] = hmac(secret, i == 0 ? EMPTY : t[i - 1], new byte[] {(byte) (i + 1)});
        }
        return t;
    }

    static byte[] publicKey(byte[] scalar) {
        return dh(scalar, nine());
    }

    static byte[] dh(byte[] scalar, byte[] point) {
        try {
            byte[] bigEndian = new byte[32];
            for (int i = 0; i < 32; i++) {
                bigEndian[i] = point[31 - i];
            }
            bigEndian[0] &= 0x7f;
            KeyFactory keys = KeyFactory.getInstance("X25519");
            KeyAgreement agreement = KeyAgreement.getInstance("X25519");
            agreement.init(keys.generatePrivate(new XECPrivateKeySpec(NamedParameterSpec.X25519, scalar)));
            agreement.doPhase(
                    keys.generatePublic(new XECPublicKeySpec(NamedParameterSpec.X25519, new BigInteger(1, bigEndian))),
                    true);
            return agreement.generateSecret();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] aead(byte[] key, long counter, byte[] plaintext, byte[] associated) {
        return chaCha20Poly1305(Cipher.ENCRYPT_MODE, key, counter, plaintext, associated);
    }

    private static byte[] open(byte[] key, long counter, byte[] ciphertext, byte[] associated) {
        return chaCha20Poly1305(Cipher.DECRYPT_MODE, key, counter, ciphertext, associated);
    }

    private static byte[] chaCha20Poly1305(int mode, byte[] key, long counter, byte[] input, byte[] associated) {
        try {
            Cipher cipher = Cipher.getInstance("ChaCha20-Poly1305");
            byte[] nonce = little(12).putInt(0).putLong(counter).array();
            cipher.init(mode, new SecretKeySpec(key, "ChaCha20"), new IvParameterSpec(nonce));
            cipher.updateAAD(associated);
            return cipher.doFinal(input);
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /** RFC 7693, section 3. */
    static byte[] blake2s(int length, byte[] key, byte[] input) {
        int[] state = BLAKE2S_IV.clone();
        state[0] ^= 0x01010000 ^ key.length << 8 ^ length;
        byte[] data = key.length == 0 ? input : concatenate(Arrays.copyOf(key, 64), input);
        int blocks = Math.max(1, (data.length + 63) / 64);
        for (int block = 0; block < blocks; block++) {
            boolean last = block == blocks - 1;
            int[] m = new int[16];
            little(64, Arrays.copyOfRange(data, block * 64, block * 64 + 64))
                    .asIntBuffer()
                    .get(m);
            int[] v = Arrays.copyOf(state, 16);
            System.arraycopy(BLAKE2S_IV, 0, v, 8, 8);
            v[12] ^= last ? data.length : (block + 1) * 64;
            v[14] ^= last ? -1 : 0;
            for (String sigma : BLAKE2S_SIGMA) {
                for (int i = 0; i < 8; i++) {
                    int shift = i / 4; // First the columns, then the diagonals.
                    mix(
                            v,
                            i % 4,
                            4 + (i + shift) % 4,
                            8 + (i + 2 * shift) % 4,
                            12 + (i + 3 * shift) % 4,
                            m[Character.digit(sigma.charAt(2 * i), 16)],
                            m[Character.digit(sigma.charAt(2 * i + 1), 16)]);
                }
            }
            for (int i = 0; i < 8; i++) {
                state[i] ^= v[i] ^ v[i + 8];
            }
        }
        byte[] out = new byte[32];
        little(32, out).asIntBuffer().put(state);
        return Arrays.copyOf(out, length);
    }

    private static void mix(int[] v, int a, int b, int c, int d, int x, int y) {
        v[a] += v[b] + x;
        v[d] = Integer.rotateRight(v[d] ^ v[a], 16);
        v[c] += v[d];
        v[b] = Integer.rotateRight(v[b] ^ v[c], 12);
        v[a] += v[b] + y;
        v[d] = Integer.rotateRight(v[d] ^ v[a], 8);
        v[c] += v[d];
        v[b] = Integer.rotateRight(v[b] ^ v[c], 7);
    }

    static byte[] concatenate(byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteBuffer all = ByteBuffer.allocate(length);
        for (byte[] part : parts) {
            all.put(part);
        }
        return all.array();
    }

    private static byte[] nine() {
        byte[] nine = new byte[32];
        nine[0] = 9;
        return nine;
    }

    private static ByteBuffer little(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer little(int length, byte[] bytes) {
        return ByteBuffer.wrap(bytes, 0, length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
