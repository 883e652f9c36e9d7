package anubis.config;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Values of prefixes. Those that cover another prefix are found in as many steps as there are lengths. */
final class PrefixMap<V> {
    private final Map<Cidr, V> values = new HashMap<>();
    private final Set<Integer> lengths = new HashSet<>();

    /** The prefixes themselves. */
    static PrefixMap<Cidr> of(Collection<Cidr> prefixes) {
        PrefixMap<Cidr> map = new PrefixMap<>();
        prefixes.forEach(prefix -> map.add(prefix, prefix));
        return map;
    }

    /** Gives {@code prefix} a value, unless it has one already, which then is returned. */
    Optional<V> add(Cidr prefix, V value) {
        lengths.add(prefix.length());
        return Optional.ofNullable(values.putIfAbsent(prefix.masked(), value));
    }

    boolean covers(Cidr other) {
        for (int length : lengths) {
            if (length <= other.length() && values.containsKey(new Cidr(other.address(), length).masked())) {
                return true;
            }
        }
        return false;
    }

    /** The prefixes, without host bits, that all of {@code other} is in, and their values. */
    Stream<Map.Entry<Cidr, V>> covering(Cidr other) {
        return lengths.stream()
                .filter(length -> length <= other.length())
                .map(length -> new Cidr(other.address(), length).masked())
                .flatMap(prefix -> Stream.ofNullable(values.get(prefix)).map(value -> Map.entry(prefix, value)));
    }
}
