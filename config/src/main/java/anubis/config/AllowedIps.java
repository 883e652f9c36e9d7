package anubis.config;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The allowed IPs that a configuration gives to a peer: either exactly {@code prefixes}, or, written with + and -, a
 * change to what the peer has: {@code prefixes} are added and {@code removed} taken away.
 */
public record AllowedIps(boolean incremental, List<Cidr> prefixes, List<Cidr> removed) {
    public AllowedIps {
        prefixes = List.copyOf(prefixes);
        removed = List.copyOf(removed);
        if (!incremental && !removed.isEmpty()) {
            throw new IllegalArgumentException("only an incremental change removes allowed IPs");
        }
    }

    /** These and no others. */
    public static AllowedIps exactly(List<Cidr> prefixes) {
        return new AllowedIps(false, prefixes, List.of());
    }

    /** What the peer has, and {@code added}, without {@code removed}. */
    public static AllowedIps changed(List<Cidr> added, List<Cidr> removed) {
        return new AllowedIps(true, added, removed);
    }

    /** As in a configuration file: separated by a comma and a space. */
    @Override
    public String toString() {
        return Stream.concat(
                        prefixes.stream().map(prefix -> (incremental ? "+" : "") + prefix),
                        removed.stream().map(prefix -> "-" + prefix))
                .collect(Collectors.joining(", "));
    }
}
