package anubis.plan;

import anubis.config.Cidr;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A host as it is in a situation. Filled by {@link Ways}, and then left as it is. */
final class Place {
    final Host host;
    final List<Spot> spots = new ArrayList<>();
    final Set<Ip> wireguard = new HashSet<>();
    final PrefixTable<Place> children4 = new PrefixTable<>();
    final PrefixTable<Place> children6 = new PrefixTable<>();
    /** Whether it has one that is up. */
    boolean tunnel;

    @Nullable
    Place hub;

    /** What is reached through the tunnel to it. */
    List<Cidr> own = List.of();
    /** Whether it reaches the wild side, by whether it is IPv6; as far as that has been found out. */
    final Map<Boolean, Boolean> internet = new HashMap<>();

    /** A segment that a host is on now, and its addresses there. */
    record Spot(Segment segment, List<Ip> own) {
        boolean speaks(boolean six) {
            return own.stream().anyMatch(ip -> ip.six() == six);
        }

        /** What others call an address of it, where that is not its own. */
        @Nullable
        Ip mapped(Ip address) {
            for (Cidr mapped : segment.mapped()) {
                if (mapped.six() == address.six()) {
                    return address.moved(Ip.of(mapped.address()), mapped.length());
                }
            }
            return null;
        }
    }

    Place(Host host) {
        this.host = host;
    }

    /** Whether there is a tunnel to the hub: both ends are there, and at neither it is off. */
    boolean linked() {
        return tunnel && hub != null && hub.tunnel;
    }

    /** Whether its tunnel has an address of the family. */
    boolean speaks(boolean six) {
        return wireguard.stream().anyMatch(ip -> ip.six() == six);
    }

    /** Whether it has a firewall that trusts the tunnel alone. */
    boolean guarded() {
        return host.role() == Role.ROAMING && host.through() != Through.NAMES;
    }

    /** The host whose hub it is and behind whom the address is. */
    @Nullable
    Place child(Ip ip) {
        return (ip.six() ? children6 : children4).longest(ip);
    }

    boolean internal(Ip ip) {
        return host.internal().stream().anyMatch(cidr -> Ip.of(cidr.address()).equals(ip));
    }

    /** The segment on which it has the address, by whichever of its names. */
    @Nullable
    Spot spot(Ip ip) {
        for (Spot spot : spots) {
            for (Ip address : spot.own) {
                if (address.equals(ip) || ip.equals(spot.mapped(address))) {
                    return spot;
                }
            }
        }
        return null;
    }
}
