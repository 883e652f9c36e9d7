package anubis.gate;

import anubis.config.UapiDevice;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.host.LivePeers;
import anubis.linux.ErrnoException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * What a client does: it asks hubs, gives its own side of production the peer that a hub tells it of, renews the lease,
 * and heeds the hub's goodbye. Any thread may call; what a method does may take as long as a hub takes to answer.
 */
final class GateClient {
    private static final Duration TICK = Duration.ofMillis(500);
    /** Until a lease is asked for again that could not be had. */
    private static final Duration RETRY = Duration.ofSeconds(10);
    /** WireGuard's REJECT_AFTER_TIME: who has not shaken hands for so long hears nothing more. */
    private static final Duration ALIVE = Duration.ofMinutes(3);
    /** How long whoever stops waits for an answer to its goodbye. */
    private static final Duration LEAVE = Duration.ofSeconds(2);
    /** Seconds; NATs forget a mapping after 30 and more. */
    private static final int KEEPALIVE = 25;

    private final GateTunnel tunnel;
    private final Asker asker;
    private final LivePeers production;
    private final OwnSide ownSide;
    private final List<HubAddress> hubs;
    private final Path file;
    private final InstantSource wall;
    private final Consumer<String> log;
    private final AtomicBoolean renewing = new AtomicBoolean();
    private final AtomicBoolean leaving = new AtomicBoolean();

    /** The hubs that have an {@code up} to answer, and those of them that have said goodbye meanwhile. */
    private final Set<PublicKey> asking = ConcurrentHashMap.newKeySet();

    private final Set<PublicKey> passedOver = ConcurrentHashMap.newKeySet();
    // Changed while this is locked.
    private volatile Optional<Session> session = Optional.empty();
    private Optional<PrivateKey> productionKey = Optional.empty();
    private volatile Instant retry = Instant.MIN;
    private volatile boolean stopped;

    GateClient(
            GateTunnel tunnel,
            LivePeers production,
            List<HubAddress> hubs,
            Path file,
            InstantSource wall,
            Consumer<String> log) {
        this.tunnel = tunnel;
        this.asker = new Asker(tunnel, wall);
        this.production = production;
        this.ownSide = new OwnSide(production, log);
        this.hubs = List.copyOf(hubs);
        this.file = file;
        this.wall = wall;
        this.log = log;
    }

    /** What a hub has said. */
    record Answer(HubAddress hub, Reply reply) {}

    /**
     * Goes on where the last process ended: what was up is asked for again, and what is no more to be had is taken down.
     */
    void start() {
        try {
            // At once: who asks for something meanwhile is to find it.
            Optional<Session> left = Session.read(file);
            synchronized (this) {
                session = left;
            }
        } catch (IOException e) {
            log.accept(String.valueOf(e.getMessage()));
        }
        Thread.startVirtualThread(this::renew);
        tunnel.execute(() -> tunnel.after(TICK, this::tick));
    }

    /** The hub of that name; without one that in use, or else the first. */
    HubAddress hub(Optional<String> name) throws IOException {
        Optional<String> wished = name.or(() -> session.map(Session::hub));
        return hubs.stream()
                .filter(hub -> wished.isEmpty() || hub.name().equals(wished.get()))
                .findFirst()
                .orElseThrow(() -> new IOException(wished.map(each -> "the configuration names no hub '" + each + "'")
                                .orElse("the configuration names no hub to ask")
                        + ": add [[hubs]]"));
    }

    /** By which hub this client is up. */
    Optional<Session> session() {
        return session;
    }

    // What people ask for.

    /** Asks a hub to bring this client's peer up, and does the same here if it agrees. */
    Answer up(Optional<String> name, Optional<String> code, Optional<Duration> lease) throws IOException {
        HubAddress hub = hub(name);
        Optional<Session> before = session;
        asking.add(hub.key());
        try {
            return up(hub, code, lease);
        } finally {
            asked(hub, before);
        }
    }

    private Answer up(HubAddress hub, Optional<String> code, Optional<Duration> lease) throws IOException {
        Reply reply = ask(hub, new Asker.Question(hub.key(), Operation.UP, code, lease, Optional.empty()));
        if (reply.code().agrees()) {
            try {
                begin(hub, reply);
            } catch (IOException e) {
                if (session.filter(each -> each.hub().equals(hub.name())).isEmpty()) {
                    ask(hub, new Asker.Question(hub.key(), Operation.DOWN)); // no side keeps what the other cannot have
                }
                throw e;
            }
        }
        return new Answer(hub, reply);
    }

    /** As {@link #up}, and takes leave of the hub that was in use before. */
    Answer use(String name, Optional<String> code) throws IOException {
        Optional<String> before = session.map(Session::hub).filter(hub -> !hub.equals(name));
        Answer answer = up(Optional.of(name), code, Optional.empty());
        if (answer.reply.code().agrees() && before.isPresent()) {
            HubAddress old = hub(before);
            // Asked at once, so that whatever is asked later counts more; only the answer is waited for elsewhere.
            CompletableFuture<Reply> left = send(old, new Asker.Question(old.key(), Operation.DOWN));
            Thread.startVirtualThread(() -> {
                try {
                    left.join();
                } catch (CompletionException e) {
                    log.accept(old.name() + ": " + cause(e) + "; the hub in use tells it");
                }
                if (session.filter(present -> present.hub().equals(old.name())).isEmpty()) {
                    tunnel.execute(() -> tunnel.keepalive(old.key(), 0));
                }
            });
        }
        return answer;
    }

    /** Takes the peer down here, and then asks the hub to do the same. */
    Answer down() throws IOException {
        HubAddress hub = hub(Optional.empty());
        end();
        return new Answer(hub, ask(hub, new Asker.Question(hub.key(), Operation.DOWN)));
    }

    /** Asks a hub something that changes nothing here, but perhaps the lease. */
    Answer ask(Operation operation, Optional<String> name, Optional<Duration> lease) throws IOException {
        HubAddress hub = hub(name);
        Reply reply = ask(hub, new Asker.Question(hub.key(), operation, Optional.empty(), lease, Optional.empty()));
        if (operation == Operation.RENEW && reply.code().agrees()) {
            renewed(hub, reply);
        }
        return new Answer(hub, reply);
    }

    Reply ask(HubAddress hub, Asker.Question question) throws IOException {
        try {
            if (!question.operation().tells()) {
                look(production.look().join());
            }
            return send(hub, question).join();
        } catch (CompletionException e) {
            throw new IOException(hub.name() + ": " + cause(e), e);
        }
    }

    /** Asks with the key that production had when it was last looked at. */
    private CompletableFuture<Reply> send(HubAddress hub, Asker.Question question) throws IOException {
        InetSocketAddress at = new InetSocketAddress(
                InetAddress.getByName(hub.endpoint().host()), hub.endpoint().port());
        PrivateKey key = copyOfKey();
        CompletableFuture<Reply> answer = new CompletableFuture<>();
        tunnel.execute(() -> {
            tunnel.peer(hub.key(), at);
            asker.ask(question, key, answer);
        });
        return answer;
    }

    private synchronized PrivateKey copyOfKey() throws IOException {
        if (productionKey.isEmpty()) {
            look(production.look().join());
        }
        return productionKey
                .map(PrivateKey::duplicate)
                .orElseThrow(() -> new IOException(production.name() + " has no private key: set one"));
    }

    /** Notes what requests need of production. */
    private synchronized void look(UapiDevice device) {
        productionKey.ifPresent(PrivateKey::destroy);
        productionKey = device.privateKey();
        tunnel.execute(() -> {
            try {
                // Bearer packets of this tunnel, too, are to go where those of production go.
                tunnel.mark((int) device.fwMark());
            } catch (ErrnoException e) {
                log.accept(String.valueOf(e.getMessage()));
            }
        });
    }

    private static String cause(Throwable e) {
        Throwable cause = e.getCause();
        return String.valueOf(cause == null ? e.getMessage() : cause.getMessage());
    }

    // This side.

    private synchronized void begin(HubAddress hub, Reply reply) throws IOException {
        Reply.Terms terms = reply.hub().orElseThrow(() -> new IOException(hub.name() + " does not tell its key"));
        Optional<Session> last = session;
        Optional<Reply.Terms> before = last.map(Session::terms);
        Session fresh = new Session(hub.name(), terms, reply.identifier(), Optional.empty(), Duration.ZERO)
                .renewed(reply.identifier(), reply.lease(), wall.instant());
        // Whoever ends in between finds the session, and asks the hub whether it is true.
        fresh.write(file);
        session = Optional.of(fresh);
        boolean same = before.filter(terms::equals).isPresent()
                && production.look().join().peers().stream()
                        .anyMatch(peer -> peer.publicKey().equals(terms.productionKey()));
        if (same && reply.code() == Code.DONE) {
            // The hub has a new peer, which knows nothing of the old one's keys.
            ownSide.down(terms.productionKey(), terms.prefixes());
        }
        if (!same || reply.code() == Code.DONE) {
            try {
                ownSide.up(terms, hub.presharedKey(), before);
            } catch (IOException e) {
                session = last;
                if (last.isPresent()) {
                    last.get().write(file);
                } else {
                    Files.deleteIfExists(file);
                }
                throw e;
            }
            // On a thread that no change of production waits for.
            CompletableFuture<Void> _ = production.look().thenAcceptAsync(this::look);
        }
        tunnel.execute(() -> tunnel.keepalive(hub.key(), KEEPALIVE));
    }

    /** Notes another lease; false if meanwhile nobody wants it any more. */
    private synchronized boolean goOn(HubAddress hub, Reply reply) throws IOException {
        boolean wanted =
                session.filter(present -> present.hub().equals(hub.name())).isPresent();
        if (wanted) {
            begin(hub, reply);
        }
        return wanted;
    }

    private synchronized void renewed(HubAddress hub, Reply reply) throws IOException {
        Optional<Session> present = session.filter(each -> each.hub().equals(hub.name()));
        if (present.isPresent()) {
            Session fresh = present.get().renewed(present.get().up(), reply.lease(), wall.instant());
            fresh.write(file);
            session = Optional.of(fresh);
        }
    }

    private synchronized void end() throws IOException {
        if (session.isPresent()) {
            Session ended = session.get();
            ownSide.down(ended.terms().productionKey(), ended.terms().prefixes());
            Files.deleteIfExists(file);
            session = Optional.empty();
            hubs.forEach(hub -> tunnel.execute(() -> tunnel.keepalive(hub.key(), 0)));
        }
    }

    // What comes by itself. On the tunnel's thread.

    private void tick() {
        if (stopped) {
            return;
        }
        tunnel.after(TICK, this::tick);
        Instant now = wall.instant();
        boolean due = session.flatMap(Session::renewal)
                .filter(at -> !now.isBefore(at))
                .isPresent();
        if (due && !now.isBefore(retry) && renewing.compareAndSet(false, true)) {
            Thread.startVirtualThread(() -> {
                try {
                    renew();
                } finally {
                    retry = wall.instant().plus(RETRY);
                    renewing.set(false);
                }
            });
        }
    }

    private void renew() {
        Optional<Session> present = session;
        if (present.isEmpty()) {
            return;
        }
        try {
            renew(hub(Optional.of(present.get().hub())), present);
        } catch (IOException e) {
            log.accept(String.valueOf(e.getMessage()));
            endIfDead();
        }
    }

    private void renew(HubAddress hub, Optional<Session> before) throws IOException {
        asking.add(hub.key());
        try {
            // What is up is renewed by it, and what the hub has forgotten is up again.
            Reply reply = ask(
                    hub,
                    new Asker.Question(hub.key(), Operation.UP, Optional.empty(), Optional.empty(), Optional.empty()));
            if (!reply.code().agrees()) {
                log.accept(hub.name() + ": no further lease: " + reply.sentence());
                end();
            } else if (!goOn(hub, reply)) {
                ask(hub, new Asker.Question(hub.key(), Operation.DOWN));
            }
        } finally {
            asked(hub, before);
        }
    }

    /** An {@code up} has come to its end. If nothing has come of it, a goodbye that it has crossed counts. */
    private void asked(HubAddress hub, Optional<Session> before) throws IOException {
        asking.remove(hub.key());
        if (passedOver.remove(hub.key()) && before.isPresent()) {
            synchronized (this) {
                if (session.equals(before)) {
                    log.accept(hub.name() + " says goodbye");
                    end();
                }
            }
        }
    }

    /** Once the lease is over, and the production tunnel is silent, too. */
    private void endIfDead() {
        Instant now = wall.instant();
        try {
            Optional<Session> over =
                    session.filter(each -> each.leaseEnd().filter(now::isAfter).isPresent());
            if (over.isPresent()
                    && production.look().join().peers().stream()
                            .filter(peer ->
                                    peer.publicKey().equals(over.get().terms().productionKey()))
                            .flatMap(peer -> peer.latestHandshake().stream())
                            .noneMatch(at -> at.isAfter(now.minus(ALIVE)))) {
                log.accept(over.get().hub() + ": the lease is over");
                end();
            }
        } catch (IOException | CompletionException e) {
            log.accept(String.valueOf(e.getMessage()));
        }
    }

    /** Takes what a hub has sent: an answer, or its goodbye. */
    void received(PublicKey hubKey, Reply reply) {
        if (reply.operation() != Operation.LEAVING) {
            asker.received(hubKey, reply);
            return;
        }
        Optional<HubAddress> hub =
                hubs.stream().filter(each -> each.key().equals(hubKey)).findFirst();
        Optional<Session> ended = session.filter(present ->
                hub.filter(from -> from.name().equals(present.hub())).isPresent()
                        && reply.identifier().compareTo(present.up()) >= 0);
        if (ended.isPresent() && asking.contains(hubKey)) {
            passedOver.add(hubKey); // it is of what was before: what becomes of the present up decides
        } else if (ended.isPresent() && leaving.compareAndSet(false, true)) {
            Thread.startVirtualThread(() -> {
                try {
                    log.accept(hub.get().name() + " says goodbye");
                    synchronized (this) {
                        if (session.equals(ended)) { // else another up has come between
                            end();
                        }
                    }
                    ask(hub.get(), new Asker.Question(hubKey, Operation.GOODBYE));
                } catch (IOException e) {
                    log.accept(String.valueOf(e.getMessage()));
                } finally {
                    leaving.set(false);
                }
            });
        }
    }

    /** The production interface is gone: the hub is told, that nobody sends to it in vain. */
    void interfaceGone() {
        Thread.startVirtualThread(this::leave);
    }

    /** Takes the peer down, and tells the hub. */
    void stop() {
        stopped = true;
        leave();
    }

    private void leave() {
        Optional<Session> present = session;
        if (present.isEmpty()) {
            return;
        }
        CompletableFuture<Reply> answer;
        try {
            HubAddress hub = hub(present.map(Session::hub));
            answer = send(hub, new Asker.Question(hub.key(), Operation.GOODBYE));
        } catch (IOException | CompletionException e) {
            answer = CompletableFuture.failedFuture(e); // it ends here all the same
        }
        try {
            end();
            answer.orTimeout(LEAVE.toMillis(), TimeUnit.MILLISECONDS).join();
        } catch (CompletionException e) {
            log.accept("the hub has not answered the goodbye");
        } catch (IOException e) {
            log.accept(String.valueOf(e.getMessage()));
        }
    }
}
