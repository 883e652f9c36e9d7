package anubis.protocol;

/** What a sender index of ours stands for, and so what a message with that receiver index is for. */
abstract sealed class Receiver permits PendingHandshake, Keypair {
    final Peer peer;
    /** Guarded by the peer's lock. */
    int localIndex;

    Receiver(Peer peer) {
        this.peer = peer;
    }
}
