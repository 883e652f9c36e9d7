package anubis.gate;

import anubis.config.AllowedIps;
import anubis.config.Cidr;
import anubis.config.PeerChange;
import anubis.config.UapiDevice;
import anubis.config.UapiPeer;
import anubis.crypto.PresharedKey;
import anubis.crypto.PublicKey;
import anubis.gate.Decision.Act;
import anubis.gate.Decision.Action;
import anubis.host.LivePeers;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a hub does: it carries out what {@link Decisions} decides, ends leases, and keeps the peers of the production
 * interface equal to the registry. To be used on the tunnel's thread.
 */
final class GateHub {
    /** How often what is due is looked for; as often a change of the registry by somebody else is seen. */
    private static final Duration TICK = Duration.ofMillis(200);

    /** How often production is compared with the registry though nobody has said that it should be. */
    private static final Duration RECONCILE = Duration.ofMinutes(1);

    /** Until what was up before the start is so again. */
    private static final Duration SETTLED = Duration.ofSeconds(5);

    /** WireGuard's REJECT_AFTER_TIME: nothing that was sealed for who has been silent for so long could be opened. */
    private static final Duration SILENT = Duration.ofMinutes(3);

    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final int ATTEMPTS = 5;

    private final GateTunnel tunnel;
    private Hub hub;
    private final int maxPeers;
    private final Registry registry;
    private final Decisions decisions;
    private final LivePeers production;
    private final SecondFactors factors;
    private final Tell tell;
    private final Set<PublicKey> known;
    private final InstantSource wall;
    private final Consumer<String> log;
    /** What is up and has a lease, by production key. */
    private final Map<PublicKey, Up> ups = new HashMap<>();
    /** To whom a goodbye is on its way. */
    private final Set<PublicKey> leaving = new HashSet<>();
    /** What was not compared with the registry, for something was being done about it. */
    private final Set<PublicKey> skipped = new HashSet<>();

    private long version;
    private Instant reconciled = Instant.MIN;
    private boolean looking;
    private boolean stopping;
    private String complaint = "";

    /**
     * A client that is up.
     *
     * @param due when it has to be looked at again: its lease may be over, or its hours
     */
    private record Up(PublicKey gateKey, Instant due) {}

    /** Tells the other hubs of a client. */
    @FunctionalInterface
    interface Tell {
        void tell(Operation what, Request.Client client);
    }

    /**
     * The parts that a hub is made of.
     *
     * @param maxPeers how many may be up at a time, those that are permanent not counted
     * @param known the gate keys of the hubs that this host asks, which are peers of the tunnel anyway
     */
    record Parts(
            GateTunnel tunnel,
            Hub hub,
            int maxPeers,
            Registry registry,
            Decisions decisions,
            LivePeers production,
            SecondFactors factors,
            Tell tell,
            Set<PublicKey> known,
            InstantSource wall,
            Consumer<String> log) {}

    GateHub(Parts parts) {
        this.tunnel = parts.tunnel;
        this.hub = parts.hub;
        this.maxPeers = parts.maxPeers;
        this.registry = parts.registry;
        this.decisions = parts.decisions;
        this.production = parts.production;
        this.factors = parts.factors;
        this.tell = parts.tell;
        this.known = Set.copyOf(parts.known);
        this.wall = parts.wall;
        this.log = parts.log;
    }

    /** Makes production what the registry says, now and from now on. */
    void start() {
        version = registry.version();
        reconcile();
        tunnel.after(TICK, this::tick);
        tunnel.after(SETTLED, () -> guarded(this::tellAll));
    }

    /** Whether a key that claims to be an initiator's may be a peer of the gate tunnel. */
    static boolean admits(Registry registry, PublicKey gateKey) {
        try {
            return registry.byGateKey(gateKey).stream().anyMatch(Entry::enabled);
        } catch (RegistryException e) {
            return false;
        }
    }

    // Requests.

    void received(PublicKey peer, byte[] datagram, String from) {
        switch (decisions.decide(peer, datagram, from, wall.instant())) {
            case Decision.Silence _ -> {}
            case Decision.Answer(Reply reply) -> tunnel.send(peer, reply.bytes());
            case Act act -> {
                try {
                    carryOut(act);
                } catch (RegistryException e) {
                    complain(String.valueOf(e.getMessage()));
                    settle(act, Code.INTERNAL);
                }
            }
        }
    }

    private void carryOut(Act act) {
        Entry entry = act.entry();
        switch (act.action()) {
            case BRING_UP -> bringUp(act);
            case TAKE_DOWN -> {
                leaving.remove(entry.productionKey());
                // What is at another hub by now keeps the routes to that.
                boolean elsewhere =
                        registry.standing(entry.productionKey()).at().isPresent();
                finish(
                        act,
                        production.change(removal(entry.productionKey(), elsewhere ? List.of() : entry.allowedIps())));
            }
            case RENEW -> settle(act, Code.DONE);
            case MOVE_AWAY -> {
                Entry client = client(act);
                ups.remove(client.productionKey());
                finish(act, moveAway(client, entry.productionKey()));
            }
            case TAKE_BACK -> {
                Entry client = client(act);
                // To add the peer takes the prefixes from whoever has them.
                finish(
                        act,
                        production.change(new LivePeers.Change(
                                List.of(addition(client), PeerChange.remove(client.productionKey())),
                                List.of(),
                                client.allowedIps())));
            }
        }
    }

    private Entry client(Act act) {
        return act.request()
                .client()
                .flatMap(client -> registry.byProductionKey(client.productionKey()))
                .orElseGet(act::entry);
    }

    private void bringUp(Act act) {
        Entry entry = act.entry();
        PublicKey key = entry.productionKey();
        boolean isNew = act.agreed() == Code.DONE;
        if (isNew && ups.size() >= maxPeers && !ups.containsKey(key)) {
            settle(act, Code.FULL);
            return;
        }
        if (!isNew || entry.secondFactor().isEmpty()) {
            addToProduction(act);
            return;
        }
        onTunnel(factors.holds(entry, act.request().code(), wall.instant()), (holds, failure) -> {
            if (failure != null) {
                complain(entry.name() + ": the second factor could not be checked: " + message(failure));
                settle(act, Code.INTERNAL);
            } else if (!holds) {
                settle(act, Code.SECOND_FACTOR);
            } else if (registry.byProductionKey(key).filter(Entry::enabled).isEmpty()) {
                settle(act, Code.NOT_AUTHORISED); // since it has asked
            } else {
                factors.right(entry);
                addToProduction(act);
            }
        });
    }

    private void addToProduction(Act act) {
        Entry entry = act.entry();
        finish(act, production.change(new LivePeers.Change(List.of(addition(entry)), entry.allowedIps(), List.of())));
    }

    private CompletableFuture<Void> moveAway(Entry client, PublicKey to) {
        return production
                .look()
                .thenCompose(device -> peer(device, to).isEmpty()
                        ? CompletableFuture.failedFuture(new IOException("the other hub is no peer of "
                                + production.name() + ": give it a section in its configuration"))
                        : production.change(new LivePeers.Change(
                                List.of(
                                        PeerChange.remove(client.productionKey()),
                                        new PeerChange(
                                                to,
                                                PeerChange.Mode.UPDATE,
                                                Optional.empty(),
                                                Optional.empty(),
                                                OptionalInt.empty(),
                                                Optional.of(AllowedIps.changed(client.allowedIps(), List.of())))),
                                client.allowedIps(),
                                List.of())));
    }

    /** Settles an act once its change has been made; one that could not be made is taken back. */
    private void finish(Act act, CompletableFuture<Void> change) {
        onTunnel(change, (_, failure) -> {
            if (failure == null) {
                settle(act, Code.DONE);
                return;
            }
            Entry entry = act.entry();
            complain(entry.name() + ": " + act.request().operation().word() + ": " + message(failure));
            if (act.action() == Action.BRING_UP && act.agreed() == Code.DONE) {
                onTunnel(
                        production.change(removal(entry.productionKey(), entry.allowedIps())),
                        (_, _) -> settle(act, Code.INTERNAL));
            } else {
                settle(act, Code.INTERNAL);
            }
        });
    }

    private void settle(Act act, Code outcome) {
        Entry entry = act.entry();
        Reply reply = decisions.settle(act, outcome, wall.instant());
        tunnel.send(entry.gateKey(), reply.bytes());
        if (skipped.remove(entry.productionKey())) {
            reconciled = Instant.MIN;
        }
        if (reply.code().agrees()) {
            switch (act.action()) {
                case BRING_UP -> {
                    act.leaseEnd().ifPresent(end -> ups.put(entry.productionKey(), new Up(entry.gateKey(), end)));
                    tell(Operation.HAS, entry.productionKey());
                }
                case RENEW ->
                    act.leaseEnd().ifPresent(end -> ups.put(entry.productionKey(), new Up(entry.gateKey(), end)));
                case TAKE_DOWN -> {
                    ups.remove(entry.productionKey());
                    tell(Operation.HAS_NOT, entry.productionKey());
                }
                case MOVE_AWAY -> {}
                case TAKE_BACK -> {
                    if (client(act).permanent()) {
                        reconciled = Instant.MIN; // it is here again
                    }
                }
            }
        } else if (outcome == Code.INTERNAL) {
            reconciled = Instant.MIN;
        }
    }

    private void tell(Operation what, PublicKey client) {
        registry.standing(client).since().ifPresent(since -> tell.tell(what, new Request.Client(client, since)));
    }

    /** Tells the other hubs of all clients that are up: a process before this one may not have come to it. */
    private void tellAll() {
        ups.keySet().forEach(key -> tell(Operation.HAS, key));
    }

    // What comes by itself.

    private void tick() {
        if (stopping) {
            return;
        }
        tunnel.after(TICK, this::tick);
        try {
            Instant now = wall.instant();
            long present = registry.version();
            boolean changed = present != version;
            version = present;
            if (changed || now.isAfter(reconciled.plus(RECONCILE)) || now.isBefore(reconciled)) {
                reconcile();
            } else if (ups.values().stream().anyMatch(up -> !up.due.isAfter(now))) {
                look(this::endLeases);
            }
        } catch (RegistryException e) {
            complain(String.valueOf(e.getMessage()));
        }
    }

    /** The production interface is gone, or another one: what was up is so no more. */
    void interfaceGone() {
        List.copyOf(ups.keySet()).forEach(key -> guarded(() -> end(key, "interface gone", List.of())));
    }

    /** The production interface is there (again), and this is what clients are to know of it. */
    void interfaceCame(Hub changed) {
        hub = changed;
        decisions.hub(changed);
        reconcile();
    }

    private void look(Consumer<UapiDevice> then) {
        if (looking) {
            return;
        }
        looking = true;
        onTunnel(production.look(), (device, failure) -> {
            looking = false;
            if (failure != null) {
                complain(message(failure));
            } else {
                complaint = "";
                then.accept(device);
            }
        });
    }

    /** Ends the leases that are over. */
    private void endLeases(UapiDevice device) {
        Instant now = wall.instant();
        Map<PublicKey, UapiPeer> peers = byKey(device);
        for (Map.Entry<PublicKey, Up> each : List.copyOf(ups.entrySet())) {
            PublicKey key = each.getKey();
            if (each.getValue().due.isAfter(now) || decisions.busy(key)) {
                continue;
            }
            Optional<Entry> entry = registry.byProductionKey(key);
            Standing standing = prolonged(entry, registry.standing(key), Optional.ofNullable(peers.get(key)), now);
            if (entry.filter(of -> hub.wants(of, standing, now)).isPresent()) {
                Duration left = hub.left(entry.get(), standing, now).orElse(Duration.ZERO);
                ups.put(key, new Up(entry.get().gateKey(), now.plus(left)));
            } else {
                end(key, "lease over", allowedIps(entry, Optional.ofNullable(peers.get(key))));
            }
        }
    }

    /** What is remembered of a peer. If its lease is over with a handshake in it, that counts as a renewal. */
    private Standing prolonged(Optional<Entry> entry, Standing standing, Optional<UapiPeer> peer, Instant now) {
        Optional<Standing> prolonged = peer.flatMap(UapiPeer::latestHandshake)
                .flatMap(handshake -> standing.leaseEnd()
                        .filter(end -> !end.isAfter(now) && handshake.isAfter(end.minus(standing.lease())))
                        .map(_ -> standing.lease(handshake.plus(standing.lease()), standing.lease())))
                .filter(after -> entry.filter(of -> hub.wants(of, after, now)).isPresent());
        prolonged.ifPresent(after -> registry.put(after, line(entry.orElseThrow(), "in use", Optional.of(Code.DONE))));
        return prolonged.orElse(standing);
    }

    private void reconcile() {
        // What looks already may have begun before the registry was changed, and for something else: then at the next
        // tick.
        reconciled = looking ? Instant.MIN : wall.instant();
        look(this::reconcile);
    }

    /** Makes production what the registry says. */
    private void reconcile(UapiDevice device) {
        Instant now = wall.instant();
        Map<PublicKey, UapiPeer> peers = byKey(device);
        for (PublicKey key : registry.concerned()) {
            if (decisions.busy(key)) {
                skipped.add(key);
            } else {
                guarded(() -> reconcile(key, Optional.ofNullable(peers.get(key)), peers, now));
            }
        }
        for (PublicKey gateKey : tunnel.keys()) {
            if (!known.contains(gateKey) && !admits(registry, gateKey)) {
                tunnel.forget(gateKey);
            }
        }
        tunnel.forgetSilent(SILENT, this::isToBeTold);
    }

    /** Whether a client has a lease, or is being told that it has none any longer. */
    private boolean isToBeTold(PublicKey gateKey) {
        return registry.byGateKey(gateKey).stream()
                .map(Entry::productionKey)
                .anyMatch(key -> ups.containsKey(key) || leaving.contains(key));
    }

    private void reconcile(PublicKey key, Optional<UapiPeer> peer, Map<PublicKey, UapiPeer> peers, Instant now) {
        Optional<Entry> entry = registry.byProductionKey(key);
        Standing standing = prolonged(entry, registry.standing(key), peer, now);
        if (entry.filter(of -> hub.wants(of, standing, now)).isPresent()) {
            Entry wanted = entry.get();
            if (!standing.held()) {
                registry.put(standing.held(true), line(wanted, "brought up", Optional.of(Code.DONE)));
            }
            hub.left(wanted, standing, now).ifPresent(left -> ups.put(key, new Up(wanted.gateKey(), now.plus(left))));
            boolean right = peer.filter(of -> is(of, wanted)).isPresent();
            LivePeers.Change change = new LivePeers.Change(
                    right ? List.of() : List.of(addition(wanted)),
                    wanted.allowedIps(),
                    peer.map(UapiPeer::allowedIps).orElse(List.of()).stream()
                            .filter(prefix -> !wanted.allowedIps().contains(prefix))
                            .toList());
            onTunnel(production.change(change), (_, failure) -> {
                if (failure != null) {
                    complain(wanted.name() + ": " + message(failure));
                }
            });
        } else if (standing.held() || standing.leaseEnd().isPresent()) {
            end(key, "ended", allowedIps(entry, peer));
        }
        standing.at()
                .ifPresent(other -> entry.ifPresent(of -> {
                    boolean there = Optional.ofNullable(peers.get(other))
                            .filter(hubPeer -> hubPeer.allowedIps().containsAll(of.allowedIps()))
                            .isPresent();
                    if (!there && peers.containsKey(other)) {
                        onTunnel(moveAway(of, other), (_, failure) -> {
                            if (failure != null) {
                                complain(of.name() + ": " + message(failure));
                            }
                        });
                    }
                }));
    }

    /** Takes a peer down, tells it so, and the other hubs. */
    private void end(PublicKey key, String why, List<Cidr> prefixes) {
        Optional<Entry> entry = registry.byProductionKey(key);
        Optional<Up> up = Optional.ofNullable(ups.get(key));
        PublicKey gateKey =
                up.map(Up::gateKey).or(() -> entry.map(Entry::gateKey)).orElse(key);
        String name = entry.map(Entry::name).orElse("(removed)");
        // Also if it cannot be written now, which is tried again: nobody stays up because a disk is full.
        CompletableFuture<Void> removed = production.change(removal(key, prefixes));
        try {
            registry.put(
                    registry.standing(key).withoutLease(),
                    new AuditLine(wall.instant(), name, gateKey, key, why, "hub", Optional.empty()));
        } catch (RegistryException e) {
            complain(String.valueOf(e.getMessage()));
            reconciled = Instant.MIN;
            return;
        }
        ups.remove(key);
        if (up.isPresent()) {
            leaving.add(key);
            sayGoodbye(key, gateKey, 1, FIRST_PAUSE);
            tell(Operation.HAS_NOT, key);
        }
        onTunnel(removed, (_, failure) -> {
            Standing now = registry.standing(key);
            if (failure == null && now.leaseEnd().isEmpty() && !decisions.busy(key)) {
                registry.put(
                        now.held(false),
                        new AuditLine(wall.instant(), name, gateKey, key, why, "hub", Optional.of(Code.DONE)));
            }
        });
    }

    /** Repeats the hub's goodbye until the client has answered it, or is up again. */
    private void sayGoodbye(PublicKey key, PublicKey gateKey, int attempt, Duration pause) {
        if (!leaving.contains(key) || attempt > ATTEMPTS || ups.containsKey(key)) {
            leaving.remove(key);
            return;
        }
        if (attempt > 1) {
            tunnel.shakeHandsAnew(gateKey); // the client may have been started anew
        }
        guarded(() -> decisions.leaving(key).ifPresent(goodbye -> tunnel.send(gateKey, goodbye.bytes())));
        tunnel.after(pause, () -> sayGoodbye(key, gateKey, attempt + 1, pause.multipliedBy(2)));
    }

    /** Says goodbye to everybody; {@code said} is complete once all have answered. */
    void stop(CompletableFuture<Void> said) {
        stopping = true;
        // Even if another look is on its way, and if nothing is to be seen: all are to hear it.
        onTunnel(production.look(), (device, failure) -> {
            Map<PublicKey, UapiPeer> peers = failure == null ? byKey(device) : Map.of();
            for (PublicKey key : List.copyOf(ups.keySet())) {
                guarded(() -> end(
                        key,
                        "hub stops",
                        allowedIps(registry.byProductionKey(key), Optional.ofNullable(peers.get(key)))));
            }
            awaitGoodbyes(said);
        });
    }

    private void awaitGoodbyes(CompletableFuture<Void> said) {
        if (leaving.isEmpty()) {
            said.complete(null);
        } else {
            tunnel.after(Duration.ofMillis(20), () -> awaitGoodbyes(said));
        }
    }

    // What several of them need.

    private static List<Cidr> allowedIps(Optional<Entry> entry, Optional<UapiPeer> peer) {
        return Stream.concat(
                        entry.stream().flatMap(of -> of.allowedIps().stream()),
                        peer.stream().flatMap(of -> of.allowedIps().stream()))
                .distinct()
                .toList();
    }

    private static boolean is(UapiPeer peer, Entry entry) {
        return Set.copyOf(peer.allowedIps()).equals(Set.copyOf(entry.allowedIps()))
                && peer.presharedKey()
                        .orElse(PresharedKey.NONE)
                        .equals(entry.presharedKey().orElse(PresharedKey.NONE));
    }

    private static PeerChange addition(Entry entry) {
        return new PeerChange(
                entry.productionKey(),
                PeerChange.Mode.ADD_OR_UPDATE,
                Optional.of(entry.presharedKey().orElse(PresharedKey.NONE)),
                Optional.empty(),
                OptionalInt.empty(),
                Optional.of(AllowedIps.exactly(entry.allowedIps())));
    }

    private static LivePeers.Change removal(PublicKey key, List<Cidr> prefixes) {
        return new LivePeers.Change(List.of(PeerChange.remove(key)), List.of(), prefixes);
    }

    private static Map<PublicKey, UapiPeer> byKey(UapiDevice device) {
        return device.peers().stream()
                .collect(Collectors.toMap(UapiPeer::publicKey, Function.identity(), (peer, _) -> peer));
    }

    private static Optional<UapiPeer> peer(UapiDevice device, PublicKey key) {
        return device.peers().stream()
                .filter(peer -> peer.publicKey().equals(key))
                .findFirst();
    }

    private AuditLine line(Entry entry, String what, Optional<Code> verdict) {
        return new AuditLine(
                wall.instant(), entry.name(), entry.gateKey(), entry.productionKey(), what, "hub", verdict);
    }

    private <T> void onTunnel(CompletableFuture<T> future, BiConsumer<? super T, ? super Throwable> then) {
        CompletableFuture<T> _ = future.whenComplete(
                (value, failure) -> tunnel.execute(() -> guarded(() -> then.accept(value, failure))));
    }

    /** Does what needs the registry: that this cannot be read or written for a while does not end the gate. */
    private void guarded(Runnable work) {
        try {
            work.run();
        } catch (RegistryException e) {
            complain(String.valueOf(e.getMessage()));
            reconciled = Instant.MIN;
        }
    }

    private static String message(Throwable failure) {
        Throwable cause = failure.getCause();
        return String.valueOf(
                failure instanceof CompletionException && cause != null ? cause.getMessage() : failure.getMessage());
    }

    /** Once, while the same goes wrong again and again. */
    private void complain(String what) {
        if (!what.equals(complaint)) {
            complaint = what;
            log.accept(what);
        }
    }
}
