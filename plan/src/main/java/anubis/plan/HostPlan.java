package anubis.plan;

import anubis.config.Cidr;
import anubis.plan.Machine.Device;
import anubis.plan.Machine.PolicyRule;
import anubis.plan.Machine.TableRoute;
import java.util.List;

/**
 * What the plan puts on a host, beside what the host has already (its interfaces, their addresses, its main table). A phone
 * has of it what its app understands.
 *
 * @param host its name
 * @param link the WireGuard interface
 * @param addresses of the WireGuard interface
 * @param mtu of the WireGuard interface, in bytes
 * @param internal addresses for an interface without a cable; none: there is no such interface
 * @param routes of tables of our own
 * @param forwarding4 whether it has to send on packets of IPv4
 * @param forwarding6 the same of IPv6
 */
public record HostPlan(
        String host,
        String link,
        List<Cidr> addresses,
        int mtu,
        Device device,
        List<Cidr> internal,
        List<PolicyRule> rules,
        List<TableRoute> routes,
        boolean forwarding4,
        boolean forwarding6,
        Wall wall) {
    /** The interface without a cable. */
    public static final String DUMMY = "dum0";

    public HostPlan {
        addresses = List.copyOf(addresses);
        internal = List.copyOf(internal);
        rules = List.copyOf(rules);
        routes = List.copyOf(routes);
    }
}
