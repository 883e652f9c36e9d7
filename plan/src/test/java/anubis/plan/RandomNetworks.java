package anubis.plan;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.config.IpLiteral;
import anubis.crypto.PublicKey;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;

/** Networks of a few hosts such as people have them, each of a number. */
public final class RandomNetworks {
    private static final int PORT = 4296;
    private static final int HOSTS_MAX = 8;
    private static final int PERCENT = 100;
    private static final int ON_LAN = 10;

    private final Random random;
    private final boolean four;
    private final boolean six;
    private final Map<String, Segment> segments = new LinkedHashMap<>();
    private final Map<String, Host> hosts = new LinkedHashMap<>();
    private final List<String> places = new ArrayList<>();
    private final Set<String> movers = new HashSet<>();
    private int numbers;
    /** Whether the central server can be called by nobody from the wild side: those out there have the cloud as their hub. */
    private boolean hidden;
    /** Whether the LAN and that of the branch have the same addresses, so that each is called otherwise by the other. */
    private boolean overlaps;

    private RandomNetworks(long seed) {
        random = new Random(seed * 0x9e37_79b9_7f4a_7c15L);
        int families = random.nextInt(PERCENT);
        four = families < 85;
        six = families < 60 || families >= 85;
    }

    /** The network of that number. */
    public static Network of(long seed) {
        return new RandomNetworks(seed).network(seed);
    }

    private boolean chance(int percent) {
        return random.nextInt(PERCENT) < percent;
    }

    private Network network(long seed) {
        boolean central = chance(75);
        boolean cloud = !central || chance(60);
        boolean branch = chance(50);
        overlaps = central && branch && chance(30);
        wild("hotel", "10.77.0.0/24", "2001:db8:77::/64", true, chance(60));
        wild("cafe", "192.0.2.0/24", "2001:db8:78::/64", false, chance(60));
        places.addAll(List.of("hotel", "cafe"));
        if (cloud) {
            wild("dc", "198.51.100.0/24", "2001:db8:2::/64", false, true);
        }
        if (central) {
            central(cloud);
        }
        if (cloud) {
            cloud(central);
        }
        if (central) {
            leaves();
        }
        if (branch) {
            branch();
        }
        int roaming = 1 + random.nextInt(2);
        for (int i = 0; i < roaming && hosts.size() < HOSTS_MAX; i++) {
            roaming(central);
        }
        if (hosts.size() < HOSTS_MAX && chance(50)) {
            phone(central);
        }
        return new Network(
                "random " + seed,
                "example.net",
                "wg0",
                "wg",
                both("10.9.0.0/24", "fd09::/64").map(Cidr::parse).toList(),
                PORT,
                OptionalInt.empty(),
                segments,
                hosts,
                situations(central, cloud));
    }

    /** Of the two what this network has. */
    private Stream<String> both(String ofFour, String ofSix) {
        return Stream.concat(four ? Stream.of(ofFour) : Stream.of(), six ? Stream.of(ofSix) : Stream.of());
    }

    private void wild(String name, String ofFour, String ofSix, boolean nat, boolean withSix) {
        List<Cidr> prefixes = both(ofFour, ofSix)
                .filter(prefix -> withSix || !four || prefix.equals(ofFour))
                .map(Cidr::parse)
                .toList();
        int mtu = chance(85) ? Segment.MTU : 1492;
        segments.put(
                name, new Segment(name, Segment.Kind.WILD, prefixes, List.of(), Optional.empty(), nat, Map.of(), mtu));
    }

    private void segment(
            String name, Segment.Kind kind, List<String> prefixes, List<String> mapped, Optional<String> gateway) {
        segments.put(
                name,
                new Segment(
                        name,
                        kind,
                        prefixes.stream().map(Cidr::parse).toList(),
                        mapped.stream().map(Cidr::parse).toList(),
                        gateway,
                        false,
                        Map.of(),
                        Segment.MTU));
    }

    private Segment segment(String name) {
        return Optional.ofNullable(segments.get(name)).orElseThrow();
    }

    private void route(String segment, Cidr prefix, String host) {
        Segment old = segment(segment);
        segments.put(
                segment,
                new Segment(
                        old.name(),
                        old.kind(),
                        old.prefixes(),
                        old.mapped(),
                        old.gateway(),
                        old.nat(),
                        Map.of(prefix, host),
                        old.mtu()));
    }

    private List<InetAddress> addresses(String segment, int number) {
        return segment(segment).prefixes().stream()
                .map(prefix -> Prefixes.nth(prefix, number))
                .toList();
    }

    private Optional<Endpoint> endpoint(String segment, int number) {
        // IPv4 if there is any: not every place in the wild has IPv6.
        return Optional.of(
                new Endpoint(IpLiteral.format(addresses(segment, number).getFirst()), PORT));
    }

    // The hosts.

    private void central(boolean cloud) {
        hidden = cloud && chance(25);
        wild("isp", hidden ? "100.64.0.0/24" : "203.0.113.0/24", "2001:db8:1::/64", hidden, chance(50));
        segment(
                "lan",
                Segment.Kind.LAN,
                both("192.168.1.0/24", "fd01::/64").toList(),
                overlaps ? both("10.200.1.0/24", "fd0a:1::/64").toList() : List.of(),
                Optional.of("central"));
        boolean noSix = segment("isp").prefixes().stream().noneMatch(Cidr::six);
        Host host = new Draft("central", Role.CENTRAL)
                .on("lan", addresses("lan", 1))
                .on("isp", addresses("isp", 20))
                .named("isp", "eth1")
                .endpoint(
                        hidden
                                ? Optional.empty()
                                : chance(30)
                                        ? Optional.of(new Endpoint("home.example.net", PORT))
                                        : endpoint("isp", 20))
                .extraPorts(chance(20) ? List.of(53) : List.of())
                .default6(cloud && six && noSix && chance(60) ? Optional.of("cloud") : Optional.empty())
                .letsIn(chance(30) ? List.of(Service.PING) : List.of())
                .host();
        hosts.put(host.name(), host);
    }

    private void cloud(boolean central) {
        List<Cidr> internal = chance(50)
                ? both("192.168.250.1/32", "fd01:0:0:250::1/128")
                        .map(Cidr::parse)
                        .toList()
                : List.of();
        Host host = new Draft("cloud", Role.CLOUD)
                .on("dc", addresses("dc", 10))
                .internal(internal)
                .endpoint(endpoint("dc", 10))
                .letsIn(chance(40) ? List.of(Service.PING) : List.of())
                .host();
        hosts.put(host.name(), host);
        if (central && six && !overlaps && chance(40)) {
            route("dc", Cidr.parse("fd01::/64"), "cloud");
        }
    }

    private void leaves() {
        int leaves = random.nextInt(3);
        for (int i = 1; i <= leaves; i++) {
            Draft draft = new Draft("leaf" + i, Role.LEAF).on("lan", addresses("lan", ON_LAN + i));
            draft.through(Through.NAMES);
            hosts.put("leaf" + i, draft.host());
        }
        if (chance(40)) {
            hosts.put(
                    "printer",
                    new Draft("printer", Role.APPLIANCE)
                            .on("lan", addresses("lan", 30))
                            .host());
        }
    }

    private void branch() {
        boolean behind = chance(50);
        wild("dsl", behind ? "100.65.0.0/24" : "203.0.114.0/24", "2001:db8:4::/64", behind, chance(50));
        segment(
                "branchlan",
                Segment.Kind.LAN,
                both(overlaps ? "192.168.1.0/24" : "192.168.2.0/24", overlaps ? "fd01::/64" : "fd02::/64")
                        .toList(),
                overlaps ? both("10.200.2.0/24", "fd0a:2::/64").toList() : List.of(),
                Optional.of("branch"));
        Host host = new Draft("branch", Role.GATEWAY)
                .on("branchlan", addresses("branchlan", 1))
                .on("dsl", addresses("dsl", 20))
                .named("dsl", "eth1")
                .hub()
                .endpoint(behind || chance(50) ? Optional.empty() : endpoint("dsl", 20))
                .through(chance(30) ? Through.EVERYTHING : Through.NETWORK)
                .host();
        hosts.put(host.name(), host);
        boolean appliance = chance(50);
        hosts.put(
                "desk",
                new Draft("desk", appliance ? Role.APPLIANCE : Role.LEAF)
                        .on("branchlan", addresses("branchlan", ON_LAN))
                        .through(Through.NAMES)
                        .host());
    }

    private void roaming(boolean central) {
        String name = "laptop" + ++numbers;
        Draft draft = new Draft(name, Role.ROAMING)
                .hub()
                .endpoint(Optional.empty())
                .through(chance(75) ? Through.EVERYTHING : Through.NETWORK);
        boolean inside = chance(60);
        if (inside) {
            String segment = "inside" + numbers;
            segment(
                    segment,
                    Segment.Kind.INSIDE,
                    both("192.168.10" + numbers + ".0/24", "fd10:" + numbers + "::/64")
                            .toList(),
                    List.of(),
                    Optional.of(name));
            draft.on(segment, addresses(segment, 1));
        }
        if (central) {
            draft.on("lan", addresses("lan", 40 + numbers));
        }
        hosts.put(name, draft.host());
        movers.add(name);
        if (inside && chance(80)) {
            String vm = "vm" + numbers;
            hosts.put(
                    vm,
                    new Draft(vm, Role.VM)
                            .on("inside" + numbers, addresses("inside" + numbers, 2))
                            .host());
        }
    }

    private void phone(boolean central) {
        Draft draft = new Draft("phone", Role.PHONE)
                .hub()
                .endpoint(Optional.empty())
                .through(List.of(Through.values()).get(random.nextInt(Through.values().length)));
        if (central) {
            draft.on("lan", addresses("lan", 50));
        }
        hosts.put("phone", draft.host());
        movers.add("phone");
    }

    // The situations.

    private List<Situation> situations(boolean central, boolean cloud) {
        List<Situation> all = new ArrayList<>();
        all.add(new Situation("usual", "", central ? Map.of() : away(), Set.of(), Map.of(), Set.of()));
        all.add(new Situation("away", "", away(), Set.of(), Map.of(), Set.of()));
        if (central && cloud) {
            if (chance(50)) {
                Set<String> packed = new HashSet<>(Set.of("central"));
                hosts.values().stream()
                        .filter(host -> host.on().containsKey("lan") && !movers.contains(host.name()))
                        .forEach(host -> packed.add(host.name()));
                all.add(new Situation("packed", "", away(), packed, Map.of(), Set.of()));
            }
            Map<String, String> using = new HashMap<>();
            movers.stream().sorted().filter(_ -> chance(60)).forEach(mover -> using.put(mover, "cloud"));
            all.add(new Situation("asking", "", chance(50) ? Map.of() : away(), Set.of(), using, Set.of()));
        }
        if (chance(30)) {
            Set<String> off = new HashSet<>();
            movers.stream().sorted().filter(_ -> chance(50)).forEach(off::add);
            all.add(new Situation("off", "", away(), Set.of(), Map.of(), off));
        }
        return all;
    }

    private Map<String, String> away() {
        Map<String, String> away = new HashMap<>();
        movers.stream().sorted().forEach(mover -> away.put(mover, places.get(random.nextInt(places.size()))));
        return away;
    }

    /** A host in the making. */
    private final class Draft {
        private final String name;
        private final Role role;
        private final Map<String, List<InetAddress>> on = new LinkedHashMap<>();
        private final Map<String, String> interfaces = new HashMap<>();
        private final int number = hosts.size() + 1;
        private List<Cidr> internal = List.of();
        private Optional<Endpoint> endpoint = Optional.empty();
        private List<Integer> extraPorts = List.of();
        private Optional<String> default6 = Optional.empty();
        private Optional<String> hub = Optional.empty();
        private Through through;
        private List<Service> letsIn = List.of();

        Draft(String name, Role role) {
            this.name = name;
            this.role = role;
            this.through = role == Role.ROAMING ? Through.EVERYTHING : Through.NETWORK;
        }

        Draft on(String segment, List<InetAddress> addresses) {
            on.put(segment, addresses);
            return this;
        }

        Draft named(String segment, String link) {
            interfaces.put(segment, link);
            return this;
        }

        Draft internal(List<Cidr> prefixes) {
            internal = prefixes;
            return this;
        }

        Draft endpoint(Optional<Endpoint> where) {
            endpoint = where;
            return this;
        }

        Draft extraPorts(List<Integer> ports) {
            extraPorts = ports;
            return this;
        }

        /** The cloud, where the central server is hidden. */
        Draft hub() {
            hub = hidden ? Optional.of("cloud") : Optional.empty();
            return this;
        }

        Draft default6(Optional<String> host) {
            default6 = host;
            return this;
        }

        Draft through(Through what) {
            through = what;
            return this;
        }

        Draft letsIn(List<Service> services) {
            letsIn = services;
            return this;
        }

        Host host() {
            boolean none = role == Role.APPLIANCE;
            byte[] key = new byte[32];
            random.nextBytes(key);
            return new Host(
                    name,
                    role,
                    none ? Optional.empty() : Optional.of(PublicKey.of(key)),
                    Optional.empty(),
                    none
                            ? List.of()
                            : both("10.9.0." + number, "fd09::" + number)
                                    .map(text -> Cidr.parse(text).address())
                                    .toList(),
                    on,
                    interfaces,
                    internal,
                    endpoint,
                    PORT,
                    extraPorts,
                    OptionalInt.empty(),
                    hub,
                    Optional.empty(),
                    default6,
                    through,
                    letsIn);
        }
    }
}
