package anubis.device;

import anubis.crypto.PresharedKey;
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
final class Uapi {
    private final Device device;
    private final WireGuard wireGuard;

    Uapi(Device device) {
        this.device = device;
        this.wireGuard = device.wireGuard();
    }

    /** Answers one request after the other until the other end closes, or says what is no request. */
    void serve(BufferedReader in, Writer out) throws IOException {
        for (String operation = in.readLine(); operation != null; operation = in.readLine()) {
            int errno = switch (operation) {
                case "" -> 0;
                case "set=1" -> set(in);
                case "get=1" -> tell(in, out, this::get);
                case "drops=1" -> tell(in, out, this::drops);
                default -> Errno.EPROTO;
            };
            if (operation.isEmpty()) {
                continue;
            }
            out.write("errno=" + -errno + "\n\n");
            out.flush();
            if (errno == Errno.EPROTO) {
                return; // Where the next request begins cannot be known.
            }
        }
    }

    private interface Telling {
        void to(Writer out) throws IOException;
    }

    private static int tell(BufferedReader in, Writer out, Telling telling) throws IOException {
        String line = in.readLine();
        if (line == null || !line.isEmpty()) {
            return Errno.EPROTO;
        }
        telling.to(out);
        return 0;
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
                    errno = e.errno();
                }
            }
        }
        if (line == null) {
            return Errno.EPROTO; // Cut short: it may have been meant to say more.
        }
        return errno != 0 ? errno : apply(request);
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
                wireGuard.peers().forEach(peer -> wireGuard.removePeer(peer.publicKey()));
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
        byte[] bytes = key.bytes();
        byte any = 0;
        for (byte b : bytes) {
            any |= b;
        }
        Arrays.fill(bytes, (byte) 0);
        if (any == 0) {
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
        if (change.replaceAllowedIps) {
            wireGuard.allowedIps().removeAll(peer);
        }
        for (UapiRequest.AllowedIpChange allowedIp : change.allowedIps) {
            if (allowedIp.remove()) {
                wireGuard.allowedIps().remove(allowedIp.prefix(), peer);
            } else {
                wireGuard.allowedIps().insert(allowedIp.prefix(), peer);
            }
        }
        change.persistentKeepalive.ifPresent(seconds -> peer.persistentKeepalive(seconds, Clock.boottime()));
    }

    // get=1

    private void get(Writer out) throws IOException {
        Optional<PrivateKey> privateKey = wireGuard.privateKey();
        if (privateKey.isPresent()) {
            out.write("private_key=" + hex(privateKey.get().bytes()) + "\n");
        }
        number(out, "listen_port", device.listenPort());
        if (device.mark() != 0) {
            number(out, "fwmark", Integer.toUnsignedLong(device.mark()));
        }
        for (Peer peer : wireGuard.peers()) {
            get(out, peer);
        }
    }

    private void get(Writer out, Peer peer) throws IOException {
        out.write("public_key=" + peer.publicKey().hex() + "\n");
        PresharedKey presharedKey = peer.presharedKey();
        out.write("preshared_key=" + hex(presharedKey.bytes()) + "\n");
        number(out, "protocol_version", 1);
        if (peer.currentEndpoint() instanceof NetworkEndpoint endpoint) {
            out.write("endpoint=" + endpoint + "\n");
        }
        Instant handshake = peer.latestHandshake().orElse(Instant.EPOCH);
        number(out, "last_handshake_time_sec", handshake.getEpochSecond());
        number(out, "last_handshake_time_nsec", handshake.getNano());
        number(out, "tx_bytes", peer.sentBytes());
        number(out, "rx_bytes", peer.receivedBytes());
        number(out, "persistent_keepalive_interval", peer.persistentKeepalive());
        for (Prefix prefix : wireGuard.allowedIps().of(peer)) {
            out.write("allowed_ip=" + prefix + "\n");
        }
    }

    /** The text of a key, whose bytes are wiped. */
    private static String hex(byte[] key) {
        String text = HexFormat.of().formatHex(key);
        Arrays.fill(key, (byte) 0);
        return text;
    }

    private static void number(Writer out, String key, long value) throws IOException {
        out.write(key + "=" + value + "\n");
    }

    // drops=1

    private void drops(Writer out) throws IOException {
        drops(out, wireGuard.drops());
        for (Peer peer : wireGuard.peers()) {
            if (peer.drops().total() > 0) {
                out.write("public_key=" + peer.publicKey().hex() + "\n");
                drops(out, peer.drops());
            }
        }
    }

    private static void drops(Writer out, DropCounters counters) throws IOException {
        for (Drop reason : Drop.values()) {
            if (counters.of(reason) > 0) {
                number(out, "dropped_" + reason.name().toLowerCase(Locale.ROOT), counters.of(reason));
            }
        }
    }
}
