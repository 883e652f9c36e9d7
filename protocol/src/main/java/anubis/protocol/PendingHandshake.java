package anubis.protocol;

import java.util.Arrays;

/** What the initiator keeps between its initiation and the response. Guarded by its peer's lock. */
final class PendingHandshake implements Receiver {
    private final Peer peer;
    final Noise noise;
    final byte[] ephemeralPrivate;
    private int localIndex;

    PendingHandshake(Peer peer, Noise noise, byte[] ephemeralPrivate) {
        this.peer = peer;
        this.noise = noise;
        this.ephemeralPrivate = ephemeralPrivate;
    }

    @Override
    public Peer peer() {
        return peer;
    }

    int localIndex() {
        return localIndex;
    }

    void localIndex(int index) {
        localIndex = index;
    }

    void destroy() {
        noise.destroy();
        Arrays.fill(ephemeralPrivate, (byte) 0);
    }
}
