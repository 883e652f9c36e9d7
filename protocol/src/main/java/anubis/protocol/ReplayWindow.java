package anubis.protocol;

/**
 * Remembers which counters have been received: a sliding window in a ring of bits (RFC 6479), as in section 5.4.6 of
 * the whitepaper. Any thread may call it; each instance is its own lock.
 */
final class ReplayWindow {
    /** One word more than the window, so that the word the newest counter lies in may be partly used. */
    private static final int WORDS = Limits.REPLAY_WINDOW / Long.SIZE + 1;

    private final long[] seen = new long[WORDS];
    private long newest;

    /**
     * Notes that a packet has arrived. To be called once the packet has proved authentic, never before.
     *
     * @param counter 64 bits, unsigned
     * @return false if it has been here before, is too old to tell, or has passed {@link Limits#REJECT_AFTER_MESSAGES}
     */
    synchronized boolean accept(long counter) {
        if (Long.compareUnsigned(counter, Limits.REJECT_AFTER_MESSAGES) >= 0) {
            return false;
        }
        long word = counter >>> 6;
        if (Long.compareUnsigned(counter, newest) > 0) {
            // However far the jump, the ring is cleared once at most.
            long first = Math.max(newest >>> 6, word - WORDS) + 1;
            for (long i = first; i <= word; i++) {
                seen[(int) (i % WORDS)] = 0;
            }
            newest = counter;
        } else if (Long.compareUnsigned(newest - counter, Limits.REPLAY_WINDOW) > 0) {
            return false;
        }
        int slot = (int) (word % WORDS);
        long bit = 1L << counter;
        boolean fresh = (seen[slot] & bit) == 0;
        seen[slot] |= bit;
        return fresh;
    }
}
