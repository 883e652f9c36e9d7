package anubis.plan;

/** Why a packet does not arrive. */
public enum Reason {
    NO_ROUTE("there is no route"),
    REFUSED_ROUTE("a route refuses it"),
    NO_NEIGHBOUR("nobody on the segment has the address"),
    NOT_FORWARDED("the host sends on no packets of others"),
    BEARER_IN_OWN_TUNNEL("a bearer packet would go into the tunnel that it bears"),
    BEARER_LOST("the bearer packet does not arrive"),
    LOOP("it goes round in a loop"),
    NO_PEER("no peer is allowed the destination"),
    NOT_ALLOWED("the source is not in the allowed IPs of the peer that it comes from"),
    ALLOWED_IPS_STOLEN("two peers of the device are given the same allowed IPs, and the last one has them"),
    STRANGER("the other end does not know the key"),
    NOBODY_LISTENS("no WireGuard listens there"),
    NO_INITIATOR("no end can begin: none knows where the other is"),
    SOURCE_CHECK("the kernel's check of source addresses (rp_filter) drops it"),
    ASYMMETRIC("the answer comes another way, where a firewall does not know the connection"),
    FIREWALL("a firewall drops it"),
    OVERLAP("the address is somebody else's here: ranges overlap"),
    MTU("the packet is larger than the path takes"),
    NO_ADDRESS("the host has no address of this family to send from");

    private final String text;

    Reason(String text) {
        this.text = text;
    }

    /** For people. */
    @Override
    public String toString() {
        return text;
    }
}
