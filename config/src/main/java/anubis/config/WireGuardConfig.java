package anubis.config;

import java.util.List;

/** A configuration file: its interface, its peers in order, and what of it concerns wg-quick, in order. */
public record WireGuardConfig(InterfaceConfig device, List<PeerConfig> peers, List<QuickSetting> quick) {
    /** Nothing is said. */
    public static final WireGuardConfig EMPTY = new WireGuardConfig(InterfaceConfig.EMPTY, List.of(), List.of());

    public WireGuardConfig {
        peers = List.copyOf(peers);
        quick = List.copyOf(quick);
    }

    /** Whether a key is in it that others must not know. */
    public boolean hasSecrets() {
        return device.privateKey().isPresent()
                || peers.stream().anyMatch(peer -> peer.presharedKey().isPresent());
    }

    /** The file as {@code wg showconf} writes it; what is zero or off is left out, and so is what concerns wg-quick. */
    public String showconf() {
        StringBuilder out = new StringBuilder("[Interface]\n");
        device.listenPort().ifPresent(port -> append(out, port != 0, "ListenPort", port));
        device.fwMark().ifPresent(mark -> append(out, mark != 0, "FwMark", "0x" + Long.toHexString(mark)));
        device.privateKey().ifPresent(key -> append(out, true, "PrivateKey", KeyText.base64(key.bytes())));
        for (PeerConfig peer : peers) {
            out.append("\n[Peer]\n");
            append(out, true, "PublicKey", peer.publicKey());
            peer.presharedKey().ifPresent(key -> append(out, true, "PresharedKey", KeyText.base64(key.bytes())));
            String ips = peer.allowedIps().toString();
            append(out, !ips.isEmpty(), "AllowedIPs", ips);
            peer.endpoint().ifPresent(endpoint -> append(out, true, "Endpoint", endpoint));
            peer.persistentKeepalive().ifPresent(seconds -> append(out, seconds != 0, "PersistentKeepalive", seconds));
        }
        return (peers.isEmpty() ? out.append('\n') : out).toString();
    }

    private static void append(StringBuilder out, boolean wanted, String key, Object value) {
        if (wanted) {
            out.append(key).append(" = ").append(value).append('\n');
        }
    }
}
