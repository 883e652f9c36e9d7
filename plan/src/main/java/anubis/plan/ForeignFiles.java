package anubis.plan;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.config.PeerConfig;
import anubis.config.QuickConfig;
import anubis.config.Route;
import anubis.crypto.Primitives;
import anubis.crypto.PublicKey;
import anubis.plan.Machine.Kind.Ethernet;
import anubis.plan.Machine.Link;
import anubis.plan.Machine.TableRoute;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A world made of hosts' wg-quick files, of which nobody has said what they are for. Between the hosts there is an internet
 * in which each has the addresses that others have as its endpoint; who has none is behind a NAT. There is no firewall but
 * the one in the files. What of a file is not understood is {@link Machine#unknown}.
 */
public final class ForeignFiles {
    private static final Cidr UPLINK_4 = Cidr.parse("198.18.0.0/15");
    private static final Cidr UPLINK_6 = Cidr.parse("2001:2::/48");

    private final Map<String, File> files;
    private final Map<String, PublicKey> keys = new LinkedHashMap<>();
    private final Map<String, Set<InetAddress>> endpoints = new LinkedHashMap<>();
    private final Map<String, List<InetAddress>> names = new LinkedHashMap<>();
    private final Map<String, List<String>> unknown = new HashMap<>();
    private final List<Machine> machines = new ArrayList<>();
    private final List<Link> internetLinks = new ArrayList<>();
    private final List<TableRoute> internetRoutes = new ArrayList<>();
    private long taken;

    /**
     * The file of one host.
     *
     * @param link the interface: the file's name without {@code .conf}
     * @param key its public key, where the file does not have the private one
     * @param others texts of further files by their names: of nftables what ends with {@code .nft}, else of sysctl.d(5)
     */
    public record File(String link, QuickConfig config, Optional<PublicKey> key, Map<String, String> others) {
        public File {
            others = Map.copyOf(others);
        }
    }

    private ForeignFiles(Map<String, File> files) {
        this.files = files;
    }

    /** The world of these hosts, by name, and of what is between them. */
    public static World world(Map<String, File> files) {
        return new ForeignFiles(files).build();
    }

    /** What is found of these hosts if all must reach each other at their WireGuard addresses. */
    public static Proof.Checked check(Map<String, File> files, Service service) {
        return new Check(world(files), List.copyOf(files.keySet()), service).run("");
    }

    private World build() {
        findKeys();
        Map<PublicKey, String> owners = new HashMap<>();
        keys.forEach((host, key) -> owners.putIfAbsent(key, host));
        files.forEach((host, file) ->
                file.config().wireguard().peers().forEach(peer -> meet(host, peer, owners.get(peer.publicKey()))));
        endpoints.values().stream()
                .flatMap(Set::stream)
                .collect(Collectors.groupingBy(address -> address, Collectors.counting()))
                .forEach((address, count) -> {
                    if (count > 1) {
                        endpoints.forEach((host, all) -> {
                            if (all.contains(address)) {
                                says(
                                        host,
                                        "the endpoint " + Ip.of(address)
                                                + " is others', too: there is a NAT which is in no file");
                            }
                        });
                    }
                });
        files.forEach(this::machine);
        machines.add(new Machine(
                WorldBuilder.INTERNET, internetLinks, List.of(), internetRoutes, true, true, 0, Wall.NONE, List.of()));
        return new World("as the files have it", machines, names);
    }

    private void says(String host, String what) {
        unknown.computeIfAbsent(host, _ -> new ArrayList<>()).add(what);
    }

    /** Keys of which the private one is in no file are those that others call by the host's name, or that are left over. */
    private void findKeys() {
        files.forEach((host, file) -> file.config()
                .wireguard()
                .device()
                .privateKey()
                .map(secret -> secret.publicKey(Primitives.get()))
                .or(file::key)
                .or(() -> peers().filter(peer -> peer.name().equals(Optional.of(host)))
                        .map(PeerConfig::publicKey)
                        .findFirst())
                .ifPresent(key -> keys.put(host, key)));
        List<String> without =
                files.keySet().stream().filter(host -> !keys.containsKey(host)).toList();
        List<PublicKey> left = peers().map(PeerConfig::publicKey)
                .distinct()
                .filter(key -> !keys.containsValue(key))
                .toList();
        if (without.size() == 1 && left.size() == 1) {
            keys.put(without.getFirst(), left.getFirst());
        }
        without.stream()
                .filter(host -> !keys.containsKey(host))
                .forEach(host -> says(host, "its private key is in another file, and its public key is not told"));
    }

    private Stream<PeerConfig> peers() {
        return files.values().stream().flatMap(file -> file.config().wireguard().peers().stream());
    }

    /** What {@code host} says of a peer, which is {@code other} if there is a file of that one. */
    private void meet(String host, PeerConfig peer, @Nullable String other) {
        if (other == null) {
            return;
        }
        peer.endpoint()
                .ifPresent(endpoint -> endpoints
                        .computeIfAbsent(other, _ -> new LinkedHashSet<>())
                        .add(address(endpoint)));
        boolean same = Stream.ofNullable(files.get(other))
                .flatMap(file -> file.config().wireguard().peers().stream())
                .filter(back -> back.publicKey().equals(keys.get(host)))
                .allMatch(back -> back.presharedKey().equals(peer.presharedKey()));
        if (!same) {
            says(host, "its preshared key for " + other + " is not the one there");
        }
    }

    private InetAddress address(Endpoint endpoint) {
        return endpoint.isLiteral()
                ? endpoint.address()
                : names.computeIfAbsent(endpoint.host(), _ -> List.of(Prefixes.nth(UPLINK_4, ++taken)))
                        .getFirst();
    }

    // What is between them.

    private void machine(String host, File file) {
        QuickHooks hooks = new QuickHooks(file);
        String segment = host + "-line";
        List<Cidr> addresses = uplink(host, segment);
        String uplink = hooks.uplink();
        List<TableRoute> routes = new ArrayList<>();
        for (Cidr router : routers(segment)) {
            Cidr all = router.six() ? Prefixes.ALL_6 : Prefixes.ALL_4;
            routes.add(TableRoute.via(Route.MAIN, all, uplink, router.address()));
        }
        hooks.unknown().forEach(what -> says(host, what));
        machines.add(hooks.machine(
                host,
                new Link(uplink, new Ethernet(segment), addresses, Segment.MTU),
                routes,
                Optional.ofNullable(keys.get(host)),
                unknown.getOrDefault(host, List.of())));
    }

    private final Map<String, List<Cidr>> routers = new HashMap<>();

    private List<Cidr> routers(String segment) {
        return routers.getOrDefault(segment, List.of());
    }

    /** Makes what is between a host and the internet, and gives the addresses that the host has there. */
    private List<Cidr> uplink(String host, String segment) {
        Set<InetAddress> known = endpoints.getOrDefault(host, Set.of());
        List<Cidr> own = new ArrayList<>();
        List<Cidr> near = new ArrayList<>();
        for (Cidr range : List.of(UPLINK_4, UPLINK_6)) {
            near.add(Cidr.host(Prefixes.nth(range, ++taken)));
            List<Cidr> there = known.stream()
                    .map(Cidr::host)
                    .filter(cidr -> cidr.six() == range.six())
                    .toList();
            own.addAll(there.isEmpty() ? List.of(Cidr.host(Prefixes.nth(range, ++taken))) : there);
        }
        routers.put(segment, near);
        if (known.isEmpty()) {
            nat(host, segment, own, near);
        } else {
            connect(segment, near, own);
        }
        return own;
    }

    /** An interface of the internet's router on a segment, and the routes to who is there. */
    private void connect(String segment, List<Cidr> near, List<Cidr> there) {
        String link = "net" + internetLinks.size();
        internetLinks.add(new Link(link, new Ethernet(segment), near, Segment.MTU));
        there.forEach(cidr -> internetRoutes.add(TableRoute.to(Route.MAIN, cidr, link)));
    }

    private void nat(String host, String segment, List<Cidr> own, List<Cidr> near) {
        String line = host + "-uplink";
        List<Cidr> outside =
                List.of(Cidr.host(Prefixes.nth(UPLINK_4, ++taken)), Cidr.host(Prefixes.nth(UPLINK_6, ++taken)));
        List<Cidr> routers =
                List.of(Cidr.host(Prefixes.nth(UPLINK_4, ++taken)), Cidr.host(Prefixes.nth(UPLINK_6, ++taken)));
        connect(line, routers, outside);
        String link = internetLinks.getLast().name();
        own.stream()
                .filter(Cidr::six)
                .forEach(cidr -> internetRoutes.add(
                        TableRoute.via(Route.MAIN, cidr, link, outside.getLast().address())));
        List<TableRoute> routes = new ArrayList<>();
        own.forEach(cidr -> routes.add(TableRoute.to(Route.MAIN, cidr, "in0")));
        routers.forEach(cidr -> routes.add(
                TableRoute.via(Route.MAIN, cidr.six() ? Prefixes.ALL_6 : Prefixes.ALL_4, "up0", cidr.address())));
        machines.add(new Machine(
                host + WorldBuilder.NAT,
                List.of(
                        new Link("up0", new Ethernet(line), outside, Segment.MTU),
                        new Link("in0", new Ethernet(segment), near, Segment.MTU)),
                List.of(),
                routes,
                true,
                true,
                0,
                WorldBuilder.natWall(),
                List.of()));
    }
}
