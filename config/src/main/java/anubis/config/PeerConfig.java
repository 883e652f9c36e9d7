package anubis.config;

import anubis.crypto.PresharedKey;
import anubis.crypto.PublicKey;
import java.util.Collection;
import java.util.List;
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

    /** The same peer with exactly these allowed IPs. */
    PeerConfig withAllowedIps(Collection<Cidr> prefixes) {
        return new PeerConfig(
                publicKey,
                name,
                presharedKey,
                AllowedIps.exactly(List.copyOf(prefixes)),
                endpoint,
                persistentKeepalive);
    }

    /** This section of the same peer, and of {@code before} what it leaves unsaid. */
    PeerConfig over(PeerConfig before) {
        return new PeerConfig(
                publicKey,
                name.or(before::name),
                presharedKey.or(before::presharedKey),
                allowedIps,
                endpoint.or(before::endpoint),
                persistentKeepalive.isPresent() ? persistentKeepalive : before.persistentKeepalive);
    }
}
