package anubis.plan;

import anubis.config.IpLiteral;
import anubis.config.Route;
import anubis.plan.Machine.PolicyRule;
import anubis.plan.Machine.TableRoute;
import java.util.stream.Stream;

/** Routes and rules in the words of ip(8), without the verb and the family. */
public final class IpText {
    private IpText() {}

    /** The program with the option of a family. */
    static String program(boolean six) {
        return six ? "ip -6" : "ip -4";
    }

    /** A route and its table. */
    public static String route(TableRoute route) {
        String type = switch (route.type()) {
            case UNICAST -> "";
            case THROW -> "throw ";
            case UNREACHABLE -> "unreachable ";
            case BLACKHOLE -> "blackhole ";
        };
        return type + route.destination()
                + route.via().map(via -> " via " + IpLiteral.format(via)).orElse("")
                + (route.link().isEmpty() ? "" : " dev " + route.link())
                + route.source()
                        .map(source -> " src " + IpLiteral.format(source))
                        .orElse("")
                + " table " + table(route.table());
    }

    /** A rule and its priority. */
    public static String rule(PolicyRule rule) {
        return "pref " + rule.priority()
                + rule.mark()
                        .map(mark -> (rule.inverted() ? " not" : "") + " fwmark " + mark)
                        .orElse("")
                + " lookup " + table(rule.table())
                + (rule.suppressed() >= 0 ? " suppress_prefixlength " + rule.suppressed() : "");
    }

    static String table(long table) {
        return table == Route.MAIN ? "main" : String.valueOf(table);
    }

    /** The numbers of the tables of a host's routes, each once. */
    static Stream<Long> tables(HostPlan plan, boolean six) {
        return plan.routes().stream()
                .filter(route -> route.destination().six() == six && route.table() != Route.MAIN)
                .map(TableRoute::table)
                .distinct();
    }
}
