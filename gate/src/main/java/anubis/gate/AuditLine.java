package anubis.gate;

import anubis.crypto.PublicKey;
import java.time.Instant;
import java.util.Optional;

/**
 * A line of the audit log.
 *
 * @param name of the peer
 * @param productionKey what the request named
 * @param from where the gate tunnel's peer was last, as text
 * @param verdict nothing if the action has only begun
 */
public record AuditLine(
        Instant at,
        String name,
        PublicKey gateKey,
        PublicKey productionKey,
        Operation operation,
        String from,
        Optional<Code> verdict) {}
