package anubis.config;

import java.util.List;
import java.util.Optional;

/**
 * A policy rule: at {@code priority} (the smaller, the earlier), table {@code table} is asked, and an answer whose prefix
 * has at most {@code suppressed} bits does not count (-1: each counts). With {@code unmarked} the rule is for packets
 * only whose mark is not that.
 */
public record Rule(boolean six, int priority, long table, int suppressed, Optional<Mark> unmarked) {

    /** The bits of a firewall mark that {@code mask} names, 32 each. */
    public record Mark(long value, long mask) {
        @Override
        public String toString() {
            return "0x" + Long.toHexString(value) + (mask == 0xffff_ffffL ? "" : "/0x" + Long.toHexString(mask));
        }
    }

    /** The arguments of {@code ip rule}, after {@code add} or {@code del}. */
    List<String> arguments() {
        StringBuilder words = new StringBuilder();
        unmarked.ifPresent(mark -> words.append("not fwmark ").append(mark).append(' '));
        words.append("pref ").append(priority).append(" lookup ").append(table);
        if (suppressed >= 0) {
            words.append(" suppress_prefixlength ").append(suppressed);
        }
        return List.of(
                words.append(" protocol ").append(Route.PROTOCOL).toString().split(" ", -1));
    }
}
