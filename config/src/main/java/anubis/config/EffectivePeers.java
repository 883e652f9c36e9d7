package anubis.config;

import anubis.crypto.PublicKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a device makes of the sections of a configuration that it takes one after the other: a second one for the same
 * peer changes what the first has said, and a prefix belongs to the peer to which it was given last.
 */
final class EffectivePeers {
    private final Map<PublicKey, PeerConfig> peers = new LinkedHashMap<>();
    private final Map<Cidr, PublicKey> owners = new LinkedHashMap<>();

    private EffectivePeers() {}

    /** The peers that {@code config} makes of those of {@code now}, each with exactly the prefixes that will be its own. */
    static Map<PublicKey, PeerConfig> of(UapiDevice now, WireGuardConfig config) {
        EffectivePeers effective = new EffectivePeers();
        // Only prefixes with a + or - are added to those that there are.
        Map<PublicKey, UapiPeer> present =
                config.peers().stream().anyMatch(peer -> peer.allowedIps().incremental())
                        ? now.peers().stream().collect(Collectors.toMap(UapiPeer::publicKey, peer -> peer))
                        : Map.of();
        config.peers().forEach(section -> effective.take(section, present));
        Map<PublicKey, List<Cidr>> owned = new HashMap<>();
        effective.owners.forEach((prefix, owner) ->
                owned.computeIfAbsent(owner, _ -> new ArrayList<>(1)).add(prefix));
        effective.peers.replaceAll((key, peer) -> peer.withAllowedIps(owned.getOrDefault(key, List.of())));
        return effective.peers;
    }

    private void take(PeerConfig section, Map<PublicKey, UapiPeer> present) {
        PublicKey key = section.publicKey();
        PeerConfig before = peers.get(key);
        peers.put(key, before == null ? section : section.over(before));
        AllowedIps ips = section.allowedIps();
        if (!ips.incremental() && before != null) {
            owners.values().removeIf(key::equals);
        } else if (ips.incremental() && before == null) {
            Optional.ofNullable(present.get(key))
                    .ifPresent(peer -> peer.allowedIps().forEach(prefix -> owners.putIfAbsent(prefix.masked(), key)));
        }
        ips.prefixes().forEach(prefix -> owners.put(prefix.masked(), key));
        ips.removed().forEach(prefix -> owners.remove(prefix.masked(), key));
    }
}
