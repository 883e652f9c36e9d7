package anubis.config;

import anubis.crypto.PresharedKey;
import anubis.crypto.PublicKey;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A [Peer] section. {@code name} is for people ({@code #: Name = laptop}, which {@code wg} takes for a comment);
 * {@code persistentKeepalive} is in seconds, 0 for off, at most 65535.
 */
public record PeerConfig(
        PublicKey publicKey,
        Optional<String> name,
        Optional<PresharedKey> presharedKey,
        AllowedIps allowedIps,
        Optional<Endpoint> endpoint,
        OptionalInt persistentKeepalive) {

    /** The same peer, reached elsewhere: what a resolver makes of a peer whose endpoint is a name. */
    public PeerConfig withEndpoint(Optional<Endpoint> other) {
        return new PeerConfig(publicKey, name, presharedKey, allowedIps, other, persistentKeepalive);
    }
}
