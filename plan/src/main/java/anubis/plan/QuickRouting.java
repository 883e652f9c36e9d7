package anubis.plan;

import anubis.config.Cidr;
import anubis.config.IpLiteral;
import anubis.config.QuickConfig;
import anubis.config.Route;
import anubis.config.Rule;
import anubis.plan.Machine.PolicyRule;
import anubis.plan.Machine.TableRoute;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The rules and routes that wg-quick(8) makes for an interface: by itself, and by the commands of ip(8) in its file. */
final class QuickRouting {
    /** The table that wg-quick takes for a default route, and the mark. */
    private static final long DEFAULT_TABLE = 51_820;

    /** The kernel gives a rule that has none the priority before the first one there is; main has 32766. */
    private static final int LAST_PRIORITY = 32_765;

    private final String link;
    private final List<PolicyRule> rules = new ArrayList<>();
    private final List<TableRoute> routes = new ArrayList<>();
    private long mark;
    private boolean guarded;

    /**
     * Without any.
     *
     * @param link the interface
     * @param mark of bearer packets; 0 for none
     */
    QuickRouting(String link, long mark) {
        this.link = link;
        this.mark = mark;
    }

    List<PolicyRule> rules() {
        return rules;
    }

    List<TableRoute> routes() {
        return routes;
    }

    /** That of bearer packets, 0 for none. */
    long mark() {
        return mark;
    }

    /** Whether it lets nobody but the peers send to the addresses of the interface, as it does where it has a default route. */
    boolean guarded() {
        return guarded;
    }

    /** The routes, and for a default route the rules and the mark, that it makes by itself. */
    void add(QuickConfig config) {
        List<Cidr> allowed = config.wireguard().peers().stream()
                .flatMap(peer -> peer.allowedIps().prefixes().stream())
                .map(Cidr::masked)
                .distinct()
                .toList();
        switch (config.table()) {
            case QuickConfig.Table.Off _ -> {}
            case QuickConfig.Table.Numbered numbered ->
                allowed.forEach(prefix -> routes.add(TableRoute.to(numbered.number(), prefix, link)));
            case QuickConfig.Table.Auto _ -> {
                for (Cidr prefix : allowed) {
                    if (prefix.length() == 0) {
                        byDefault(prefix);
                    } else {
                        routes.add(TableRoute.to(Route.MAIN, prefix, link));
                    }
                }
            }
        }
    }

    private void byDefault(Cidr all) {
        mark = mark == 0 ? DEFAULT_TABLE : mark;
        guarded = true;
        routes.add(TableRoute.to(mark, all, link));
        rules.add(new PolicyRule(
                all.six(), nextPriority(all.six()), Optional.of(new Rule.Mark(mark, 0xffff_ffffL)), true, mark, -1));
        rules.add(new PolicyRule(all.six(), nextPriority(all.six()), Optional.empty(), false, Route.MAIN, 0));
    }

    private int nextPriority(boolean six) {
        return rules.stream()
                .filter(rule -> rule.six() == six)
                .mapToInt(rule -> rule.priority() - 1)
                .reduce(LAST_PRIORITY, Math::min);
    }

    String named(String name) {
        return name.equals("%i") ? link : name;
    }

    /** Whether the command is one of these, and then it is done. */
    boolean does(String command) {
        List<String> words = new ArrayList<>(List.of(command.split(" ", -1)));
        if (!words.removeFirst().equals("ip")) {
            return false;
        }
        Optional<Boolean> family = Optional.empty();
        if (words.getFirst().equals("-4") || words.getFirst().equals("-6")) {
            family = Optional.of(words.removeFirst().equals("-6"));
        }
        if (words.size() < 3) {
            return false;
        }
        String what = words.removeFirst();
        String verb = words.removeFirst();
        if (what.equals("rule") && verb.equals("add")) {
            return addRule(family.orElse(false), words);
        }
        return what.equals("route")
                && (verb.equals("add") || verb.equals("replace"))
                && addRoute(family, verb.equals("replace"), words);
    }

    private boolean addRule(boolean six, List<String> words) {
        int priority = nextPriority(six);
        Optional<Rule.Mark> mark = Optional.empty();
        boolean inverted = false;
        long table = Route.MAIN;
        int suppressed = -1;
        while (!words.isEmpty()) {
            switch (words.removeFirst()) {
                case "pref", "priority" -> priority = Integer.parseInt(words.removeFirst());
                case "not" -> inverted = true;
                case "fwmark" -> mark = Optional.of(mark(words.removeFirst()));
                case "lookup", "table" -> table = table(words.removeFirst());
                case "suppress_prefixlength" -> suppressed = Integer.parseInt(words.removeFirst());
                case "from" -> {
                    if (!words.removeFirst().equals("all")) {
                        return false;
                    }
                }
                default -> {
                    return false;
                }
            }
        }
        rules.add(new PolicyRule(six, priority, mark, inverted, table, suppressed));
        return true;
    }

    private static Rule.Mark mark(String text) {
        String[] halves = text.split("/", 2);
        return new Rule.Mark(Long.decode(halves[0]), halves.length < 2 ? 0xffff_ffffL : Long.decode(halves[1]));
    }

    private static long table(String text) {
        return switch (text) {
            case "main" -> Route.MAIN;
            case "default" -> 253;
            default -> Long.parseLong(text);
        };
    }

    private boolean addRoute(Optional<Boolean> family, boolean replacing, List<String> words) {
        TableRoute.Type type = switch (words.getFirst()) {
            case "throw" -> TableRoute.Type.THROW;
            case "unreachable" -> TableRoute.Type.UNREACHABLE;
            case "blackhole" -> TableRoute.Type.BLACKHOLE;
            default -> TableRoute.Type.UNICAST;
        };
        if (type != TableRoute.Type.UNICAST) {
            words.removeFirst();
        }
        String prefix = words.removeFirst();
        Cidr destination = prefix.equals("default")
                ? family.orElse(false) ? Prefixes.ALL_6 : Prefixes.ALL_4
                : Cidr.parse(prefix).masked();
        String by = "";
        Optional<InetAddress> via = Optional.empty();
        Optional<InetAddress> source = Optional.empty();
        long table = Route.MAIN;
        while (!words.isEmpty()) {
            switch (words.removeFirst()) {
                case "dev" -> by = named(words.removeFirst());
                case "via" -> via = IpLiteral.parse(words.removeFirst());
                case "src" -> source = IpLiteral.parse(words.removeFirst());
                case "table" -> table = table(words.removeFirst());
                default -> {
                    return false;
                }
            }
        }
        TableRoute route = new TableRoute(table, destination, type, by, via, source);
        boolean there = routes.stream()
                .anyMatch(other ->
                        other.table() == route.table() && other.destination().equals(route.destination()));
        // A route by an interface of which the file says nothing leads to where nobody knows; and of two that are
        // alike, or one like those of the kernel, another may be meant than would be found here.
        boolean known = (by.equals(link) || type != TableRoute.Type.UNICAST)
                && (!there || routes.contains(route))
                && (!replacing || table != Route.MAIN);
        if (known && !there) {
            routes.add(route);
        }
        return known;
    }
}
