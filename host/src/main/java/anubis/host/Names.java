package anubis.host;

import anubis.config.Endpoint;
import anubis.config.PeerChange;
import anubis.config.UapiDevice;
import anubis.config.UapiPeer;
import anubis.crypto.PublicKey;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Lets peers whose endpoint is a name be found where the name points now. A name is asked for again when its answer has
 * expired, and at once, if with growing pauses, when a peer does not answer. A peer is moved only if
 *
 * <ul>
 *   <li>it has no endpoint yet, or has never been reached at the one it has and that is none of the name's;
 *   <li>the addresses of the name have changed, and it is at none of them; or
 *   <li>it does not answer: then the addresses, of both IP versions, are tried in turn, first the one that worked last.
 * </ul>
 *
 * It asks no clock, and waits for nothing: {@link #tick} is to be called when it says. For one thread.
 */
public final class Names {
    static final Duration TTL_MIN = Duration.ofSeconds(30);
    static final Duration TTL_MAX = Duration.ofHours(1);
    /** REKEY_AFTER_TIME and the 15 s after which a sender that hears nothing shakes hands anew. */
    static final Duration OLD_HANDSHAKE = Duration.ofSeconds(135);
    /** So long an address is tried: two initiations. */
    static final Duration TRIAL = Duration.ofSeconds(10);

    private static final Duration PAUSE_MIN = Duration.ofSeconds(5);
    private static final Duration PAUSE_MAX = Duration.ofMinutes(5);
    private static final int DOUBLINGS_MAX = 6;
    /** How soon to look whether an answer has come, and how often at the peers. */
    private static final Duration SOON = Duration.ofSeconds(1);

    private static final Duration OFTEN = Duration.ofSeconds(5);

    private final Resolver resolver;
    private final Map<String, Name> names = new LinkedHashMap<>();
    private final Map<PublicKey, Target> targets = new LinkedHashMap<>();
    private final PeerWatch watch = new PeerWatch();

    /** Finds addresses, in the order in which they are to be tried. It does not block. */
    @FunctionalInterface
    public interface Resolver {
        /** Completes exceptionally if there are none, or they cannot be found. */
        CompletionStage<Answer> resolve(String host);
    }

    /** At least one address, and how long that is to be believed. */
    public record Answer(List<InetAddress> addresses, Duration ttl) {
        public Answer {
            addresses = List.copyOf(addresses);
        }
    }

    /** What is to be changed in the device now, and when to call again. */
    public record Step(List<PeerChange> changes, Instant next) {}

    /** A name and what is known of it. */
    private static final class Name {
        final String host;
        List<InetAddress> addresses = List.of();
        /** How often the addresses have changed. */
        int changes;

        Optional<CompletableFuture<Answer>> asking = Optional.empty();
        Instant asked = Instant.MIN;
        Instant due = Instant.MIN;
        int failures;

        Name(String host) {
            this.host = host;
        }
    }

    /** A peer that is to be found by a name. */
    private static final class Target {
        final Name name;
        final int port;
        int changesSeen;
        Optional<String> worked = Optional.empty();
        Optional<Instant> handshake = Optional.empty();
        Instant tried = Instant.MIN;
        /** How often the name was asked for because the peer did not answer. */
        int hurries;

        Target(Name name, int port) {
            this.name = name;
            this.port = port;
        }
    }

    /** Those of {@code endpoints} that are names. */
    public Names(Map<PublicKey, Endpoint> endpoints, Resolver resolver) {
        this.resolver = resolver;
        endpoints.forEach((peer, endpoint) -> {
            if (!endpoint.isLiteral()) {
                targets.put(peer, new Target(names.computeIfAbsent(endpoint.host(), Name::new), endpoint.port()));
            }
        });
    }

    /** Takes what the device reports now. */
    public Step tick(Instant now, UapiDevice device) {
        names.values().forEach(name -> ask(name, now));
        List<UapiPeer> peers = device.peers().stream()
                .filter(peer -> targets.containsKey(peer.publicKey()))
                .toList();
        watch.update(
                now, new UapiDevice(Optional.empty(), device.listenPort(), device.fwMark(), peers), Optional.empty());
        List<PeerChange> changes = new ArrayList<>();
        for (UapiPeer peer : peers) {
            Target target = Objects.requireNonNull(targets.get(peer.publicKey()));
            watch.peer(peer.publicKey())
                    .flatMap(status -> endpoint(target, peer, status, now))
                    .filter(endpoint -> !peer.endpoint().equals(Optional.of(endpoint)))
                    .map(endpoint -> change(peer.publicKey(), endpoint))
                    .ifPresent(changes::add);
        }
        return new Step(changes, next(now));
    }

    private static PeerChange change(PublicKey peer, Endpoint endpoint) {
        return new PeerChange(
                peer,
                PeerChange.Mode.UPDATE,
                Optional.empty(),
                Optional.of(endpoint),
                OptionalInt.empty(),
                Optional.empty());
    }

    // A name.

    private void ask(Name name, Instant now) {
        collect(name, now);
        if (name.asking.isEmpty() && !name.due.isAfter(now)) {
            name.asked = now;
            name.asking = Optional.of(resolver.resolve(name.host).toCompletableFuture());
            collect(name, now);
        }
    }

    /** Takes the answer, if it has come. The addresses of a name that cannot be resolved stay what they were. */
    private static void collect(Name name, Instant now) {
        if (name.asking.filter(CompletableFuture::isDone).isEmpty()) {
            return;
        }
        Optional<Answer> answer = name.asking.map(done ->
                done.exceptionally(_ -> new Answer(List.of(), Duration.ZERO)).join());
        name.asking = Optional.empty();
        List<InetAddress> found = answer.map(Answer::addresses).orElse(List.of());
        if (found.isEmpty()) {
            name.due = now.plus(pause(name.failures++));
            return;
        }
        name.failures = 0;
        name.due = now.plus(clamp(answer.map(Answer::ttl).orElse(TTL_MIN)));
        if (!(found.containsAll(name.addresses) && name.addresses.containsAll(found))) {
            name.changes++;
        }
        name.addresses = found;
    }

    private static Duration clamp(Duration ttl) {
        return ttl.compareTo(TTL_MIN) < 0 ? TTL_MIN : ttl.compareTo(TTL_MAX) > 0 ? TTL_MAX : ttl;
    }

    private static Duration pause(int before) {
        Duration pause = PAUSE_MIN.multipliedBy(1L << Math.min(before, DOUBLINGS_MAX));
        return pause.compareTo(PAUSE_MAX) < 0 ? pause : PAUSE_MAX;
    }

    // A peer.

    /** Where the peer is to be looked for now; nothing if it is to stay where it is. */
    private static Optional<Endpoint> endpoint(Target target, UapiPeer peer, PeerStatus status, Instant now) {
        List<Endpoint> candidates = candidates(target);
        Optional<Endpoint> present = peer.endpoint();
        boolean known = present.filter(
                        at -> candidates.stream().anyMatch(each -> each.host().equals(at.host())))
                .isPresent();
        if (!status.latestHandshake().equals(target.handshake)) {
            target.handshake = status.latestHandshake();
            target.hurries = 0;
            target.worked = known ? present.map(Endpoint::host) : target.worked;
        }
        boolean changed = target.changesSeen != target.name.changes;
        boolean first = target.changesSeen == 0;
        target.changesSeen = target.name.changes;

        boolean silent = isSilent(status, now);
        if (silent) {
            hurry(target, now);
        }
        if (candidates.isEmpty()) {
            return Optional.empty();
        }
        boolean unfounded =
                present.isEmpty() || (!known && status.latestHandshake().isEmpty());
        if (unfounded || (changed && !first && !known)) {
            target.tried = now;
            return Optional.of(candidates.getFirst());
        }
        if (silent && !target.tried.plus(TRIAL).isAfter(now)) {
            target.tried = now;
            return Optional.of(candidates.get((candidates.indexOf(present.orElseThrow()) + 1) % candidates.size()));
        }
        return Optional.empty();
    }

    /** The addresses of the name: the one that worked last, those of its IP version, and the others. */
    private static List<Endpoint> candidates(Target target) {
        return target.name.addresses.stream()
                .map(address -> new Endpoint(address.getHostAddress(), target.port))
                .sorted((one, other) -> Integer.compare(rank(target, one), rank(target, other)))
                .toList();
    }

    private static int rank(Target target, Endpoint candidate) {
        return target.worked
                .map(host -> host.equals(candidate.host()) ? 0 : isSix(host) == isSix(candidate.host()) ? 1 : 2)
                .orElse(0);
    }

    private static boolean isSix(String host) {
        return host.indexOf(':') >= 0;
    }

    /** We send what wants an answer, none comes, and there is no young handshake to say that all may yet be well. */
    private static boolean isSilent(PeerStatus status, Instant now) {
        PeerStatus.Evidence evidence = status.evidence();
        boolean old = status.latestHandshake()
                .map(at -> Duration.between(at, now).compareTo(OLD_HANDSHAKE) >= 0)
                .orElse(true);
        return (old || status.state() == PeerState.GONE)
                && evidence.unanswered()
                        .filter(since -> !since.plus(TRIAL).isAfter(now))
                        .isPresent()
                && evidence.asked()
                        .filter(last -> last.plus(TRIAL).isAfter(now))
                        .isPresent();
    }

    private static void hurry(Target target, Instant now) {
        Name name = target.name;
        Instant at = name.asked.plus(pause(target.hurries));
        if (name.asking.isEmpty() && name.failures == 0 && !at.isAfter(now) && name.due.isAfter(now)) {
            name.due = now;
            target.hurries++;
        }
    }

    private Instant next(Instant now) {
        Instant next = now.plus(OFTEN);
        for (Name name : names.values()) {
            Instant due = name.asking.isPresent() ? now.plus(SOON) : name.due;
            next = due.isBefore(next) ? due : next;
        }
        return next;
    }
}
