package anubis.gate;

/** What a peer has to give besides its keys: a code, checked in one of these ways. */
public sealed interface SecondFactor {
    /** By the program that the hub names in its configuration. */
    enum Program implements SecondFactor {
        PROGRAM
    }
}
