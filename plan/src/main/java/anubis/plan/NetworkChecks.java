package anubis.plan;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.config.IpLiteral;
import anubis.crypto.PublicKey;
import anubis.plan.Segment.Kind;
import anubis.plan.TomlReading.Section;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** What can be wrong with networks and hosts though each value alone is right. */
final class NetworkChecks {
    /** The number of the kernel's table of its own addresses. */
    private static final long LOCAL = 255;

    private final TomlReading in;
    private final Network network;
    private final Section all;
    private final Map<String, Section> segments;
    private final Map<String, Section> hosts;

    /** The sections are those of the network's segments and hosts, by name. */
    NetworkChecks(
            TomlReading in, Network network, Section all, Map<String, Section> segments, Map<String, Section> hosts) {
        this.in = in;
        this.network = network;
        this.all = all;
        this.segments = segments;
        this.hosts = hosts;
    }

    void run() {
        if (network.gatePort().equals(OptionalInt.of(network.port()))) {
            in.problem(all, "gate-port", network.port() + " is the port of the tunnels", "choose another, as in 4297");
        }
        if (network.port() >= Node.DEFAULT && network.port() <= LOCAL) {
            in.problem(
                    all,
                    "port",
                    network.port()
                            + " is the number of a routing table of the kernel's own, and that of ours is the port",
                    "choose another, as in " + NetworkFile.PORT);
        }
        network.segments().forEach((name, segment) -> segment(segment, section(segments, name)));
        new Overlaps(in, network, all, segments, hosts).run();
        if (in.anyFaulty("networks.")) {
            return;
        }
        network.hosts().forEach((name, host) -> {
            Section section = section(hosts, name);
            if (!in.faulty(section.owner())) {
                role(host, section);
                places(host, section);
                links(host, section);
                ports(host, section);
            }
        });
        twice();
        names();
    }

    static Section section(Map<String, Section> sections, String name) {
        return Optional.ofNullable(sections.get(name)).orElseThrow();
    }

    private static String family(boolean six) {
        return six ? "IPv6" : "IPv4";
    }

    // Networks.

    private void segment(Segment segment, Section section) {
        if (segment.kind() == Kind.WILD) {
            none(
                    section,
                    "gateway",
                    "on a wild network the way out is the provider's, and no host of ours",
                    "remove it");
            none(section, "mapped", "a wild network is not ours", "remove it");
        } else {
            none(
                    section,
                    "nat",
                    "only a wild network is behind somebody else's NAT",
                    "remove it, or write kind = \"wild\"");
            none(
                    section,
                    "routed",
                    "only a provider sends prefixes to a host",
                    "write it in the wild network it comes by");
            if (segment.gateway().isEmpty() && segment.kind() == Kind.INSIDE) {
                in.problem(
                        section, "gateway", "it is missing", "write gateway = \"HOST\", the host that this is inside");
            }
        }
        segment.gateway().map(network::host).ifPresent(gateway -> gateway(segment, gateway, section));
        mapped(segment, section);
        segment.routed().forEach((prefix, name) -> {
            if (segment.nat()) {
                in.problem(section, "routed", "behind a NAT nothing is routed to a host", "remove it, or nat = true");
            } else if (!Prefixes.any(network.host(name).addressesOn(segment.name()), prefix.six())) {
                in.problem(
                        section,
                        "routed",
                        name + " has no " + family(prefix.six()) + " address here to which " + prefix
                                + " could be sent",
                        "write it in [hosts." + name + "], as on." + segment.name() + " = [\"…\"]");
            }
        });
    }

    private void none(Section section, String key, String fault, String remedy) {
        if (section.has(key) && !section.value(key).equals(Optional.of(false))) {
            in.problem(section, key, fault, remedy);
        }
    }

    private void gateway(Segment segment, Host gateway, Section section) {
        if (segment.kind() == Kind.LAN && gateway.moves()) {
            in.problem(section, "gateway", gateway.name() + " moves", "name a host that is always on this network");
        }
        if (gateway.role() == Role.APPLIANCE && !in.faulty("hosts." + gateway.name())) {
            in.problem(
                    section,
                    "gateway",
                    gateway.name() + " has no WireGuard",
                    "name a host that has, or remove the key");
        }
        segment.prefixes().stream()
                .filter(prefix -> !Prefixes.any(gateway.addressesOn(segment.name()), prefix.six()))
                .filter(_ -> !in.faulty("hosts." + gateway.name()))
                .findFirst()
                .ifPresent(prefix -> in.problem(
                        section,
                        "gateway",
                        gateway.name() + " has no address in " + prefix,
                        "write it in [hosts." + gateway.name() + "], as on." + segment.name() + " = 1"));
    }

    private void mapped(Segment segment, Section section) {
        for (Cidr mapped : segment.mapped()) {
            Optional<Cidr> real = segment.prefixes().stream()
                    .filter(prefix -> prefix.six() == mapped.six())
                    .findFirst();
            if (real.filter(prefix -> prefix.length() == mapped.length()).isEmpty()) {
                in.problem(
                        section,
                        "mapped",
                        real.map(prefix ->
                                        mapped + " is not as long as " + prefix + ", to which it is mapped one to one")
                                .orElse("there is no " + family(mapped.six()) + " prefix that could be called "
                                        + mapped),
                        real.map(prefix -> "write a prefix of /" + prefix.length())
                                .orElse("remove it"));
            }
        }
        if (!segment.mapped().isEmpty() && segment.gateway().isEmpty()) {
            in.problem(section, "mapped", "nobody could translate", "write gateway = \"HOST\", which does");
        }
    }

    // Hosts.

    private void role(Host host, Section section) {
        if (host.role() == Role.APPLIANCE) {
            for (String key : section.table().keySet()) {
                if (!Set.of("role", "on", "interfaces").contains(key)) {
                    in.problem(section, key, "an appliance is without WireGuard", "remove it, or write another role");
                }
            }
            return;
        }
        if (host.key().isEmpty()) {
            in.problem(section, "key", "it is missing", NetworkFile.keyForm("key") + "; or write role = \"appliance\"");
        }
        if (host.wireguard().isEmpty()) {
            in.problem(
                    section,
                    "wg",
                    "it is missing",
                    "write wg = N, its number in the WireGuard range, or addresses; " + free() + " is free");
        }
        for (boolean six : new boolean[] {false, true}) {
            if (host.wireguard().stream()
                            .filter(address -> Prefixes.six(address) == six)
                            .count()
                    > 1) {
                in.problem(section, "wg", "it has two addresses of " + family(six), "choose one");
            }
        }
        if (host.role() == Role.GATEWAY
                && network.segments().values().stream()
                        .noneMatch(segment -> segment.kind() == Kind.LAN && segment.behind(host))) {
            in.problem(
                    section,
                    "role",
                    "it is the gateway of no network",
                    "write gateway = \"" + host.name() + "\" in its LAN, or role = \"leaf\"");
        }
        if (host.role() == Role.CENTRAL) {
            network.hosts().values().stream()
                    .takeWhile(other -> !other.equals(host))
                    .filter(other -> other.role() == Role.CENTRAL)
                    .findFirst()
                    .ifPresent(
                            other -> in.problem(
                                    section,
                                    "role",
                                    other.name() + " is the central server already",
                                    "write role = \"gateway\" for the server of another site, or \"cloud\" for one in the wild"));
        }
    }

    /** The smallest number that no host has in the first range. */
    private long free() {
        Set<InetAddress> taken = new HashSet<>();
        network.hosts().values().forEach(host -> taken.addAll(host.wireguard()));
        long number = 1;
        for (Cidr range : network.ranges()) {
            while (taken.contains(Prefixes.nth(range, number))) {
                number++;
            }
        }
        return number;
    }

    private void places(Host host, Section section) {
        if (host.on().isEmpty() && !host.moves()) {
            in.problem(section, "on", "it is missing", "write on.NETWORK = N, its number there, or addresses");
        }
        if (host.role() == Role.VM) {
            boolean inside = host.on().keySet().stream()
                    .map(network::segment)
                    .allMatch(segment -> segment.kind() == Kind.INSIDE && !segment.behind(host));
            if (!inside || host.on().size() > 1) {
                in.problem(
                        section,
                        "on",
                        "a virtual machine is on one network of kind inside, and that inside another host",
                        "write on.NETWORK for that one alone; one that a bridge puts on the LAN has role = \"leaf\"");
            }
        } else if (host.role() != Role.APPLIANCE) {
            host.on().keySet().stream()
                    .map(network::segment)
                    .filter(segment -> segment.kind() == Kind.INSIDE && !segment.behind(host))
                    .forEach(segment -> in.problem(
                            section,
                            "on." + segment.name(),
                            "the network is inside " + segment.gateway().orElse("another host"),
                            "write role = \"vm\", or remove it"));
        }
        host.endpoint()
                .filter(Endpoint::isLiteral)
                .map(endpoint -> Cidr.host(endpoint.address()))
                .filter(address -> Prefixes.cover(network.ranges(), address))
                .ifPresent(_ -> in.problem(
                        section,
                        "endpoint",
                        "it is in the WireGuard range, so the tunnel would have to go through itself",
                        "write the address or name by which it is reached without the tunnel"));
    }

    private void links(Host host, Section section) {
        Map<String, String> taken = new HashMap<>(Map.of(network.interfaceName(), "WireGuard"));
        if (!host.internal().isEmpty()) {
            taken.put(HostPlan.DUMMY, "its internal addresses");
        }
        network.segments().values().stream()
                .filter(segment -> host.on().containsKey(segment.name()))
                .forEach(segment -> {
                    String link = host.interfaceOn(segment);
                    String other = taken.putIfAbsent(link, segment.name());
                    if (other != null) {
                        in.problem(
                                section,
                                "interfaces",
                                "the interface " + link + " is both for " + other + " and for " + segment.name(),
                                "write interfaces." + segment.name() + " = \"…\", what it is called there");
                    }
                });
        host.interfaces().keySet().stream()
                .filter(segment -> !host.on().containsKey(segment)
                        && !(host.moves() && network.segment(segment).kind() == Kind.WILD))
                .forEach(segment -> in.problem(
                        section,
                        "interfaces." + segment,
                        "the host is not on this network",
                        "remove it, or write on." + segment + " = N, its number there"));
    }

    private void ports(Host host, Section section) {
        if (host.extraPorts().contains(host.port())) {
            in.problem(section, "extra-ports", host.port() + " is its port already", "remove it");
        }
        network.gatePort().ifPresent(gate -> {
            boolean same = host.port() == gate && host.port() != network.port();
            if (same || host.extraPorts().contains(gate)) {
                in.problem(
                        section,
                        same ? "port" : "extra-ports",
                        gate + " is the port of the gate",
                        "choose another, or another gate-port");
            }
        });
    }

    // What must not be there twice.

    private void gateKey(Map<Object, String> owners, PublicKey key, String name, Section section) {
        if (network.gatePort().isEmpty()) {
            in.problem(section, "gate-key", "there are no gates", "remove it, or write gate-port above all tables");
        }
        once(owners, key, name, section, "gate-key", "has the same key", "make one of its own");
    }

    private void twice() {
        Map<Object, String> owners = new HashMap<>();
        network.hosts().forEach((name, host) -> {
            Section section = section(hosts, name);
            host.key()
                    .ifPresent(
                            key -> once(owners, key, name, section, "key", "has the same key", "make one of its own"));
            host.gateKey().ifPresent(key -> gateKey(owners, key, name, section));
            host.wireguard().forEach(address -> once(owners, address, name, section, "wg", address));
            host.on()
                    .forEach((segment, addresses) -> addresses.forEach(address ->
                            once(owners, List.of(segment, address), name, section, "on." + segment, address)));
            host.endpoint()
                    .ifPresent(endpoint -> once(
                            owners,
                            endpoint,
                            name,
                            section,
                            "endpoint",
                            "is reached there too",
                            "choose another port for one"));
        });
    }

    private void once(
            Map<Object, String> owners, Object what, String name, Section section, String key, InetAddress address) {
        once(owners, what, name, section, key, "has " + IpLiteral.format(address) + " already", "choose another");
    }

    private void once(
            Map<Object, String> owners,
            Object what,
            String name,
            Section section,
            String key,
            String fault,
            String remedy) {
        String other = owners.putIfAbsent(what, name);
        if (other != null) {
            in.problem(section, key, other.equals(name) ? "it is said twice" : other + " " + fault, remedy);
        }
    }

    private void names() {
        Set<String> nats = new HashSet<>(Set.of(Network.STRANGER, WorldBuilder.INTERNET));
        network.segments().values().stream()
                .filter(Segment::nat)
                .forEach(segment -> nats.add(segment.name() + WorldBuilder.NAT));
        hosts.forEach((name, section) -> {
            if (nats.contains(name)) {
                in.problem(section, "", "the name stands for somebody in the wild", "choose another name");
            }
            if (name.equals("localhost")) {
                in.problem(section, "", "the name is every host's own", "choose another name");
            }
            String tunnel = name + network.suffix();
            if (network.hosts().containsKey(tunnel)) {
                in.problem(
                        section(hosts, tunnel),
                        "",
                        "the name is that of the WireGuard addresses of " + name,
                        "choose another name, or another suffix");
            }
            if (tunnel.length() > NetworkFile.NAME_MAX) {
                in.problem(section, "", "with the suffix the name is too long", "a name has 63 characters at most");
            }
        });
        segments.forEach((name, section) -> {
            if (!network.segment(name).mapped().isEmpty() && (name + ".hosts").equals(PlanFiles.HOSTS)) {
                in.problem(section, "", "the file with its names would be that of all names", "choose another name");
            }
            if (name.equals(WorldBuilder.ELSEWHERE) || name.endsWith(WorldBuilder.UPLINK)) {
                in.problem(section, "", "the name stands for a network in the wild", "choose another name");
            }
        });
    }
}
