package anubis.gate;

import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Asks hubs, and repeats what gets no answer. To be used on the tunnel's thread. */
final class Asker {
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(8);
    private static final int ATTEMPTS = 6;
    /** TAI64N, as in the handshake of WireGuard: 2⁶² and the ten seconds that TAI was ahead in 1970. */
    private static final long TAI64 = (1L << 62) + 10;
    /** No honest hub has accepted a greater one: one near the end would lock the key out at all hubs. */
    private static final long FAR = (1L << 62) + (1L << 40);

    private final GateTunnel tunnel;
    private final InstantSource wall;
    private final SecureRandom random = new SecureRandom();
    private final Map<Key, Asked> asked = new HashMap<>();
    private final Map<PublicKey, Identifier> last = new HashMap<>();
    /** Whether up or down was asked for last, by hub: what was asked before is not to be done after it. */
    private final Map<PublicKey, Boolean> wishes = new HashMap<>();

    Asker(GateTunnel tunnel, InstantSource wall) {
        this.tunnel = tunnel;
        this.wall = wall;
    }

    /**
     * What is asked of a hub.
     *
     * @param hub its gate key
     */
    record Question(
            PublicKey hub,
            Operation operation,
            Optional<String> code,
            Optional<Duration> lease,
            Optional<Request.Client> client) {
        Question(PublicKey hub, Operation operation) {
            this(hub, operation, Optional.empty(), Optional.empty(), Optional.empty());
        }
    }

    private record Key(PublicKey hub, Identifier identifier) {}

    /** A question on its way, whose key is wiped when it is answered. */
    private static final class Asked {
        final Question question;
        final PrivateKey productionKey;
        final CompletableFuture<Reply> answer;
        boolean anew;

        Asked(Question question, PrivateKey productionKey, CompletableFuture<Reply> answer) {
            this.question = question;
            this.productionKey = productionKey;
            this.answer = answer;
        }
    }

    /**
     * Asks.
     *
     * @param productionKey is taken over, and destroyed
     * @param answer fails with an {@link IOException} if there is none in half a minute, and with another exception if this
     *     cannot be asked
     */
    void ask(Question question, PrivateKey productionKey, CompletableFuture<Reply> answer) {
        ask(new Asked(question, productionKey, answer));
    }

    private void ask(Asked ask) {
        Question question = ask.question;
        PublicKey productionKey = ask.productionKey.publicKey(Primitives.get());
        Identifier identifier;
        byte[] datagram;
        try {
            identifier = next(productionKey);
            Request request = new Request(
                    question.operation, identifier, productionKey, question.code, question.lease, question.client);
            datagram = Proof.seal(request, ask.productionKey, question.hub, random, Primitives.get());
        } catch (IllegalArgumentException | IllegalStateException e) {
            ask.productionKey.destroy();
            ask.answer.completeExceptionally(e);
            return;
        }
        Key key = new Key(question.hub, identifier);
        asked.put(key, ask);
        question.operation.wishes().ifPresent(up -> wishes.put(question.hub, up));
        send(key, datagram, 1, FIRST_PAUSE);
    }

    private Identifier next(PublicKey productionKey) {
        Instant now = wall.instant();
        Identifier wished = new Identifier(TAI64 + now.getEpochSecond(), now.getNano());
        Identifier before = last.get(productionKey);
        Identifier next = before == null ? wished : wished.after(before);
        last.put(productionKey, next);
        return next;
    }

    private void send(Key key, byte[] datagram, int attempt, Duration pause) {
        Asked ask = asked.get(key);
        if (ask == null) {
            return;
        }
        if (attempt > ATTEMPTS) {
            asked.remove(key);
            ask.productionKey.destroy();
            ask.answer.completeExceptionally(new IOException(
                    "the hub does not answer: it cannot be reached, or this" + " peer is not authorised there"));
            return;
        }
        if (attempt > 1) {
            tunnel.shakeHandsAnew(key.hub); // the hub may have been started anew
        }
        tunnel.send(key.hub, datagram);
        long jitter = random.nextLong(-pause.toMillis() / 4, pause.toMillis() / 4 + 1);
        Duration longer = pause.equals(LONGEST_PAUSE) ? pause : pause.multipliedBy(2);
        tunnel.after(pause.plusMillis(jitter), () -> send(key, datagram, attempt + 1, longer));
    }

    /** Takes a reply that came from this hub: to what has been asked of it, or to nothing. */
    void received(PublicKey hub, Reply reply) {
        Key key = new Key(hub, reply.identifier());
        Asked ask = asked.get(key);
        if (ask == null
                || (reply.operation() != ask.question.operation && reply.operation() != Operation.UNKNOWN)
                || !reply.productionKey().equals(ask.productionKey.publicKey(Primitives.get()))) {
            return;
        }
        asked.remove(key);
        Optional<Boolean> wish = ask.question.operation.wishes();
        boolean wanted = wish.isEmpty() || wish.get().equals(wishes.get(hub));
        Optional<Identifier> after = reply.last().filter(heard -> Long.compareUnsigned(heard.high(), FAR) < 0);
        if (reply.code() == Code.TOO_OLD && after.isPresent() && wanted && !ask.anew) {
            Identifier heard = after.get();
            last.merge(reply.productionKey(), heard, (a, b) -> a.compareTo(b) > 0 ? a : b);
            ask.anew = true;
            ask(ask);
            return;
        }
        ask.productionKey.destroy();
        ask.answer.complete(reply);
    }
}
