package anubis.host;

import anubis.crypto.PublicKey;
import java.io.IOException;
import java.net.ProtocolException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * How many packets a device has dropped, by reason, as its operation {@code drops=1} tells (docs/device.md): those that it
 * cannot ascribe to a peer, and those of each peer. Reasons are written as there, {@code dropped_wrong_mac1}; none is 0.
 */
public record Drops(Map<String, Long> unascribed, Map<PublicKey, Map<String, Long>> peers) {
    public static final Drops NONE = new Drops(Map.of(), Map.of());

    /**
     * What the device has counted, or nothing if it does not count: wireguard-go closes the connection at this request.
     *
     * @throws UapiException if it cannot be reached
     */
    public static Optional<Drops> of(UapiClient client) throws UapiException {
        Reader reader = new Reader();
        try {
            client.request("drops=1\n\n", reader::accept);
            return Optional.of(new Drops(reader.device, reader.peers));
        } catch (UapiException e) {
            if (e.reason() == UapiException.Reason.REFUSED) {
                return Optional.empty();
            }
            throw e;
        } catch (IOException unknown) {
            return Optional.empty();
        }
    }

    /**
     * What has been counted since {@code earlier}. What was a peer's cannot be ascribed once that is removed, and is nothing
     * new all the same.
     */
    Drops since(Drops earlier) {
        Map<PublicKey, Map<String, Long>> grown = new LinkedHashMap<>();
        peers.forEach((peer, now) -> grown.put(peer, difference(now, earlier.peers.getOrDefault(peer, Map.of()))));
        Map<String, Long> rest = difference(all(), earlier.all());
        grown.values().forEach(counters -> counters.forEach((reason, count) -> less(rest, reason, count)));
        return new Drops(rest, grown);
    }

    private Map<String, Long> all() {
        Map<String, Long> all = new LinkedHashMap<>(unascribed);
        peers.values().forEach(counters -> counters.forEach((reason, count) -> all.merge(reason, count, Long::sum)));
        return all;
    }

    private static void less(Map<String, Long> counters, String reason, long count) {
        counters.computeIfPresent(reason, (_, all) -> all > count ? all - count : null);
    }

    private static Map<String, Long> difference(Map<String, Long> counters, Map<String, Long> less) {
        Map<String, Long> difference = new LinkedHashMap<>();
        counters.forEach((reason, count) -> {
            long before = less.getOrDefault(reason, 0L);
            if (count != before) {
                difference.put(reason, count > before ? count - before : count); // it may have begun anew
            }
        });
        return difference;
    }

    /** Reads the reply: the device's counters, which include the peers', and then peer by peer theirs. */
    private static final class Reader {
        /** They are shown as they are. */
        private static final Pattern NAME = Pattern.compile("[a-z0-9_]{1,64}");

        /** So that sums of them are numbers, too. */
        private static final Pattern COUNT = Pattern.compile("[0-9]{1,16}");

        private final Map<String, Long> device = new LinkedHashMap<>();
        private final Map<PublicKey, Map<String, Long>> peers = new LinkedHashMap<>();
        private Map<String, Long> current = device;

        void accept(String line) throws ProtocolException {
            int equals = line.indexOf('=');
            String key = line.substring(0, Math.max(0, equals));
            String value = line.substring(equals + 1);
            try {
                if (key.equals("public_key")) {
                    current = new LinkedHashMap<>();
                    peers.put(PublicKey.ofHex(value), current);
                    return;
                }
                if (!NAME.matcher(key).matches() || !COUNT.matcher(value).matches()) {
                    throw new IllegalArgumentException("no counter");
                }
                long count = Long.parseLong(value);
                current.put(key, count);
                if (!peers.isEmpty()) {
                    less(device, key, count);
                }
            } catch (IllegalArgumentException e) {
                throw new ProtocolException("the device answered drops=1 with a wrong line: " + e.getMessage());
            }
        }
    }
}
