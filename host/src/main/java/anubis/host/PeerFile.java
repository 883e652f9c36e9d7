package anubis.host;

import anubis.config.Endpoint;
import anubis.crypto.PublicKey;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Keeps a {@link PeerWatch} in a file, for those who look once and want to know since when. Its first line is
 * {@code anubis-peers 1 TIME}; each other line is a peer, {@code key=value} separated by spaces, with times as in RFC 3339.
 * What is unknown is left out, and keys that a reader does not know are passed over. It holds no secret, but says who spoke
 * when and from where: only its owner may read it.
 */
final class PeerFile {
    private static final String HEADER = "anubis-peers 1 ";

    private PeerFile() {}

    /** Puts the file in the place of the one before, whole; its directory is made if it is not there. */
    static void write(Path file, Instant time, Collection<PeerStatus> peers) throws IOException {
        Path directory = file.toAbsolutePath().resolveSibling("");
        Files.createDirectories(directory);
        Path fresh = Files.createTempFile(
                directory,
                ".peers",
                "",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            try (BufferedWriter out = Files.newBufferedWriter(fresh)) {
                out.append(HEADER).append(time.toString()).append('\n');
                for (PeerStatus peer : peers) {
                    out.append(line(peer)).append('\n');
                }
            }
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    private static CharSequence line(PeerStatus peer) {
        StringBuilder line = new StringBuilder(300);
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
        return line;
    }

    private static void add(StringBuilder line, String key, Optional<?> value) {
        value.ifPresent(known -> line.append(' ').append(key).append('=').append(known));
    }

    /**
     * What {@link #write} has written, or nothing if there is no file.
     *
     * @throws ProtocolException if it is no such file
     */
    static Optional<PeerWatch> read(Path file) throws IOException {
        try (BufferedReader in = Files.newBufferedReader(file)) {
            String header = in.readLine();
            if (header == null || !header.startsWith(HEADER)) {
                throw new ProtocolException(file + " is not a file of peers of this version");
            }
            Instant time = Instant.parse(header.substring(HEADER.length()));
            List<PeerStatus> peers = new ArrayList<>();
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                peers.add(peer(line));
            }
            return Optional.of(new PeerWatch(time, peers));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (IllegalArgumentException | DateTimeException e) {
            throw new ProtocolException(file + " has a wrong line: " + e.getMessage());
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
