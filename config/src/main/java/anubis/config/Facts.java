package anubis.config;

import java.net.InetAddress;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What has to be known of a host before a configuration can be put in force there.
 *
 * @param mtu the MTU in bytes that suits the paths to the peers, for files that name none
 * @param slot which of the {@link #SLOTS} places among the policy rules is this interface's
 * @param listenPort the UDP port that the device has; 0 if that is not known yet
 * @param seen where the peers are now, as the device says: they may have moved
 * @param addresses what the names of endpoints mean now; a name that is not there has not been resolved
 */
public record Facts(int mtu, int slot, int listenPort, Set<InetAddress> seen, Map<String, InetAddress> addresses) {
    /** So many interfaces with policy rules can be on a host. */
    public static final int SLOTS = 16;

    public Facts {
        if (slot < 0 || slot >= SLOTS) {
            throw new IllegalArgumentException("there are " + SLOTS + " slots, numbered from 0");
        }
        seen = Set.copyOf(seen);
        addresses = Map.copyOf(addresses);
    }

    /** Where a peer is reached, as an address; nothing while its name is not resolved. */
    Optional<Endpoint> resolve(Endpoint endpoint) {
        return endpoint.isLiteral()
                ? Optional.of(endpoint)
                : Optional.ofNullable(addresses.get(endpoint.host()))
                        .map(address -> new Endpoint(IpLiteral.format(address), endpoint.port()));
    }
}
