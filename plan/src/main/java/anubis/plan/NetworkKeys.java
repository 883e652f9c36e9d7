package anubis.plan;

import java.util.List;

/** The keys of a description, by table, in the order in which people read them. */
final class NetworkKeys {
    static final List<String> NETWORK = List.of(
            "name",
            "domain",
            "wireguard",
            "port",
            "interface",
            "suffix",
            "gate-port",
            "networks",
            "hosts",
            "situations");
    static final List<String> SEGMENT = List.of("kind", "addresses", "mapped", "gateway", "nat", "routed", "mtu");
    static final List<String> HOST = List.of(
            "role",
            "key",
            "gate-key",
            "wg",
            "on",
            "internal",
            "interfaces",
            "endpoint",
            "port",
            "extra-ports",
            "keepalive",
            "hub",
            "default-ipv4",
            "default-ipv6",
            "through",
            "lets-in");
    static final List<String> SITUATION = List.of("name", "note", "away", "absent", "using", "off");

    private NetworkKeys() {}
}
