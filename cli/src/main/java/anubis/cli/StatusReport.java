package anubis.cli;

import anubis.config.Endpoint;
import anubis.config.UapiDevice;
import anubis.crypto.PublicKey;
import anubis.host.NextHop;
import anubis.host.PeerBoard;
import anubis.host.PeerState;
import anubis.host.PeerStatus;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What {@code anubis status} prints. */
final class StatusReport {
    private static final List<String> HEADINGS =
            List.of("peer", "name", "state", "since", "in", "out", "endpoint", "by way of");
    /** The kernel is asked for the way to an endpoint where there are no more peers than a person reads. */
    private static final int ROUTES_MAX = 200;

    private static final String UNITS = " kMGT";

    private final PrintWriter out;

    StatusReport(PrintWriter out) {
        this.out = out;
    }

    /** One object a line for each interface. */
    void json(PeerBoard board) throws IOException {
        for (var each : board.seen().entrySet()) {
            List<PeerStatus> peers = each.getValue().watch().peers();
            Map<InetAddress, NextHop> routes = routes(each.getValue().device(), peers);
            Map<PublicKey, String> names = PeerBoard.names(each.getKey());
            Json.print(out, json -> {
                json.writeStartObject();
                json.writeStringField("interface", each.getKey());
                json.writeNumberField("listen_port", each.getValue().device().listenPort());
                json.writeArrayFieldStart("peers");
                for (PeerStatus peer : peers) {
                    write(json, peer, Optional.ofNullable(names.get(peer.publicKey())), route(routes, peer));
                }
                json.writeEndArray();
                json.writeEndObject();
            });
        }
    }

    private static void write(JsonGenerator json, PeerStatus peer, Optional<String> name, Optional<NextHop> route)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("peer", peer.publicKey().base64());
        write(json, "name", name);
        json.writeStringField("state", peer.state().toString());
        write(json, "since", peer.since());
        write(json, "endpoint", peer.endpoint());
        if (route.isPresent()) {
            json.writeObjectFieldStart("via");
            json.writeStringField("interface", route.get().link());
            write(json, "source", route.get().source());
            json.writeEndObject();
        }
        json.writeNumberField("rx_bytes", peer.rxBytes());
        json.writeNumberField("tx_bytes", peer.txBytes());
        json.writeNumberField("rx_rate", peer.rxRate());
        json.writeNumberField("tx_rate", peer.txRate());
        write(json, "latest_handshake", peer.latestHandshake());
        write(json, "heard", peer.heard());
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, String key, Optional<?> value) throws IOException {
        if (value.isPresent()) {
            json.writeStringField(key, value.get().toString());
        }
    }

    /** A table for each interface. */
    void text(PeerBoard board, Instant now) throws IOException {
        if (board.seen().isEmpty()) {
            out.println(
                    board.failures().isEmpty()
                            ? "no WireGuard interface is up"
                            : "no WireGuard interface could be asked");
        }
        String separator = "";
        for (var each : board.seen().entrySet()) {
            List<PeerStatus> peers = each.getValue().watch().peers();
            Map<InetAddress, NextHop> routes = routes(each.getValue().device(), peers);
            Map<PublicKey, String> names = PeerBoard.names(each.getKey());
            out.println(separator + each.getKey() + ", port "
                    + each.getValue().device().listenPort() + ": " + summary(peers));
            table(peers.stream()
                    .map(peer -> List.of(
                            peer.publicKey().base64(),
                            names.getOrDefault(peer.publicKey(), ""),
                            peer.state().text(),
                            peer.since()
                                    .map(since -> span(Duration.between(since, now)))
                                    .orElse(""),
                            amount(peer.rxRate()) + "/s",
                            amount(peer.txRate()) + "/s",
                            peer.endpoint().map(Endpoint::toString).orElse(""),
                            route(routes, peer).map(StatusReport::way).orElse("")))
                    .toList());
            separator = System.lineSeparator();
        }
    }

    /** {@code 3 peers: 2 up, 1 quiet}. */
    private static String summary(List<PeerStatus> peers) {
        String states = Arrays.stream(PeerState.values())
                .map(state -> Map.entry(
                        state,
                        peers.stream().filter(peer -> peer.state() == state).count()))
                .filter(entry -> entry.getValue() > 0)
                .map(entry -> entry.getValue() + " " + entry.getKey().text().replace(",", " but"))
                .collect(Collectors.joining(", "));
        return switch (peers.size()) {
            case 0 -> "no peers";
            case 1 -> "1 peer: " + states;
            default -> peers.size() + " peers: " + states;
        };
    }

    /** A column in which nothing stands is left out. */
    private void table(List<List<String>> rows) {
        if (rows.isEmpty()) {
            return;
        }
        List<List<String>> all = new ArrayList<>(rows);
        all.addFirst(HEADINGS);
        int[] widths = new int[HEADINGS.size()];
        for (List<String> row : all) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        List<Integer> columns = IntStream.range(0, widths.length)
                .filter(i -> rows.stream().anyMatch(row -> !row.get(i).isEmpty()))
                .boxed()
                .toList();
        for (List<String> row : all) {
            StringBuilder line = new StringBuilder();
            for (int i : columns) {
                line.append("  ")
                        .append(row.get(i))
                        .repeat(" ", widths[i] - row.get(i).length());
            }
            out.println(line.toString().stripTrailing());
        }
    }

    private static String way(NextHop route) {
        return route.link() + route.source().map(source -> " " + source).orElse("");
    }

    private static Optional<NextHop> route(Map<InetAddress, NextHop> routes, PeerStatus peer) {
        return address(peer).map(routes::get);
    }

    private static Optional<InetAddress> address(PeerStatus peer) {
        return peer.endpoint().flatMap(NextHop::address);
    }

    /** None where {@code ip} is not to be had: the rest is worth knowing all the same. */
    private static Map<InetAddress, NextHop> routes(UapiDevice device, List<PeerStatus> peers) {
        try {
            List<InetAddress> addresses =
                    peers.stream().flatMap(peer -> address(peer).stream()).toList();
            return addresses.size() > ROUTES_MAX ? Map.of() : NextHop.to(addresses, device.fwMark());
        } catch (IOException e) {
            return Map.of();
        }
    }

    /** The two largest units: {@code 3 h 12 min}. */
    static String span(Duration duration) {
        long seconds = Math.max(0, duration.toSeconds());
        long minutes = seconds / 60;
        long hours = minutes / 60;
        if (hours >= 24) {
            return hours / 24 + " d " + hours % 24 + " h";
        }
        if (hours > 0) {
            return hours + " h " + minutes % 60 + " min";
        }
        return minutes > 0 ? minutes + " min " + seconds % 60 + " s" : seconds + " s";
    }

    /** Bytes, in powers of a thousand: {@code 1.2 MB}. */
    static String amount(long bytes) {
        double amount = bytes;
        int unit = 0;
        while (amount >= 999.5 && unit < UNITS.length() - 1) {
            amount /= 1000;
            unit++;
        }
        return unit == 0
                ? bytes + " B"
                : String.format(Locale.ROOT, amount < 9.95 ? "%.1f %cB" : "%.0f %cB", amount, UNITS.charAt(unit));
    }
}
