package anubis.plan;

import anubis.plan.Segment.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * A parameter of the kernel that a plan needs.
 *
 * @param file in {@code /proc/sys}
 * @param mayLack whether it does not matter if there is none, as for an interface that is not there
 * @param why for people
 */
public record KernelParameter(String file, String value, boolean mayLack, String why) {
    private static final String FORWARDING = "packets of others are sent on";

    /** Those of a host that has {@code plan}. */
    public static List<KernelParameter> of(Network network, HostPlan plan) {
        Host host = network.host(plan.host());
        List<KernelParameter> all = new ArrayList<>();
        if (plan.forwarding4()) {
            all.add(new KernelParameter("net/ipv4/ip_forward", "1", false, FORWARDING));
        }
        if (plan.forwarding6()) {
            all.add(new KernelParameter("net/ipv6/conf/all/forwarding", "1", false, FORWARDING));
            network.segments().values().stream()
                    .filter(segment ->
                            host.on().containsKey(segment.name()) || (host.moves() && segment.kind() == Kind.WILD))
                    .filter(segment -> !segment.behind(host))
                    .map(host::interfaceOn)
                    .distinct()
                    .sorted()
                    .forEach(link -> all.add(new KernelParameter(
                            "net/ipv6/conf/" + link + "/accept_ra",
                            "2",
                            true,
                            "who sends packets on would not hear of routers otherwise")));
        }
        all.add(new KernelParameter(
                "net/ipv4/conf/all/rp_filter",
                "2",
                false,
                "a packet may come by another interface than the answer would go out by"));
        all.add(new KernelParameter(
                "net/ipv4/conf/all/src_valid_mark", "1", false, "that check heeds the mark of bearer packets"));
        return List.copyOf(all);
    }

    /** As sysctl.d(5) has it: what begins with a hyphen may fail. Where a name has a dot in it, slashes separate. */
    @Override
    public String toString() {
        return (mayLack ? "-" : "") + (file.indexOf('.') < 0 ? file.replace('/', '.') : file) + " = " + value;
    }
}
