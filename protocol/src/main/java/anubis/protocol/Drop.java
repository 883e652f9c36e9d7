package anubis.protocol;

/** Why a packet was dropped. Each reason has a counter for the device and one for each peer to which it can be ascribed. */
public enum Drop {
    // A datagram from the network, in the order of the checks.
    MALFORMED("no WireGuard message: wrong type or length"),
    HANDSHAKE_QUEUE_FULL("handshake message while the queue was full"),
    WRONG_MAC1("handshake message with a wrong mac1: made for another public key"),
    COOKIE_DEMANDED("handshake message under load without a valid mac2; answered with a cookie"),
    RATE_LIMITED("handshake message under load from a source that sent too many"),
    NO_PRIVATE_KEY("handshake message while no private key is set"),
    HANDSHAKE_NOT_AUTHENTIC("handshake message that did not decrypt, or with a key of low order"),
    UNKNOWN_PEER("initiation by a public key that is no peer's"),
    STALE_TIMESTAMP("initiation not later than the last: a replay, or the peer's clock went back"),
    INITIATION_TOO_SOON("initiation within 20 ms of the last"),
    UNKNOWN_INDEX("receiver index unknown: the other end has an older handshake in mind"),
    COOKIE_NOT_AUTHENTIC("cookie reply that answers nothing we sent"),
    KEYPAIR_EXPIRED("transport data under a keypair older than 180 s or exhausted"),
    NOT_AUTHENTIC("transport data that did not decrypt"),
    REPLAYED("transport data with a counter already seen or too old"),
    INNER_MALFORMED("decrypted packet is not IP, or shorter than it claims"),
    SOURCE_NOT_ALLOWED("decrypted packet whose source address is not in the peer's allowed IPs"),
    CONGESTION_MARK_LOST("decrypted packet marked congested outside but not capable of ECN inside"),
    CONTROL_TRUNCATED("datagram whose control data did not fit"),
    TUNNEL_WRITE_FAILED("decrypted packet that the interface did not take"),
    // A packet from the tunnel.
    NOT_IP("packet from the interface that is not IP or malformed"),
    NO_ROUTE("destination in no peer's allowed IPs"),
    NO_ENDPOINT("peer without an endpoint"),
    STAGED_OVERFLOW("too many packets waited for a handshake"),
    HANDSHAKE_GAVE_UP("packet waited 90 s for a handshake in vain"),
    INTERFACE_DOWN("packet waited for a handshake when the interface went down or the peer was removed"),
    NETWORK_SEND_FAILED("datagram that the network did not take");

    private final String meaning;

    Drop(String meaning) {
        this.meaning = meaning;
    }

    /** What happened, in one line. */
    public String meaning() {
        return meaning;
    }
}
