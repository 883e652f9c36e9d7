package anubis.gate;

/** Why a packet, a datagram or a field of it was refused. Each has a counter in {@link RefusalCounters}. */
public enum Refusal {
    // The packet inside the gate tunnel, in the order of the checks.
    /** Shorter than the headers of IPv6 and UDP, or longer than they and {@link InnerUdp#MAX_PAYLOAD} bytes. */
    PACKET_SIZE,
    /** Not IPv6, or anything but UDP directly after the header: so also each fragment. */
    NOT_UDP,
    /** The lengths in the headers are not that of the packet. */
    PACKET_LENGTHS,
    /** Not from the gate address of the peer to that of this end. */
    ADDRESS,
    /** Not both ports are {@link InnerUdp#PORT}. */
    PORT,
    /** The checksum of UDP is wrong or missing. */
    CHECKSUM,

    // The datagram.
    /** No such message: too short or too long, or it begins otherwise. */
    NOT_GATE,
    /** Another version. */
    VERSION,
    /** An operation that this end does not serve. */
    OPERATION,
    /** A byte that must be zero is not. */
    RESERVED,
    /** A field is cut off. */
    FIELD_SHORT,
    /** A field that may stand once stands twice. */
    FIELD_TWICE,
    /** A field below 128 that nobody has defined. */
    FIELD_UNKNOWN,
    /** A field has no value of its type. */
    FIELD_VALUE,

    // The hub's silence.
    /** The registry has no peer with that gate key, or has disabled it. */
    STRANGER,
    /** More requests than one peer may send. */
    RATE,
    /** An earlier request for the same production key is still being carried out. */
    BUSY,
    /** The registry could not be asked. */
    REGISTRY
}
