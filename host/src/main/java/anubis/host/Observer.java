package anubis.host;

import anubis.config.Cidr;
import anubis.config.Facts;
import anubis.config.Firewall;
import anubis.config.HostState;
import anubis.config.Observed;
import anubis.config.Route;
import anubis.config.Rule;
import anubis.config.UapiDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Looks at what there is on this host, by {@code ip} and {@code nft}. */
final class Observer {
    private static final String TABLE = " table ";
    private static final Pattern LINK = Pattern.compile("^\\d+: ([^:@]+)(?:@[^:]+)?: <([^>]*)> mtu (\\d+) ");
    private static final Pattern ADDRESS = Pattern.compile(" inet6? ([0-9a-f.:]+/[0-9]+)");
    private static final Pattern RULE = Pattern.compile(
            "^([0-9]+):\\s+(?:not from all fwmark (0x[0-9a-f]+)(?:/(0x[0-9a-f]+))?|from all) lookup ([0-9]+)"
                    + "(?: suppress_prefixlength ([0-9]+))? proto " + Route.PROTOCOL + "\\s*$");

    /** Where the kernel knows IPv6. */
    private static final Path SIX = Path.of("/proc/sys/net/ipv6");

    private Observer() {}

    /** An interface as {@code ip link} shows it; {@code mtu} is in bytes. */
    record Link(boolean up, int mtu) {}

    /** All interfaces by their names. It is not read from /sys, which is of whatever network namespace mounted it. */
    static Map<String, Link> links() throws IOException {
        Map<String, Link> links = new HashMap<>();
        Command.run("ip", "-o", "link", "show").orThrow().lines().forEach(line -> {
            Matcher link = LINK.matcher(line);
            if (link.find()) {
                links.put(
                        link.group(1),
                        new Link(
                                List.of(link.group(2).split(",", -1)).contains("UP"), Integer.parseInt(link.group(3))));
            }
        });
        return links;
    }

    /** Whether there is an interface of that name. */
    static boolean exists(String name) throws IOException {
        return links().containsKey(name);
    }

    /** What is found of the interface {@code name}, but for its rules. The device is asked while the rest is looked at. */
    static Observed observe(String name, WireGuardInterface device) throws IOException {
        Optional<Link> link = Optional.ofNullable(links().get(name));
        if (link.isEmpty()) {
            throw new IOException("there is no interface " + name);
        }
        Meanwhile<UapiDevice> asked = Meanwhile.of(device::get);
        Set<Cidr> addresses = addresses(name);
        Set<Route> routes = routes(name);
        return new Observed(
                link.get().mtu(),
                link.get().up(),
                addresses,
                asked.get(),
                routes,
                Set.of(),
                firewall(Firewall.table(name)));
    }

    /** The rules of a slot. */
    static Set<Rule> rules(int slot) throws IOException {
        return rules().stream().filter(rule -> slot(rule) == slot).collect(Collectors.toSet());
    }

    /** A slot that no rule uses. */
    static int freeSlot() throws IOException {
        Set<Integer> used = rules().stream().map(Observer::slot).collect(Collectors.toSet());
        for (int slot = 0; slot < Facts.SLOTS; slot++) {
            if (!used.contains(slot)) {
                return slot;
            }
        }
        throw new IOException("more than " + Facts.SLOTS + " interfaces with policy rules: take one of them down");
    }

    private static int slot(Rule rule) {
        return (rule.priority() - HostState.FIRST_PRIORITY) / 2 % Facts.SLOTS;
    }

    private static Set<Cidr> addresses(String name) throws IOException {
        return Command.run("ip", "-o", "address", "show", "dev", name)
                .orThrow()
                .lines()
                .map(ADDRESS::matcher)
                .filter(Matcher::find)
                .map(found -> Cidr.parse(found.group(1)))
                .collect(Collectors.toSet());
    }

    private static Set<Route> routes(String name) throws IOException {
        Set<Route> routes = new HashSet<>();
        for (boolean six : new boolean[] {false, true}) {
            String proto = String.valueOf(Route.PROTOCOL);
            list(six, "route", "show", "table", "all", "dev", name, "proto", proto)
                    .flatMap(line -> route(six, line).stream())
                    .forEach(routes::add);
        }
        return routes;
    }

    /** The route of a line that begins with a prefix; others begin with their type. */
    private static Optional<Route> route(boolean six, String line) {
        String to = line.substring(0, Math.max(line.indexOf(' '), 0));
        int table = line.indexOf(TABLE) + TABLE.length();
        boolean main = table < TABLE.length();
        if (to.equals("default")) {
            to = six ? "::/0" : "0.0.0.0/0";
        } else if (to.indexOf(six ? ':' : '.') < 0) {
            return Optional.empty();
        }
        return Optional.of(new Route(
                Cidr.parse(to), main ? Route.MAIN : Long.parseLong(line, table, line.indexOf(' ', table), 10)));
    }

    /** What {@code ip} prints, with numbers for the names of tables; nothing of IPv6 where the kernel has none. */
    private static Stream<String> list(boolean six, String... arguments) throws IOException {
        if (six && !Files.exists(SIX)) {
            return Stream.empty();
        }
        Stream<String> ip = Stream.of("ip", six ? "-6" : "-4", "-N");
        return Command.run("", Stream.concat(ip, Stream.of(arguments)).toList())
                .orThrow()
                .lines();
    }

    private static Set<Rule> rules() throws IOException {
        Set<Rule> rules = new HashSet<>();
        for (boolean six : new boolean[] {false, true}) {
            list(six, "rule", "show")
                    .map(RULE::matcher)
                    .filter(Matcher::matches)
                    .forEach(rule -> {
                        Optional<Long> mark = Optional.ofNullable(rule.group(2)).map(Long::decode);
                        long mask = Optional.ofNullable(rule.group(3))
                                .map(Long::decode)
                                .orElse(0xffff_ffffL);
                        rules.add(new Rule(
                                six,
                                Integer.parseInt(rule.group(1)),
                                Long.parseLong(rule.group(4)),
                                rule.group(5) == null ? -1 : Integer.parseInt(rule.group(5)),
                                mark.map(value -> new Rule.Mark(value, mask))));
                    });
        }
        return rules;
    }

    private static boolean firewall(String table) throws IOException {
        return Command.installed("nft")
                && Command.run("nft", "list", "table", "inet", table).status() == 0;
    }
}
