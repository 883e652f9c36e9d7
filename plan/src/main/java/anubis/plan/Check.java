package anubis.plan;

import anubis.plan.Expectation.Wish;
import anubis.plan.Proof.Cell;
import anubis.plan.Proof.Checked;
import anubis.plan.Proof.Example;
import anubis.plan.Proof.Fault;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Follows a packet from every host to every address of every other one, and compares with what is expected. */
final class Check {
    private final World world;
    private final Prover prover;
    private final Service service;
    private final @Nullable Expectation expectation;
    private final List<String> hosts;
    private final List<Node> nodes;
    private final List<List<Ip>> addresses;

    Check(World world, Expectation expectation, Service service) {
        this(world, service, expectation, expectation.hosts());
    }

    /** All of these machines must reach each other at their WireGuard addresses, if both have such of a family. */
    Check(World world, List<String> hosts, Service service) {
        this(world, service, null, hosts);
    }

    private Check(World world, Service service, @Nullable Expectation expectation, List<String> hosts) {
        this.world = world;
        this.service = service;
        this.expectation = expectation;
        this.hosts = hosts;
        prover = new Prover(world);
        nodes = hosts.stream().map(prover::node).toList();
        addresses = nodes.stream().map(this::addresses).toList();
    }

    private List<Ip> addresses(Node node) {
        Set<Ip> all = new LinkedHashSet<>();
        if (expectation != null) {
            // Also those that it should have, but does not.
            all.addAll(expectation.addresses(node.name()));
        }
        node.machine().links().stream()
                .filter(link -> expectation != null || link.kind() instanceof Machine.Kind.WireGuard)
                .forEach(link -> link.addresses().forEach(cidr -> all.add(Ip.of(cidr.address()))));
        return List.copyOf(all);
    }

    /** What a host asks of others. */
    private List<Service> services(int from) {
        return expectation != null && hosts.get(from).equals(Network.STRANGER)
                ? expectation.outside(service)
                : List.of(service);
    }

    private Wish wish(int from, int to, Ip ip, Service asked) {
        if (expectation != null) {
            return expectation.wish(hosts.get(from), hosts.get(to), ip, asked);
        }
        return addresses.get(from).stream().anyMatch(own -> own.six() == ip.six()) ? Wish.MUST : Wish.FREE;
    }

    /** Of files of which nobody has said what they are for it is not known whether a host sends packets on. */
    private boolean unsaid(Trouble trouble) {
        return trouble.reason().isEmpty() || (expectation == null && trouble.is(Reason.NOT_FORWARDED));
    }

    /** What one host's packets have found. */
    private static final class Row {
        final List<Cell> cells = new ArrayList<>();
        final Map<Kind, Tally> tallies = new HashMap<>();
        long questions;
    }

    /** What is the same fault. */
    private record Kind(Cell cell, Optional<Reason> reason, String machine, String cause) {}

    private record Tally(long packets, Example example) {
        Tally and(Tally later) {
            return new Tally(packets + later.packets, example);
        }
    }

    Checked run(String note) {
        List<Row> rows = new ArrayList<>(
                IntStream.range(0, hosts.size()).parallel().mapToObj(this::row).toList());
        List<List<Cell>> cells = rows.stream().map(row -> row.cells).toList();
        rows.addAll(intrusions(cells));
        Map<Kind, Tally> all = new HashMap<>();
        rows.forEach(row -> row.tallies.forEach((kind, tally) -> all.merge(kind, tally, Tally::and)));
        List<Fault> faults = all.entrySet().stream()
                .map(entry -> fault(entry.getKey(), entry.getValue()))
                .sorted(Comparator.comparing(Fault::cell)
                        .thenComparingLong(Fault::packets)
                        .reversed()
                        .thenComparing(Fault::machine)
                        .thenComparing(Fault::cause))
                .toList();
        return new Checked(
                world.situation(),
                note,
                hosts,
                cells,
                rows.stream().mapToLong(row -> row.questions).sum(),
                faults,
                Findings.of(prover, expectation));
    }

    private static Cell worst(Cell one, Cell other) {
        return one.compareTo(other) > 0 ? one : other;
    }

    /** What neighbours in the wild try; who is next to a host is a stranger, too, and what arrives is told in its row. */
    private List<Row> intrusions(List<List<Cell>> cells) {
        if (expectation == null) {
            return List.of();
        }
        Intruder intruder = new Intruder(prover, expectation);
        List<Row> rows = intruder.entrances().parallelStream()
                .map(entrance -> intrusions(intruder, entrance))
                .toList();
        List<Cell> strangers = cells.get(hosts.indexOf(Network.STRANGER));
        for (Row row : rows) {
            for (int to = 0; to < hosts.size(); to++) {
                strangers.set(to, worst(strangers.get(to), row.cells.get(to)));
            }
        }
        return rows;
    }

    /** What one of them tries; of what is shut nothing is said. */
    private Row intrusions(Intruder intruder, Intruder.Entrance entrance) {
        Row row = new Row();
        for (int to = 0; to < hosts.size(); to++) {
            Cell worst = Cell.FREE;
            boolean stranger = hosts.get(to).equals(Network.STRANGER);
            for (Ip ip : stranger ? List.<Ip>of() : addresses.get(to)) {
                for (Intruder.Attempt attempt : intruder.attempts(entrance, ip)) {
                    row.questions++;
                    if (intruder.follow(attempt) == null) {
                        worst = Cell.OPEN;
                        String at = entrance.in().node().name();
                        Example example = new Example(
                                attempt.sender(), hosts.get(to), ip.toString(), attempt.service(), attempt.detail());
                        row.tallies.merge(
                                new Kind(Cell.OPEN, Optional.empty(), at, attempt.cause()),
                                new Tally(1, example),
                                Tally::and);
                    }
                }
            }
            row.cells.add(worst);
        }
        return row;
    }

    private static Fault fault(Kind kind, Tally tally) {
        return new Fault(kind.cell, kind.reason, kind.machine, kind.cause, tally.packets, tally.example);
    }

    private Row row(int from) {
        Row row = new Row();
        List<Service> services = services(from);
        for (int to = 0; to < hosts.size(); to++) {
            Cell worst = Cell.FREE;
            for (Ip ip : from == to ? List.<Ip>of() : addresses.get(to)) {
                for (Service asked : services) {
                    Cell cell = question(row, from, to, ip, asked);
                    worst = worst(worst, cell);
                }
            }
            row.cells.add(worst);
        }
        return row;
    }

    private Cell question(Row row, int from, int to, Ip ip, Service asked) {
        Wish wish = wish(from, to, ip, asked);
        if (wish == Wish.FREE) {
            return Cell.FREE;
        }
        row.questions++;
        Trouble trouble = prover.verdict(nodes.get(from), ip, asked, nodes.get(to));
        Cell cell = trouble == null
                ? wish == Wish.MUST ? Cell.FINE : Cell.OPEN
                : unsaid(trouble) ? Cell.UNKNOWN : wish == Wish.MUST ? Cell.FAILS : Cell.SHUT;
        if (cell != Cell.FINE && cell != Cell.SHUT) {
            Kind kind = trouble == null
                    ? entered(from, ip, asked)
                    : new Kind(cell, trouble.reason(), trouble.machine(), trouble.cause());
            Example example = new Example(
                    hosts.get(from),
                    hosts.get(to),
                    ip.toString(),
                    asked,
                    trouble == null ? "it arrives" : trouble.detail());
            row.tallies.merge(kind, new Tally(1, example), Tally::and);
        }
        return cell;
    }

    /** Where something comes in that must not: the first of these machines that it comes to. */
    private Kind entered(int from, Ip ip, Service asked) {
        List<Hop> hops = prover.trace(hosts.get(from), Optional.empty(), ip.address(), asked)
                .there();
        return hops.stream()
                .skip(1)
                .filter(hop -> hosts.contains(hop.machine()))
                .findFirst()
                .map(hop -> new Kind(Cell.OPEN, Optional.empty(), hop.machine(), "it lets it in by " + hop.in()))
                .orElseThrow();
    }
}
