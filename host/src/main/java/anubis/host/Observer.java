package anubis.host;

import anubis.config.Cidr;
import anubis.config.Facts;
import anubis.config.Firewall;
import anubis.config.HostState;
import anubis.config.Observed;
import anubis.config.Route;
import anubis.config.Rule;
import anubis.config.UapiDevice;
import anubis.linux.Rtnetlink;
import anubis.linux.Rtnetlink.Link;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Looks at what there is on this host. */
final class Observer {
    private Observer() {}

    /** Whether there is an interface of that name. */
    static boolean exists(String name) throws IOException {
        try (Rtnetlink kernel = Rtnetlink.open()) {
            return kernel.link(name).isPresent();
        }
    }

    /** The addresses of the interface {@code name}; none if there is no such interface. */
    static Set<Cidr> addresses(String name) throws IOException {
        try (Rtnetlink kernel = Rtnetlink.open()) {
            Optional<Link> link = kernel.link(name);
            return link.isPresent() ? addresses(kernel, link.get()) : Set.of();
        }
    }

    private static Set<Cidr> addresses(Rtnetlink kernel, Link link) throws IOException {
        return kernel.addresses(link.index()).stream().map(Observer::cidr).collect(Collectors.toSet());
    }

    /** What is found of the interface {@code name}, but for its rules. The device is asked while the rest is looked at. */
    static Observed observe(String name, WireGuardInterface device) throws IOException {
        try (Rtnetlink kernel = Rtnetlink.open()) {
            Optional<Link> link = kernel.link(name);
            if (link.isEmpty()) {
                throw new IOException("there is no interface " + name);
            }
            Meanwhile<UapiDevice> asked = Meanwhile.of(device::get);
            Set<Cidr> addresses = addresses(kernel, link.get());
            Set<Route> routes = kernel.routes(link.get().index()).stream()
                    .filter(route -> route.protocol() == Route.PROTOCOL)
                    .map(route -> new Route(cidr(route.to()), route.table()))
                    .collect(Collectors.toSet());
            boolean firewall = Rtnetlink.hasTable(Firewall.table(name));
            return new Observed(link.get().mtu(), link.get().up(), addresses, asked.get(), routes, Set.of(), firewall);
        }
    }

    private static Cidr cidr(Rtnetlink.Prefix prefix) {
        return new Cidr(prefix.address(), prefix.length());
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

    private static Set<Rule> rules() throws IOException {
        try (Rtnetlink kernel = Rtnetlink.open()) {
            return kernel.rules(Route.PROTOCOL).stream()
                    .filter(rule -> rule.mark().isPresent() == rule.inverted()) // or it is none that we make
                    .map(rule -> new Rule(
                            rule.six(),
                            rule.priority(),
                            rule.table(),
                            rule.suppressed(),
                            rule.mark().isPresent()
                                    ? Optional.of(new Rule.Mark(rule.mark().getAsLong(), rule.mask()))
                                    : Optional.empty()))
                    .collect(Collectors.toSet());
        }
    }
}
