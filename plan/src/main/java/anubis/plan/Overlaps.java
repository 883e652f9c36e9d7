package anubis.plan;

import anubis.config.Cidr;
import anubis.config.IpLiteral;
import anubis.plan.Segment.Kind;
import anubis.plan.TomlReading.Section;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Which prefixes of a network overlap that must not. One behind somebody else's NAT may: from outside nobody asks for it. */
final class Overlaps {
    private final TomlReading in;
    private final Network network;
    private final Section all;
    private final Map<String, Section> segments;
    private final Map<String, Section> hosts;

    /** The sections are those of the network's segments and hosts, by name. */
    Overlaps(TomlReading in, Network network, Section all, Map<String, Section> segments, Map<String, Section> hosts) {
        this.in = in;
        this.network = network;
        this.all = all;
        this.segments = segments;
        this.hosts = hosts;
    }

    /** A prefix, and whether others use it; else it is one that is mapped, which is used on its own segment alone. */
    private record Claim(Cidr prefix, boolean used, String what, Section section, String key) {
        boolean wild() {
            return section.value("kind").equals(Optional.of(Kind.WILD.toString()));
        }
    }

    /** Of two prefixes that overlap one lies in the other; so in order, those around one are the last that contain it. */
    void run() {
        List<Claim> claims = new ArrayList<>();
        network.ranges().forEach(range -> claims.add(new Claim(range, true, "the WireGuard range", all, "wireguard")));
        network.segments().values().stream()
                .filter(segment -> segment.kind() != Kind.WILD || !segment.nat())
                .forEach(segment -> {
                    Section section = NetworkChecks.section(segments, segment.name());
                    String what = "network " + segment.name();
                    for (Cidr prefix : segment.prefixes()) {
                        boolean used = segment.mapped().stream().noneMatch(mapped -> mapped.six() == prefix.six());
                        claims.add(new Claim(prefix, used, what, section, "addresses"));
                    }
                    segment.mapped().forEach(mapped -> claims.add(new Claim(mapped, true, what, section, "mapped")));
                });
        network.hosts()
                .values()
                .forEach(host -> host.internal()
                        .forEach(cidr -> claims.add(new Claim(
                                Cidr.host(cidr.address()),
                                true,
                                "the internal address of " + host.name(),
                                NetworkChecks.section(hosts, host.name()),
                                "internal"))));
        claims.sort(Comparator.comparing(Claim::prefix, Prefixes.ORDER));
        Deque<Claim> around = new ArrayDeque<>();
        Set<Set<String>> told = new HashSet<>();
        for (Claim claim : claims) {
            while (!around.isEmpty() && !around.getLast().prefix.contains(claim.prefix)) {
                around.removeLast();
            }
            around.stream()
                    .filter(other -> (claim.used || other.used) && !claim.what.equals(other.what))
                    .filter(other -> told.add(Set.of(claim.what, other.what)))
                    .forEach(other -> overlap(claim, other));
            around.addLast(claim);
        }
    }

    private void overlap(Claim one, Claim other) {
        boolean later = one.section.line() > other.section.line();
        Claim second = later ? one : other;
        Claim first = later ? other : one;
        String both = second.prefix + " overlaps with " + first.prefix;
        String inside = IpLiteral.format(second.prefix.address()) + " is in " + first.prefix;
        String remedy = "choose another";
        if (second.wild()) {
            remedy = "correct it, or write nat = true: behind a NAT it may be";
        } else if (Stream.of(one, other).allMatch(claim -> claim.key.equals("addresses") && !claim.wild())) {
            remedy += ", or let others call both by other prefixes, as in mapped = [\"10.99.0.0/"
                    + second.prefix.length() + "\"]";
        }
        in.problem(
                second.section,
                second.key,
                (second.key.equals("internal") ? inside : both) + ", " + first.what,
                remedy);
    }
}
