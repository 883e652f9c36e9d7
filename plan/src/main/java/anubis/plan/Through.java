package anubis.plan;

import java.util.Locale;

/** What a host sends through its tunnel. */
public enum Through {
    /** All, the default route included. */
    EVERYTHING,
    /** What is for the network, and not what is for the rest of the world. */
    NETWORK,
    /** What is sent to somebody's address in the WireGuard range: by the name that ends with the suffix. */
    NAMES;

    /** What it is for a host of that role of which nothing is said. */
    static Through usual(Role role) {
        return switch (role) {
            case ROAMING -> EVERYTHING;
            case CLOUD, GATEWAY, PHONE -> NETWORK;
            case CENTRAL, LEAF, VM, APPLIANCE -> NAMES;
        };
    }

    /** What it is for that host: the cloud's default route is the provider's, whatever is said. */
    static Through of(Host host) {
        return host.role() == Role.CLOUD ? NETWORK : host.through();
    }

    /** As in the description. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
