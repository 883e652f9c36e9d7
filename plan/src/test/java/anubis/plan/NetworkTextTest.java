package anubis.plan;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.config.IpLiteral;
import anubis.crypto.PublicKey;
import anubis.plan.Segment.Kind;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class NetworkTextTest {
    private static final Path EXAMPLES = Path.of("../docs/examples");

    static List<Path> examples() throws Exception {
        try (Stream<Path> files = Files.list(EXAMPLES)) {
            return files.filter(file -> file.toString().endsWith(".toml"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @DisplayName("The text of an example's network is that network")
    @MethodSource("examples")
    void examples(Path file) throws Exception {
        Network network = NetworkFile.parse(file.toString(), Files.readString(file));

        assertThat(NetworkFile.parse("written", NetworkText.format(network))).isEqualTo(network);
    }

    static IntStream seeds() {
        return IntStream.range(0, 300);
    }

    @ParameterizedTest
    @DisplayName("The text of any network is that network")
    @MethodSource("seeds")
    void anything(int seed) throws Exception {
        Network network = new Draw(seed).network();

        assertThat(NetworkFile.parse("written", NetworkText.format(network))).isEqualTo(network);
    }

    /** Networks with every key, in which each value is likely to be what it is anyway, or something else. */
    private static final class Draw {
        private final Random random;
        private final Map<String, Segment> segments = new LinkedHashMap<>();
        private final Map<String, Host> hosts = new LinkedHashMap<>();
        private final List<Cidr> ranges = new ArrayList<>();
        private final int port;
        private final boolean gates;
        private int number = 1;

        Draw(int seed) {
            random = new Random(seed);
            gates = odds();
            port = odds() ? 4296 : 1 + random.nextInt(20_000);
        }

        private boolean odds() {
            return random.nextBoolean();
        }

        private <T> T one(List<T> values) {
            return values.get(random.nextInt(values.size()));
        }

        private <T> Optional<T> maybe(T value) {
            return odds() ? Optional.of(value) : Optional.empty();
        }

        Network network() {
            ranges.add(Cidr.parse("10.42.0.0/16"));
            if (odds()) {
                ranges.add(Cidr.parse("fd00:42::/64"));
            }
            boolean six = odds();
            List<Cidr> lan = six
                    ? List.of(Cidr.parse("192.168.10.0/24"), Cidr.parse("2001:db8:1::/64"))
                    : List.of(Cidr.parse("192.168.10.0/24"));
            List<Cidr> mapped = maybe(List.of(Cidr.parse("10.99.1.0/24"))).orElse(List.of());
            segments.put(
                    "lan",
                    new Segment(
                            "lan",
                            Kind.LAN,
                            lan,
                            mapped,
                            Optional.of("hub"),
                            false,
                            Map.of(),
                            one(List.of(1500, 9000))));
            segments.put(
                    "open",
                    new Segment(
                            "open",
                            Kind.WILD,
                            List.of(Cidr.parse("198.51.100.0/24"), Cidr.parse("2001:db8:c::/64")),
                            List.of(),
                            Optional.empty(),
                            false,
                            maybe(Map.of(Cidr.parse("2001:db8:7::/48"), "hub", Cidr.parse("10.77.0.0/16"), "hub"))
                                    .orElse(Map.of()),
                            Segment.MTU));
            boolean nat = odds();
            segments.put(
                    "cafe-1",
                    new Segment(
                            "cafe-1",
                            Kind.WILD,
                            List.of(Cidr.parse(nat ? "192.168.0.0/16" : "203.0.113.0/24")),
                            List.of(),
                            Optional.empty(),
                            nat,
                            Map.of(),
                            1400));
            host(
                    "hub",
                    one(List.of(Role.CENTRAL, Role.CLOUD)),
                    Map.of("lan", on("lan", 1), "open", on("open", 7)),
                    Map.of("open", "wan0"));
            for (int i = 0; i < 1 + random.nextInt(6); i++) {
                Role role = one(List.of(Role.LEAF, Role.ROAMING, Role.PHONE, Role.APPLIANCE));
                host("h" + i, role, Map.of("lan", on("lan", 10 + i)), odds() ? Map.of() : Map.of("lan", "eno" + i));
            }
            if (segments.get("cafe-1").nat()) {
                inside();
            }
            List<Situation> situations = new ArrayList<>();
            for (int i = 0; i < 1 + random.nextInt(3); i++) {
                situations.add(situation(i));
            }
            return new Network(
                    one(List.of("Small", "with \"quotes\" and \\ back", "Ñandú 東京")),
                    one(List.of("internal", "example.org")),
                    one(List.of("wg0", "anubis")),
                    one(List.of("wg", "-vpn")),
                    ranges,
                    port,
                    gates ? OptionalInt.of(30_000) : OptionalInt.empty(),
                    segments,
                    hosts,
                    situations);
        }

        private Optional<PublicKey> gateKey() {
            byte[] key = new byte[32];
            random.nextBytes(key);
            return gates && odds() ? Optional.of(PublicKey.of(key)) : Optional.empty();
        }

        private List<InetAddress> on(String segment, int host) {
            List<InetAddress> all = segment(segment).prefixes().stream()
                    .map(prefix -> Prefixes.nth(prefix, host))
                    .toList();
            return odds()
                    ? all
                    : List.of(Prefixes.nth(segment(segment).prefixes().getFirst(), host + 100));
        }

        private Segment segment(String name) {
            return Optional.ofNullable(segments.get(name)).orElseThrow();
        }

        private void inside() {
            List<Cidr> prefixes = List.of(Cidr.parse("172.16.0.0/24"));
            segments.put(
                    "box",
                    new Segment("box", Kind.INSIDE, prefixes, List.of(), Optional.of("laptop"), false, Map.of(), 1500));
            host("laptop", Role.ROAMING, Map.of("box", on("box", 1), "cafe-1", on("cafe-1", 9)), Map.of());
            host(
                    "guest",
                    Role.VM,
                    Map.of("box", List.of(IpLiteral.parse("172.16.0.9").orElseThrow())),
                    Map.of());
        }

        private void host(String name, Role role, Map<String, List<InetAddress>> on, Map<String, String> links) {
            number++;
            Map<String, List<InetAddress>> places = new LinkedHashMap<>(on);
            if (name.equals("hub")) {
                places.put(
                        "lan",
                        segment("lan").prefixes().stream()
                                .map(prefix -> Prefixes.nth(prefix, 1))
                                .toList());
                places.put(
                        "open",
                        segment("open").prefixes().stream()
                                .map(prefix -> Prefixes.nth(prefix, 7))
                                .toList());
            }
            if (role == Role.APPLIANCE) {
                hosts.put(name, appliance(name, places, links));
                return;
            }
            byte[] key = new byte[32];
            random.nextBytes(key);
            int own = odds() ? port : 20_001 + random.nextInt(5000);
            Optional<Endpoint> usual = NetworkFile.usualEndpoint(role, own, places, segments);
            Optional<Endpoint> said = one(List.of(
                    usual,
                    Optional.of(new Endpoint(name + ".example.org", own)),
                    Optional.of(new Endpoint("2001:db8:5::" + number, own)),
                    Optional.of(new Endpoint("192.0.2." + number, 25_001 + number)),
                    name.equals("hub") ? usual : Optional.<Endpoint>empty()));
            hosts.put(
                    name,
                    new Host(
                            name,
                            role,
                            Optional.of(PublicKey.of(key)),
                            gateKey(),
                            wireguard(),
                            places,
                            links,
                            odds()
                                    ? List.of()
                                    : List.of(
                                            Cidr.parse("10.200.0." + number), Cidr.parse("10.201.0." + number + "/24")),
                            said,
                            own,
                            odds() ? List.of() : List.of(26_053, 26_443),
                            one(List.of(OptionalInt.empty(), OptionalInt.of(0), OptionalInt.of(25))),
                            name.equals("hub") || role == Role.VM ? Optional.empty() : maybe("hub"),
                            Optional.empty(),
                            Optional.empty(),
                            one(List.of(
                                    Through.usual(role),
                                    one(List.of(Through.EVERYTHING, Through.NETWORK, Through.NAMES)))),
                            odds() ? List.of() : List.of(new Service(Service.Protocol.TCP, 80), Service.PING)));
        }

        private List<InetAddress> wireguard() {
            int own = number;
            return one(List.of(
                    ranges.stream().map(range -> Prefixes.nth(range, own)).toList(),
                    ranges.stream()
                            .map(range -> Prefixes.nth(range, own + (range.six() ? 1000 : 0)))
                            .toList()));
        }

        private Host appliance(String name, Map<String, List<InetAddress>> on, Map<String, String> links) {
            return new Host(
                    name,
                    Role.APPLIANCE,
                    Optional.empty(),
                    Optional.empty(),
                    List.of(),
                    on,
                    links,
                    List.of(),
                    Optional.empty(),
                    port,
                    List.of(),
                    OptionalInt.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Through.usual(Role.APPLIANCE),
                    List.of());
        }

        private Situation situation(int i) {
            Map<String, String> away = new LinkedHashMap<>();
            Set<String> absent = new HashSet<>();
            Set<String> off = new HashSet<>();
            for (Host host : hosts.values()) {
                if (host.moves() && odds()) {
                    away.put(host.name(), one(List.of("open", "cafe-1")));
                } else if (host.role() == Role.LEAF && odds()) {
                    absent.add(host.name());
                } else if (host.role() == Role.ROAMING && odds()) {
                    off.add(host.name());
                }
            }
            return new Situation(
                    i == 0 ? "usual" : "situation-" + i,
                    one(List.of("", "A \"note\"")),
                    odds() ? Map.of() : away,
                    odds() ? Set.of() : absent,
                    Map.of(),
                    odds() ? Set.of() : off);
        }
    }
}
