package anubis.config;

import anubis.crypto.PresharedKey;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.net.ProtocolException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/** Reads what {@code wg show NAME dump} prints: the only way to the state of an interface of the kernel's. */
public final class ShowDump {
    private static final int DEVICE_COLUMNS = 4;
    private static final int PEER_COLUMNS = 8;
    private static final long MAX_SECONDS = Instant.MAX.getEpochSecond();

    private ShowDump() {}

    /**
     * The device that {@code text} tells of.
     *
     * @throws ProtocolException if it is not such a dump; its values, which may be keys, are not repeated
     */
    public static UapiDevice parse(String text) throws ProtocolException {
        List<String> lines = text.lines().toList();
        if (lines.isEmpty()) {
            throw new ProtocolException("wg show dump has printed nothing");
        }
        try {
            String[] device = columns(lines.getFirst(), DEVICE_COLUMNS);
            List<UapiPeer> peers = new ArrayList<>();
            for (String line : lines.subList(1, lines.size())) {
                peers.add(peer(columns(line, PEER_COLUMNS)));
            }
            return new UapiDevice(
                    given(device[0], PrivateKey::ofBase64), (int) number(device[2], 65535), mark(device[3]), peers);
        } catch (IllegalArgumentException e) {
            throw new ProtocolException("wg show dump has printed a line that is none of its lines: " + e.getMessage());
        }
    }

    private static UapiPeer peer(String[] columns) {
        long handshake = number(columns[4], MAX_SECONDS);
        return new UapiPeer(
                PublicKey.ofBase64(columns[0]),
                given(columns[1], PresharedKey::ofBase64),
                1,
                given(columns[2], Endpoint::parse),
                columns[7].equals("off") ? 0 : (int) number(columns[7], 65535),
                given(
                                columns[3],
                                list -> Stream.of(list.split(","))
                                        .map(Cidr::parse)
                                        .toList())
                        .orElse(List.of()),
                number(columns[5], Long.MAX_VALUE),
                number(columns[6], Long.MAX_VALUE),
                handshake == 0 ? Optional.empty() : Optional.of(Instant.ofEpochSecond(handshake)));
    }

    private static String[] columns(String line, int count) {
        String[] columns = line.split("\t", -1);
        if (columns.length != count) {
            throw new IllegalArgumentException(columns.length + " columns, not " + count);
        }
        return columns;
    }

    private static <T> Optional<T> given(String column, Function<String, T> parse) {
        return column.equals("(none)") ? Optional.empty() : Optional.of(parse.apply(column));
    }

    private static long mark(String column) {
        long mark = ConfigParser.mark(column);
        if (mark < 0) {
            throw new IllegalArgumentException("the mark is no number of 32 bits");
        }
        return mark;
    }

    private static long number(String column, long max) {
        long number = Decimals.parse(column, max);
        if (number < 0) {
            throw new IllegalArgumentException("not a number from 0 to " + max);
        }
        return number;
    }
}
