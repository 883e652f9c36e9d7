package anubis.config;

import java.net.InetAddress;
import java.util.Map;
import java.util.Optional;

/**
 * What has to be known of a host before a configuration can be put in force there.
 *
 * @param mtu the MTU in bytes that suits the paths to the peers, for files that name none
 * @param slot which of the {@link #SLOTS} places among the policy rules is this interface's
 * @param movedInside whether a peer has moved to an address that some peer is allowed
 * @param addresses what the names of endpoints mean now; a name that is not there has not been resolved
 */
public record Facts(int mtu, int slot, boolean movedInside, Map<String, InetAddress> addresses) {
    /** So many interfaces with policy rules can be on a host. */
    public static final int SLOTS = 16;

    public Facts {
        if (slot < 0 || slot >= SLOTS) {
            throw new IllegalArgumentException("there are " + SLOTS + " slots, numbered from 0");
        }
        addresses = Map.copyOf(addresses);
    }

    /** Where a peer is reached, as an address; nothing while its name is not resolved. */
    public Optional<Endpoint> resolve(Endpoint endpoint) {
        return endpoint.isLiteral()
                ? Optional.of(endpoint)
                : Optional.ofNullable(addresses.get(endpoint.host()))
                        .map(address -> new Endpoint(IpLiteral.format(address), endpoint.port()));
    }
}
