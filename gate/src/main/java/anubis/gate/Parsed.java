package anubis.gate;

/** What came of reading bytes of somebody else's: a value, or why it is none. Nothing is thrown. */
public sealed interface Parsed<T> {
    record Read<T>(T value) implements Parsed<T> {}

    record Refused<T>(Refusal why) implements Parsed<T> {}
}
