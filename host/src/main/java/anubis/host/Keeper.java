package anubis.host;

import anubis.config.ConfigException;
import anubis.config.DeviceChange;
import anubis.config.Endpoint;
import anubis.config.Facts;
import anubis.config.PeerChange;
import anubis.config.PeerConfig;
import anubis.config.QuickConfig;
import anubis.config.UapiDevice;
import anubis.config.UapiPeer;
import anubis.crypto.PublicKey;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLockInterruptionException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * Does for an interface, as long as it lives, what takes time: knows how its peers are, follows the names of their endpoints,
 * and fits routes, rules and MTU to a host that changes. What {@code up} has put in force it learns from
 * {@link RunFiles}; of an interface that was not brought up so it only watches the peers.
 */
public final class Keeper implements AutoCloseable {
    /** How often it looks whether the ways to the peers have changed. */
    private static final Duration LOOK_AROUND = Duration.ofSeconds(30);

    /** So long after a change there may still be packets that are on their way by what was before. */
    private static final Duration SETTLED = Duration.ofSeconds(5);

    /** How often it looks at peers of which none is to be found by a name. */
    private static final Duration SELDOM = Duration.ofSeconds(5);

    private final String name;
    private final Consumer<String> log;
    private final RunFiles files;
    private final Tunnel tunnel;
    private final Thread thread;
    private Optional<Kept> kept = Optional.empty();
    private Instant lookAround = Instant.MIN;
    private List<Optional<Endpoint>> endpoints = List.of();
    private Instant last = Instant.MIN;

    /** What is in force, and the names that it holds. */
    private record Kept(Wanted wanted, Names names) {
        Applied applied() {
            return wanted.applied();
        }

        QuickConfig config() {
            return wanted.config();
        }

        boolean named() {
            return config().wireguard().peers().stream()
                    .anyMatch(peer ->
                            peer.endpoint().filter(at -> !at.isLiteral()).isPresent());
        }
    }

    private Keeper(String name, Consumer<String> log) {
        this.name = name;
        this.log = log;
        this.files = new RunFiles(RunFiles.DIRECTORY, name);
        this.tunnel = new Tunnel(name, log);
        this.thread = Thread.ofPlatform().daemon().name("keeper").unstarted(this::run);
    }

    /**
     * Begins to keep the interface {@code name}, which can be configured already.
     *
     * @param log told, a line each, what goes wrong
     */
    public static Keeper start(String name, Consumer<String> log) {
        Keeper keeper = new Keeper(name, log);
        keeper.thread.start();
        return keeper;
    }

    /** Waits until the interface is gone. */
    public void await() throws InterruptedException {
        thread.join();
    }

    /** Ends it, without waiting: it may be waiting for whoever takes the interface down. */
    @Override
    public void close() {
        thread.interrupt();
    }

    private void run() {
        try {
            WireGuardInterface device = WireGuardInterface.of(name);
            if (device instanceof KernelInterface) {
                try (RunFiles.Lock _ = files.lockKeeping()) {
                    run(device);
                }
            } else {
                run(device); // it is in the device's own process
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ClosedByInterruptException | FileLockInterruptionException e) {
            // It has been closed.
        } catch (IOException e) {
            log.accept(String.valueOf(e.getMessage()));
        }
    }

    private void run(WireGuardInterface device) throws IOException, InterruptedException {
        try (PeerWatcher watcher = PeerWatcher.keeping(name)) {
            String said = "";
            Instant next = Instant.now();
            while (true) {
                Thread.sleep(Duration.between(Instant.now(), next)); // a time that is past is no pause
                Instant now = Instant.now();
                next = now.plus(PeerWatcher.INTERVAL);
                try {
                    PeerWatcher.Look look = watcher.tick(now);
                    keep(now, device, look.device());
                    if (kept.isEmpty() && device instanceof KernelInterface) {
                        return; // it has been taken down, or whoever comes next keeps it
                    }
                    Instant seldom = now.plus(kept.filter(Kept::named).isPresent() ? PeerWatcher.INTERVAL : SELDOM);
                    next = look.next().isAfter(seldom) ? look.next() : seldom;
                    said = "";
                } catch (ClosedByInterruptException e) {
                    return;
                } catch (IOException | ConfigException | RuntimeException e) {
                    String complaint = String.valueOf(e.getMessage());
                    if (Thread.currentThread().isInterrupted() || !Observer.exists(name)) {
                        return;
                    }
                    if (!complaint.equals(said)) {
                        log.accept(complaint);
                    }
                    said = complaint;
                }
            }
        }
    }

    private void keep(Instant now, WireGuardInterface device, UapiDevice found) throws IOException, ConfigException {
        if (now.isBefore(last)) {
            kept = Optional.empty(); // the clock was set back, and what was due by it would be due late
            lookAround = Instant.MIN;
        }
        last = now;
        refresh(now);
        if (kept.isEmpty()) {
            return;
        }
        List<PeerChange> moves = kept.get().names().tick(now, found).changes();
        Applied applied = kept.get().applied();
        Map<String, InetAddress> addresses = new HashMap<>(applied.facts().addresses());
        for (PeerConfig peer : kept.get().config().wireguard().peers()) {
            moves.stream()
                    .filter(move -> move.publicKey().equals(peer.publicKey()))
                    .flatMap(move -> move.endpoint().stream())
                    .forEach(to -> peer.endpoint().ifPresent(named -> addresses.put(named.host(), to.address())));
        }
        // What has moved inside sends its packets round and round until there are rules.
        List<Optional<Endpoint>> at =
                found.peers().stream().map(UapiPeer::endpoint).toList();
        boolean movedInside = !at.equals(endpoints)
                && !applied.facts().movedInside()
                && Surroundings.movedInside(kept.get().config(), found, addresses);
        endpoints = at;
        if (moves.isEmpty() && !movedInside && now.isBefore(lookAround)) {
            return;
        }
        lookAround = now.plus(LOOK_AROUND);
        Facts facts = Surroundings.find(name, kept.get().config(), found, kept.map(Kept::wanted), addresses);
        if (!facts.equals(applied.facts())) {
            tunnel.refit(addresses);
        }
        if (!moves.isEmpty()) {
            device.set(new DeviceChange(Optional.empty(), OptionalInt.empty(), OptionalLong.empty(), false, moves));
        }
    }

    /** Reads anew what is in force, if that has changed. */
    private void refresh(Instant now) throws IOException, ConfigException {
        Optional<Applied> applied = files.applied();
        if (applied.equals(kept.map(Kept::applied))) {
            return;
        }
        endpoints = List.of();
        lookAround = now.plus(SETTLED);
        if (applied.isEmpty()) {
            kept = Optional.empty();
            return;
        }
        Wanted wanted = Wanted.of(applied.get());
        QuickConfig config = wanted.config();
        Map<PublicKey, Endpoint> endpoints = new HashMap<>();
        config.wireguard()
                .peers()
                .forEach(peer -> peer.endpoint().ifPresent(at -> endpoints.put(peer.publicKey(), at)));
        boolean same = kept.filter(before -> before.config().wireguard().equals(config.wireguard()))
                .isPresent();
        kept = Optional.of(new Kept(wanted, same ? kept.get().names() : new Names(endpoints, new Dns())));
    }
}
