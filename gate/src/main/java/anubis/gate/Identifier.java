package anubis.gate;

import java.nio.ByteBuffer;

/**
 * The identifier of a request: 12 bytes, of which nobody but its client reads more than the order. A client takes a
 * TAI64N label for it, so that the next one is greater without having been remembered.
 *
 * @param high the first 8 bytes, unsigned, big-endian
 * @param low the last 4
 */
public record Identifier(long high, int low) implements Comparable<Identifier> {
    public static final int LENGTH = 12;

    /**
     * The identifier of its 12 bytes.
     *
     * @throws IllegalArgumentException if there are not 12
     */
    public static Identifier of(byte[] bytes) {
        if (bytes.length != LENGTH) {
            throw new IllegalArgumentException("an identifier has " + LENGTH + " bytes, not " + bytes.length);
        }
        return read(ByteBuffer.wrap(bytes));
    }

    static Identifier read(ByteBuffer from) {
        return new Identifier(from.getLong(), from.getInt());
    }

    void write(ByteBuffer to) {
        to.putLong(high).putInt(low);
    }

    /** The 12 bytes. */
    public byte[] bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH);
        write(bytes);
        return bytes.array();
    }

    /**
     * This, or the next after {@code last} if this is not greater: for a client whose clock was set back.
     *
     * @throws IllegalStateException if there is none
     */
    public Identifier after(Identifier last) {
        if (compareTo(last) > 0) {
            return this;
        }
        if (last.high == -1 && last.low == -1) {
            throw new IllegalStateException("all identifiers are used up: the production key must be replaced");
        }
        return new Identifier(last.low == -1 ? last.high + 1 : last.high, last.low + 1);
    }

    @Override
    public int compareTo(Identifier other) {
        int order = Long.compareUnsigned(high, other.high);
        return order != 0 ? order : Integer.compareUnsigned(low, other.low);
    }
}
