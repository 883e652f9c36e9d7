package anubis.plan;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.crypto.PublicKey;
import java.net.InetAddress;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A host of the network, as it is described.
 *
 * @param name small letters, digits and hyphens; with the network's suffix the name of its WireGuard addresses
 * @param key its public key; none on an appliance alone
 * @param gateKey the public key of its gate, where that is known
 * @param wireguard its addresses in the WireGuard ranges, at most one of each family
 * @param on its addresses on segments, by the segment's name, in the order of the description; for hosts that move, on
 *     those where it is at home
 * @param interfaces what its interface on a segment is called, where that is not {@link #interfaceOn the usual}
 * @param internal addresses of its own that are on no segment: reached through the tunnel alone
 * @param endpoint where it is reached from the wild side, if it is; by a name if the address is not fixed
 * @param port its listen port
 * @param extraPorts further UDP ports that lead to the listen port
 * @param keepalive in seconds; where nothing is said, whoever is behind NAT or moves has 25
 * @param hub the host that its tunnel leads to; where nothing is said it follows from the role
 * @param default4 the host through whose tunnel its IPv4 default route leads, for hosts that have a way of their own for the rest
 * @param default6 the same of IPv6
 * @param letsIn what its firewall lets in from the wild side, for itself and those behind it
 */
public record Host(
        String name,
        Role role,
        Optional<PublicKey> key,
        Optional<PublicKey> gateKey,
        List<InetAddress> wireguard,
        Map<String, List<InetAddress>> on,
        Map<String, String> interfaces,
        List<Cidr> internal,
        Optional<Endpoint> endpoint,
        int port,
        List<Integer> extraPorts,
        OptionalInt keepalive,
        Optional<String> hub,
        Optional<String> default4,
        Optional<String> default6,
        Through through,
        List<Service> letsIn) {
    public Host {
        wireguard = List.copyOf(wireguard);
        on = Collections.unmodifiableMap(new LinkedHashMap<>(on));
        interfaces = Map.copyOf(interfaces);
        internal = List.copyOf(internal);
        extraPorts = List.copyOf(extraPorts);
        letsIn = List.copyOf(letsIn);
    }

    /** Its addresses on a segment, none if it is not on it. */
    public List<InetAddress> addressesOn(String segment) {
        return on.getOrDefault(segment, List.of());
    }

    /** Whether it is where the situation puts it, and not always in the same place. */
    public boolean moves() {
        return role == Role.ROAMING || role == Role.PHONE;
    }

    /** The name of its interface on a segment: br0 for one inside it, else eth0, or what the description says. */
    public String interfaceOn(Segment segment) {
        boolean inside =
                segment.kind() == Segment.Kind.INSIDE && segment.gateway().equals(Optional.of(name));
        return interfaces.getOrDefault(segment.name(), inside ? "br0" : "eth0");
    }
}
