package anubis.netlab;

import anubis.config.Cidr;
import anubis.plan.IpText;
import anubis.plan.Machine;
import anubis.plan.Machine.Kind;
import anubis.plan.Machine.Link;
import anubis.plan.NftText;
import anubis.plan.Segment;
import anubis.plan.Wall;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The text of the shell script and of the kernel parameters that make a machine of a namespace. */
final class Commands {
    private static final int MTU_MIN_6 = 1280;

    private final Machine machine;
    private final StringBuilder both = new StringBuilder();
    private final StringBuilder six = new StringBuilder();

    private Commands(Machine machine) {
        this.machine = machine;
    }

    /** What is to be run in the namespace once its cables and its WireGuard interfaces are in it. */
    static String script(Machine machine) {
        return new Commands(machine).script();
    }

    private String script() {
        both.append("link set lo up\n");
        machine.links().forEach(this::link);
        machine.rules().forEach(rule -> (rule.six() ? six : both).append("rule add %s\n".formatted(IpText.rule(rule))));
        machine.routes().stream()
                .filter(route -> !route.destination().six()
                        || machine.link(route.link()).map(Commands::hasSix).orElse(true))
                .forEach(route -> both.append("route add %s\n".formatted(IpText.route(route))));
        String script = "set -e\n" + piped("ip -batch -", both) + piped("ip -6 -batch -", six)
                + (machine.forwarding6() ? "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding\n" : "");
        return machine.wall().equals(Wall.NONE)
                ? script
                : script + piped("nft -f -", new StringBuilder(NftText.of(NftText.TABLE, machine.wall(), mtu())));
    }

    /** Of its tunnel, if it has one. */
    private int mtu() {
        return machine.links().stream()
                .filter(link -> link.kind() instanceof Kind.WireGuard)
                .mapToInt(Link::mtu)
                .findFirst()
                .orElse(Segment.MTU);
    }

    private static String piped(String command, StringBuilder input) {
        return input.isEmpty() ? "" : command + " <<'END'\n" + input + "END\n";
    }

    private void link(Link link) {
        if (link.kind() instanceof Kind.Dummy) {
            // Not every kernel has the type dummy; a bridge without ports is as good.
            both.append("link add %s type bridge\n".formatted(link.name()));
        }
        both.append("link set %s mtu %d\n".formatted(link.name(), link.mtu()));
        for (Cidr address : link.addresses()) {
            if (!address.six()) {
                both.append("addr add %s dev %s\n".formatted(address, link.name()));
            } else if (hasSix(link)) {
                both.append("addr add %s dev %s nodad\n".formatted(address, link.name()));
            }
        }
        if (link.kind() instanceof Kind.WireGuard) {
            // The kernel's WireGuard has neither multicast nor an address of the link. A TUN has both: its reports of
            // groups,
            // sent from that address, would wake the tunnel of a peer with ::/0.
            both.append(
                    "link set %s multicast off%s\n".formatted(link.name(), hasSix(link) ? " addrgenmode none" : ""));
        }
        both.append("link set %s up\n".formatted(link.name()));
    }

    /** The kernel takes no address and no route of IPv6 where packets of its least length do not fit (RFC 8200). */
    private static boolean hasSix(Link link) {
        return link.mtu() >= MTU_MIN_6;
    }

    /** Kernel parameters by their path under {@code /proc/sys/net}, in the order in which they are to be set. */
    static Map<String, String> parameters(Machine machine) {
        Map<String, String> parameters = new LinkedHashMap<>();
        parameters.put("ipv6/conf/all/disable_ipv6", "0");
        parameters.put("ipv6/conf/default/disable_ipv6", "0");
        parameters.put("ipv4/ip_forward", machine.forwarding4() ? "1" : "0");
        parameters.put("ipv6/conf/all/forwarding", "0"); // what has multicast when it is set joins the group of routers
        for (String scope : List.of("all", "default")) {
            parameters.put("ipv4/conf/" + scope + "/rp_filter", String.valueOf(machine.sourceCheck()));
            // A redirect changes the way of later packets, so that the order of the pings would count.
            parameters.put("ipv4/conf/" + scope + "/accept_redirects", "0");
            parameters.put("ipv4/conf/" + scope + "/send_redirects", "0");
            parameters.put("ipv6/conf/" + scope + "/accept_redirects", "0");
        }
        parameters.put("ipv6/conf/default/accept_ra", "0");
        parameters.put("ipv6/conf/default/router_solicitations", "0");
        parameters.put("ipv6/conf/default/accept_dad", "0");
        return parameters;
    }
}
