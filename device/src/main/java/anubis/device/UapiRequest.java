package anubis.device;

import anubis.crypto.PresharedKey;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.linux.Errno;
import anubis.linux.UdpAddress;
import anubis.protocol.Prefix;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A {@code set=1} of WireGuard's cross-platform user-space protocol, read whole before anything is changed. Confined to
 * one thread.
 */
final class UapiRequest {
    private static final int KEEPALIVE_MAX = 65_535;
    private static final int PORT_MAX = 65_535;
    private static final long MARK_MAX = 0xffff_ffffL;

    /** A line that cannot be understood: what is wrong with it, without repeating its value, and the errno to answer. */
    static final class Refused extends Exception {
        private static final long serialVersionUID = 1;
        final int errno;

        Refused(String what, int errno) {
            super(what);
            this.errno = errno;
        }
    }

    /** Adds or takes one prefix. */
    record AllowedIpChange(Prefix prefix, boolean remove) {}

    /** What is to become of one peer. */
    static final class PeerChange {
        final PublicKey publicKey;
        boolean remove;
        boolean updateOnly;
        boolean replaceAllowedIps;
        Optional<PresharedKey> presharedKey = Optional.empty();
        Optional<NetworkEndpoint> endpoint = Optional.empty();
        OptionalInt persistentKeepalive = OptionalInt.empty();
        final List<AllowedIpChange> allowedIps = new ArrayList<>();

        PeerChange(PublicKey publicKey) {
            this.publicKey = publicKey;
        }

        Set<Prefix> added() {
            return allowedIps.stream()
                    .filter(each -> !each.remove())
                    .map(AllowedIpChange::prefix)
                    .collect(Collectors.toSet());
        }
    }

    /** The private key; all zero takes it away. */
    Optional<PrivateKey> privateKey = Optional.empty();

    OptionalInt listenPort = OptionalInt.empty();
    OptionalInt mark = OptionalInt.empty();
    boolean replacePeers;
    final List<PeerChange> peers = new ArrayList<>();
    private @Nullable PeerChange peer;

    /**
     * Reads one line, {@code key=value}.
     *
     * @throws Refused if it cannot be understood; the whole request must then be forgotten
     */
    void line(String line) throws Refused {
        int equals = line.indexOf('=');
        if (equals < 0) {
            throw new Refused("line without '='", Errno.EPROTO);
        }
        String key = line.substring(0, equals);
        String value = line.substring(equals + 1);
        try {
            PeerChange current = peer;
            if (key.equals("public_key")) {
                peer = new PeerChange(PublicKey.ofHex(value));
                peers.add(peer);
            } else if (current == null) {
                interfaceLine(key, value);
            } else {
                peerLine(current, key, value);
            }
        } catch (IllegalArgumentException e) {
            throw new Refused("bad value of " + key, Errno.EINVAL);
        }
    }

    /** Wipes the keys. */
    void destroy() {
        privateKey.ifPresent(PrivateKey::destroy);
        peers.forEach(change -> change.presharedKey.ifPresent(PresharedKey::destroy));
    }

    private void interfaceLine(String key, String value) throws Refused {
        switch (key) {
            case "private_key" -> privateKey = Optional.of(PrivateKey.ofHex(value));
            case "listen_port" -> listenPort = OptionalInt.of((int) number(value, PORT_MAX));
            case "fwmark" -> mark = OptionalInt.of((int) number(value, MARK_MAX));
            case "replace_peers" -> replacePeers = yes(value);
            default -> throw new Refused("unknown key", Errno.EINVAL);
        }
    }

    private static void peerLine(PeerChange peer, String key, String value) throws Refused {
        switch (key) {
            case "remove" -> peer.remove = yes(value);
            case "update_only" -> peer.updateOnly = yes(value);
            case "preshared_key" -> peer.presharedKey = Optional.of(PresharedKey.ofHex(value));
            case "endpoint" -> peer.endpoint = Optional.of(endpoint(value));
            case "persistent_keepalive_interval" ->
                peer.persistentKeepalive = OptionalInt.of((int) number(value, KEEPALIVE_MAX));
            case "replace_allowed_ips" -> peer.replaceAllowedIps = yes(value);
            case "allowed_ip" -> {
                boolean remove = value.startsWith("-");
                peer.allowedIps.add(new AllowedIpChange(prefix(remove ? value.substring(1) : value), remove));
            }
            case "protocol_version" -> {
                if (!value.equals("1")) {
                    throw new Refused("unknown protocol version", Errno.EINVAL);
                }
            }
            default -> throw new Refused("unknown key", Errno.EINVAL);
        }
    }

    private static boolean yes(String value) {
        if (!value.equals("true")) {
            throw new IllegalArgumentException("not 'true'");
        }
        return true;
    }

    private static long number(String value, long max) {
        if (value.isEmpty() || value.length() > 10 || !value.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw new IllegalArgumentException("no number");
        }
        long number = Long.parseLong(value);
        if (number > max) {
            throw new IllegalArgumentException("too large");
        }
        return number;
    }

    /** {@code 192.0.2.1:51820} or {@code [2001:db8::1]:51820}. */
    private static NetworkEndpoint endpoint(String value) {
        int colon = value.lastIndexOf(':');
        if (colon < 0) {
            throw new IllegalArgumentException("no port");
        }
        int port = (int) number(value.substring(colon + 1), PORT_MAX);
        String host = value.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        InetAddress address = InetAddress.ofLiteral(bracketed ? host.substring(1, host.length() - 1) : host);
        if (bracketed != address instanceof Inet6Address) {
            throw new IllegalArgumentException("an IPv6 address stands in brackets");
        }
        int scope = address instanceof Inet6Address ipv6 ? ipv6.getScopeId() : 0;
        return new NetworkEndpoint(new UdpAddress(address.getAddress(), port, scope));
    }

    private static Prefix prefix(String value) {
        int slash = value.indexOf('/');
        byte[] address = InetAddress.ofLiteral(slash < 0 ? value : value.substring(0, slash))
                .getAddress();
        int bits = address.length * Byte.SIZE;
        return Prefix.of(address, slash < 0 ? bits : (int) number(value.substring(slash + 1), bits));
    }
}
