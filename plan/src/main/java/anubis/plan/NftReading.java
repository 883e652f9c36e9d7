package anubis.plan;

import anubis.config.Cidr;
import anubis.plan.Service.Protocol;
import anubis.plan.Wall.Filter;
import anubis.plan.Wall.Translation;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads what {@link NftText} writes: line by line, each of one of its forms. */
final class NftReading {
    private static final String SET = "(\\{ [^}]* \\}|\\S+)";
    private static final Pattern TABLE = Pattern.compile("table inet \\S+ \\{");
    private static final Pattern BEFORE = Pattern.compile("(delete )?table inet \\S+");
    private static final Pattern CHAIN = Pattern.compile("chain \\S+ \\{");
    private static final Pattern HOOK =
            Pattern.compile("type (filter hook input priority filter|filter hook forward priority filter"
                    + "|filter hook forward priority mangle|nat hook prerouting priority dstnat|nat hook postrouting priority srcnat)"
                    + "; policy accept;");
    private static final Pattern FILTER = Pattern.compile("(?:iifname " + SET + " )?(?:oifname " + SET
            + " )?(ct state established,related )?(?:ip6? saddr " + SET + " )?(?:ip6? daddr " + SET
            + " )?(?:(tcp|udp) dport " + SET + " |(icmp|icmpv6) type echo-request )?(accept|drop)");
    private static final Pattern MASQUERADE =
            Pattern.compile("oifname \"([^\"]+)\" meta nfproto (ipv4|ipv6) (?:ip6? saddr != " + SET + " )?masquerade");
    private static final Pattern REDIRECT =
            Pattern.compile("(?:iifname " + SET + " )?fib daddr type local udp dport " + SET + " redirect to :(\\d+)");
    private static final Pattern MAP =
            Pattern.compile("([io])ifname \"([^\"]+)\" ip6? [sd]addr \\S+ [sd]nat ip6? prefix to "
                    + "ip6? [sd]addr map \\{ (\\S+) : (\\S+) \\}");
    private static final Pattern CLAMP = Pattern.compile(
            "[io]ifname \"([^\"]+)\" meta nfproto ipv[46] tcp flags syn / syn,rst tcp option maxseg size set \\d+");

    private final List<Filter> input = new ArrayList<>();
    private final List<Filter> forward = new ArrayList<>();
    private final List<Translation> translations = new ArrayList<>();
    private final Set<String> clamped = new HashSet<>();
    /** The chains that have been, by what they hook; the last is the one that is read. */
    private final List<String> chains = new ArrayList<>();

    private boolean begun;
    /** The line that has to come next: a ping is let in, or not, in both families. */
    private String expected = "";

    private NftReading() {}

    /** The wall; none if there is a line in it that the writer does not write, or not there. */
    static Optional<Wall> wall(String text) {
        NftReading reading = new NftReading();
        try {
            return text.lines().map(String::strip).allMatch(reading::line) && reading.expected.isEmpty()
                    ? Optional.of(new Wall(reading.input, reading.forward, reading.translations, reading.clamped))
                    : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private boolean line(String line) {
        if (!expected.isEmpty()) {
            boolean right = line.equals(expected);
            expected = "";
            return right;
        }
        if (line.isEmpty() || line.startsWith("#")) {
            return true;
        }
        if (!begun) {
            begun = TABLE.matcher(line).matches();
            return begun || BEFORE.matcher(line).matches();
        }
        Matcher hook = HOOK.matcher(line);
        if (hook.matches()) {
            // Of two chains one may drop what the other lets in.
            boolean another = chains.contains(hook.group(1));
            chains.add(hook.group(1));
            return !another;
        }
        if (line.equals("}") || CHAIN.matcher(line).matches()) {
            return true;
        }
        return !line.contains("*")
                && switch (chains.isEmpty() ? "" : chains.getLast()) {
                    case "filter hook input priority filter" ->
                        line.equals(NftText.LOOPBACK) || NftText.ALWAYS.contains(line) || filter(line, input);
                    case "filter hook forward priority filter" -> filter(line, forward);
                    case "filter hook forward priority mangle" -> clamp(line);
                    default -> translation(line);
                };
    }

    private boolean clamp(String line) {
        Matcher matcher = CLAMP.matcher(line);
        boolean fits = matcher.matches();
        if (fits) {
            clamped.add(matcher.group(1));
        }
        return fits;
    }

    private boolean translation(String line) {
        Matcher masquerade = MASQUERADE.matcher(line);
        if (masquerade.matches()) {
            translations.add(new Translation.Masquerade(
                    masquerade.group(1), masquerade.group(2).equals("ipv6"), cidrs(masquerade.group(3))));
            return true;
        }
        Matcher redirect = REDIRECT.matcher(line);
        if (redirect.matches()) {
            translations.add(new Translation.Redirect(
                    names(redirect.group(1)), ports(redirect.group(2)), Integer.parseInt(redirect.group(3))));
            return true;
        }
        Matcher map = MAP.matcher(line);
        if (map.matches()) {
            Cidr from = Cidr.parse(map.group(3));
            Cidr to = Cidr.parse(map.group(4));
            translations.add(
                    map.group(1).equals("i")
                            ? new Translation.MapDestination(map.group(2), from, to)
                            : new Translation.MapSource(map.group(2), from, to));
            return true;
        }
        return false;
    }

    private boolean filter(String line, List<Filter> chain) {
        Matcher matcher = FILTER.matcher(line);
        if (!matcher.matches()) {
            return false;
        }
        List<Service> services = new ArrayList<>();
        if (matcher.group(6) != null) {
            Protocol protocol = matcher.group(6).equals("tcp") ? Protocol.TCP : Protocol.UDP;
            ports(matcher.group(7)).forEach(port -> services.add(new Service(protocol, port)));
        } else if (matcher.group(8) != null) {
            services.add(Service.PING);
            expected = line.replace("icmp type", "icmpv6 type");
            if (expected.equals(line)) {
                return false;
            }
        }
        chain.add(new Filter(
                names(matcher.group(1)),
                names(matcher.group(2)),
                matcher.group(3) != null,
                services,
                cidrs(matcher.group(4)),
                cidrs(matcher.group(5)),
                matcher.group(9).equals("accept") ? Wall.Verdict.ACCEPT : Wall.Verdict.DROP));
        return true;
    }

    private static Stream<String> members(@Nullable String set) {
        return set == null
                ? Stream.empty()
                : Stream.of(set.replaceAll("[{}\"]", "").split("[, ]+", -1)).filter(each -> !each.isEmpty());
    }

    private static Set<String> names(@Nullable String set) {
        return Set.copyOf(members(set).toList());
    }

    private static List<Integer> ports(@Nullable String set) {
        return members(set).map(Integer::valueOf).toList();
    }

    private static List<Cidr> cidrs(@Nullable String set) {
        return members(set).map(Cidr::parse).toList();
    }
}
