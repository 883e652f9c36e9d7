package anubis.gate;

import anubis.config.Cidr;
import anubis.crypto.PresharedKey;
import anubis.crypto.PublicKey;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A peer in the registry.
 *
 * @param name for people
 * @param gateKey the key of its gate tunnel; several peers may share one
 * @param productionKey no two peers have the same
 * @param allowedIps in production
 * @param presharedKey in production
 * @param hours when it may be up; always, if there are none
 * @param expiry when the authorisation ends; never, if there is none
 * @param enabled else it is as if it were not in the registry
 * @param permanent whether the hub keeps it up without a lease
 * @param secondFactor what it has to give besides its keys to be brought up
 * @param hub whether it is another hub, which may tell of the clients that it has
 * @param note for people
 */
public record Entry(
        String name,
        PublicKey gateKey,
        PublicKey productionKey,
        List<Cidr> allowedIps,
        Optional<PresharedKey> presharedKey,
        Optional<Hours> hours,
        Optional<Instant> expiry,
        boolean enabled,
        boolean permanent,
        Optional<SecondFactor> secondFactor,
        boolean hub,
        String note) {
    public Entry {
        allowedIps = List.copyOf(allowedIps);
    }
}
