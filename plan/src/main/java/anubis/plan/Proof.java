package anubis.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What was found of a network in each of its situations.
 *
 * @param network its name
 */
public record Proof(String network, List<Checked> situations) {
    public Proof {
        situations = List.copyOf(situations);
    }

    /** What was found of a host's asking another one, at all of its addresses; the worst of them, if they differ. */
    public enum Cell {
        /** Nothing is asked. */
        FREE,
        /** It does not arrive, as it must not. */
        SHUT,
        /** It arrives, as it must; and what must not does not. */
        FINE,
        /** It cannot be said of some. */
        UNKNOWN,
        /** Something arrives that must not. */
        OPEN,
        /** Something does not arrive that must. */
        FAILS;

        /** Whether it is not as it must be, or nobody knows. */
        public boolean wrong() {
            return compareTo(FINE) > 0;
        }
    }

    /**
     * What was found in one situation.
     *
     * @param hosts who asked and was asked: the rows and columns of the matrix
     * @param cells by row, who asks, then by column, who is asked
     * @param questions how many packets were followed
     * @param faults each once, that of most packets first
     * @param findings what is wrong whatever the packets are
     */
    public record Checked(
            String situation,
            String note,
            List<String> hosts,
            List<List<Cell>> cells,
            long questions,
            List<Fault> faults,
            List<Finding> findings) {
        public Checked {
            hosts = List.copyOf(hosts);
            cells = cells.stream().map(List::copyOf).toList();
            faults = List.copyOf(faults);
            findings = List.copyOf(findings);
        }

        /** Whether all is as it must be. */
        public boolean holds() {
            return faults.isEmpty();
        }

        /** Of how many pairs, of a host and another one, that was found. */
        public long count(Cell cell) {
            long all = cells.stream()
                    .flatMap(List::stream)
                    .filter(each -> each == cell)
                    .count();
            // Of itself nobody asks anything.
            return cell == Cell.FREE ? all - hosts.size() : all;
        }

        /** The pairs of hosts of which nothing is asked, the stranger's not among them: who would ask, and whom. */
        public List<Pair> unasked() {
            List<Pair> pairs = new ArrayList<>();
            for (int from = 0; from < hosts.size(); from++) {
                for (int to = 0; to < hosts.size(); to++) {
                    Pair pair = new Pair(hosts.get(from), hosts.get(to));
                    if (from != to
                            && !pair.has(Network.STRANGER)
                            && cells.get(from).get(to) == Cell.FREE) {
                        pairs.add(pair);
                    }
                }
            }
            return pairs;
        }

        /** How many pairs of hosts there are, without the stranger's. */
        public long pairs() {
            long all = hosts.stream()
                    .filter(host -> !host.equals(Network.STRANGER))
                    .count();
            return all * (all - 1);
        }

        /** Whether there are several hosts, and none is asked to reach another. */
        public boolean idle() {
            return pairs() > 0 && unasked().size() == pairs();
        }
    }

    /** One host that would ask another. */
    public record Pair(String from, String to) {
        boolean has(String host) {
            return from.equals(host) || to.equals(host);
        }

        @Override
        public String toString() {
            return from + " to " + to;
        }
    }

    /**
     * The same fault of any number of packets.
     *
     * @param cell FAILS, OPEN or UNKNOWN
     * @param reason of what fails
     * @param machine where
     * @param cause what decided
     * @param packets how many
     * @param example the first of them
     */
    public record Fault(
            Cell cell, Optional<Reason> reason, String machine, String cause, long packets, Example example) {
        /** For people, in one line. */
        @Override
        public String toString() {
            String what = switch (cell) {
                case OPEN -> machine + ": " + cause + ", and it arrives, which it must not";
                case UNKNOWN -> "cannot be said: " + machine + ": " + cause;
                case FAILS, FINE, SHUT, FREE ->
                    machine + ": " + reason.map(Reason::toString).orElse("") + ": " + cause;
            };
            return what + "; " + (packets == 1 ? "" : packets + " of them, as ") + example;
        }
    }

    /**
     * A packet that has the fault.
     *
     * @param address of {@code to}
     * @param service what it is for
     * @param detail what became of it
     */
    public record Example(String from, String to, String address, Service service, String detail) {
        @Override
        public String toString() {
            return from + " to " + address + (to.isEmpty() ? "" : " of " + to)
                    + (service.equals(Service.PING) ? "" : " for " + service);
        }
    }

    /** Something that is wrong at a machine whatever is sent. */
    public record Finding(Reason reason, String machine, String detail) {
        @Override
        public String toString() {
            return machine + ": " + reason + ": " + detail;
        }
    }

    /** Whether all is as it must be in all situations; findings do not count. */
    public boolean holds() {
        return situations.stream().allMatch(Checked::holds);
    }

    /** The proof of a network with what the planner makes of it. */
    public static Proof of(Network network, Service service) {
        List<Checked> all = new ArrayList<>();
        for (Situation situation : network.situations()) {
            Map<String, HostPlan> plans = Planner.plan(network, situation);
            all.add(check(network, situation, WorldBuilder.build(network, situation, plans), service));
        }
        return new Proof(network.name(), all);
    }

    /** What is found in a situation of a network whose hosts have what {@code world} says. */
    public static Checked check(Network network, Situation situation, World world, Service service) {
        return new Check(world, new Expectation(network, situation), service).run(situation.note());
    }

    /** What is found if these machines of a world must all reach each other at their WireGuard addresses. */
    public static Checked check(World world, List<String> hosts, Service service) {
        return new Check(world, hosts, service).run("");
    }
}
