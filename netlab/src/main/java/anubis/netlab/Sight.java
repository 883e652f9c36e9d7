package anubis.netlab;

/** A packet seen in clear at an interface of a machine, as it went out there or came in. */
public record Sight(String machine, String link, boolean out) {
    /** {@code laptop>wg0} where it goes out, {@code wg0>laptop} where it comes in. */
    @Override
    public String toString() {
        return out ? machine + ">" + link : link + ">" + machine;
    }
}
