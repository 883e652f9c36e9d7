package anubis.host;

import anubis.config.UapiDevice;
import java.io.IOException;
import java.net.ProtocolException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Asks a device how its peers are, again and again, and keeps what it knows in a file. A call of {@link #tick} takes as long
 * as the device takes to answer, and says when the next is due: after a second, or later where a look takes long, so that
 * looking never takes more than a twentieth of the time. For one thread.
 */
public final class PeerWatcher implements AutoCloseable {
    /** How long at least to wait between two looks. */
    public static final Duration INTERVAL = Duration.ofSeconds(1);

    private static final Duration INTERVAL_MAX = Duration.ofSeconds(30);
    private static final int SHARE = 20;
    /** A file is written when something has happened, and otherwise so often. */
    private static final Duration WRITE_AFTER = Duration.ofSeconds(10);
    /** A file that is older has been left behind by a process that is no more. */
    private static final Duration STALE = WRITE_AFTER.plus(INTERVAL_MAX).plusSeconds(5);

    private static final String KIND = "peers";

    private final Finder finder;
    private final Optional<RunFiles> files;
    private final PeerWatch watch = new PeerWatch();
    private Optional<WireGuardInterface> device = Optional.empty();
    private boolean counts = true;
    private Instant written = Instant.MIN;

    /** One look: what the device reported, what had happened since the last, and when the next is due. */
    public record Look(UapiDevice device, List<PeerEvent> events, Instant next) {}

    /** Finds who carries the interface. */
    @FunctionalInterface
    interface Finder {
        WireGuardInterface find() throws IOException;
    }

    PeerWatcher(Finder finder, Optional<RunFiles> files) {
        this.finder = finder;
        this.files = files;
    }

    /** A watcher of the interface {@code name} of this host that writes nothing. */
    public static PeerWatcher of(String name) {
        return new PeerWatcher(() -> WireGuardInterface.of(name), Optional.empty());
    }

    /** A watcher of the interface {@code name} of this host, that writes {@code /run/anubis/NAME.peers} and removes it in the end. */
    public static PeerWatcher keeping(String name) {
        return new PeerWatcher(() -> WireGuardInterface.of(name), Optional.of(new RunFiles(RunFiles.DIRECTORY, name)));
    }

    /** What is known of the peers. */
    public PeerWatch watch() {
        return watch;
    }

    /**
     * Looks at the device now.
     *
     * @throws IOException if the device cannot be reached, or the file cannot be written
     */
    public Look tick(Instant now) throws IOException {
        long begun = System.nanoTime();
        UapiDevice found = device().get();
        Optional<Drops> drops = counts ? device().drops() : Optional.empty();
        counts = drops.isPresent();
        List<PeerEvent> events = watch.update(now, found, drops);
        if (files.isPresent() && (!events.isEmpty() || isDue(now))) {
            files.get().write(KIND, PeerFile.format(now, watch.peers()));
            written = now;
        }
        Duration pause = Duration.ofNanos(SHARE * (System.nanoTime() - begun));
        pause = pause.compareTo(INTERVAL) < 0 ? INTERVAL : pause;
        return new Look(found, events, now.plus(pause.compareTo(INTERVAL_MAX) > 0 ? INTERVAL_MAX : pause));
    }

    /**
     * Looks whether the interface, which could not be asked, is there no more. Then its peers went with it; it may come again,
     * carried by others.
     *
     * @return what happened to the peers; nothing if the interface is there
     */
    public Optional<List<PeerEvent>> vanished(Instant now) throws IOException {
        if (device().exists()) {
            return Optional.empty();
        }
        device = Optional.empty();
        counts = true;
        return Optional.of(watch.vanish(now));
    }

    private WireGuardInterface device() throws IOException {
        if (device.isEmpty()) {
            device = Optional.of(finder.find());
        }
        return device.get();
    }

    /** Also when the clock was set back. */
    private boolean isDue(Instant now) {
        return written.isAfter(now) || !written.plus(WRITE_AFTER).isAfter(now);
    }

    /**
     * A watch for one who looks once: it goes on from what the watcher of the interface {@code name} knew not long ago. Where
     * there is none it has seen nothing; after two looks a second apart it knows what can be known so soon.
     */
    public static PeerWatch resume(String name) throws IOException {
        return resume(new RunFiles(RunFiles.DIRECTORY, name), Instant.now());
    }

    static PeerWatch resume(RunFiles files, Instant now) throws IOException {
        Optional<String> text = files.read(KIND);
        try {
            PeerWatch watch = text.isPresent() ? PeerFile.parse(text.get()) : new PeerWatch();
            boolean young = watch.time()
                    .filter(at -> !at.isAfter(now) && at.plus(STALE).isAfter(now))
                    .isPresent();
            return young ? watch : new PeerWatch();
        } catch (ProtocolException otherVersion) {
            return new PeerWatch();
        }
    }

    @Override
    public void close() throws IOException {
        if (files.isPresent()) {
            files.get().delete(KIND);
        }
    }
}
