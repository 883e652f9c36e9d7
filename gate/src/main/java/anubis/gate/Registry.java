package anubis.gate;

import anubis.crypto.PublicKey;
import java.util.List;
import java.util.Optional;

/**
 * Who is authorised, and what is remembered of them. What a method has written survives the end of the process at any
 * point after its return. Each may throw a {@link RegistryException}, and then has changed nothing.
 */
public interface Registry {
    /** The peers with this gate key, also those that are not enabled. It must not take longer the more peers there are. */
    List<Entry> byGateKey(PublicKey gateKey);

    Optional<Entry> byProductionKey(PublicKey productionKey);

    List<Entry> list();

    /** {@link Standing#NEW} if nothing is remembered. It outlives the entry, or old requests would become new again. */
    Standing standing(PublicKey productionKey);

    /** Remembers the standing of the line's production key and appends the line: both or neither. */
    void put(Standing standing, AuditLine line);

    /** Appends a line to the audit log. */
    void append(AuditLine line);
}
