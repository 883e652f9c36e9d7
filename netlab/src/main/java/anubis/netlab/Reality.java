package anubis.netlab;

import anubis.config.IpLiteral;
import anubis.plan.Hop;
import anubis.plan.Machine;
import anubis.plan.Machine.Device;
import anubis.plan.Machine.Kind;
import anubis.plan.Outcome;
import anubis.plan.Reason;
import anubis.plan.World;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What has become of pings in a world, beside what was foretold.
 *
 * @param seen what has become of each
 * @param unknown how many of them nothing was foretold of
 * @param differences in words; none if all is as it was foretold
 */
public record Reality(Map<Probe, Observed> seen, int unknown, List<String> differences) {
    /** Of more differences than this all are tried again together, and not more than this alone. */
    private static final int ALONE_MAX = 10;

    public Reality {
        differences = List.copyOf(differences);
    }

    /** A ping from each of the machines to each address of each other one. */
    public static List<Probe> probes(World world, Predicate<Machine> wanted) {
        List<Probe> probes = new ArrayList<>();
        List<Machine> machines = world.machines().stream().filter(wanted).toList();
        for (Machine from : machines) {
            for (Machine to : machines) {
                if (!from.equals(to)) {
                    to.links().stream()
                            .flatMap(link -> link.addresses().stream())
                            .forEach(cidr -> probes.add(new Probe(from.name(), to.name(), cidr.address())));
                }
            }
        }
        return probes;
    }

    /**
     * Builds a world, tries all pings in it, and compares. What the pings of others may have changed does not count: where a
     * tunnel can be woken by one end alone, each machine's are tried in a world of their own, and so are those whose fate
     * was not what had been foretold.
     *
     * @throws java.io.IOException if the world cannot be built
     */
    public static Reality compare(World world, List<Probe> probes, Function<Probe, Outcome> foretold) throws Exception {
        Map<Probe, Outcome> outcomes = new LinkedHashMap<>();
        probes.forEach(probe -> outcomes.put(probe, foretold.apply(probe)));
        Map<Probe, Observed> seen = new LinkedHashMap<>();
        for (List<Probe> some : sleeps(world) || outcomes.values().stream().anyMatch(Reality::dependsOnTunnel)
                ? probes.stream().collect(Collectors.groupingBy(Probe::from)).values()
                : List.of(probes)) {
            seen.putAll(ping(world, some, outcomes));
        }
        List<Probe> again = List.copyOf(differences(seen, outcomes).keySet());
        if (again.size() > ALONE_MAX) {
            seen.putAll(ping(world, again, outcomes));
            again = List.copyOf(differences(seen, outcomes).keySet());
        }
        for (Probe probe : again.stream().limit(ALONE_MAX).toList()) {
            seen.putAll(ping(world, List.of(probe), outcomes));
        }
        return new Reality(
                seen,
                (int) outcomes.values().stream()
                        .filter(Outcome.Unknown.class::isInstance)
                        .count(),
                List.copyOf(differences(seen, outcomes).values()));
    }

    private static Map<Probe, Observed> ping(World world, List<Probe> probes, Map<Probe, Outcome> outcomes)
            throws Exception {
        try (WorldLab lab = WorldLab.build(world)) {
            return lab.ping(probes, probe -> outcomes.get(probe) instanceof Outcome.Reached);
        }
    }

    /** Whether it is lost because one end cannot call the other, which the other may be able to. */
    private static boolean dependsOnTunnel(Outcome outcome) {
        return outcome instanceof Outcome.Lost lost
                && switch (lost.reason()) {
                    case BEARER_LOST, BEARER_IN_OWN_TUNNEL, NO_INITIATOR, NOBODY_LISTENS, STRANGER -> true;
                    default -> false;
                };
    }

    /** Whether there is a tunnel of which one end must wait until the other has something to send. */
    private static boolean sleeps(World world) {
        List<Device> devices = world.machines().stream()
                .flatMap(machine -> machine.links().stream())
                .flatMap(link -> link.kind() instanceof Kind.WireGuard own ? Stream.of(own.device()) : Stream.of())
                .toList();
        return devices.stream()
                .anyMatch(device -> device.peers().stream()
                        .filter(peer -> peer.endpoint().isEmpty())
                        .anyMatch(peer -> devices.stream()
                                .filter(other -> other.key().equals(peer.key()))
                                .flatMap(other -> other.peers().stream())
                                .filter(back -> back.key().equals(device.key()))
                                .anyMatch(back -> back.endpoint().isPresent() && back.keepalive() == 0)));
    }

    private static Map<Probe, String> differences(Map<Probe, Observed> seen, Map<Probe, Outcome> outcomes) {
        Map<Probe, String> all = new LinkedHashMap<>();
        seen.forEach((probe, observed) -> Optional.ofNullable(outcomes.get(probe))
                .filter(outcome -> !agree(outcome, observed))
                .ifPresent(outcome -> all.put(probe, text(probe, outcome, observed))));
        return all;
    }

    private static boolean agree(Outcome outcome, Observed observed) {
        return switch (outcome) {
            case Outcome.Unknown _ -> true;
            case Outcome.Reached reached ->
                observed.answered()
                        && sights(reached.there()).equals(observed.there())
                        && sights(reached.back()).equals(observed.back());
            case Outcome.Lost lost -> {
                boolean onTheWayBack = !lost.back().isEmpty();
                yield !observed.answered()
                        && agree(lost, sights(lost.there()), observed.there(), !onTheWayBack)
                        && agree(lost, sights(lost.back()), observed.back(), onTheWayBack);
            }
        };
    }

    /**
     * Where a packet is lost as it leaves a machine, or comes out of a tunnel, it may be seen there or not. Where its source
     * is not wanted, that may be the packet's or already that of the question who has the address. Of a loop the beginning
     * will do.
     */
    private static boolean agree(Outcome.Lost lost, List<Sight> foretold, List<Sight> seen, boolean ends) {
        return foretold.equals(seen)
                || (ends && (ends(lost, foretold, seen) || ends(lost, seen, foretold)))
                || (lost.reason() == Reason.LOOP
                        && seen.size() > foretold.size()
                        && seen.subList(0, foretold.size()).equals(foretold));
    }

    /** Whether {@code way} is {@code other} and one step more, at which the packet is lost. */
    private static boolean ends(Outcome.Lost lost, List<Sight> way, List<Sight> other) {
        boolean out = lost.reason() != Reason.NOT_ALLOWED && lost.reason() != Reason.ALLOWED_IPS_STOLEN;
        return way.size() == other.size() + 1
                && way.subList(0, other.size()).equals(other)
                && (lost.reason() == Reason.SOURCE_CHECK
                        || (way.getLast().out() == out
                                && way.getLast().machine().equals(lost.machine())));
    }

    /** Where a packet is seen in clear that goes such a way. */
    static List<Sight> sights(List<Hop> hops) {
        return hops.stream()
                .flatMap(hop -> Stream.of(
                                Optional.of(new Sight(hop.machine(), hop.in(), false))
                                        .filter(_ -> !hop.in().isEmpty()),
                                Optional.of(new Sight(hop.machine(), hop.out(), true))
                                        .filter(_ -> !hop.out().isEmpty()))
                        .flatMap(Optional::stream))
                .toList();
    }

    private static String text(Probe probe, Outcome outcome, Observed observed) {
        return "%s to %s of %s\n  foretold: %s\n    there %s\n    back  %s\n  seen: %s\n    there %s\n    back  %s"
                .formatted(
                        probe.from(),
                        IpLiteral.format(probe.address()),
                        probe.to(),
                        switch (outcome) {
                            case Outcome.Reached _ -> "reached";
                            case Outcome.Lost lost ->
                                "lost at " + lost.machine() + ", " + lost.reason() + ": " + lost.detail();
                            case Outcome.Unknown unknown -> "unknown, " + unknown.detail();
                        },
                        way(sights(outcome.there())),
                        way(sights(outcome.back())),
                        observed.answered() ? "reached" : "lost",
                        way(observed.there()),
                        way(observed.back()));
    }

    private static String way(List<Sight> sights) {
        return sights.stream().map(Sight::toString).collect(Collectors.joining(" "));
    }
}
