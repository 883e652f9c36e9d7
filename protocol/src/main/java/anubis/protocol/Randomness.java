package anubis.protocol;

/** A source of unpredictable bytes; a parameter so that tests can be repeated. */
@FunctionalInterface
public interface Randomness {
    /** Fills the whole array. */
    void fill(byte[] bytes);

    /** An unpredictable number of 32 bits. */
    default int nextInt() {
        byte[] bytes = new byte[Integer.BYTES];
        fill(bytes);
        return Messages.intAt(bytes, 0);
    }
}
