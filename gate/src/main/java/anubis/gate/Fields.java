package anubis.gate;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the fields at the end of a datagram, one after the other: type (1 byte), length (2), value. Those from 128 on are
 * passed over, so that a later version may add some that need not be understood.
 */
final class Fields {
    static final int HEADER = 3;

    private static final int OPTIONAL_FROM = 128;

    private final byte[] datagram;
    private final long[] seen = new long[OPTIONAL_FROM / Long.SIZE];
    private int next;
    private int type;
    private byte[] value = new byte[0];
    private @Nullable Refusal refusal;

    /** The fields from {@code offset} to the end of {@code datagram}. */
    Fields(byte[] datagram, int offset) {
        this.datagram = datagram;
        this.next = offset;
    }

    /** Goes on to the next field below 128; false at the end, and after a refusal. */
    boolean next() {
        while (refusal == null && next < datagram.length) {
            int start = next + HEADER;
            int end = start > datagram.length ? start : start + length();
            if (end > datagram.length) {
                refusal = Refusal.FIELD_SHORT;
                return false;
            }
            type = datagram[next] & 0xff;
            next = end;
            if (type < OPTIONAL_FROM) {
                value = Arrays.copyOfRange(datagram, start, end);
                return true;
            }
        }
        return false;
    }

    private int length() {
        return (datagram[next + 1] & 0xff) << 8 | (datagram[next + 2] & 0xff);
    }

    int type() {
        return type;
    }

    byte[] value() {
        return value;
    }

    /** Refuses a second field of this type. */
    void once() {
        long bit = 1L << type;
        if ((seen[type / Long.SIZE] & bit) != 0) {
            refusal = Refusal.FIELD_TWICE;
        }
        seen[type / Long.SIZE] |= bit;
    }

    /** Refuses a field that has no value of its type. */
    <T> Optional<T> valid(Optional<T> read) {
        if (read.isEmpty()) {
            refusal = Refusal.FIELD_VALUE;
        }
        return read;
    }

    void refuse(Refusal reason) {
        refusal = reason;
    }

    Optional<Refusal> refusal() {
        return Optional.ofNullable(refusal);
    }

    static void put(ByteBuffer to, int type, byte[] value) {
        to.put((byte) type).putShort((short) value.length).put(value);
    }
}
