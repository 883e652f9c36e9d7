package anubis.config;

import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** What a device answers to {@code get=1}. {@code listenPort} and {@code fwMark} are 0 where there is none. */
public record UapiDevice(Optional<PrivateKey> privateKey, int listenPort, long fwMark, List<UapiPeer> peers) {
    public UapiDevice {
        peers = List.copyOf(peers);
    }

    /** The configuration that the device runs now, as {@code wg showconf} understands it. */
    public WireGuardConfig config() {
        return new WireGuardConfig(
                new InterfaceConfig(privateKey, OptionalInt.of(listenPort), OptionalLong.of(fwMark)),
                peers.stream()
                        .map(peer -> new PeerConfig(
                                peer.publicKey(),
                                Optional.empty(),
                                peer.presharedKey(),
                                AllowedIps.exactly(peer.allowedIps()),
                                peer.endpoint(),
                                OptionalInt.of(peer.persistentKeepalive())))
                        .toList(),
                List.of());
    }

    /** What {@code change} makes of this device. Prefixes that a peer is given are taken from the others. */
    public UapiDevice after(DeviceChange change) {
        Map<PublicKey, UapiPeer> all = new LinkedHashMap<>();
        (change.replacePeers() ? List.<UapiPeer>of() : peers).forEach(peer -> all.put(peer.publicKey(), peer));
        for (PeerChange each : change.peers()) {
            Optional<UapiPeer> before = Optional.ofNullable(all.get(each.publicKey()));
            switch (each.mode()) {
                case REMOVE -> all.remove(each.publicKey());
                case ADD_OR_UPDATE -> all.put(each.publicKey(), each.madeOf(before));
                case UPDATE -> before.ifPresent(peer -> all.put(each.publicKey(), each.madeOf(before)));
            }
            each.allowedIps()
                    .ifPresent(ips -> all.replaceAll(
                            (key, peer) -> key.equals(each.publicKey()) ? peer : peer.without(ips.prefixes())));
        }
        return new UapiDevice(
                change.privateKey().or(() -> privateKey).filter(key -> !key.equals(DeviceChange.noKey())),
                change.listenPort().orElse(listenPort),
                change.fwMark().orElse(fwMark),
                List.copyOf(all.values()));
    }
}
