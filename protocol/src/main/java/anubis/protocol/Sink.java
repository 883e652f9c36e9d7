package anubis.protocol;

import java.lang.foreign.MemorySegment;

/** Where the protocol's own datagrams go: handshake messages, keepalives and the packets that waited for a handshake. */
@FunctionalInterface
public interface Sink {
    /**
     * Sends one datagram. The bytes are the sink's only during the call.
     *
     * @param handshake whether this is a handshake message, which is sent with precedence
     * @return whether the network took it
     */
    boolean toNetwork(Endpoint to, MemorySegment datagram, int length, boolean handshake);
}
