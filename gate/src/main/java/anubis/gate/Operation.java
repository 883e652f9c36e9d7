package anubis.gate;

import java.util.Locale;
import java.util.Optional;

/** What is asked for. */
public enum Operation {
    /** In replies only: to a request for something that the hub does not know. */
    UNKNOWN(0),
    /** Who are you? Tells of the hub, and does nothing. */
    HELLO(1),
    /** Bring my peer up in production, or prolong its lease if it is. */
    UP(2),
    /** Take it down. */
    DOWN(3),
    /** Is it up? */
    STATUS(4),
    /** Prolong its lease. */
    RENEW(5),
    /** As {@link #DOWN}, because the client stops. */
    GOODBYE(6),
    /** The hub stops, or has taken the peer down: in replies only, and the reply to nothing. */
    LEAVING(7),
    /** Of another hub: it has a client up. */
    HAS(8),
    /** Of another hub: it has a client no more. */
    HAS_NOT(9);

    private final int number;

    Operation(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }

    /** Its name in logs. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether who asks for it wants to be up from then on, or down; nothing if it changes neither. */
    Optional<Boolean> wishes() {
        return switch (this) {
            case UP -> Optional.of(true);
            case DOWN, GOODBYE -> Optional.of(false);
            default -> Optional.empty();
        };
    }

    /** Whether it is what a hub tells of a client. */
    boolean tells() {
        return this == HAS || this == HAS_NOT;
    }

    /** Whether a client, or another hub, may ask for it. */
    boolean asked() {
        return this != UNKNOWN && this != LEAVING;
    }

    static Optional<Operation> of(int number) {
        for (Operation operation : values()) {
            if (operation.number == number) {
                return Optional.of(operation);
            }
        }
        return Optional.empty();
    }
}
