package anubis.plan;

import java.util.Locale;

/** What a host is for the network; its configuration follows from that. */
public enum Role {
    /** On the LAN, which reaches the rest by it; all others have a tunnel to it. */
    CENTRAL,
    /** In the wild, at addresses that stay: what others reach from anywhere, and the hub while there is no central server. */
    CLOUD,
    /** Not the hub, but the gateway of a LAN of its own: a branch office, a home behind somebody else's NAT. */
    GATEWAY,
    /** Always on its LAN, be it a machine or one that a bridge puts there. */
    LEAF,
    /** On the LAN or anywhere else; what it sends goes through its hub in either case. */
    ROAMING,
    /** A virtual machine on a network inside its host, which is its hub. */
    VM,
    /** As ROAMING, by an app without policy rules. */
    PHONE,
    /** Without WireGuard. */
    APPLIANCE;

    /** As in the description. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
