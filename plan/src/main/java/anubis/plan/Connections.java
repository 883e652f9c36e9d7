package anubis.plan;

import anubis.plan.Packet.Flow;
import anubis.plan.Service.Protocol;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the machines on the way of a packet know of its connection (nf_conntrack), and what they therefore write anew. Confined
 * to one thread.
 */
final class Connections {
    private final List<Flow> flows = new ArrayList<>(4);
    /** A connection that is about to become known where the packet is. */
    private @Nullable Flow fresh;

    /** Looks whether the machine knows the connection of the packet. */
    void track(Node at, Packet packet) {
        fresh = null;
        packet.flow = null;
        for (int i = 0; i < flows.size() && packet.flow == null; i++) {
            Flow flow = flows.get(i);
            if (flow.begins(at, packet)) {
                packet.flow = flow;
                packet.reply = false;
            } else if (flow.answers(at, packet)) {
                packet.flow = flow;
                packet.reply = true;
            }
        }
        // ICMP and TCP cannot begin a connection with an answer.
        if (packet.flow == null && (!packet.answer || packet.protocol == Protocol.UDP)) {
            fresh = new Flow(at, packet);
        }
    }

    /** What is done to the destination where the packet comes in. */
    void before(Node at, Packet packet, Iface in) {
        Flow flow = packet.flow;
        if (flow != null) {
            packet.destination = packet.reply ? flow.source : flow.replySource;
            packet.toPort = packet.reply ? flow.fromPort : flow.replyFromPort;
        } else if (fresh != null) {
            at.barrier().before(packet, at, in);
        }
    }

    /** What is done to the source where the packet goes out, on its way to {@code hop} first. */
    void after(Node at, Packet packet, Iface out, Ip hop) {
        Flow flow = packet.flow;
        if (flow != null) {
            packet.source = packet.reply ? flow.destination : flow.replyDestination;
            packet.fromPort = packet.reply ? flow.toPort : packet.fromPort;
        } else if (fresh != null) {
            at.barrier().after(packet, out, at.masquerade(out, packet.destination, hop));
        }
        confirm(packet);
    }

    /** The packet has passed the machine, or is where it is for: the connection is known. */
    void confirm(Packet packet) {
        if (fresh != null) {
            fresh.replySource = packet.destination;
            fresh.replyFromPort = packet.toPort;
            fresh.replyDestination = packet.source;
            flows.add(fresh);
            fresh = null;
        }
    }
}
