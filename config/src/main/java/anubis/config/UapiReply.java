package anubis.config;

import anubis.crypto.PresharedKey;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.net.ProtocolException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads the reply to {@code get=1} a line at a time, as it arrives (WireGuard's cross-platform interface,
 * "Configuration Protocol"). Keys that it does not know are passed over. For one thread.
 */
public final class UapiReply {
    private static final String NO_KEY = "0".repeat(64);
    private static final long MAX_SECONDS = Instant.MAX.getEpochSecond();

    private final List<UapiPeer> peers = new ArrayList<>();
    private Optional<PrivateKey> privateKey = Optional.empty();
    private int listenPort;
    private long fwMark;
    private int errno;
    private Optional<Peer> peer = Optional.empty();

    /** A reader that has seen nothing yet. */
    public UapiReply() {}

    /** The peer whose lines are being read. */
    private static final class Peer {
        final PublicKey publicKey;
        final List<Cidr> allowedIps = new ArrayList<>(2);
        Optional<PresharedKey> presharedKey = Optional.empty();
        Optional<Endpoint> endpoint = Optional.empty();
        int protocolVersion = 1;
        int persistentKeepalive;
        long rxBytes;
        long txBytes;
        long handshakeSeconds;
        int handshakeNanos;

        Peer(PublicKey publicKey) {
            this.publicKey = publicKey;
        }

        UapiPeer value() {
            Optional<Instant> handshake = (handshakeSeconds | handshakeNanos) == 0
                    ? Optional.empty()
                    : Optional.of(Instant.ofEpochSecond(handshakeSeconds, handshakeNanos));
            return new UapiPeer(
                    publicKey,
                    presharedKey,
                    protocolVersion,
                    endpoint,
                    persistentKeepalive,
                    allowedIps,
                    rxBytes,
                    txBytes,
                    handshake);
        }
    }

    /**
     * The device in a whole reply, without its last, empty line.
     *
     * @throws ProtocolException if it is not such a reply
     */
    public static UapiDevice parse(String text) throws ProtocolException {
        UapiReply reply = new UapiReply();
        for (String line : text.lines().toList()) {
            reply.accept(line);
        }
        return reply.device();
    }

    /**
     * Takes the next line, without its end; the empty line that ends the reply is not one.
     *
     * @throws ProtocolException if it is no line of such a reply; its value, which may be a key, is not repeated
     */
    public void accept(String line) throws ProtocolException {
        int equals = line.indexOf('=');
        if (equals < 0) {
            throw new ProtocolException("the device answered with a line that has no '='");
        }
        String key = line.substring(0, equals);
        String value = line.substring(equals + 1);
        try {
            switch (key) {
                case "private_key" -> privateKey = nonZero(PrivateKey.ofHex(value));
                case "listen_port" -> listenPort = (int) number(value, 65535);
                case "fwmark" -> fwMark = number(value, 0xffff_ffffL);
                case "errno" -> errno = (int) number(value.startsWith("-") ? value.substring(1) : value, 65535);
                case "public_key" -> {
                    endPeer();
                    peer = Optional.of(new Peer(PublicKey.ofHex(value)));
                }
                default -> {
                    if (peer.isPresent()) {
                        peerLine(peer.get(), key, value);
                    }
                }
            }
        } catch (IllegalArgumentException e) {
            throw new ProtocolException("the device answered with a wrong value of " + key + ": " + e.getMessage());
        }
    }

    private static void peerLine(Peer to, String key, String value) {
        switch (key) {
            case "preshared_key" ->
                to.presharedKey = value.equals(NO_KEY) ? Optional.empty() : Optional.of(PresharedKey.ofHex(value));
            case "endpoint" -> to.endpoint = Optional.of(Endpoint.parse(value));
            case "persistent_keepalive_interval" -> to.persistentKeepalive = (int) number(value, 65535);
            case "allowed_ip" -> to.allowedIps.add(Cidr.parse(value));
            case "rx_bytes" -> to.rxBytes = number(value, Long.MAX_VALUE);
            case "tx_bytes" -> to.txBytes = number(value, Long.MAX_VALUE);
            case "last_handshake_time_sec" -> to.handshakeSeconds = number(value, MAX_SECONDS);
            case "last_handshake_time_nsec" -> to.handshakeNanos = (int) number(value, 999_999_999);
            case "protocol_version" -> to.protocolVersion = (int) number(value, Integer.MAX_VALUE);
            default -> {}
        }
    }

    /** The errno(3) of the reply, positive, or 0 if it reported none or success. */
    public int errno() {
        return errno;
    }

    /** The device, once all lines have been taken. */
    public UapiDevice device() {
        endPeer();
        return new UapiDevice(privateKey, listenPort, fwMark, peers);
    }

    private void endPeer() {
        peer.ifPresent(ended -> peers.add(ended.value()));
        peer = Optional.empty();
    }

    private static Optional<PrivateKey> nonZero(PrivateKey key) {
        return KeyText.isZero(key.bytes()) ? Optional.empty() : Optional.of(key);
    }

    private static long number(String value, long max) {
        long number = Decimals.parse(value, max);
        if (number < 0) {
            throw new IllegalArgumentException("not a number from 0 to " + max);
        }
        return number;
    }
}
