package anubis.protocol;

import java.util.Arrays;

/** What the initiator keeps between its initiation and the response. Guarded by its peer's lock. */
final class PendingHandshake extends Receiver {
    final Noise noise;
    final byte[] ephemeralPrivate;

    PendingHandshake(Peer peer, Noise noise, byte[] ephemeralPrivate) {
        super(peer);
        this.noise = noise;
        this.ephemeralPrivate = ephemeralPrivate;
    }

    void destroy() {
        noise.destroy();
        Arrays.fill(ephemeralPrivate, (byte) 0);
    }
}
