package anubis.plan;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who of a segment takes the packets for an address: whoever answers the question who has it (ARP, or ND of IPv6). Confined
 * to one thread, and to one request and its answer, for who was asked something knows the asking one.
 *
 * <p>Written after arp_process() of net/ipv4 and ndisc_recv_ns() of net/ipv6.
 */
final class Neighbours {
    private final Terrain terrain;
    private final List<Question> questions = new ArrayList<>(2);
    private @Nullable Iface found;

    /** That {@code asking}, an address at {@code from}, wanted to know who has another: whoever is asked knows then who that is. */
    private record Question(Iface from, Ip asking, Iface to) {}

    Neighbours(Terrain terrain) {
        this.terrain = terrain;
    }

    /** The interface that has answered the last question, if one has. */
    @Nullable
    Iface found() {
        return found;
    }

    /**
     * Asks on the segment of {@code out}, an interface of {@code at}, who has the address {@code hop}, to which the packet
     * goes first. Nothing is wrong if somebody is {@link #found}.
     */
    @Nullable
    Trouble ask(Node at, Iface out, Ip hop, Packet packet) {
        found = null;
        if (out.segment() == null) {
            return Trouble.of(Reason.NO_NEIGHBOUR, at, out.name() + " leads nowhere", packet);
        }
        // ND needs no address to ask from that the other one would have to like.
        Ip asking = hop.six() ? null : at.has(packet.source) ? packet.source : at.masquerade(out, hop, hop);
        List<Iface> all = terrain.answering(out.segment(), hop);
        Iface next = null;
        Node deaf = null;
        for (int i = 0; i < all.size(); i++) {
            Iface each = all.get(i);
            if (each.node() == at) {
                continue;
            }
            if (asking != null && !answers(each, asking, out, hop)) {
                deaf = each.node();
            } else if (next == null) {
                next = each;
            } else {
                return Trouble.of(
                        Reason.OVERLAP,
                        at,
                        next.node() + " and " + each.node() + " both have the address " + hop + " on " + out.segment(),
                        packet);
            }
        }
        if (next == null) {
            return nobody(at, deaf, hop, out.segment(), packet);
        }
        if (asking != null) {
            questions.add(new Question(out, asking, next));
        }
        found = next;
        return null;
    }

    /** Whether a machine answers ARP: only if it would take a packet from who asks, but always whom it has just asked itself. */
    private boolean answers(Iface each, Ip asking, Iface out, Ip hop) {
        return questions.contains(new Question(each, hop, out))
                || (!each.node().has(asking) && each.node().takes(each, asking));
    }

    private static Trouble nobody(Node at, @Nullable Node deaf, Ip hop, String segment, Packet packet) {
        return deaf == null
                ? Trouble.of(Reason.NO_NEIGHBOUR, at, "nobody answers for " + hop + " on " + segment, packet)
                : Trouble.of(
                        Reason.SOURCE_CHECK,
                        deaf,
                        "it does not answer " + at + ", which asks who has " + hop + " on " + segment
                                + ": rp_filter is " + deaf.machine().sourceCheck(),
                        packet);
    }
}
