package anubis.config;

import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.Collectors;

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
                Optional.of(device.privateKey().orElseGet(DeviceChange::noKey)),
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

    /**
     * What makes of the device {@code now} what {@code wanted} says, and leaves peers alone that are as they should be.
     * An endpoint is set only where {@code before}, what was asked for the last time, says otherwise, or the peer has none:
     * it may have moved since. A key, mark, keepalive or peer of which neither says anything is left alone: a command of the
     * configuration may have set it.
     *
     * @throws IllegalArgumentException if an endpoint is a name
     */
    public static DeviceChange between(UapiDevice now, WireGuardConfig before, WireGuardConfig wanted) {
        Map<PublicKey, UapiPeer> present =
                now.peers().stream().collect(Collectors.toMap(UapiPeer::publicKey, Function.identity()));
        Map<PublicKey, PeerConfig> earlier = before.peers().stream()
                .collect(Collectors.toMap(PeerConfig::publicKey, peer -> peer, (_, last) -> last));
        Map<PublicKey, PeerConfig> future = EffectivePeers.of(now, wanted);
        List<PeerChange> peers = new ArrayList<>();
        now.peers().stream()
                .map(UapiPeer::publicKey)
                .filter(key -> earlier.containsKey(key) && !future.containsKey(key))
                .map(PeerChange::remove)
                .forEach(peers::add);
        future.values()
                .forEach(peer -> PeerChange.between(
                                Optional.ofNullable(present.get(peer.publicKey())),
                                Optional.ofNullable(earlier.get(peer.publicKey())),
                                peer)
                        .ifPresent(peers::add));
        InterfaceConfig device = wanted.device();
        long mark = device.fwMark().orElse(0);
        return new DeviceChange(
                device.privateKey()
                        .or(() -> before.device().privateKey().map(_ -> noKey()))
                        .filter(key -> !key.equals(now.privateKey().orElseGet(DeviceChange::noKey))),
                // Any port will do where none, or 0, is asked for: the one it has.
                device.listenPort().orElse(0) == 0 || device.listenPort().getAsInt() == now.listenPort()
                        ? OptionalInt.empty()
                        : device.listenPort(),
                mark == now.fwMark() || (mark == 0 && before.device().fwMark().orElse(0) == 0)
                        ? OptionalLong.empty()
                        : OptionalLong.of(mark),
                false,
                peers);
    }

    /** What takes this change back, made to the device {@code before}. */
    public DeviceChange undo(UapiDevice before) {
        Map<PublicKey, UapiPeer> present =
                before.peers().stream().collect(Collectors.toMap(UapiPeer::publicKey, Function.identity()));
        return new DeviceChange(
                privateKey.map(_ -> before.privateKey().orElseGet(DeviceChange::noKey)),
                listenPort.isPresent() ? OptionalInt.of(before.listenPort()) : listenPort,
                fwMark.isPresent() ? OptionalLong.of(before.fwMark()) : fwMark,
                false,
                peers.stream()
                        .map(peer -> Optional.ofNullable(present.get(peer.publicKey()))
                                .map(PeerChange::restoring)
                                .orElseGet(() -> PeerChange.remove(peer.publicKey())))
                        .toList());
    }

    /** Of this change what concerns the firewall mark. */
    DeviceChange onlyMark() {
        return new DeviceChange(Optional.empty(), OptionalInt.empty(), fwMark, false, List.of());
    }

    /** This change, but for the firewall mark. */
    DeviceChange withoutMark() {
        return new DeviceChange(privateKey, listenPort, OptionalLong.empty(), replacePeers, peers);
    }

    /** What is changed, in words and without any secret. */
    public String describe() {
        List<String> words = new ArrayList<>();
        privateKey.ifPresent(_ -> words.add("private key"));
        listenPort.ifPresent(port -> words.add("listen port " + port));
        fwMark.ifPresent(mark -> words.add("mark 0x" + Long.toHexString(mark)));
        peers.forEach(peer -> words.add(peer.describe()));
        return String.join("; ", words);
    }

    /** Whether nothing is to be done. */
    public boolean isEmpty() {
        return privateKey.isEmpty() && listenPort.isEmpty() && fwMark.isEmpty() && !replacePeers && peers.isEmpty();
    }

    static PrivateKey noKey() {
        return PrivateKey.of(new byte[32]);
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
