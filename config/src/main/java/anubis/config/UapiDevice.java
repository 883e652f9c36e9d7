package anubis.config;

import anubis.crypto.PrivateKey;
import java.util.List;
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
}
