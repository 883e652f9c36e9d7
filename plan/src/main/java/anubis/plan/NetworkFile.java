package anubis.plan;

import anubis.config.Cidr;
import anubis.config.ConfigException;
import anubis.config.Endpoint;
import anubis.config.IpLiteral;
import anubis.crypto.PublicKey;
import anubis.plan.Segment.Kind;
import anubis.plan.TomlReading.Section;
import anubis.plan.TomlReading.Wrong;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The description of a network in TOML: {@code network.toml}. */
public final class NetworkFile {
    /** What is so where nothing is said. */
    static final String DOMAIN = "internal";

    static final String INTERFACE = "wg0";
    static final String SUFFIX = "wg";
    static final int PORT = 4296;
    static final String SITUATION = "usual";

    static final int NAME_MAX = 63;
    static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
    private static final int LONGEST_4 = 30;
    private static final int LONGEST_6 = 126;
    private static final String NAME_FORM = "1 to 63 small letters, digits and hyphens";
    /** Not those that the kernel refuses, has by itself, or that mean others in /proc/sys. */
    private static final Pattern LINK = Pattern.compile("(?!(\\.{1,2}|lo|all|default)$)[A-Za-z0-9_=+.-]{1,15}");

    private static final String LINK_FORM = "the name of an interface, as in wg0";
    private static final Pattern SUFFIXES = Pattern.compile("[a-z0-9-]{0,30}[a-z0-9]");
    private static final Pattern DOMAINS = Pattern.compile("[a-z0-9-]{1,63}(\\.[a-z0-9-]{1,63})*");
    private static final Pattern TEXT = Pattern.compile("[^\\p{Cc}\\p{Zl}\\p{Zp}\u202a-\u202e\u2066-\u2069]{1,200}");
    private static final int PORT_MAX = 65_535;
    private static final int MTU_MIN = 1280;

    private static final String PREFIXES = "write prefixes, as in [\"192.168.10.0/24\", \"2001:db8:1::/64\"]";

    private final TomlReading in;
    private final Map<String, Segment> segments = new LinkedHashMap<>();
    private final Map<String, Host> hosts = new LinkedHashMap<>();
    private Set<String> segmentNames = Set.of();
    private Set<String> hostNames = Set.of();

    private NetworkFile(TomlReading in) {
        this.in = in;
    }

    /**
     * Reads what {@link NetworkText#format} writes, or somebody has written like it.
     *
     * @param file what errors call it
     * @throws ConfigException with all that is wrong
     */
    public static Network parse(String file, String text) throws ConfigException {
        return new NetworkFile(new TomlReading(file)).network(text);
    }

    private Network network(String text) throws ConfigException {
        Section all = in.read(text);
        in.known(all, NetworkKeys.NETWORK);
        Map<String, Section> networks =
                in.tables(all, "networks", "write [networks.NAME], and below kind = \"lan\" and addresses = [\"…\"]");
        Map<String, Section> machines =
                in.tables(all, "hosts", "write [hosts.NAME], and below role = \"leaf\" and key = \"…\"");
        segmentNames = networks.keySet();
        hostNames = machines.keySet();
        List<Cidr> ranges = prefixes(
                all, "wireguard", "write wireguard = [\"10.42.0.0/24\"], a range for addresses of the tunnels alone");
        int port = in.number(all, "port", 1, PORT_MAX).orElse(PORT);
        networks.forEach((name, section) -> segments.put(name, segment(name, section)));
        machines.forEach((name, section) -> hosts.put(name, host(name, section, ranges, port)));
        List<Section> states = in.list(all, "situations", "write [[situations]], and below name = \"…\"");
        List<Situation> situations = states.stream().map(this::situation).toList();
        Network network = new Network(
                in.matching(
                                all,
                                "name",
                                in.text(all, "name", "write name = \"…\", what people call the network"),
                                TEXT,
                                "up to 200 characters")
                        .orElse(""),
                in.matching(all, "domain", in.text(all, "domain"), DOMAINS, "a domain, as in example.org")
                        .orElse(DOMAIN),
                in.matching(all, "interface", in.text(all, "interface"), LINK, LINK_FORM)
                        .orElse(INTERFACE),
                in.matching(all, "suffix", in.text(all, "suffix"), SUFFIXES, "small letters, as in wg")
                        .orElse(SUFFIX),
                ranges,
                port,
                in.number(all, "gate-port", 1, PORT_MAX),
                segments,
                hosts,
                states.isEmpty()
                        ? List.of(new Situation(SITUATION, "", Map.of(), Set.of(), Map.of(), Set.of()))
                        : situations);
        // Whoever is wrong about networks is wrong about all that is on them.
        if (!in.faulty("") && !in.anyFaulty("networks.")) {
            new NetworkChecks(in, network, all, networks, machines).run();
        }
        if (!in.faulty("") && !in.anyFaulty("networks.")) {
            new SituationChecks(in, network, machines, states).run();
        }
        in.orThrow();
        return network;
    }

    // Networks.

    private Segment segment(String name, Section section) {
        in.known(section, NetworkKeys.SEGMENT);
        named(name, section, "networks");
        if (!section.has("kind")) {
            in.problem(section, "kind", "it is missing", "write kind = \"lan\", \"inside\" or \"wild\"");
        }
        Kind kind = in.word(section, "kind", Kind.values()).orElse(Kind.LAN);
        List<Cidr> prefixes = prefixes(section, "addresses", PREFIXES);
        List<Cidr> mapped = section.has("mapped") ? prefixes(section, "mapped", PREFIXES) : List.of();
        Map<Cidr, String> routed = new LinkedHashMap<>();
        String form = "write routed = { \"2001:db8:1::/48\" = \"HOST\" }";
        in.table(section, "routed", form)
                .ifPresent(table -> in.texts(table).forEach((prefix, host) -> {
                    try {
                        routed.put(
                                Addresses.prefix(prefix),
                                known(table, prefix, host, hostNames, "host").orElse(""));
                    } catch (Wrong e) {
                        in.problem(table, prefix, String.valueOf(e.getMessage()), e.remedy());
                    }
                }));
        return new Segment(
                name,
                kind,
                prefixes,
                mapped,
                in.text(section, "gateway").flatMap(host -> known(section, "gateway", host, hostNames, "host")),
                in.flag(section, "nat"),
                routed,
                in.number(section, "mtu", MTU_MIN, PORT_MAX).orElse(Segment.MTU));
    }

    private void named(String name, Section section, String table) {
        if (!NAME.matcher(name).matches()) {
            in.problem(section, "", "'" + name + "' is no name", "write [" + table + ".NAME]: " + NAME_FORM);
        }
    }

    /** The prefixes of a network, at most one of each family. */
    private List<Cidr> prefixes(Section section, String key, String form) {
        if (!section.has(key)) {
            in.problem(section, key, "it is missing", form);
        }
        Set<Boolean> families = new HashSet<>();
        return in.values(
                section,
                key,
                value -> {
                    Cidr prefix = Addresses.prefix(TomlReading.text(value));
                    if (prefix.length() > (prefix.six() ? LONGEST_6 : LONGEST_4)) {
                        throw new Wrong(
                                "it has no room for two",
                                "write a shorter prefix, in which others are, too, as the router of a provider");
                    }
                    if (!families.add(prefix.six())) {
                        throw new Wrong(
                                "it is the second of its family",
                                "a network has one prefix of IPv4 and one of IPv6; describe two networks");
                    }
                    return prefix;
                },
                form);
    }

    // Hosts.

    private Host host(String name, Section section, List<Cidr> ranges, int usualPort) {
        in.known(section, NetworkKeys.HOST);
        named(name, section, "hosts");
        if (!section.has("role")) {
            in.problem(section, "role", "it is missing", "write role = \"leaf\", or another of the roles");
        }
        Role role = in.word(section, "role", Role.values()).orElse(Role.LEAF);
        int port = in.number(section, "port", 1, PORT_MAX).orElse(usualPort);
        Map<String, List<InetAddress>> on = new LinkedHashMap<>();
        in.table(section, "on", "write on.NETWORK = [\"ADDRESS\"]").ifPresent(table -> {
            for (String segment : table.table().keySet()) {
                known(table, segment, segment, segmentNames, "network")
                        .map(segments::get)
                        .ifPresent(known -> on.put(
                                segment,
                                addresses(
                                        table,
                                        segment,
                                        in.faulty("networks." + segment) ? List.of() : known.prefixes(),
                                        "network " + segment)));
            }
        });
        return new Host(
                name,
                role,
                key(section, "key"),
                key(section, "gate-key"),
                addresses(section, "wg", in.faulty("") ? List.of() : ranges, "WireGuard range"),
                on,
                interfaces(section),
                internal(section),
                endpoint(section, role, port, on),
                port,
                in.values(section, "extra-ports", NetworkFile::port, "write ports, as in [53, 443]"),
                in.number(section, "keepalive", 0, PORT_MAX),
                hostNamed(section, "hub"),
                hostNamed(section, "default-ipv4"),
                hostNamed(section, "default-ipv6"),
                in.word(section, "through", Through.values()).orElse(Through.usual(role)),
                in.values(
                        section,
                        "lets-in",
                        value -> Service.parse(TomlReading.text(value))
                                .orElseThrow(() -> new IllegalArgumentException("it is no service")),
                        "write as in [\"tcp 443\", \"udp 53\", \"ping\"]"));
    }

    private Optional<String> hostNamed(Section section, String key) {
        return in.text(section, key).flatMap(host -> known(section, key, host, hostNames, "host"));
    }

    /** Nothing but a problem if there is none of that name. */
    private Optional<String> known(Section section, String key, String name, Collection<String> names, String what) {
        if (names.contains(name)) {
            return Optional.of(name);
        }
        in.problem(
                section,
                key,
                "there is no " + what + " '" + name + "'",
                TomlReading.instead(name, names, "describe it in [" + what + "s." + name + "]"));
        return Optional.empty();
    }

    private Optional<PublicKey> key(Section section, String name) {
        return in.text(section, name).flatMap(text -> {
            try {
                PublicKey key = PublicKey.ofBase64(text);
                if (key.isOfLowOrder()) {
                    in.problem(section, name, "nobody has a private key to it", keyForm(name));
                }
                return Optional.of(key);
            } catch (IllegalArgumentException e) {
                // It may be a private one with a slip: it is not cited.
                in.problem(section, name, String.valueOf(e.getMessage()), keyForm(name));
                return Optional.empty();
            }
        });
    }

    static String keyForm(String name) {
        return "write " + name + " = \"…\", its public key, as 'anubis pubkey < PRIVATEKEY' prints it there";
    }

    /** Addresses within the prefixes, anywhere if there are none; a number is that of the host in each of them. */
    private List<InetAddress> addresses(Section section, String key, List<Cidr> prefixes, String where) {
        return in
                .values(
                        section,
                        key,
                        value -> value instanceof Long number
                                ? Addresses.numbered(number, prefixes)
                                : List.of(Addresses.address(value, prefixes, where)),
                        "write addresses, as in [\"192.168.10.1\"], or the number of the host in the " + where)
                .stream()
                .flatMap(List::stream)
                .toList();
    }

    private Map<String, String> interfaces(Section section) {
        Map<String, String> names = new LinkedHashMap<>();
        in.table(section, "interfaces", "write interfaces.NETWORK = \"eth0\"")
                .ifPresent(table -> in.texts(table)
                        .forEach((segment, link) -> known(table, segment, segment, segmentNames, "network")
                                .flatMap(_ -> in.matching(table, segment, Optional.of(link), LINK, LINK_FORM))
                                .ifPresent(right -> names.put(segment, right))));
        return names;
    }

    private List<Cidr> internal(Section section) {
        return in.values(
                section,
                "internal",
                value -> Addresses.usable(Cidr.parse(TomlReading.text(value))),
                "write addresses, as in [\"10.9.0.1\"]");
    }

    private static int port(Object value) {
        if (value instanceof Long number && number >= 1 && number <= PORT_MAX) {
            return number.intValue();
        }
        throw new IllegalArgumentException("it is no port");
    }

    /** What the description says, else the first fixed address on the wild side. */
    private Optional<Endpoint> endpoint(Section section, Role role, int port, Map<String, List<InetAddress>> on) {
        Optional<Object> value = section.value("endpoint");
        if (value.isEmpty()) {
            return usualEndpoint(role, port, on, segments);
        }
        if (value.equals(Optional.of(false))) {
            return Optional.empty();
        }
        return in
                .values(
                        section,
                        "endpoint",
                        each -> Addresses.endpoint(TomlReading.text(each), port),
                        "write an address or a name, as in \"vpn.example.org\"; or false: it is not reached from the wild side")
                .stream()
                .findFirst();
    }

    /** The first address in the wild of a host that stays there, of IPv4 if there is one. */
    static Optional<Endpoint> usualEndpoint(
            Role role, int port, Map<String, List<InetAddress>> on, Map<String, Segment> segments) {
        if (role == Role.ROAMING || role == Role.PHONE || role == Role.APPLIANCE) {
            return Optional.empty();
        }
        List<InetAddress> open = new ArrayList<>();
        segments.forEach((name, segment) -> {
            if (segment.kind() == Kind.WILD && !segment.nat()) {
                open.addAll(on.getOrDefault(name, List.of()));
            }
        });
        return open.stream()
                .filter(address -> !Prefixes.six(address))
                .findFirst()
                .or(() -> open.stream().findFirst())
                .map(address -> new Endpoint(IpLiteral.format(address), port));
    }

    // Situations.

    private Situation situation(Section section) {
        in.known(section, NetworkKeys.SITUATION);
        String name = in.matching(section, "name", in.text(section, "name", "write name = \"…\""), NAME, NAME_FORM)
                .orElse("");
        return new Situation(
                name,
                in.matching(section, "note", in.text(section, "note"), TEXT, "up to 200 characters")
                        .orElse(""),
                pairs(section, "away", segmentNames, "network"),
                set(section, "absent"),
                pairs(section, "using", hostNames, "host"),
                set(section, "off"));
    }

    private Map<String, String> pairs(Section section, String key, Collection<String> names, String what) {
        Map<String, String> pairs = new LinkedHashMap<>();
        in.table(section, key, "write " + key + ".HOST = \"" + what.toUpperCase(Locale.ROOT) + "\"")
                .ifPresent(table -> in.texts(table)
                        .forEach((host, name) -> known(table, host, host, hostNames, "host")
                                .flatMap(_ -> known(table, host, name, names, what))
                                .ifPresent(right -> pairs.put(host, right))));
        return pairs;
    }

    private Set<String> set(Section section, String key) {
        return new LinkedHashSet<>(in.values(
                section,
                key,
                value -> {
                    String name = TomlReading.text(value);
                    if (!hostNames.contains(name)) {
                        throw new Wrong("there is no such host", TomlReading.instead(name, hostNames, "remove it"));
                    }
                    return name;
                },
                "write names of hosts, as in [\"jacinth\"]"));
    }
}
