package anubis.config;

import anubis.crypto.PrivateKey;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A {@code set=1} request (WireGuard's cross-platform interface, "Configuration Protocol"). What is empty stays as it is;
 * a private key of zeros removes the key, a firewall mark of 0 the mark, and port 0 means any free one. With
 * {@code replacePeers} the device forgets the peers it has before it takes those of the request.
 */
public record DeviceChange(
        Optional<PrivateKey> privateKey,
        OptionalInt listenPort,
        OptionalLong fwMark,
        boolean replacePeers,
        List<PeerChange> peers) {
    public DeviceChange {
        peers = List.copyOf(peers);
    }

    /**
     * The device becomes what {@code config} says and nothing else: {@code wg setconf}.
     *
     * @throws IllegalArgumentException if an endpoint is a name
     */
    public static DeviceChange replacing(WireGuardConfig config) {
        InterfaceConfig device = config.device();
        return new DeviceChange(
                Optional.of(device.privateKey().orElseGet(() -> PrivateKey.of(new byte[32]))),
                OptionalInt.of(device.listenPort().orElse(0)),
                OptionalLong.of(device.fwMark().orElse(0)),
                true,
                config.peers().stream().map(PeerChange::of).toList());
    }

    /**
     * {@code config} is added to what the device has: {@code wg addconf}.
     *
     * @throws IllegalArgumentException if an endpoint is a name
     */
    public static DeviceChange adding(WireGuardConfig config) {
        InterfaceConfig device = config.device();
        return new DeviceChange(
                device.privateKey(),
                device.listenPort(),
                device.fwMark(),
                false,
                config.peers().stream().map(PeerChange::of).toList());
    }

    /** The text of the request, with {@code set=1} and the empty line that ends it. It contains the keys. */
    public String request() {
        StringBuilder out = new StringBuilder("set=1\n");
        privateKey.ifPresent(key ->
                out.append("private_key=").append(KeyText.hex(key.bytes())).append('\n'));
        listenPort.ifPresent(port -> out.append("listen_port=").append(port).append('\n'));
        fwMark.ifPresent(mark -> out.append("fwmark=").append(mark).append('\n'));
        out.append(replacePeers ? "replace_peers=true\n" : "");
        peers.forEach(peer -> peer.appendTo(out));
        return out.append('\n').toString();
    }
}
