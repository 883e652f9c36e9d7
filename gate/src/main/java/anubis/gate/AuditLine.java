package anubis.gate;

import anubis.crypto.PublicKey;
import java.time.Instant;
import java.util.Optional;

/**
 * A line of the audit log.
 *
 * @param name of the peer
 * @param productionKey what the request named
 * @param what was asked or done: an {@link Operation} in lower case, or a word for what the hub or its owner did by itself
 * @param from where the gate tunnel's peer was last, as text; {@code hub} for the hub itself, {@code owner} for a verb
 * @param verdict nothing if the action has only begun
 */
public record AuditLine(
        Instant at,
        String name,
        PublicKey gateKey,
        PublicKey productionKey,
        String what,
        String from,
        Optional<Code> verdict) {}
