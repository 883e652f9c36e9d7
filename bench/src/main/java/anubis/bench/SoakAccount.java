package anubis.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Where the numbered packets of one direction were lost: between each two points of the way that count them, what was lost
 * there against what the counters there say.
 */
final class SoakAccount {
    private static final List<String> SENDING = List.of(
            "no_endpoint",
            "staged_overflow",
            "handshake_gave_up",
            "interface_down",
            "network_send_failed",
            "no_route",
            "not_ip");
    private static final List<String> RECEIVING = List.of(
            "malformed",
            "unknown_index",
            "keypair_expired",
            "not_authentic",
            "replayed",
            "inner_malformed",
            "source_not_allowed",
            "congestion_mark_lost",
            "control_truncated",
            "tunnel_write_failed");

    private final Map<String, Long> counted;
    private final List<String> lines = new ArrayList<>();
    private long unaccounted;

    /** {@code counted} is what all counters of the network have risen by. */
    SoakAccount(Map<String, Long> counted) {
        this.counted = counted;
    }

    /** From east to the server. */
    void up(NumberedStream.Counts numbered) {
        long wire = of("up_on_wire");
        long arrived = of("up_arrived");
        long accepted = of("up_accepted");
        stage("up: host east and its device", numbered.sent() - wire, 0, sending("east", "east device"));
        stage("up: network", wire - arrived, 0, network("server"));
        stage("up: address of the server", arrived - accepted, 0, List.of("server Ip InAddrErrors"));
        stage("up: server's device and host", accepted - numbered.received(), 0, receiving("server"));
    }

    /** From the server to east; of the packets that were on their way when east changed its port, so many are missing. */
    void down(NumberedStream.Counts numbered, int missingAtPortChanges) {
        long wire = of("down_on_wire");
        long arrived = of("down_arrived");
        long accepted = of("down_accepted");
        stage("down: host server and its device", numbered.sent() - wire, 0, sending("server", "server peer east"));
        stage("down: network", wire - arrived, 0, network("east"));
        stage("down: address that east has left", arrived - accepted, 0, List.of("east Ip InAddrErrors"));
        stage("down: east's device and host", accepted - numbered.received(), missingAtPortChanges, receiving("east"));
    }

    private static List<String> sending(String host, String device) {
        List<String> counters = new ArrayList<>(List.of(host + " tunnel tx dropped", host + " eth0 tx dropped"));
        SENDING.forEach(reason -> counters.add(device + " " + reason));
        return counters;
    }

    private List<String> network(String receiver) {
        List<String> counters = new ArrayList<>(List.of(receiver + " eth0 rx dropped"));
        counted.keySet().stream()
                .filter(name -> name.startsWith("switch ") && name.endsWith(" dropped"))
                .forEach(counters::add);
        return counters;
    }

    private static List<String> receiving(String host) {
        List<String> counters =
                new ArrayList<>(List.of(host + " Udp NoPorts", host + " Udp InErrors", host + " tunnel rx dropped"));
        RECEIVING.forEach(reason -> counters.add(host + " device " + reason));
        return counters;
    }

    private void stage(String what, long lost, int inClosedSockets, List<String> counters) {
        long explained = 0;
        List<String> explanations = new ArrayList<>();
        for (String counter : counters) {
            if (of(counter) > 0) {
                explained += of(counter);
                explanations.add(counter + " " + of(counter));
            }
        }
        long rest = lost < 0 ? -lost : Math.max(0, lost - explained);
        long closed = Math.min(rest, inClosedSockets);
        if (closed > 0) {
            explanations.add("in the socket that a change of port closed " + closed);
        }
        unaccounted += rest - closed;
        lines.add("| %-32s | %8d | %11d | %s |".formatted(what, lost, rest - closed, String.join(", ", explanations)));
    }

    private long of(String counter) {
        return counted.getOrDefault(counter, 0L);
    }

    long unaccounted() {
        return unaccounted;
    }

    void print() {
        System.out.printf(
                "| %-32s | %8s | %11s | %s |%n", "numbered packets lost at", "lost", "unaccounted", "counters there");
        System.out.println("|---|--:|--:|---|");
        lines.forEach(System.out::println);
        System.out.println();
    }
}
