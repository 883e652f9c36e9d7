package anubis.protocol;

/** What a sender index of ours stands for, and so what a message with that receiver index is for. */
sealed interface Receiver permits PendingHandshake, Keypair {
    Peer peer();
}
