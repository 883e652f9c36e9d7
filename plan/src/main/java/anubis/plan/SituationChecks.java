package anubis.plan;

import anubis.plan.Segment.Kind;
import anubis.plan.TomlReading.Section;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What can be wrong with situations, and with who is whose hub in them. */
final class SituationChecks {
    private final TomlReading in;
    private final Network network;
    private final Map<String, Section> hosts;
    private final List<Section> sections;
    private final Set<List<String>> told = new HashSet<>();

    /** The sections are those of the hosts, by name, and of the situations, if any are described. */
    SituationChecks(TomlReading in, Network network, Map<String, Section> hosts, List<Section> sections) {
        this.in = in;
        this.network = network;
        this.hosts = hosts;
        this.sections = sections;
    }

    void run() {
        boolean right = true;
        for (Host host : network.hosts().values()) {
            right &= host.hub()
                    .map(hub -> isHub(hub, host.name(), "hub", section(host.name())))
                    .orElse(true);
        }
        Set<String> names = new HashSet<>();
        for (int i = 0; i < network.situations().size(); i++) {
            Situation situation = network.situations().get(i);
            Optional<Section> section = i < sections.size() ? Optional.of(sections.get(i)) : Optional.empty();
            section.filter(one -> !in.faulty(one.owner())).ifPresent(one -> {
                if (!names.add(situation.name())) {
                    in.problem(one, "name", "another situation has this name", "choose another");
                }
                situation(situation, one);
            });
            homes(situation, section);
            if (right && section.map(one -> !in.faulty(one.owner())).orElse(true)) {
                hubs(situation, section);
            }
        }
        Tree usual = new Tree(network, network.situations().getFirst());
        network.hosts().forEach((name, host) -> {
            defaultRoute(usual, host, "default-ipv4", host.default4());
            defaultRoute(usual, host, "default-ipv6", host.default6());
        });
    }

    private Section section(String host) {
        return Optional.ofNullable(hosts.get(host)).orElseThrow();
    }

    /** Tells a thing of a host once, though it may be so in many situations. */
    private void once(String host, String key, String fault, String remedy) {
        if (!in.faulty("hosts." + host) && told.add(List.of(host, key))) {
            in.problem(section(host), key, fault, remedy);
        }
    }

    private void situation(Situation situation, Section section) {
        situation.away().forEach((name, segment) -> {
            String key = "away." + name;
            if (!network.host(name).moves() && !in.faulty("hosts." + name)) {
                in.problem(
                        section,
                        key,
                        name + " does not move, its role is "
                                + network.host(name).role(),
                        "remove it, or write role = \"roaming\" or \"phone\" in [hosts." + name + "]");
            }
            if (network.segment(segment).kind() != Kind.WILD) {
                in.problem(
                        section,
                        key,
                        segment + " is no wild network",
                        "name one, or remove it: who is not away is at home");
            }
            if (situation.absent().contains(name)) {
                in.problem(section, key, name + " is absent", "remove it here or there");
            }
        });
        situation.using().forEach((name, hub) -> {
            String key = "using." + name;
            if (situation.absent().contains(hub)) {
                in.problem(section, key, hub + " is absent", "name a hub that is there");
            }
            tunnel(name, key, section);
            isHub(hub, name, key, section);
        });
        situation.off().forEach(name -> tunnel(name, "off", section));
    }

    private void tunnel(String name, String key, Section section) {
        if (network.host(name).role() == Role.APPLIANCE) {
            in.problem(section, key, name + " is an appliance: it has no tunnel", "remove it");
        }
    }

    private boolean isHub(String hub, String of, String key, Section section) {
        Role role = network.host(hub).role();
        boolean right = !hub.equals(of) && role != Role.APPLIANCE && role != Role.PHONE;
        if (!right) {
            in.problem(
                    section,
                    key,
                    hub.equals(of)
                            ? "a host is not its own hub"
                            : hub + " is no hub, its role is "
                                    + network.host(hub).role(),
                    "name a host that sends on packets for others");
        }
        return right;
    }

    /** Who moves is somewhere. */
    private void homes(Situation situation, Optional<Section> section) {
        for (Host host : network.hosts().values()) {
            boolean home = host.on().keySet().stream().map(network::segment).anyMatch(segment -> !segment.behind(host));
            boolean elsewhere = situation.away().containsKey(host.name())
                    || situation.absent().contains(host.name());
            if (!host.moves() || home || elsewhere || in.faulty("hosts." + host.name())) {
                continue;
            }
            String fault = host.name() + " is nowhere: it has no home and is not away";
            String remedy = "write on.NETWORK = N in [hosts." + host.name() + "], or here away." + host.name()
                    + " = \"NETWORK\" or absent = [\"" + host.name() + "\"]";
            section.ifPresentOrElse(
                    one -> in.problem(one, "away", fault, remedy),
                    () -> once(host.name(), "on", "it has no home", "write on.NETWORK = N, where it is usually"));
        }
    }

    // Hubs.

    private void hubs(Situation situation, Optional<Section> section) {
        Tree tree = new Tree(network, situation);
        List<Host> roots = new ArrayList<>();
        for (Host host : network.hosts().values()) {
            if (host.key().isEmpty()) {
                continue;
            }
            Optional<Host> hub = tree.hub(host);
            if (hub.isEmpty()) {
                roots.add(host);
                section.filter(_ -> situation.using().containsKey(host.name()))
                        .ifPresent(one -> in.problem(
                                one,
                                "using." + host.name(),
                                host.name() + " has no hub at other times, for it is that of the others",
                                "remove it"));
            } else if (circle(tree, host)) {
                String key = situation.using().containsKey(host.name()) ? "using." + host.name() : "hub";
                if (key.equals("hub") || section.isEmpty()) {
                    once(
                            host.name(),
                            "hub",
                            "the way from hub to hub leads back to it",
                            "name another hub here or there");
                } else {
                    in.problem(
                            section.get(), key, "the way from hub to hub leads back to " + host.name(), "name another");
                }
            } else {
                link(host, hub.get());
            }
        }
        if (in.anyFaulty("hosts.")) {
            return;
        }
        roots.stream()
                .skip(1)
                .forEach(root -> once(
                        root.name(),
                        "hub",
                        roots.getFirst().name() + " and this host have no hub, so there is no tunnel between them",
                        "write hub = \"" + roots.getFirst().name() + "\""));
    }

    private boolean circle(Tree tree, Host host) {
        Set<String> seen = new HashSet<>();
        Optional<Host> next = Optional.of(host);
        while (next.isPresent() && seen.add(next.get().name())) {
            next = tree.hub(next.get());
        }
        return next.equals(Optional.of(host));
    }

    private void link(Host host, Host hub) {
        boolean near = host.on().keySet().stream()
                .filter(name -> hub.on().containsKey(name))
                .map(network::segment)
                .anyMatch(segment -> segment.kind() != Kind.WILD
                        && (segment.kind() == Kind.INSIDE || (!host.moves() && !hub.moves())));
        if (!near && hub.endpoint().isEmpty() && host.endpoint().isEmpty()) {
            once(
                    hub.name(),
                    "endpoint",
                    "it is missing: " + host.name() + ", of which this is the hub, cannot find it",
                    "write endpoint = \"ADDRESS OR NAME\", where it is reached from the wild side");
        }
        for (boolean six : new boolean[] {false, true}) {
            if (Prefixes.any(host.wireguard(), six) && !Prefixes.any(hub.wireguard(), six)) {
                once(
                        hub.name(),
                        "wg",
                        "it has no " + (six ? "IPv6" : "IPv4") + " address, but " + host.name()
                                + ", of which it is the hub, has",
                        "write one of each family, or wg = N");
            }
        }
    }

    private void defaultRoute(Tree usual, Host host, String key, Optional<String> by) {
        by.filter(name -> !usual.hub(network.host(name)).equals(Optional.of(host)))
                .ifPresent(name -> once(
                        host.name(),
                        key,
                        "no tunnel leads from " + name + " to this host",
                        "name a host of which this is the hub"));
    }
}
