package anubis.gate;

import anubis.crypto.PublicKey;
import java.util.List;
import java.util.Optional;

/**
 * Who is authorised, and what is remembered of them. What a method has written survives the end of the process at any
 * point after its return. Each may throw a {@link RegistryException}, and then has changed nothing.
 *
 * <p>To be used by one thread; another process may change the same registry meanwhile.
 */
public interface Registry extends AutoCloseable {
    // Who is authorised.

    /** The peers with this gate key, also those that are not enabled. It must not take longer the more peers there are. */
    List<Entry> byGateKey(PublicKey gateKey);

    Optional<Entry> byProductionKey(PublicKey productionKey);

    Optional<Entry> byName(String name);

    /** All peers, by name. */
    List<Entry> list();

    /**
     * Adds peers, all or none. Their {@link Standing}s, if keys of theirs have been known before, stay.
     *
     * @throws ConflictException if another peer has the name, the production key or one of the prefixes
     */
    void add(List<Entry> entries, AuditLine... lines);

    /**
     * Puts an entry in the place of that of the same name.
     *
     * @throws ConflictException as {@link #add}, and if there is none of that name
     */
    void replace(Entry entry, AuditLine line);

    /**
     * Removes a peer. Its {@link Standing} stays.
     *
     * @throws ConflictException if there is none of that name
     */
    void remove(String name, AuditLine line);

    // What is remembered.

    /** {@link Standing#NEW} if nothing is remembered. It outlives the entry, or old requests would become new again. */
    Standing standing(PublicKey productionKey);

    /** Remembers the standing of the line's production key and appends the line: both or neither. */
    void put(Standing standing, AuditLine line);

    /** The keys whose peers may be in production, or should be: with a lease, permanent, or {@link Standing#held}. */
    List<PublicKey> concerned();

    /** Appends a line to the audit log. */
    void append(AuditLine line);

    /** The last lines of the audit log, at most so many, the oldest first. */
    List<AuditLine> log(int atMost);

    /** A number that is another one after another process has changed something. */
    long version();

    /**
     * Does all that {@code work} does in one go, which is faster, and written all or not at all. What it throws is
     * thrown on.
     */
    void atOnce(Runnable work);

    @Override
    void close();

    /** Two peers cannot have the same: the message names both and what it is. */
    final class ConflictException extends RuntimeException {
        private static final long serialVersionUID = 1;

        public ConflictException(String message) {
            super(message);
        }
    }
}
