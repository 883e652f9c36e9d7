package anubis.protocol;

/** The limits of the protocol (whitepaper, sections 5.4 and 6). Times are in nanoseconds. */
public final class Limits {
    private static final long MILLISECOND = 1_000_000L;
    private static final long SECOND = 1_000 * MILLISECOND;

    public static final long REKEY_AFTER_MESSAGES = 1L << 60;
    /** 2⁶⁴ − 2¹³ − 1, an unsigned number of 64 bits: compare with {@link Long#compareUnsigned}. */
    public static final long REJECT_AFTER_MESSAGES = -1L - (1L << 13);

    public static final long REKEY_AFTER_TIME = 120 * SECOND;
    public static final long REJECT_AFTER_TIME = 180 * SECOND;
    public static final long REKEY_ATTEMPT_TIME = 90 * SECOND;
    public static final long REKEY_TIMEOUT = 5 * SECOND;
    public static final long REKEY_TIMEOUT_JITTER_MAX = 333 * MILLISECOND;
    public static final long KEEPALIVE_TIMEOUT = 10 * SECOND;

    public static final long COOKIE_SECRET_MAX_AGE = 120 * SECOND;
    /** So long before its secret may change a cookie is no longer used, for a message takes time to arrive. */
    public static final long COOKIE_SECRET_LATENCY = 5 * SECOND;

    /** Transport data is padded to a multiple of this many bytes. */
    public static final int PADDING_MULTIPLE = 16;
    /** Packets that wait for a handshake, for each peer. */
    public static final int MAX_STAGED_PACKETS = 128;
    /** How many packets may lie between the newest received and an older one that is still accepted. */
    public static final int REPLAY_WINDOW = 8128;

    /** Initiations and responses accepted from one source each second, under load. */
    public static final int INITIATIONS_PER_SECOND = 20;
    /** How many of these may come at once. */
    public static final int INITIATIONS_BURST = 5;

    private Limits() {}
}
