package anubis.host;

import java.time.Duration;

/**
 * What the growth of a peer's byte counter was made of. The counters count whole UDP payloads (whitepaper, section 5.4): an
 * initiation has 148 bytes, a response 92, a keepalive 32, and data a multiple of 16 from 64 on, unless it fills the MTU. So
 * few messages can be told apart by their sum alone; what is no such sum holds data. The numbers are 0 where there is data.
 */
record Traffic(int initiations, int responses, int keepalives, boolean data) {
    static final Traffic NONE = new Traffic(0, 0, 0, false);

    private static final int INITIATION = 148;
    private static final int RESPONSE = 92;
    private static final int KEEPALIVE = 32;

    /** REKEY_TIMEOUT: neither end sends initiations more often. */
    private static final int REKEY_TIMEOUT = 5;
    /** What is longer than this is taken to be so long. */
    private static final int LONGEST = 60;

    /**
     * {@code bytes} within {@code interval}.
     *
     * @param persistentKeepalive of the end that sent, in seconds, 0 if off or unknown
     */
    static Traffic of(long bytes, Duration interval, int persistentKeepalive) {
        if (bytes <= 0) {
            return NONE;
        }
        int seconds = Math.clamp(interval.toSeconds(), 0, LONGEST);
        int handshakes = 1 + seconds / REKEY_TIMEOUT;
        // A passive one and the one that confirms a handshake; and persistent ones.
        int keepalives = 2 + seconds / REKEY_TIMEOUT + (persistentKeepalive > 0 ? seconds / persistentKeepalive : 0);
        for (int initiations = 0; initiations <= handshakes; initiations++) {
            for (int responses = 0; responses <= handshakes; responses++) {
                long rest = bytes - (long) INITIATION * initiations - (long) RESPONSE * responses;
                if (rest >= 0 && rest % KEEPALIVE == 0 && rest / KEEPALIVE <= keepalives) {
                    return new Traffic(initiations, responses, (int) (rest / KEEPALIVE), false);
                }
            }
        }
        return new Traffic(0, 0, 0, true);
    }

    boolean any() {
        return data || initiations + responses + keepalives > 0;
    }

    boolean handshake() {
        return initiations + responses > 0;
    }

    /** Whether an honest peer that gets this answers: data within 10 s (section 6.5), an initiation at once. */
    boolean wantsAnswer() {
        return data || initiations > 0;
    }

    /** Whether this was sent under the keys of a handshake that both ends have completed. */
    boolean transport() {
        return data || keepalives > 0;
    }
}
