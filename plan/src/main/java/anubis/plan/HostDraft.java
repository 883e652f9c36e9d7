package anubis.plan;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.crypto.PublicKey;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** A host of which not all is known yet. For one thread. */
final class HostDraft {
    final String name;
    Role role;
    Optional<PublicKey> key = Optional.empty();
    final List<InetAddress> wireguard = new ArrayList<>();
    final Map<String, List<InetAddress>> on = new LinkedHashMap<>();
    final Map<String, String> interfaces = new LinkedHashMap<>();
    final List<Cidr> internal = new ArrayList<>();
    Optional<Endpoint> endpoint = Optional.empty();
    OptionalInt port = OptionalInt.empty();
    OptionalInt keepalive = OptionalInt.empty();
    Optional<String> hub = Optional.empty();
    Optional<Through> through = Optional.empty();

    HostDraft(String name, Role role) {
        this.name = name;
        this.role = role;
    }

    /** With what is so where nothing is said. */
    Host host(int usualPort) {
        return new Host(
                name,
                role,
                key,
                Optional.empty(),
                wireguard,
                on,
                interfaces,
                internal,
                endpoint,
                port.orElse(usualPort),
                List.of(),
                keepalive,
                hub,
                Optional.empty(),
                Optional.empty(),
                through.orElse(Through.usual(role)),
                List.of());
    }
}
