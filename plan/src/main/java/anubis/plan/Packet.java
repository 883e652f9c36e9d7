package anubis.plan;

import anubis.plan.Service.Protocol;
import org.jspecify.annotations.Nullable;

/** A packet on its way, changed by the machines that it passes. Confined to the thread that follows it. */
final class Packet {
    /** The port of whoever asks: one that no service has. */
    static final int EPHEMERAL = 0;

    final Protocol protocol;
    final boolean answer;
    /** Of IP, in bytes with the header. */
    final int size;

    Ip source;
    Ip destination;
    int fromPort;
    int toPort;
    /** What the machine where it is now knows of its connection. */
    @Nullable
    Flow flow;

    /** Whether it goes the way of the answers of {@link #flow}. */
    boolean reply;

    Packet(Protocol protocol, boolean answer, int size, Ip source, Ip destination, int fromPort, int toPort) {
        this.protocol = protocol;
        this.answer = answer;
        this.size = size;
        this.source = source;
        this.destination = destination;
        this.fromPort = fromPort;
        this.toPort = toPort;
    }

    /** A connection that a machine knows (nf_conntrack): how its packets look where they come in, and its answers. */
    static final class Flow {
        final Node node;
        final Ip source;
        final Ip destination;
        final int fromPort;
        final int toPort;
        Ip replySource;
        Ip replyDestination;
        int replyFromPort;

        Flow(Node node, Packet first) {
            this.node = node;
            source = first.source;
            destination = first.destination;
            fromPort = first.fromPort;
            toPort = first.toPort;
            replySource = destination;
            replyDestination = source;
            replyFromPort = toPort;
        }

        boolean begins(Node at, Packet packet) {
            return node == at
                    && source.equals(packet.source)
                    && destination.equals(packet.destination)
                    && fromPort == packet.fromPort
                    && toPort == packet.toPort;
        }

        boolean answers(Node at, Packet packet) {
            return node == at
                    && replySource.equals(packet.source)
                    && replyDestination.equals(packet.destination)
                    && replyFromPort == packet.fromPort
                    && fromPort == packet.toPort;
        }
    }

    /** The answer to it. */
    Packet answered(Ip from) {
        return new Packet(protocol, true, size, from, source, /* fromPort= */ toPort, /* toPort= */ fromPort);
    }

    boolean established() {
        return flow != null && reply;
    }

    @Override
    public String toString() {
        return source + " → " + destination;
    }
}
