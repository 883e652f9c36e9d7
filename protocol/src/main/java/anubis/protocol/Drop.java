package anubis.protocol;

/** Why a packet was dropped. Each reason has a counter for the device and one for each peer to which it can be ascribed. */
public enum Drop {
    // A datagram from the network, in the order of the checks.
    /** No WireGuard message: wrong type or length. */
    MALFORMED,
    /** Handshake message while the queue was full. */
    HANDSHAKE_QUEUE_FULL,
    /** Handshake message with a wrong mac1: made for another public key. */
    WRONG_MAC1,
    /** Handshake message under load without a valid mac2; answered with a cookie. */
    COOKIE_DEMANDED,
    /** Handshake message under load from a source that sent too many. */
    RATE_LIMITED,
    /** Handshake message while no private key is set. */
    NO_PRIVATE_KEY,
    /** Handshake message that did not decrypt, or with a key of low order. */
    HANDSHAKE_NOT_AUTHENTIC,
    /** Initiation by a public key that is no peer's. */
    UNKNOWN_PEER,
    /** Initiation not later than the last: a replay, or the peer's clock went back. */
    STALE_TIMESTAMP,
    /** Initiation within 20 ms of the last. */
    INITIATION_TOO_SOON,
    /** Receiver index unknown: the other end has an older handshake in mind. */
    UNKNOWN_INDEX,
    /** Cookie reply that answers nothing we sent. */
    COOKIE_NOT_AUTHENTIC,
    /** Transport data under a keypair older than 180 s or exhausted. */
    KEYPAIR_EXPIRED,
    /** Transport data that did not decrypt. */
    NOT_AUTHENTIC,
    /** Transport data with a counter already seen or too old. */
    REPLAYED,
    /** Decrypted packet is not IP, or shorter than it claims. */
    INNER_MALFORMED,
    /** Decrypted packet whose source address is not in the peer's allowed IPs. */
    SOURCE_NOT_ALLOWED,
    /** Decrypted packet marked congested outside but not capable of ECN inside. */
    CONGESTION_MARK_LOST,
    /** Datagram whose control data did not fit. */
    CONTROL_TRUNCATED,
    /** Decrypted packet that the interface did not take. */
    TUNNEL_WRITE_FAILED,
    // A packet from the tunnel.
    /** Packet from the interface that is not IP or malformed. */
    NOT_IP,
    /** Destination in no peer's allowed IPs. */
    NO_ROUTE,
    /** Peer without an endpoint. */
    NO_ENDPOINT,
    /** Too many packets waited for a handshake. */
    STAGED_OVERFLOW,
    /** Packet waited 90 s for a handshake in vain. */
    HANDSHAKE_GAVE_UP,
    /** Packet that waited, or handshake message, when the interface went down or the peer was removed. */
    INTERFACE_DOWN,
    /** Datagram that the network did not take. */
    NETWORK_SEND_FAILED
}
