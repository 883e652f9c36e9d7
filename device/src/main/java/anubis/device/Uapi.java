package anubis.device;

import anubis.crypto.PrivateKey;
import anubis.linux.Clock;
import anubis.linux.Errno;
import anubis.linux.ErrnoException;
import anubis.protocol.Drop;
import anubis.protocol.DropCounters;
import anubis.protocol.Peer;
import anubis.protocol.Prefix;
import anubis.protocol.WireGuard;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;

/**
 * WireGuard's cross-platform user-space protocol, on one connection: {@code get=1} and {@code set=1} as every
 * implementation has them, and {@code drops=1}, which tells the drop counters. Confined to one thread.
 */
public final class Uapi {
    /** What takes the private key away. */
    private static final PrivateKey NO_KEY = PrivateKey.of(new byte[32]);

    private final Device device;
    private final WireGuard wireGuard;

    /** Of a device; a request that changes the port of an interface that is up belongs to a thread of its network namespace. */
    public Uapi(Device device) {
        this.device = device;
        this.wireGuard = device.wireGuard();
    }

    /** Answers one request after the other until the other end closes, or says what is no request. */
    public void serve(BufferedReader in, Writer out) throws IOException {
        for (String operation = in.readLine(); operation != null; operation = in.readLine()) {
            if (operation.isEmpty()) {
                continue;
            }
            int errno = switch (operation) {
                case "set=1" -> set(in);
                case "get=1" -> ends(in) ? get(out) : Errno.EPROTO;
                case "drops=1" -> ends(in) ? drops(out) : Errno.EPROTO;
                default -> Errno.EPROTO;
            };
            out.write("errno=" + -errno + "\n\n");
            out.flush();
            if (errno == Errno.EPROTO) {
                return; // Where the next request begins cannot be known.
            }
        }
    }

    private static boolean ends(BufferedReader request) throws IOException {
        return "".equals(request.readLine());
    }

    // set=1

    /** Reads and applies a request; returns 0 or the errno. Unless all of it is understood, nothing is changed. */
    private int set(BufferedReader in) throws IOException {
        UapiRequest request = new UapiRequest();
        int errno = 0;
        String line = in.readLine();
        for (; line != null && !line.isEmpty(); line = in.readLine()) {
            if (errno == 0) {
                try {
                    request.line(line);
                } catch (UapiRequest.Refused e) {
                    errno = e.errno;
                }
            }
        }
        if (line == null) {
            errno = Errno.EPROTO; // Cut short: it may have been meant to say more.
        }
        errno = errno != 0 ? errno : apply(request);
        request.destroy();
        return errno;
    }

    private int apply(UapiRequest request) {
        synchronized (device) {
            try {
                applyToSockets(request);
            } catch (ErrnoException e) {
                return e.errno();
            }
            request.privateKey.ifPresent(this::privateKey);
            if (request.replacePeers) {
                wireGuard.removePeers();
            }
            request.peers.forEach(this::change);
            return 0;
        }
    }

    /** First what can fail: both, or neither. */
    private void applyToSockets(UapiRequest request) throws ErrnoException {
        int before = device.mark();
        if (request.mark.isPresent()) {
            device.mark(request.mark.getAsInt());
        }
        try {
            if (request.listenPort.isPresent()) {
                device.listenPort(request.listenPort.getAsInt());
            }
        } catch (ErrnoException e) {
            device.mark(before);
            throw e;
        }
    }

    private void privateKey(PrivateKey key) {
        if (key.equals(NO_KEY)) {
            wireGuard.clearPrivateKey();
        } else {
            wireGuard.privateKey(key);
        }
    }

    private void change(UapiRequest.PeerChange change) {
        if (change.remove) {
            wireGuard.removePeer(change.publicKey);
            return;
        }
        Optional<Peer> known =
                change.updateOnly ? wireGuard.peer(change.publicKey) : wireGuard.addPeer(change.publicKey);
        if (known.isEmpty()) {
            return;
        }
        Peer peer = known.get();
        change.presharedKey.ifPresent(peer::presharedKey);
        change.endpoint.ifPresent(peer::endpoint);
        for (UapiRequest.AllowedIpChange allowedIp : change.allowedIps) {
            if (allowedIp.remove()) {
                wireGuard.allowedIps().remove(allowedIp.prefix(), peer);
            } else {
                wireGuard.allowedIps().insert(allowedIp.prefix(), peer);
            }
        }
        if (change.replaceAllowedIps) { // now, so that what is its own before and after is so at every moment
            wireGuard.allowedIps().retain(change.added(), peer);
        }
        change.persistentKeepalive.ifPresent(seconds -> peer.persistentKeepalive(seconds, Clock.boottime()));
    }

    // get=1

    /** Tells all that is configured and known; returns 0, as no error can come. */
    private int get(Writer out) throws IOException {
        StringBuilder text = new StringBuilder();
        wireGuard.privateKeyBytes().ifPresent(key -> line(text, "private_key", hex(key)));
        line(text, "listen_port", device.listenPort());
        if (device.mark() != 0) {
            line(text, "fwmark", Integer.toUnsignedLong(device.mark()));
        }
        for (Peer peer : wireGuard.peers()) {
            get(text, peer);
            out.append(text); // Peer by peer: all of them may be more than fits.
            text.setLength(0);
        }
        out.append(text);
        return 0;
    }

    private void get(StringBuilder text, Peer peer) {
        line(text, "public_key", peer.publicKey().hex());
        line(text, "preshared_key", hex(peer.presharedKeyBytes()));
        line(text, "protocol_version", 1);
        if (peer.currentEndpoint() instanceof NetworkEndpoint endpoint) {
            line(text, "endpoint", endpoint.toString());
        }
        Instant handshake = peer.latestHandshake().orElse(Instant.EPOCH);
        line(text, "last_handshake_time_sec", handshake.getEpochSecond());
        line(text, "last_handshake_time_nsec", handshake.getNano());
        line(text, "tx_bytes", peer.sentBytes());
        line(text, "rx_bytes", peer.receivedBytes());
        line(text, "persistent_keepalive_interval", peer.persistentKeepalive());
        for (Prefix prefix : wireGuard.allowedIps().of(peer)) {
            line(text, "allowed_ip", prefix.toString());
        }
    }

    /** The text of a key, whose bytes are wiped. */
    private static String hex(byte[] key) {
        String text = HexFormat.of().formatHex(key);
        Arrays.fill(key, (byte) 0);
        return text;
    }

    private static void line(StringBuilder text, String key, Object value) {
        text.append(key).append('=').append(value).append('\n');
    }

    // drops=1

    private int drops(Writer out) throws IOException {
        StringBuilder text = new StringBuilder();
        drops(text, wireGuard.drops());
        for (Peer peer : wireGuard.peers()) {
            if (peer.drops().total() > 0) {
                line(text, "public_key", peer.publicKey().hex());
                drops(text, peer.drops());
            }
        }
        out.append(text);
        return 0;
    }

    private static void drops(StringBuilder text, DropCounters counters) {
        for (Drop reason : Drop.values()) {
            if (counters.of(reason) > 0) {
                line(text, "dropped_" + reason.name().toLowerCase(Locale.ROOT), counters.of(reason));
            }
        }
    }
}
