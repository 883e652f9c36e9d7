package anubis.config;

import anubis.crypto.PresharedKey;
import anubis.crypto.PublicKey;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A peer as a device reports it. The keepalive is in seconds, 0 for off; {@code rxBytes} and {@code txBytes} count whole
 * UDP payloads; there is no latest handshake before the first.
 */
public record UapiPeer(
        PublicKey publicKey,
        Optional<PresharedKey> presharedKey,
        int protocolVersion,
        Optional<Endpoint> endpoint,
        int persistentKeepalive,
        List<Cidr> allowedIps,
        long rxBytes,
        long txBytes,
        Optional<Instant> latestHandshake) {
    public UapiPeer {
        allowedIps = List.copyOf(allowedIps);
    }

    UapiPeer without(List<Cidr> prefixes) {
        return prefixes.stream().noneMatch(allowedIps::contains)
                ? this
                : new UapiPeer(
                        publicKey,
                        presharedKey,
                        protocolVersion,
                        endpoint,
                        persistentKeepalive,
                        allowedIps.stream()
                                .filter(prefix -> !prefixes.contains(prefix))
                                .toList(),
                        rxBytes,
                        txBytes,
                        latestHandshake);
    }
}
