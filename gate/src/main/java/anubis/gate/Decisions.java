package anubis.gate;

import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.gate.Decision.Act;
import anubis.gate.Decision.Action;
import anubis.gate.Decision.Answer;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The rules of a hub: what it answers to a datagram, and what is to be done. It does nothing itself but write into the
 * registry, always before anything is done or answered.
 *
 * <p>For whoever has not proved itself nothing is done, and nothing of it is remembered but a line in the audit log. To
 * be used by one thread.
 */
public final class Decisions {
    private static final int STORED_REPLIES = 16_384;

    private Hub hub;
    private final Registry registry;
    private final PrivateKey gateKey;
    private final PublicKey gatePublicKey;
    private final Primitives primitives;
    private final int storedReplies;
    private final RefusalCounters refusals = new RefusalCounters();
    private final Rates rates = new Rates();
    /** By production key, in the order in which they were last used. */
    private final LinkedHashMap<PublicKey, Stored> stored = new LinkedHashMap<>(16, 0.75f, true);
    /** The digests of requests that are being carried out, by production key. */
    private final Map<PublicKey, String> pending = new HashMap<>();

    private record Stored(String digest, Reply reply) {}

    /** With a {@code gateKey} that is not taken over, and not to be destroyed while this is in use. */
    public Decisions(Hub hub, Registry registry, PrivateKey gateKey, Primitives primitives) {
        this(hub, registry, gateKey, primitives, STORED_REPLIES);
    }

    Decisions(Hub hub, Registry registry, PrivateKey gateKey, Primitives primitives, int storedReplies) {
        this.hub = hub;
        this.registry = registry;
        this.gateKey = gateKey;
        this.gatePublicKey = gateKey.publicKey(primitives);
        this.primitives = primitives;
        this.storedReplies = storedReplies;
    }

    /** Puts another one in the place of the hub's own part: its production key has changed. */
    void hub(Hub changed) {
        hub = changed;
    }

    /** How often each reason led to silence, or to a reply that says malformed. */
    public RefusalCounters refusals() {
        return refusals;
    }

    /**
     * Decides about a datagram.
     *
     * @param peer the gate key that the tunnel has proved
     * @param from where the tunnel's peer was last, for the audit log
     */
    public Decision decide(PublicKey peer, byte[] datagram, String from, Instant now) {
        try {
            boolean often = !rates.allows(peer, now);
            List<Entry> entries =
                    registry.byGateKey(peer).stream().filter(Entry::enabled).toList();
            if (often && entries.stream().noneMatch(Entry::hub)) { // who has many clients to tell of
                return silence(Refusal.RATE);
            }
            if (entries.isEmpty()) {
                return silence(Refusal.STRANGER);
            }
            if (!Request.isOne(datagram)) {
                return silence(Refusal.NOT_GATE);
            }
            PublicKey productionKey = Request.productionKey(datagram);
            Optional<Entry> entry = entries.stream()
                    .filter(each -> each.productionKey().equals(productionKey))
                    .findFirst();
            String name = entry.orElse(entries.getFirst()).name();
            return switch (Request.parse(datagram)) {
                case Parsed.Refused<Request>(Refusal why) -> {
                    refusals.count(why);
                    Code code = why == Refusal.VERSION ? Code.VERSION : Code.MALFORMED;
                    yield refused(peer, name, datagram, code, from, now);
                }
                case Parsed.Read<Request>(Request request) -> {
                    String digest = HexFormat.of().formatHex(primitives.blake2s(datagram));
                    if (entry.isPresent() && digest.equals(pending.get(productionKey))) {
                        yield silence(Refusal.BUSY);
                    }
                    Stored before = stored.get(productionKey);
                    if (entry.isPresent() && before != null && before.digest.equals(digest)) {
                        yield new Answer(before.reply);
                    }
                    if (entry.isEmpty() || !Proof.holds(datagram, gateKey, gatePublicKey, primitives)) {
                        yield refused(peer, name, datagram, Code.NOT_AUTHORISED, from, now);
                    }
                    yield pending.containsKey(productionKey)
                            ? silence(Refusal.BUSY)
                            : proved(entry.get(), request, digest, from, now);
                }
            };
        } catch (RegistryException e) {
            return silence(Refusal.REGISTRY);
        }
    }

    private Decision silence(Refusal why) {
        refusals.count(why);
        return new Decision.Silence(why);
    }

    /** Answers a request that has proved no more than the gate tunnel has. */
    private Decision refused(PublicKey peer, String name, byte[] datagram, Code code, String from, Instant now) {
        Operation operation = Request.operation(datagram).orElse(Operation.UNKNOWN);
        Identifier identifier = Request.identifier(datagram);
        PublicKey productionKey = Request.productionKey(datagram);
        registry.append(new AuditLine(now, name, peer, productionKey, operation.word(), from, Optional.of(code)));
        return new Answer(Reply.of(operation, code, identifier, productionKey));
    }

    private Decision proved(Entry entry, Request request, String digest, String from, Instant now) {
        try {
            Standing standing = registry.standing(entry.productionKey());
            if (standing.last()
                    .filter(last -> request.identifier().compareTo(last) <= 0)
                    .isPresent()) {
                registry.append(line(entry, request, from, now, Optional.of(Code.TOO_OLD)));
                return new Answer(bare(request, Code.TOO_OLD).withLast(standing.last()));
            }
            Decision decision = rule(entry, request, standing, from, now);
            switch (decision) {
                case Answer(Reply reply) -> {
                    registry.put(
                            standing.asked(request.identifier()),
                            line(entry, request, from, now, Optional.of(reply.code())));
                    store(entry.productionKey(), new Stored(digest, reply));
                }
                case Act act -> {
                    // Who wants down shall not be up again after a crash; who wants up is so only once that is done.
                    Standing begun = standing.asked(request.identifier());
                    registry.put(
                            switch (act.action()) {
                                case BRING_UP -> begun.held(true);
                                case TAKE_DOWN -> begun.withoutLease();
                                case RENEW, MOVE_AWAY, TAKE_BACK -> begun;
                            },
                            line(entry, request, from, now, Optional.empty()));
                    if (act.action() == Action.MOVE_AWAY) {
                        request.client().ifPresent(client -> moving(entry, client, from, now));
                    }
                    pending.put(entry.productionKey(), digest);
                    request.client().ifPresent(client -> pending.put(client.productionKey(), digest));
                }
                case Decision.Silence silence -> {}
            }
            return decision;
        } catch (RegistryException e) {
            refusals.count(Refusal.REGISTRY);
            return new Answer(bare(request, Code.INTERNAL));
        }
    }

    /** What is to become of another hub's client, before it is done: it is never to be up here after a crash. */
    private void moving(Entry hub, Request.Client client, String from, Instant now) {
        registry.byProductionKey(client.productionKey())
                .ifPresent(entry -> registry.put(
                        registry.standing(client.productionKey())
                                .withoutLease()
                                .at(Optional.of(hub.productionKey()), client.since()),
                        new AuditLine(
                                now,
                                entry.name(),
                                entry.gateKey(),
                                entry.productionKey(),
                                "moved to " + hub.name(),
                                from,
                                Optional.empty())));
    }

    /** The rules for what another hub tells of a client. */
    private Decision told(
            Entry hub, Request request, Request.Client client, Standing standing, String from, Instant now) {
        if (!hub.hub()
                || registry.byProductionKey(client.productionKey())
                        .filter(of -> !of.hub())
                        .isEmpty()) {
            return answer(hub, request, Code.NOT_AUTHORISED, standing, now);
        }
        if (pending.containsKey(client.productionKey())) {
            return silence(Refusal.BUSY);
        }
        Standing of = registry.standing(client.productionKey());
        int order = of.since().map(client.since()::compareTo).orElse(1);
        if (request.operation() == Operation.HAS) {
            return order > 0
                    ? act(Action.MOVE_AWAY, hub, request, Code.DONE, from, now)
                    : answer(hub, request, Code.ALREADY, standing, now);
        }
        return order >= 0 && of.at().equals(Optional.of(hub.productionKey()))
                ? act(Action.TAKE_BACK, hub, request, Code.DONE, from, now)
                : answer(hub, request, Code.ALREADY, standing, now);
    }

    /** The rules for a request that is proved and new. */
    private Decision rule(Entry entry, Request request, Standing standing, String from, Instant now) {
        Optional<Code> closed = Hub.closed(entry, now);
        boolean up = hub.wants(entry, standing, now);
        return switch (request.operation()) {
            case HELLO ->
                answer(
                        entry,
                        request,
                        closed.filter(code -> code == Code.EXPIRED).orElse(Code.DONE),
                        standing,
                        now);
            case HAS, HAS_NOT -> told(entry, request, request.client().orElseThrow(), standing, from, now);
            case UP -> {
                if (entry.hub()) {
                    yield answer(entry, request, Code.PERMANENT, standing, now);
                }
                Optional<Code> obstacle = closed.or(() -> hub.inReserveFor().map(other -> Code.IN_RESERVE));
                yield obstacle.isPresent()
                        ? answer(entry, request, obstacle.get(), standing, now)
                        : act(Action.BRING_UP, entry, request, up ? Code.ALREADY : Code.DONE, from, now);
            }
            case DOWN, GOODBYE ->
                entry.permanent() || entry.hub()
                        ? answer(entry, request, Code.PERMANENT, standing, now)
                        : act(Action.TAKE_DOWN, entry, request, up ? Code.DONE : Code.ALREADY, from, now);
            case RENEW -> {
                Optional<Code> obstacle = closed.or(() -> up ? Optional.empty() : Optional.of(Code.NOT_UP));
                yield obstacle.isPresent() || entry.permanent()
                        ? answer(entry, request, obstacle.orElse(Code.ALREADY), standing, now)
                        : act(Action.RENEW, entry, request, Code.DONE, from, now);
            }
            case STATUS -> answer(entry, request, Code.DONE, standing, now);
            case UNKNOWN, LEAVING -> throw new IllegalArgumentException("no request asks " + request.operation());
        };
    }

    private Decision act(Action action, Entry entry, Request request, Code agreed, String from, Instant now) {
        Optional<Instant> end = (action == Action.BRING_UP || action == Action.RENEW) && !entry.permanent()
                ? Optional.of(now.plus(hub.grant(entry, request.lease(), now)))
                : Optional.empty();
        return new Act(action, entry, request, agreed, end, from);
    }

    /**
     * The reply to a request that has been carried out, or could not be. Unless its code {@linkplain Code#agrees agrees},
     * the devices must be made equal to the registry again ({@link Hub#wants}).
     *
     * @param outcome {@link Code#DONE}, or why it could not be
     * @throws IllegalStateException if {@code act} has been settled already
     */
    public Reply settle(Act act, Code outcome, Instant now) {
        Entry entry = act.entry();
        Request request = act.request();
        String digest = pending.remove(entry.productionKey());
        request.client().ifPresent(client -> pending.remove(client.productionKey()));
        if (digest == null) {
            throw new IllegalStateException("nothing is being done for " + entry.name());
        }
        Reply reply;
        try {
            boolean done = outcome == Code.DONE;
            Code code = done ? act.agreed() : outcome;
            Standing standing = registry.standing(entry.productionKey());
            Standing after = done ? after(act, standing, now) : standing;
            if (done) {
                request.client().ifPresent(client -> settled(act, client, now));
            }
            registry.put(after, line(entry, request, act.from(), now, Optional.of(code)));
            reply = reply(entry, request, code, after, now);
        } catch (RegistryException e) {
            refusals.count(Refusal.REGISTRY);
            reply = bare(request, Code.INTERNAL);
        }
        store(entry.productionKey(), new Stored(digest, reply));
        return reply;
    }

    /** What is to be remembered of the peer that asked, once that is done. */
    private static Standing after(Act act, Standing standing, Instant now) {
        Standing leased = act.leaseEnd()
                .map(end -> standing.lease(end, Duration.between(now, end)))
                .orElse(standing);
        return switch (act.action()) {
            case BRING_UP -> leased.coming(act.request().identifier());
            case RENEW -> leased;
            case TAKE_DOWN -> standing.withoutLease().held(false);
            case MOVE_AWAY, TAKE_BACK -> standing;
        };
    }

    /** The client of another hub has been moved to it, or has been taken back. */
    private void settled(Act act, Request.Client client, Instant now) {
        Standing of = registry.standing(client.productionKey());
        registry.byProductionKey(client.productionKey())
                .ifPresent(entry -> registry.put(
                        act.action() == Action.MOVE_AWAY ? of.held(false) : of.at(Optional.empty(), client.since()),
                        line(entry, act.request(), act.from(), now, Optional.of(Code.DONE))));
    }

    /** Whether something is being done for that key. */
    public boolean busy(PublicKey productionKey) {
        return pending.containsKey(productionKey);
    }

    /**
     * The hub's goodbye to a client whose peer it takes down, or because it stops itself; nothing if the client has
     * never asked, and so expects none.
     */
    public Optional<Reply> leaving(PublicKey productionKey) {
        return registry.standing(productionKey)
                .last()
                .map(last -> Reply.of(Operation.LEAVING, Code.DONE, last, productionKey));
    }

    private Answer answer(Entry entry, Request request, Code code, Standing standing, Instant now) {
        return new Answer(reply(entry, request, code, standing, now));
    }

    private Reply reply(Entry entry, Request request, Code code, Standing standing, Instant now) {
        boolean terms =
                code.agrees() && (request.operation() == Operation.HELLO || request.operation() == Operation.UP);
        return new Reply(
                request.operation(),
                code,
                request.identifier(),
                request.productionKey(),
                code.sentence(),
                terms ? Optional.of(hub.terms()) : Optional.empty(),
                hub.left(entry, standing, now),
                Optional.of(hub.wants(entry, standing, now)),
                hub.inReserveFor(),
                entry.permanent(),
                Optional.empty());
    }

    private static Reply bare(Request request, Code code) {
        return Reply.of(request.operation(), code, request.identifier(), request.productionKey());
    }

    private static AuditLine line(Entry entry, Request request, String from, Instant now, Optional<Code> verdict) {
        return new AuditLine(
                now,
                entry.name(),
                entry.gateKey(),
                entry.productionKey(),
                request.operation().word(),
                from,
                verdict);
    }

    private void store(PublicKey productionKey, Stored reply) {
        stored.put(productionKey, reply);
        if (stored.size() > storedReplies) {
            stored.pollFirstEntry();
        }
    }
}
