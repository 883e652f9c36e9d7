package anubis.plan;

import java.util.ArrayList;
import java.util.List;

/**
 * The machines that a packet has come to, in order, and those that the request had come to; if it is recorded, with all that
 * was decided there. Confined to one thread.
 */
final class Trail {
    private final Node origin;
    private final boolean recorded;
    private final List<Hop> there;
    private final List<Hop> back;
    private List<Hop> hops;
    private final List<Visit> visits = new ArrayList<>(4);
    private List<Visit> asked = List.of();

    /** A packet come in. */
    private record Visit(Iface in, Ip source, Ip destination) {
        Node node() {
            return in.node();
        }
    }

    Trail(Node origin, boolean recorded) {
        this.origin = origin;
        this.recorded = recorded;
        there = recorded ? new ArrayList<>() : List.of();
        back = recorded ? new ArrayList<>() : List.of();
        hops = there;
    }

    /** Whether hops are wanted: of millions of packets nobody reads them. */
    boolean recorded() {
        return recorded;
    }

    /** Notes what has become of the packet where it is now. */
    void hop(Hop hop) {
        if (recorded) {
            hops.add(hop);
        }
    }

    /** The hops of the request. */
    List<Hop> there() {
        return there;
    }

    /** The hops of the answer. */
    List<Hop> back() {
        return back;
    }

    /** The answer begins. */
    void turn() {
        hops = back;
        asked = List.copyOf(visits);
        visits.clear();
    }

    /**
     * Notes that the packet has come in.
     *
     * @return the machines between, if it has done so before and now goes round; else empty
     */
    String add(Iface in, Packet packet) {
        Visit visit = new Visit(in, packet.source, packet.destination);
        int before = visits.indexOf(visit);
        visits.add(visit);
        if (before < 0) {
            return "";
        }
        return String.join(
                " → ",
                visits.subList(before, visits.size()).stream()
                        .map(each -> each.node().name())
                        .toList());
    }

    /** Whether the packet has been at the machine before it came there now. */
    boolean returns(Node node) {
        return visits.stream().filter(visit -> visit.node() == node).count() > 1;
    }

    /** That there is no route, and who thought that there was one: for the packet, or for the answer to what it sent. */
    String noRoute(Node at, boolean answer) {
        if (!answer) {
            return visits.isEmpty()
                    ? "no table has a route for it"
                    : "no table has a route for what " + before(visits, visits.size() - 1) + " sends here";
        }
        for (int i = asked.size() - 1; i >= 0; i--) {
            if (asked.get(i).node() == at) {
                return "no table has a route for the answer to what " + before(asked, i) + " sent here";
            }
        }
        return "no table has a route for the answer";
    }

    /** The machine that a request came from. */
    private Node before(List<Visit> way, int index) {
        return index == 0 ? origin : way.get(index - 1).node();
    }
}
