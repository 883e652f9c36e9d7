package anubis.host;

import java.util.Locale;

/** What is known of a peer, by what flows and not by its handshake alone. docs/watch.md tells when each is left. */
public enum PeerState {
    /** No handshake was ever completed, and none is tried. */
    NEVER_SEEN("never seen"),
    /** Handshake messages were sent or came in the last 15 s, and none has been completed. */
    HANDSHAKING("handshaking"),
    /** It has proved within 180 s that it has the keys, and nothing waits for an answer. */
    UP("up"),
    /** As up, but we have been sending data for 15 s or more and none comes back. */
    NO_DATA("up, no data"),
    /** Nothing has come for 180 s, and nothing was asked: an idle tunnel. */
    QUIET("quiet"),
    /** It has not answered for 20 s what any peer answers, nor been heard since. */
    GONE("gone");

    private final String text;

    PeerState(String text) {
        this.text = text;
    }

    /** Whether the peer is there, whatever may be wrong with its data. */
    public boolean isUp() {
        return this == UP || this == NO_DATA;
    }

    /** For people. */
    public String text() {
        return text;
    }

    /** For programs: {@code never-seen}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
