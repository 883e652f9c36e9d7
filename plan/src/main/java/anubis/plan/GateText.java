package anubis.plan;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.crypto.PublicKey;
import anubis.plan.Machine.DevicePeer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the gates of a network are told. The files of the tunnels are enough for the usual situation; by the gate a host goes
 * over to another hub: every host, but for phones, that has one hub in one situation and another in another. Where the
 * description does not tell a gate key, it has to be filled in: the gate refuses the file until then, and names the line.
 */
final class GateText {
    /** What its files begin with where something has to be filled in. */
    private static final String MISSING = "FILL IN: ";

    private static final String PLACE = "/etc/anubis/";

    private final Network network;
    /** The peers of each host, by its name, with what it has in any situation. */
    private final Map<String, Map<String, DevicePeer>> peers = new LinkedHashMap<>();
    /** The hubs of each host in any situation. */
    private final Map<String, Set<String>> hubs = new TreeMap<>();
    /** The hosts that come to a hub by the gate, by the hub's name. */
    private final Map<String, List<String>> clients = new TreeMap<>();

    /** Of a network that has gates, with the plans of its situations. */
    GateText(Network network, Collection<Map<String, HostPlan>> plans) {
        this.network = network;
        if (network.gatePort().isEmpty()) {
            return;
        }
        for (Map<String, HostPlan> plan : plans) {
            plan.forEach((host, each) -> each.device()
                    .peers()
                    .forEach(peer -> peers.computeIfAbsent(host, _ -> new LinkedHashMap<>())
                            .putIfAbsent(peer.name(), peer)));
        }
        for (Situation situation : network.situations()) {
            Tree tree = new Tree(network, situation);
            for (Host host : network.hosts().values()) {
                tree.hub(host)
                        .filter(_ -> !situation.absent().contains(host.name()))
                        .ifPresent(hub -> hubs.computeIfAbsent(host.name(), _ -> new TreeSet<>())
                                .add(hub.name()));
            }
        }
        hubs.forEach((host, all) -> {
            if (comes(host)) {
                all.forEach(hub ->
                        clients.computeIfAbsent(hub, _ -> new ArrayList<>()).add(host));
            }
        });
    }

    /** Whether it goes over from one hub to another, and has a gate. */
    private boolean comes(String host) {
        return network.host(host).role() != Role.PHONE
                && hubs.getOrDefault(host, Set.of()).size() > 1;
    }

    private List<String> clients(String hub) {
        return clients.getOrDefault(hub, List.of());
    }

    /** The files of a host; none if no gate concerns it. Those that are complete have a place. */
    List<HostFile> files(Host host) {
        String head = HostFile.head(network, host);
        List<HostFile> files = new ArrayList<>();
        boolean hub = !clients(host.name()).isEmpty();
        if (hub || comes(host.name())) {
            files.add(file(HostFile.GATE, toml(host, head, hub)));
        }
        if (hub) {
            files.add(file(HostFile.GATE_PEERS, peers(host, head)));
        }
        return files;
    }

    private static HostFile file(String name, String text) {
        return new HostFile(name, text.contains('"' + MISSING) ? Optional.empty() : Optional.of(PLACE + name), text);
    }

    /** The public key of a host's gate. */
    private String key(String host) {
        return quoted(network.host(host)
                .gateKey()
                .map(PublicKey::base64)
                .orElse(MISSING + "the public key of the gate of " + host));
    }

    private String toml(Host host, String head, boolean hub) {
        StringBuilder text = new StringBuilder(head)
                .append("# By the gates hosts go over to another hub than the usual one: anubis gate use HUB\n")
                .append("interface = ")
                .append(quoted(network.interfaceName()))
                .append('\n');
        if (hub) {
            Map<String, DevicePeer> all = peers.getOrDefault(host.name(), Map.of());
            Set<String> endpoints = new LinkedHashSet<>();
            host.endpoint().map(Endpoint::toString).ifPresent(endpoints::add);
            Set<Cidr> allowed = new LinkedHashSet<>();
            clients(host.name()).forEach(client -> {
                DevicePeer there = peers.getOrDefault(client, Map.of()).get(host.name());
                if (all.containsKey(client) && there != null) {
                    there.endpoint().map(Endpoint::toString).ifPresent(endpoints::add);
                    allowed.addAll(there.allowedIps());
                }
            });
            text.append("port = ").append(network.gatePort().orElseThrow()).append("\n\n[hub]\nname = ");
            text.append(quoted(host.name())).append("\nendpoints = ").append(list(endpoints));
            text.append("\nallowed-ips = ")
                    .append(list(Prefixes.reduced(allowed)))
                    .append('\n');
        }
        Stream<String> others = hub
                ? clients.keySet().stream().filter(other -> !other.equals(host.name()))
                : hubs.getOrDefault(host.name(), Set.of()).stream();
        others.forEach(other -> text.append("\n[[hubs]]\nname = ")
                .append(quoted(other))
                .append("\nkey = ")
                .append(key(other))
                .append("\nendpoint = ")
                .append(quoted(gate(host, network.host(other))))
                .append('\n'));
        return text.toString();
    }

    /** Where the gate of a hub is reached: where production is, by the gate's port. */
    private String gate(Host host, Host hub) {
        DevicePeer peer = peers.getOrDefault(host.name(), Map.of()).get(hub.name());
        return Stream.concat(peer == null ? Stream.empty() : peer.endpoint().stream(), hub.endpoint().stream())
                .map(endpoint ->
                        new Endpoint(endpoint.host(), network.gatePort().orElseThrow()).toString())
                .findFirst()
                .orElse(MISSING + "HOST:" + network.gatePort().orElseThrow());
    }

    private String peers(Host hub, String head) {
        StringBuilder text = new StringBuilder(head).append("# For: anubis gate peer import FILE\n");
        clients(hub.name()).forEach(client -> {
            DevicePeer peer = peers.getOrDefault(hub.name(), Map.of()).get(client);
            if (peer != null) {
                text.append("\n[[peer]]\nname = ")
                        .append(quoted(client))
                        .append("\ngate-key = ")
                        .append(key(client))
                        .append("\nproduction-key = ")
                        .append(quoted(peer.key().toString()))
                        .append("\nallowed-ips = ")
                        .append(list(peer.allowedIps()))
                        .append('\n');
            }
        });
        clients.keySet().stream()
                .filter(other -> !other.equals(hub.name()))
                .forEach(other -> text.append("\n[[peer]] # a hub, which tells whom it has\nname = ")
                        .append(quoted(other))
                        .append("\ngate-key = ")
                        .append(key(other))
                        .append("\nproduction-key = ")
                        .append(quoted(network.host(other).key().orElseThrow().toString()))
                        .append("\nallowed-ips = ")
                        .append(list(network.host(other).wireguard().stream()
                                .map(Cidr::host)
                                .toList()))
                        .append("\nhub = true\n"));
        return text.toString();
    }

    private static String list(Collection<?> members) {
        return members.stream().map(each -> quoted(each.toString())).collect(Collectors.joining(", ", "[", "]"));
    }

    private static String quoted(String text) {
        return '"' + text + '"';
    }
}
