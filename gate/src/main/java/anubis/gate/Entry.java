package anubis.gate;

import anubis.config.Cidr;
import anubis.crypto.PresharedKey;
import anubis.crypto.PublicKey;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A peer in the registry.
 *
 * @param name for people and commands: 1 to 63 letters, digits, and {@code _ . -}
 * @param gateKey the key of its gate tunnel; several peers may share one
 * @param productionKey no two peers have the same
 * @param allowedIps in production; each once, and without bits after the prefix
 * @param presharedKey in production
 * @param hours when it may be up; always, if there are none
 * @param expiry when the authorisation ends; never, if there is none
 * @param enabled else it is as if it were not in the registry
 * @param permanent whether the hub keeps it up without a lease
 * @param secondFactor what it has to give besides its keys to be brought up
 * @param hub whether it is another hub, which may tell of the clients that it has
 * @param note for people: one line of at most 200 bytes
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
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_.-]{1,63}");

    /** Refuses, by an {@link IllegalArgumentException}, what is no name or no note, and a key that nobody has honestly. */
    public Entry {
        allowedIps = allowedIps.stream().map(Cidr::masked).distinct().toList();
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("a peer's name has 1 to 63 letters, digits or _ . -");
        }
        if (gateKey.isOfLowOrder() || productionKey.isOfLowOrder()) {
            throw new IllegalArgumentException("nobody has a private key to the public key of '" + name + "'");
        }
        if (!Values.isText(note)) {
            throw new IllegalArgumentException(
                    "a note is one line of at most " + Reply.MAX_TEXT + " bytes, without control characters");
        }
    }

    /** The same, but for whether it is enabled. */
    public Entry enabled(boolean is) {
        return new Entry(
                name,
                gateKey,
                productionKey,
                allowedIps,
                presharedKey,
                hours,
                expiry,
                is,
                permanent,
                secondFactor,
                hub,
                note);
    }
}
