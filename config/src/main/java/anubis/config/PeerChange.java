package anubis.config;

import anubis.crypto.PresharedKey;
import anubis.crypto.PublicKey;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.StringJoiner;
import java.util.stream.Stream;

/** What a {@code set=1} request does with one peer. What is empty stays as it is. */
public record PeerChange(
        PublicKey publicKey,
        Mode mode,
        Optional<PresharedKey> presharedKey,
        Optional<Endpoint> endpoint,
        OptionalInt persistentKeepalive,
        Optional<AllowedIps> allowedIps) {

    /** Which peers a change concerns. */
    public enum Mode {
        /** The peer, made if it is not there. */
        ADD_OR_UPDATE,
        /** The peer if it is there ({@code update_only}). */
        UPDATE,
        /** The peer is taken away. */
        REMOVE
    }

    /**
     * Refuses an endpoint that is a name.
     *
     * @throws IllegalArgumentException for that: the device does not resolve names
     */
    public PeerChange {
        endpoint.filter(to -> !to.isLiteral()).ifPresent(name -> {
            throw new IllegalArgumentException("resolve " + name + " first: a device takes addresses only");
        });
    }

    /** The peer becomes what its section in a configuration says. */
    public static PeerChange of(PeerConfig peer) {
        return new PeerChange(
                peer.publicKey(),
                Mode.ADD_OR_UPDATE,
                peer.presharedKey(),
                peer.endpoint(),
                peer.persistentKeepalive(),
                Optional.of(peer.allowedIps()));
    }

    /**
     * What makes of the peer {@code now} (if it is there) what {@code wanted} says; nothing if it is so already.
     *
     * @param before what was asked for the last time, if it was
     * @param wanted of {@link EffectivePeers}
     */
    static Optional<PeerChange> between(Optional<UapiPeer> now, Optional<PeerConfig> before, PeerConfig wanted) {
        List<Cidr> prefixes = wanted.allowedIps().prefixes();
        PresharedKey presharedNow = now.flatMap(UapiPeer::presharedKey).orElse(PresharedKey.NONE);
        PresharedKey presharedKey = wanted.presharedKey()
                .orElse(
                        before.filter(peer -> peer.presharedKey().isEmpty()).isPresent()
                                ? presharedNow
                                : PresharedKey.NONE);
        int keepaliveNow = now.map(UapiPeer::persistentKeepalive).orElse(0);
        int keepalive = wanted.persistentKeepalive()
                .orElse(
                        before.filter(peer -> peer.persistentKeepalive().isEmpty())
                                        .isPresent()
                                ? keepaliveNow
                                : 0);
        PeerChange change = new PeerChange(
                wanted.publicKey(),
                Mode.ADD_OR_UPDATE,
                Optional.of(presharedKey).filter(key -> !key.equals(presharedNow)),
                wanted.endpoint()
                        .filter(to -> now.flatMap(UapiPeer::endpoint).isEmpty()
                                || !Optional.of(to).equals(before.flatMap(PeerConfig::endpoint))),
                keepalive == keepaliveNow ? OptionalInt.empty() : OptionalInt.of(keepalive),
                now.filter(peer -> same(peer.allowedIps(), prefixes)).isPresent()
                        ? Optional.empty()
                        : Optional.of(AllowedIps.exactly(prefixes)));
        return now.isPresent() && change.isEmpty() ? Optional.empty() : Optional.of(change);
    }

    /** In whatever order. */
    private static boolean same(List<Cidr> some, List<Cidr> others) {
        return some.equals(others) || Set.copyOf(some).equals(Set.copyOf(others));
    }

    /** Whatever was done to the peer since, this makes it what it was. */
    static PeerChange restoring(UapiPeer peer) {
        return new PeerChange(
                peer.publicKey(),
                Mode.ADD_OR_UPDATE,
                Optional.of(peer.presharedKey().orElse(PresharedKey.NONE)),
                peer.endpoint(),
                OptionalInt.of(peer.persistentKeepalive()),
                Optional.of(AllowedIps.exactly(peer.allowedIps())));
    }

    /** The peer that this makes of what was there. */
    UapiPeer madeOf(Optional<UapiPeer> before) {
        List<Cidr> had = before.map(UapiPeer::allowedIps).orElseGet(List::of);
        return new UapiPeer(
                publicKey,
                presharedKey
                        .or(() -> before.flatMap(UapiPeer::presharedKey))
                        .filter(key -> !key.equals(PresharedKey.NONE)),
                before.map(UapiPeer::protocolVersion).orElse(1),
                endpoint.or(() -> before.flatMap(UapiPeer::endpoint)),
                persistentKeepalive.orElse(
                        before.map(UapiPeer::persistentKeepalive).orElse(0)),
                allowedIps
                        .map(ips -> Stream.concat(
                                        (ips.incremental() ? had : List.<Cidr>of()).stream(), ips.prefixes().stream())
                                .map(Cidr::masked)
                                .filter(prefix -> !ips.removed().contains(prefix))
                                .distinct()
                                .toList())
                        .orElse(had),
                before.map(UapiPeer::rxBytes).orElse(0L),
                before.map(UapiPeer::txBytes).orElse(0L),
                before.flatMap(UapiPeer::latestHandshake));
    }

    String describe() {
        StringJoiner words = new StringJoiner(", ", "peer " + publicKey + ": ", "");
        words.setEmptyValue("peer " + publicKey);
        if (mode == Mode.REMOVE) {
            words.add("removed");
        }
        presharedKey.ifPresent(key -> words.add(key.equals(PresharedKey.NONE) ? "no preshared key" : "preshared key"));
        endpoint.ifPresent(to -> words.add("endpoint " + to));
        persistentKeepalive.ifPresent(seconds -> words.add("keepalive " + seconds + " s"));
        allowedIps.ifPresent(ips -> words.add("allowed IPs " + ips));
        return words.toString();
    }

    private boolean isEmpty() {
        return presharedKey.isEmpty() && endpoint.isEmpty() && persistentKeepalive.isEmpty() && allowedIps.isEmpty();
    }

    public static PeerChange remove(PublicKey publicKey) {
        return new PeerChange(
                publicKey, Mode.REMOVE, Optional.empty(), Optional.empty(), OptionalInt.empty(), Optional.empty());
    }

    void appendTo(StringBuilder out) {
        out.append("public_key=").append(publicKey.hex()).append('\n');
        switch (mode) {
            case ADD_OR_UPDATE -> {}
            case UPDATE -> out.append("update_only=true\n");
            case REMOVE -> out.append("remove=true\n");
        }
        presharedKey.ifPresent(key ->
                out.append("preshared_key=").append(KeyText.hex(key.bytes())).append('\n'));
        endpoint.ifPresent(to -> out.append("endpoint=").append(to).append('\n'));
        persistentKeepalive.ifPresent(seconds ->
                out.append("persistent_keepalive_interval=").append(seconds).append('\n'));
        allowedIps.ifPresent(ips -> {
            out.append(ips.incremental() ? "" : "replace_allowed_ips=true\n");
            append(out, "allowed_ip=", ips.prefixes());
            append(out, "allowed_ip=-", ips.removed());
        });
    }

    private static void append(StringBuilder out, String key, List<Cidr> prefixes) {
        prefixes.forEach(prefix -> out.append(key).append(prefix).append('\n'));
    }
}
