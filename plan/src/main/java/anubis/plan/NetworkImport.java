package anubis.plan;

import anubis.config.Cidr;
import anubis.config.ConfigException;
import anubis.config.ConfigException.Problem;
import anubis.config.Endpoint;
import anubis.config.IpLiteral;
import anubis.config.PeerConfig;
import anubis.config.QuickConfig;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.plan.NetworkInit.First;
import anubis.plan.Segment.Kind;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A description of a network that has been configured by hand, as far as it follows from its hosts' wg-quick files. */
public final class NetworkImport {
    private static final String ROAD = "road";
    private static final String NOWHERE = "internet";
    private static final int WIREGUARD_PORT = 51_820;
    /** Documentation's block (RFC 5737), in place of addresses that no file has. */
    private static final Cidr UNKNOWN = Cidr.parse("192.0.2.0/24");

    private static final Cidr OTHERS = Cidr.parse("192.168.0.0/24");
    private static final Pattern LINK = Pattern.compile("(wg|wg-)?[0-9]*");

    private final List<String> remarks = new ArrayList<>();
    private final List<ImportedHost> found = new ArrayList<>();
    private final Map<String, Segment> segments = new LinkedHashMap<>();
    private final List<Cidr> ranges = new ArrayList<>();
    private String link = NetworkFile.INTERFACE;

    private NetworkImport() {}

    /**
     * The network.
     *
     * @param files by their names or paths, which hosts are called by where no file has {@code #: Name = …} for them: by the
     *     folder if the file is called as an interface is
     * @throws ConfigException with all that is wrong with the files
     * @throws IllegalArgumentException if they are no network: there is none, or none has peers
     */
    public static First network(String name, Map<String, String> files) throws ConfigException {
        return new NetworkImport().read(name, files);
    }

    private First read(String name, Map<String, String> files) throws ConfigException {
        hosts(parse(files), files.values());
        ImportedHost hub = found.stream()
                .filter(host -> tunnels(host) > 0)
                .max(Comparator.comparingInt(NetworkImport::tunnels)
                        .thenComparingLong(host -> host.told.values().stream()
                                .filter(peer -> peer.endpoint().isPresent())
                                .count()))
                .orElseThrow(
                        () -> new IllegalArgumentException("no file has a [Peer], so there is no network in them"));
        int port = hub.file
                .map(file -> file.wireguard().device().listenPort())
                .orElse(OptionalInt.empty())
                .orElse(WIREGUARD_PORT);
        ImportedRanges addresses = new ImportedRanges(found, remarks);
        ranges.addAll(addresses.find());
        behind(hub);
        hub.draft.role = hub.draft.on.isEmpty() ? Role.CLOUD : Role.CENTRAL;
        found.forEach(host -> wild(host, hub, port));
        found.stream().filter(host -> host != hub).forEach(host -> role(host, hub));
        found.forEach(host -> rest(host, hub));
        addresses.complete();
        Map<String, String> away = new LinkedHashMap<>();
        Map<String, Host> hosts = new LinkedHashMap<>();
        hosts.put(hub.draft.name, hub.draft.host(port));
        found.forEach(host -> hosts.put(host.draft.name, host.draft.host(port)));
        hosts.values().stream().filter(Host::moves).forEach(host -> away.put(host.name(), ROAD));
        if (!away.isEmpty()) {
            segments.put(ROAD, segment(ROAD, Kind.WILD, OTHERS, Optional.empty(), true));
            remarks.add("where " + String.join(", ", away.keySet()) + (away.size() == 1 ? " is" : " are")
                    + " is assumed: on a network '" + ROAD + "' behind a NAT; describe the situations that there are");
        }
        Situation usual = new Situation(NetworkFile.SITUATION, "", away, Set.of(), Map.of(), Set.of());
        return new First(
                new Network(
                        name,
                        NetworkFile.DOMAIN,
                        link,
                        NetworkFile.SUFFIX,
                        ranges,
                        port,
                        OptionalInt.empty(),
                        segments,
                        hosts,
                        List.of(usual)),
                remarks);
    }

    /** How many tunnels it has, as far as the files tell: that of the hub may be missing. */
    private static int tunnels(ImportedHost host) {
        return Math.max(host.peers().size(), host.told.size());
    }

    private static Map<String, QuickConfig> parse(Map<String, String> files) throws ConfigException {
        Map<String, QuickConfig> parsed = new LinkedHashMap<>();
        List<Problem> problems = new ArrayList<>();
        for (Map.Entry<String, String> file : files.entrySet()) {
            try {
                parsed.put(file.getKey(), QuickConfig.parse(file.getKey(), file.getValue()));
            } catch (ConfigException e) {
                problems.addAll(e.problems());
            }
        }
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
        return parsed;
    }

    // Who there is.

    private void hosts(Map<String, QuickConfig> files, Collection<String> texts) {
        Map<PublicKey, String> names = new LinkedHashMap<>();
        files.values().stream()
                .flatMap(file -> file.wireguard().peers().stream())
                .forEach(peer -> peer.name().ifPresent(name -> names.putIfAbsent(peer.publicKey(), name)));
        texts.forEach(text -> PeerComments.of(text).forEach(names::putIfAbsent));
        Map<PublicKey, ImportedHost> known = new LinkedHashMap<>();
        files.forEach((path, file) -> {
            Optional<PublicKey> key = file.wireguard().device().privateKey().map(PrivateKey::publicKey);
            if (key.isEmpty()) {
                remarks.add(path + " has no private key, so whose it is, is not known: write the public key");
            }
            String called =
                    key.flatMap(each -> Optional.ofNullable(names.get(each))).orElse(fileName(path));
            ImportedHost host = add(called, key, Optional.of(file));
            key.ifPresent(each -> known.put(each, host));
            notTaken(host, file);
        });
        for (ImportedHost host : List.copyOf(found)) {
            for (PeerConfig peer : host.peers()) {
                known.computeIfAbsent(peer.publicKey(), key -> {
                            String called = Optional.ofNullable(names.get(key)).orElse("peer");
                            ImportedHost other = add(called, Optional.of(key), Optional.empty());
                            if (called.equals("peer")) {
                                remarks.add("what the peer " + key + " is called is not known: instead of "
                                        + other.draft.name + ", give it a name");
                            }
                            return other;
                        })
                        .told
                        .put(host, peer);
            }
        }
    }

    private ImportedHost add(String called, Optional<PublicKey> key, Optional<QuickConfig> file) {
        String name =
                called.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
        Set<String> taken = new HashSet<>(Set.of(Network.STRANGER, WorldBuilder.INTERNET, ""));
        found.forEach(host -> taken.add(host.draft.name));
        String free = name.length() > 50 ? name.substring(0, 50) : name;
        for (int i = 2; taken.contains(free); i++) {
            free = (name.isEmpty() ? "host" : name) + "-" + i;
        }
        ImportedHost host = new ImportedHost(new HostDraft(free, Role.PHONE), file);
        host.draft.key = key;
        found.add(host);
        return host;
    }

    /** Of {@code jacinth/wg0.conf} and of {@code jacinth.conf} it is jacinth. */
    private String fileName(String path) {
        String[] parts = path.split("/", -1);
        String base = parts[parts.length - 1].replaceFirst("\\.conf$", "");
        if (!LINK.matcher(base).matches() || parts.length == 1) {
            return base;
        }
        link = base;
        return parts[parts.length - 2];
    }

    private void notTaken(ImportedHost host, QuickConfig file) {
        String name = host.draft.name;
        if (!file.hooks().isEmpty()) {
            remarks.add(name + ": its commands (" + file.hooks().getFirst()
                    + " …) are left out: the plan makes rules, routes" + " and a firewall of its own");
        }
        if (!(file.table() instanceof QuickConfig.Table.Auto)) {
            remarks.add(name + ": its Table is left out: the plan makes one of its own");
        }
        if (!file.dns().equals(QuickConfig.DnsSettings.NONE)) {
            remarks.add(name + ": its DNS is left out");
        }
        if (file.wireguard().peers().stream()
                .anyMatch(peer -> peer.presharedKey().isPresent())) {
            remarks.add(name + ": its preshared keys are left out: a plan has no secrets");
        }
    }

    // Where they are.

    /** What others send to a host beside its own addresses: the networks behind it, and single addresses. */
    private void behind(ImportedHost hub) {
        for (ImportedHost host : found) {
            List<Cidr> networks = host.told.entrySet().stream()
                    .filter(entry -> host == hub || entry.getKey() == hub)
                    .flatMap(entry -> entry.getValue().allowedIps().prefixes().stream())
                    .map(Cidr::masked)
                    .filter(prefix -> prefix.length() > 0 && !ImportedRanges.isHost(prefix))
                    .filter(prefix ->
                            ranges.stream().noneMatch(range -> range.contains(prefix) || prefix.contains(range)))
                    .distinct()
                    .sorted(Prefixes.ORDER)
                    .toList();
            for (Cidr prefix : networks) {
                Optional<Segment> other = segments.values().stream()
                        .filter(segment -> segment.prefixes().stream()
                                .anyMatch(each -> each.contains(prefix) || prefix.contains(each)))
                        .findFirst();
                if (other.isPresent()) {
                    remarks.add(prefix + " is behind " + host.draft.name + ", and a part of network "
                            + other.get().name() + ": it is left out");
                } else {
                    lan(host, prefix);
                }
            }
        }
    }

    private void lan(ImportedHost host, Cidr prefix) {
        String name = free("lan-" + host.draft.name);
        segments.put(name, segment(name, Kind.LAN, prefix, Optional.of(host.draft.name), false));
        Optional<InetAddress> own = host.told.values().stream()
                .flatMap(peer -> peer.endpoint().stream())
                .filter(Endpoint::isLiteral)
                .map(Endpoint::address)
                .filter(address -> prefix.contains(Cidr.host(address)))
                .findFirst();
        host.draft.on.put(name, List.of(own.orElse(Prefixes.nth(prefix, 1))));
        host.draft.interfaces.put(name, "eth" + host.draft.interfaces.size());
        if (own.isEmpty()) {
            remarks.add("which address " + host.draft.name + " has in " + prefix + " is not known, "
                    + IpLiteral.format(Prefixes.nth(prefix, 1)) + " stands for it: write hosts." + host.draft.name
                    + ".on, and"
                    + " .interfaces");
        }
    }

    private String free(String name) {
        String free = name;
        for (int i = 2; segments.containsKey(free); i++) {
            free = name + "-" + i;
        }
        return free;
    }

    private static Segment segment(String name, Kind kind, Cidr prefix, Optional<String> gateway, boolean nat) {
        return new Segment(name, kind, List.of(prefix), List.of(), gateway, nat, Map.of(), Segment.MTU);
    }

    /** Where others find it from the wild side. */
    private void wild(ImportedHost host, ImportedHost hub, int usualPort) {
        Optional<Endpoint> endpoint = host.told.values().stream()
                .flatMap(peer -> peer.endpoint().stream())
                .filter(each -> !each.isLiteral() || !onLan(each.address()))
                .findFirst();
        if (endpoint.isEmpty() && host != hub) {
            return;
        }
        host.draft.endpoint = endpoint;
        boolean literal = endpoint.filter(Endpoint::isLiteral).isPresent();
        InetAddress address = literal ? endpoint.get().address() : Prefixes.nth(UNKNOWN, 1 + found.indexOf(host));
        Cidr prefix = new Cidr(address, Prefixes.six(address) ? 64 : 24).masked();
        String name = segments.values().stream()
                .filter(segment ->
                        segment.kind() == Kind.WILD && segment.prefixes().contains(prefix))
                .map(Segment::name)
                .findFirst()
                .orElseGet(() -> {
                    String made = free(literal ? NOWHERE : NOWHERE + "-unknown");
                    segments.put(made, segment(made, Kind.WILD, prefix, Optional.empty(), false));
                    return made;
                });
        host.draft.on.put(name, List.of(address));
        host.draft.interfaces.put(name, "eth" + host.draft.interfaces.size());
        remarks.add("the interface of " + host.draft.name
                + " in the wild is a guess, and the firewall goes by its name: write hosts." + host.draft.name
                + ".interfaces." + name);
        remarks.add(
                literal
                        ? "that the network of " + host.draft.name + " in the wild is " + prefix
                                + " is a guess: write networks." + name + ".addresses"
                        : "which address " + endpoint.map(Endpoint::host).orElse(host.draft.name)
                                + " has is not known, " + IpLiteral.format(address) + " stands for it: write hosts."
                                + host.draft.name + ".on." + name);
        host.draft.port = host.file
                .map(file -> file.wireguard().device().listenPort())
                .orElseGet(() -> endpoint.stream().mapToInt(Endpoint::port).findFirst());
        if (!literal) {
            int port = host.draft.port.orElse(usualPort);
            host.draft.endpoint = endpoint.or(() -> Optional.of(new Endpoint(IpLiteral.format(address), port)));
        }
    }

    private boolean onLan(InetAddress address) {
        return segments.values().stream()
                .anyMatch(segment ->
                        segment.kind() == Kind.LAN && Prefixes.cover(segment.prefixes(), Cidr.host(address)));
    }

    // What they are.

    private void role(ImportedHost host, ImportedHost hub) {
        HostDraft draft = host.draft;
        Collection<Cidr> told = Optional.ofNullable(host.told.get(hub))
                .map(peer -> peer.allowedIps().prefixes())
                .orElse(List.of());
        boolean gateway =
                segments.values().stream().anyMatch(segment -> segment.gateway().equals(Optional.of(draft.name)));
        told.stream()
                .filter(ImportedRanges::isHost)
                .map(Cidr::address)
                .filter(address -> !Prefixes.cover(ranges, Cidr.host(address)))
                .forEach(address -> segments.values().stream()
                        .filter(segment ->
                                segment.kind() == Kind.LAN && Prefixes.cover(segment.prefixes(), Cidr.host(address)))
                        .findFirst()
                        .ifPresentOrElse(
                                segment -> draft.on.merge(segment.name(), List.of(address), NetworkImport::both),
                                () -> draft.internal.add(Cidr.host(address))));
        if (gateway) {
            draft.role = Role.GATEWAY;
        } else if (draft.endpoint.isPresent()) {
            draft.role = Role.CLOUD;
            draft.hub = hub.draft.role == Role.CENTRAL ? Optional.empty() : Optional.of(hub.draft.name);
        } else if (!draft.on.isEmpty()) {
            draft.role = Role.LEAF;
            remarks.add("that " + draft.name + " is always at home is a guess: if it moves, write role = \"roaming\"");
        } else if (host.file.isPresent()) {
            draft.role = Role.ROAMING;
        } else {
            remarks.add("that " + draft.name + " is a phone is a guess, for there is no file of it: write its role");
        }
    }

    private static List<InetAddress> both(List<InetAddress> some, List<InetAddress> more) {
        return Stream.concat(some.stream(), more.stream()).distinct().toList();
    }

    private void rest(ImportedHost host, ImportedHost hub) {
        HostDraft draft = host.draft;
        host.peers().stream()
                .filter(peer -> Optional.of(peer.publicKey()).equals(hub.draft.key))
                .findFirst()
                .ifPresent(peer -> {
                    if (peer.persistentKeepalive().isPresent()) {
                        draft.keepalive = peer.persistentKeepalive();
                    }
                    List<Cidr> prefixes = peer.allowedIps().prefixes();
                    boolean names = prefixes.stream().allMatch(prefix -> Prefixes.cover(ranges, prefix));
                    boolean everything = prefixes.stream().anyMatch(prefix -> prefix.length() == 0);
                    draft.through = Optional.of(
                            everything
                                    ? Through.EVERYTHING
                                    : names && draft.role == Role.LEAF ? Through.NAMES : Through.NETWORK);
                });
        host.told.keySet().stream()
                .filter(other -> host != hub && other != hub)
                .forEach(other -> remarks.add("the tunnel of " + other.draft.name + " to " + draft.name
                        + " is left out: all go by " + hub.draft.name + ", unless you write another hub"));
        if (draft.on.size() < 2) {
            draft.interfaces.clear();
        }
    }
}
