package anubis.gate;

/** The verdict on a request. */
public enum Code {
    DONE(0, "done"),
    ALREADY(1, "it was so already"),
    SECOND_FACTOR(2, "a second factor is required: ask again with a valid code"),
    NOT_AUTHORISED(3, "not authorised for that production key"),
    OUTSIDE_HOURS(4, "outside the hours in which this peer may be up"),
    EXPIRED(5, "the authorisation has expired"),
    FULL(6, "the hub is full"),
    IN_RESERVE(7, "this hub is in reserve: ask the other one"),
    MALFORMED(8, "the request is malformed"),
    INTERNAL(9, "the hub could not: its log says why"),
    TOO_OLD(10, "the identifier is not greater than the last one: ask again with a greater one"),
    VERSION(11, "this hub speaks version 1"),
    NOT_UP(12, "there is nothing to renew: ask up"),
    PERMANENT(13, "this peer is permanent: the hub keeps it up");

    private final int number;
    private final String sentence;

    Code(int number, String sentence) {
        this.number = number;
        this.sentence = sentence;
    }

    int number() {
        return number;
    }

    /** What it says to people. */
    public String sentence() {
        return sentence;
    }

    /** Whether all is as it was asked for. */
    public boolean agrees() {
        return this == DONE || this == ALREADY;
    }

    /** A number that a later version has defined is a refusal of which no more is known. */
    static Code of(int number) {
        for (Code code : values()) {
            if (code.number == number) {
                return code;
            }
        }
        return INTERNAL;
    }
}
