package anubis.plan;

import java.util.Optional;

/**
 * Why a packet is lost, or why what becomes of it cannot be said.
 *
 * @param reason none if it cannot be said
 * @param machine where
 * @param cause what decided, without the packet's addresses, so that what has the same cause is the same
 * @param packet its addresses where it is lost
 */
record Trouble(Optional<Reason> reason, String machine, String cause, String packet) {
    static Trouble of(Reason reason, Node node, String cause, Object packet) {
        return new Trouble(Optional.of(reason), node.name(), cause, packet.toString());
    }

    boolean is(Reason other) {
        return reason.equals(Optional.of(other));
    }

    /** For people: what decided, and the packet. */
    String detail() {
        return cause + " (" + packet + ")";
    }
}
