package anubis.host;

import anubis.config.ConfigException;
import anubis.config.UapiDevice;
import anubis.crypto.PublicKey;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The peers of one interface, or of all there are, for one who looks now and then. What the watchers of the interfaces know
 * is the beginning, so that it is known since when; where there is none, two looks a second apart. For one thread.
 */
public final class PeerBoard {
    private final Optional<String> only;
    private Map<String, Seen> seen = new LinkedHashMap<>();
    private List<String> failures = List.of();

    /** What an interface reports, and what is known of its peers. */
    public record Seen(UapiDevice device, PeerWatch watch) {}

    private PeerBoard(Optional<String> only) {
        this.only = only;
    }

    /**
     * The board of the interface {@code only}, or of all.
     *
     * @throws IOException if that interface cannot be reached
     */
    public static PeerBoard open(Optional<String> only) throws IOException, InterruptedException {
        PeerBoard board = new PeerBoard(only);
        if (board.look()) {
            Thread.sleep(PeerWatcher.INTERVAL);
            board.look();
        }
        return board;
    }

    /** What people call the peers of the interface {@code name}, as the file says that it was brought up from. */
    public static Map<PublicKey, String> names(String name) throws IOException {
        Map<PublicKey, String> names = new HashMap<>();
        try {
            Optional<Applied> applied = new RunFiles(RunFiles.DIRECTORY, name).applied();
            if (applied.isPresent()) {
                applied.get()
                        .config()
                        .wireguard()
                        .peers()
                        .forEach(peer -> peer.name().ifPresent(known -> names.put(peer.publicKey(), known)));
            }
        } catch (ConfigException e) {
            // It cannot be read any more; names are not worth an error.
        }
        return names;
    }

    /** The interfaces by name, as they were at the last look. */
    public Map<String, Seen> seen() {
        return seen;
    }

    /** What was wrong with those that are there and could not be asked, a line each. */
    public List<String> failures() {
        return List.copyOf(failures);
    }

    /**
     * Looks again, at those that are there now. Says whether one of them was never seen before, by nobody: a second look then
     * knows more.
     */
    public boolean look() throws IOException {
        Map<String, Seen> now = new LinkedHashMap<>();
        List<String> failed = new ArrayList<>();
        boolean fresh = false;
        List<String> names = only.isPresent() ? List.of(only.get()) : WireGuardInterface.names();
        for (String name : names) {
            Seen before = seen.get(name);
            PeerWatch watch = before == null ? PeerWatcher.resume(name) : before.watch();
            fresh |= watch.time().isEmpty();
            WireGuardInterface each = WireGuardInterface.of(name);
            try {
                UapiDevice device = each.get();
                watch.update(Instant.now(), device, Optional.empty());
                now.put(name, new Seen(device, watch));
            } catch (IOException e) {
                if (only.isPresent()) {
                    throw e;
                }
                if (each.exists()) {
                    failed.add(name + ": " + e.getMessage());
                }
            }
        }
        seen = now;
        failures = failed;
        return fresh;
    }
}
