package anubis.gate;

import java.time.Instant;
import java.util.Optional;

/** What a hub does about a datagram. */
public sealed interface Decision {
    /** Nothing at all, but that the reason is counted. */
    record Silence(Refusal why) implements Decision {}

    /** The reply to send: nothing else is to be done. */
    record Answer(Reply reply) implements Decision {}

    /**
     * Something to do for a peer, after which {@link Decisions#settle} gives the reply. Until then nothing else that
     * concerns its production key is decided.
     *
     * @param action may be done already, and is then to be made sure of
     * @param request of which a second factor is to be checked before a peer is brought up
     * @param agreed the code if all goes well
     * @param leaseEnd when the peer is to be taken down; nothing for a permanent one, and for {@link Action#TAKE_DOWN}
     * @param from where the gate tunnel's peer was last
     */
    record Act(Action action, Entry entry, Request request, Code agreed, Optional<Instant> leaseEnd, String from)
            implements Decision {}

    /** What is to be done. */
    enum Action {
        BRING_UP,
        TAKE_DOWN,
        /** No device is touched: the lease alone ends later. */
        RENEW,
        /** The client of {@link Request#client} is taken down, and its prefixes go to the hub that {@code entry} is. */
        MOVE_AWAY,
        /** The prefixes of that client are taken from that hub again. */
        TAKE_BACK
    }
}
