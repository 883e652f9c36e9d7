package anubis.plan;

import anubis.config.Cidr;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Values of the prefixes of one family, of which the longest that an address lies in is found in as many steps as there
 * are lengths. Filled by one thread, then read by any.
 */
final class PrefixTable<V> {
    /** The longest first. */
    private final List<Length<V>> lengths = new ArrayList<>();

    /** The prefixes of one length, in an open-addressed table that is never more than half full. */
    private static final class Length<V> {
        final int bits;
        long[] highs = new long[4];
        long[] lows = new long[4];
        List<@Nullable V> values = empty(4);
        int size;

        Length(int bits) {
            this.bits = bits;
        }

        private static <V> List<@Nullable V> empty(int size) {
            List<@Nullable V> list = new ArrayList<>(size);
            for (int i = 0; i < size; i++) {
                list.add(null);
            }
            return list;
        }

        @Nullable
        V get(long high, long low) {
            int mask = highs.length - 1;
            for (int at = Ip.hash(high, low) & mask; ; at = at + 1 & mask) {
                V value = values.get(at);
                if (value == null || (highs[at] == high && lows[at] == low)) {
                    return value;
                }
            }
        }

        void put(long high, long low, V value) {
            if (2 * (size + 1) > highs.length) {
                grow();
            }
            int mask = highs.length - 1;
            int at = Ip.hash(high, low) & mask;
            while (values.get(at) != null && (highs[at] != high || lows[at] != low)) {
                at = at + 1 & mask;
            }
            size += values.get(at) == null ? 1 : 0;
            highs[at] = high;
            lows[at] = low;
            values.set(at, value);
        }

        private void grow() {
            long[] oldHighs = highs;
            long[] oldLows = lows;
            List<@Nullable V> oldValues = values;
            highs = new long[2 * oldHighs.length];
            lows = new long[highs.length];
            values = empty(highs.length);
            size = 0;
            for (int i = 0; i < oldHighs.length; i++) {
                V value = oldValues.get(i);
                if (value != null) {
                    put(oldHighs[i], oldLows[i], value);
                }
            }
        }
    }

    /** Gives a prefix a value, and takes away the one that it has. */
    void put(Cidr prefix, V value) {
        Ip ip = Ip.of(prefix.address());
        length(prefix.length())
                .put(ip.high() & Ip.highMask(prefix.length()), ip.low() & Ip.lowMask(ip.six(), prefix.length()), value);
    }

    /** The value of exactly that prefix. */
    @Nullable
    V exactly(Cidr prefix) {
        Ip ip = Ip.of(prefix.address());
        return length(prefix.length())
                .get(ip.high() & Ip.highMask(prefix.length()), ip.low() & Ip.lowMask(ip.six(), prefix.length()));
    }

    /** The value of the longest prefix that the address lies in. */
    @Nullable
    V longest(Ip ip) {
        for (int i = 0; i < lengths.size(); i++) {
            Length<V> length = lengths.get(i);
            V value = length.get(ip.high() & Ip.highMask(length.bits), ip.low() & Ip.lowMask(ip.six(), length.bits));
            if (value != null) {
                return value;
            }
        }
        return null;
    }

    private Length<V> length(int bits) {
        int at = 0;
        while (at < lengths.size() && lengths.get(at).bits > bits) {
            at++;
        }
        if (at == lengths.size() || lengths.get(at).bits != bits) {
            lengths.add(at, new Length<>(bits));
        }
        return lengths.get(at);
    }
}
