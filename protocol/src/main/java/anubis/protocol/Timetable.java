package anubis.protocol;

/** Remembers when {@link Peer#onDeadline} is to be called. */
@FunctionalInterface
public interface Timetable {
    /**
     * Asks for a call at {@code at} (ns) or soon after; earlier calls, and calls too many, do no harm. Called by any
     * thread, and only when the peer has no earlier one to come.
     */
    void schedule(Peer peer, long at);
}
