package anubis.netlab;

import anubis.config.AllowedIps;
import anubis.config.DeviceChange;
import anubis.config.Endpoint;
import anubis.config.IpLiteral;
import anubis.config.PeerChange;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.plan.Machine.Device;
import anubis.plan.Machine.DevicePeer;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What the devices of a world are told. Its public keys stand for pairs of keys made here, as nobody but the hosts themselves
 * has their private ones.
 */
final class Peers {
    private final Map<String, List<InetAddress>> names;
    private final Map<PublicKey, PrivateKey> keys = new HashMap<>();
    private final SecureRandom random = new SecureRandom();

    /** @param names what the names of endpoints mean: the first address of each */
    Peers(Map<String, List<InetAddress>> names) {
        this.names = names;
    }

    private synchronized PrivateKey key(PublicKey described) {
        return keys.computeIfAbsent(described, _ -> PrivateKey.generate(random));
    }

    PublicKey publicKey(PublicKey described) {
        return key(described).publicKey(Primitives.get());
    }

    /** The device, as yet without peers. */
    DeviceChange none(Device device) {
        return new DeviceChange(
                Optional.of(key(device.key())),
                OptionalInt.of(device.port()),
                OptionalLong.of(device.mark()),
                true,
                List.of());
    }

    /** Its peers, none of which is sent anything yet; what was known of them before is forgotten. */
    DeviceChange silent(Device device) {
        return new DeviceChange(
                Optional.empty(),
                OptionalInt.empty(),
                OptionalLong.empty(),
                true,
                device.peers().stream().map(this::silent).toList());
    }

    private PeerChange silent(DevicePeer peer) {
        return new PeerChange(
                publicKey(peer.key()),
                PeerChange.Mode.ADD_OR_UPDATE,
                Optional.empty(),
                peer.endpoint().flatMap(this::resolved),
                OptionalInt.empty(),
                Optional.of(AllowedIps.exactly(peer.allowedIps())));
    }

    private Optional<Endpoint> resolved(Endpoint endpoint) {
        return endpoint.isLiteral()
                ? Optional.of(endpoint)
                : names.getOrDefault(endpoint.host(), List.of()).stream()
                        .findFirst()
                        .map(address -> new Endpoint(IpLiteral.format(address), endpoint.port()));
    }

    /** The keepalives of its peers: those that have one begin to speak. */
    DeviceChange keepalives(Device device) {
        return new DeviceChange(
                Optional.empty(),
                OptionalInt.empty(),
                OptionalLong.empty(),
                false,
                device.peers().stream()
                        .filter(peer -> peer.keepalive() > 0)
                        .map(peer -> new PeerChange(
                                publicKey(peer.key()),
                                PeerChange.Mode.UPDATE,
                                Optional.empty(),
                                Optional.empty(),
                                OptionalInt.of(peer.keepalive()),
                                Optional.empty()))
                        .toList());
    }

    void destroy() {
        keys.values().forEach(PrivateKey::destroy);
    }
}
