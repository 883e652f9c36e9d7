package anubis.host;

import anubis.config.Endpoint;
import anubis.crypto.PublicKey;
import java.net.ProtocolException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The text of a file that keeps a {@link PeerWatch}, for those who look once and want to know since when. Its first line is
 * {@code anubis-peers 1 TIME}; each other line is a peer, {@code key=value} separated by spaces, with times as in RFC 3339.
 * What is unknown is left out, and keys that a reader does not know are passed over. It holds no secret, but says who spoke
 * when and from where: only its owner may read it.
 */
final class PeerFile {
    private static final String HEADER = "anubis-peers 1 ";

    private PeerFile() {}

    static String format(Instant time, Collection<PeerStatus> peers) {
        StringBuilder text = new StringBuilder(HEADER).append(time).append('\n');
        peers.forEach(peer -> append(text, peer));
        return text.toString();
    }

    private static void append(StringBuilder line, PeerStatus peer) {
        line.append("peer=").append(peer.publicKey().base64());
        line.append(" state=").append(peer.state());
        line.append(" rx=").append(peer.rxBytes()).append(" tx=").append(peer.txBytes());
        line.append(" rx_rate=").append(peer.rxRate()).append(" tx_rate=").append(peer.txRate());
        add(line, "since", peer.since());
        add(line, "endpoint", peer.endpoint());
        add(line, "handshake", peer.latestHandshake());
        add(line, "heard", peer.heard());
        PeerStatus.Evidence evidence = peer.evidence();
        add(line, "proof", evidence.proof());
        add(line, "unanswered", evidence.unanswered());
        add(line, "asked", evidence.asked());
        add(line, "attempt", evidence.attempt());
        add(line, "data_from", evidence.dataFrom());
        add(line, "data_to", evidence.dataTo());
        line.append('\n');
    }

    private static void add(StringBuilder line, String key, Optional<?> value) {
        value.ifPresent(known -> line.append(' ').append(key).append('=').append(known));
    }

    /**
     * Reads what {@link #format} has written.
     *
     * @throws ProtocolException if it is something else
     */
    static PeerWatch parse(String text) throws ProtocolException {
        List<String> lines = text.lines().toList();
        if (lines.isEmpty() || !lines.getFirst().startsWith(HEADER)) {
            throw new ProtocolException("not a file of peers of this version");
        }
        try {
            Instant time = Instant.parse(lines.getFirst().substring(HEADER.length()));
            return new PeerWatch(
                    time, lines.stream().skip(1).map(PeerFile::peer).toList());
        } catch (IllegalArgumentException | DateTimeException e) {
            throw new ProtocolException("a wrong line in a file of peers: " + e.getMessage());
        }
    }

    private static PeerStatus peer(String line) {
        Map<String, String> values = new HashMap<>();
        for (String word : line.split(" ", -1)) {
            int equals = word.indexOf('=');
            values.put(word.substring(0, Math.max(0, equals)), word.substring(equals + 1));
        }
        return new PeerStatus(
                PublicKey.ofBase64(values.getOrDefault("peer", "")),
                state(values.getOrDefault("state", "")),
                time(values, "since"),
                Optional.ofNullable(values.get("endpoint")).map(Endpoint::parse),
                number(values, "rx"),
                number(values, "tx"),
                number(values, "rx_rate"),
                number(values, "tx_rate"),
                time(values, "handshake"),
                time(values, "heard"),
                new PeerStatus.Evidence(
                        time(values, "proof"),
                        time(values, "unanswered"),
                        time(values, "asked"),
                        time(values, "attempt"),
                        time(values, "data_from"),
                        time(values, "data_to")));
    }

    private static PeerState state(String text) {
        for (PeerState state : PeerState.values()) {
            if (state.toString().equals(text)) {
                return state;
            }
        }
        throw new IllegalArgumentException("no state '" + text + "'");
    }

    private static Optional<Instant> time(Map<String, String> values, String key) {
        return Optional.ofNullable(values.get(key)).map(Instant::parse);
    }

    private static long number(Map<String, String> values, String key) {
        return Long.parseLong(values.getOrDefault(key, ""));
    }
}
