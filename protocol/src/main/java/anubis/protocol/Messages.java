package anubis.protocol;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The messages of WireGuard byte by byte (whitepaper, section 5.4). Lengths and offsets are in bytes from the start of
 * the UDP payload; numbers are little-endian. The first byte is the type, the three that follow are zero, so that the
 * type can be read as one number of 32 bits.
 */
public final class Messages {
    public static final int TYPE_INITIATION = 1;
    public static final int TYPE_RESPONSE = 2;
    public static final int TYPE_COOKIE_REPLY = 3;
    public static final int TYPE_TRANSPORT = 4;

    /** Length of {@code mac1} and {@code mac2} each; the two end an initiation and a response. */
    public static final int MAC_LENGTH = 16;

    public static final int INITIATION_LENGTH = 148;
    public static final int INITIATION_SENDER = 4;
    public static final int INITIATION_EPHEMERAL = 8;
    /** The initiator's static public key, sealed. */
    public static final int INITIATION_STATIC = 40;
    /** The TAI64N timestamp, sealed. */
    public static final int INITIATION_TIMESTAMP = 88;

    public static final int INITIATION_MAC1 = 116;

    public static final int RESPONSE_LENGTH = 92;
    public static final int RESPONSE_SENDER = 4;
    public static final int RESPONSE_RECEIVER = 8;
    public static final int RESPONSE_EPHEMERAL = 12;
    /** Nothing, sealed: a tag alone. */
    public static final int RESPONSE_NOTHING = 44;

    public static final int RESPONSE_MAC1 = 60;

    public static final int COOKIE_REPLY_LENGTH = 64;
    public static final int COOKIE_RECEIVER = 4;
    /** The nonce of XChaCha20-Poly1305, 24 bytes. */
    public static final int COOKIE_NONCE = 8;
    /** The cookie, sealed. */
    public static final int COOKIE_COOKIE = 32;

    public static final int TRANSPORT_RECEIVER = 4;
    /** 64 bits, unsigned. */
    public static final int TRANSPORT_COUNTER = 8;

    public static final int TRANSPORT_DATA = 16;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private Messages() {}

    /** The little-endian number of 32 bits that begins at {@code offset}. */
    static int intAt(byte[] message, int offset) {
        return (int) INT.get(message, offset);
    }

    /** Writes {@code value} as a little-endian number of 32 bits from {@code offset} on. */
    static void putInt(byte[] message, int offset, int value) {
        INT.set(message, offset, value);
    }
}
