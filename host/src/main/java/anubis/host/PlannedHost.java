package anubis.host;

import anubis.config.Cidr;
import anubis.config.ConfigException;
import anubis.config.Rule;
import anubis.config.Step;
import anubis.linux.Rtnetlink;
import anubis.linux.Rtnetlink.Link;
import anubis.plan.HostPlan;
import anubis.plan.IpText;
import anubis.plan.KernelParameter;
import anubis.plan.Machine.PolicyRule;
import anubis.plan.Machine.TableRoute;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** This host as a plan wants it: what differs from that, and how it becomes so, in one. */
public final class PlannedHost {
    private static final int RTN_UNICAST = 1; // linux/rtnetlink.h
    private static final int RTN_BLACKHOLE = 6;
    private static final int RTN_UNREACHABLE = 7;
    private static final int RTN_THROW = 9;

    private final Wanted wanted;
    private final Tunnel tunnel;
    private final Consumer<String> warnings;

    /**
     * What the host is to be.
     *
     * @param tunnel the file of the tunnel, with the private key, where it is to be
     * @param files further files, by the places where they are to be
     * @param names lines for {@code /etc/hosts}
     * @param units those of the files that are started with the machine
     * @param services others that are, if they are installed
     * @param parameters of the kernel
     * @param firewallTable the nft table of family inet that is the plan's
     * @param firewall what {@code nft -f} takes to make that table, whatever it was
     */
    public record Wanted(
            HostPlan plan,
            ConfigFile tunnel,
            List<Content> files,
            String names,
            List<String> units,
            List<String> services,
            List<KernelParameter> parameters,
            String firewallTable,
            String firewall) {
        /**
         * The content of a file.
         *
         * @param ofGate whether it is the gate's, which reads only what is its owner's alone, and has settings that are no
         *     plan's: one that is of no plan is left as it is
         */
        public record Content(Path path, String text, boolean ofGate) {}

        public Wanted {
            files = List.copyOf(files);
            units = List.copyOf(units);
            services = List.copyOf(services);
            parameters = List.copyOf(parameters);
        }
    }

    /** This host; warnings are lines about what went wrong and did not stop anything. */
    public PlannedHost(Wanted wanted, Consumer<String> warnings) {
        this.wanted = wanted;
        this.warnings = warnings;
        this.tunnel = new Tunnel(wanted.plan().link(), warnings);
    }

    /** What {@link #apply} would do, a line each; nothing if all is as planned. */
    public List<String> difference() throws IOException, ConfigException {
        return difference(beside());
    }

    private List<String> difference(Beside beside) throws IOException, ConfigException {
        boolean up = Observer.exists(wanted.plan().link());
        List<Step> steps = up ? beside.around(tunnel.difference(wanted.tunnel())) : beside.before();
        return lines(steps, up);
    }

    /**
     * Makes the host as it is wanted, all or nothing.
     *
     * @param maker makes the interface if it is not there
     * @param within if given, all is put back unless {@link Tunnel#confirm} comes within that time
     * @return what was done, a line each; nothing if there was nothing to do, and then nothing was done
     * @throws IOException if it cannot be done; all is then as it was
     */
    public List<String> apply(Tunnel.Maker maker, Optional<Duration> within) throws IOException, ConfigException {
        Beside beside = beside();
        List<String> todo = difference(beside);
        if (todo.isEmpty()) {
            return todo;
        }
        if (Observer.exists(wanted.plan().link())) {
            return lines(tunnel.reload(wanted.tunnel(), within, beside), true);
        }
        tunnel.up(wanted.tunnel(), maker, within, beside);
        return todo;
    }

    private List<String> lines(List<Step> steps, boolean up) {
        return Stream.concat(
                        steps.stream().map(Step::describe),
                        up
                                ? Stream.of()
                                : Stream.of("interface " + wanted.plan().link() + " up"))
                .toList();
    }

    private Beside beside() throws IOException {
        List<Step> before = files();
        // Nothing is sent on without it.
        firewall().ifPresent(before::add);
        for (KernelParameter parameter : wanted.parameters()) {
            parameter(parameter).ifPresent(before::add);
        }
        try (Rtnetlink kernel = Rtnetlink.open()) {
            internal(kernel, before);
            // They do what is above, too, where it is not done.
            before.addAll(Units.steps(wanted.units(), wanted.services(), before, warnings));
            Optional<Link> link = kernel.link(wanted.plan().link());
            return new Beside(before, link.isEmpty() ? Optional.empty() : Optional.of(routing(kernel)));
        }
    }

    private List<Step> files() throws IOException {
        List<Step> steps = new ArrayList<>();
        for (Wanted.Content file : wanted.files()) {
            if (file.ofGate() && PlannedFiles.isOfOthers(file.path())) {
                warnings.accept(file.path() + " was not made by the plan, and is left as it is");
            } else {
                steps.addAll(PlannedFiles.write(file.path(), file.text(), file.ofGate()));
            }
        }
        steps.addAll(PlannedFiles.names(wanted.names()));
        steps.addAll(PlannedFiles.write(wanted.tunnel().path(), wanted.tunnel().text(), true));
        return steps;
    }

    private static Optional<Step> parameter(KernelParameter parameter) throws IOException {
        Path path = Transaction.SYSCTLS.resolve(parameter.file());
        if (parameter.mayLack() && !Files.exists(path)) {
            return Optional.empty();
        }
        String now = Files.readString(path).strip();
        return now.equals(parameter.value())
                ? Optional.empty()
                : Optional.of(new Step.Sysctl(parameter.file(), parameter.value(), now));
    }

    /** What nft makes of the wanted table is seen in a namespace of its own, where it harms nobody. */
    private Optional<Step> firewall() throws IOException {
        if (!Command.installed("nft")) {
            throw new IOException(
                    "nft is not installed, and the plan has a firewall (on Debian: apt install nftables)");
        }
        String table = wanted.firewallTable();
        List<String> list = List.of("nft", "list", "table", "inet", table);
        Command.Answer now = Command.run("", list);
        String planned = Command.run(
                        wanted.firewall(),
                        List.of("unshare", "-n", "sh", "-c", "nft -f - && " + String.join(" ", list)))
                .orThrow();
        if (now.status() == 0 && now.out().equals(planned)) {
            return Optional.empty();
        }
        String script = wanted.firewall().replaceFirst("^(#.*\n)*", "");
        String removal = "table inet " + table + "\ndelete table inet " + table + "\n";
        return Optional.of(new Step.Nft(script, removal + (now.status() == 0 ? now.out() : ""), true));
    }

    /** The interface without a cable. */
    private void internal(Rtnetlink kernel, List<Step> to) throws IOException {
        List<Cidr> addresses = wanted.plan().internal();
        String name = HostPlan.DUMMY;
        Optional<Link> link = kernel.link(name);
        if (addresses.isEmpty()) {
            return;
        }
        if (link.isEmpty()) {
            to.add(new Step.Ip(
                    false, words("link add dev " + name + " type " + emptyType()), words("link del dev " + name)));
        }
        List<Cidr> now = link.isEmpty()
                ? List.of()
                : kernel.addresses(link.get().index()).stream()
                        .map(prefix -> new Cidr(prefix.address(), prefix.length()))
                        .filter(address -> !address.address().isLinkLocalAddress())
                        .toList();
        for (Cidr address : addresses) {
            if (!now.contains(address)) {
                to.add(address(name, address, "add", "del"));
            }
        }
        now.stream()
                .filter(address -> !addresses.contains(address))
                .forEach(address -> to.add(address(name, address, "del", "add")));
        if (link.filter(Link::up).isEmpty()) {
            to.add(new Step.Ip(false, words("link set dev " + name + " up"), words("link set dev " + name + " down")));
        }
    }

    private static Step address(String name, Cidr address, String verb, String opposite) {
        return new Step.Ip(
                address.six(),
                words("address " + verb + " " + address + " dev " + name),
                words("address " + opposite + " " + address + " dev " + name));
    }

    /** A bridge without ports is as good, where the kernel has no dummies; only it can say. */
    private static String emptyType() throws IOException {
        return Command.run("unshare", "-n", "ip", "link", "add", "type", "dummy")
                                .status()
                        == 0
                ? "dummy"
                : "bridge";
    }

    // Rules and routes: the table is filled before a rule asks it, and no more asked when it is emptied.

    private List<Step> routing(Rtnetlink kernel) throws IOException {
        HostPlan plan = wanted.plan();
        Set<Long> tables = plan.routes().stream().map(TableRoute::table).collect(Collectors.toSet());
        Set<Integer> priorities =
                plan.rules().stream().map(PolicyRule::priority).collect(Collectors.toSet());
        Set<PolicyRule> rules = kernel.rules().stream()
                .map(PlannedHost::rule)
                .filter(rule -> priorities.contains(rule.priority()) || tables.contains(rule.table()))
                .collect(Collectors.toSet());
        List<TableRoute> routes = new ArrayList<>();
        for (long table : tables) {
            for (Rtnetlink.TableRoute route : kernel.table(table)) {
                routes.add(route(kernel, table, route));
            }
        }
        List<Step> steps = new ArrayList<>();
        // A throw route comes before the shorter one that it is an exception to.
        plan.routes().stream()
                .filter(route -> !routes.contains(route))
                .sorted(Comparator.comparingInt(route -> -route.destination().length()))
                .forEach(route -> steps.add(step(
                        route,
                        "replace",
                        routes.stream()
                                .filter(present -> sameKey(present, route))
                                .findFirst()
                                .map(present -> "replace " + IpText.route(present))
                                .orElse("del " + IpText.route(route)))));
        plan.rules().stream()
                .filter(rule -> !rules.contains(rule))
                .sorted(Comparator.comparingInt(PolicyRule::priority))
                .forEach(rule -> steps.add(step(rule, "add", "del")));
        rules.stream()
                .filter(rule -> !plan.rules().contains(rule))
                .sorted(Comparator.comparingInt(PolicyRule::priority).reversed())
                .forEach(rule -> steps.add(step(rule, "del", "add")));
        routes.stream()
                .filter(route -> plan.routes().stream().noneMatch(each -> sameKey(each, route)))
                .sorted(Comparator.comparingInt(route -> route.destination().length()))
                .forEach(route -> steps.add(step(route, "del", "add " + IpText.route(route))));
        return steps;
    }

    private static boolean sameKey(TableRoute one, TableRoute other) {
        return one.table() == other.table() && one.destination().equals(other.destination());
    }

    private static PolicyRule rule(Rtnetlink.Rule rule) {
        OptionalLong mark = rule.mark();
        return new PolicyRule(
                rule.six(),
                rule.priority(),
                mark.isPresent() ? Optional.of(new Rule.Mark(mark.getAsLong(), rule.mask())) : Optional.empty(),
                rule.inverted(),
                rule.table(),
                rule.suppressed());
    }

    private static TableRoute route(Rtnetlink kernel, long table, Rtnetlink.TableRoute route) throws IOException {
        TableRoute.Type type = switch (route.type()) {
            case RTN_UNICAST -> TableRoute.Type.UNICAST;
            case RTN_BLACKHOLE -> TableRoute.Type.BLACKHOLE;
            case RTN_UNREACHABLE -> TableRoute.Type.UNREACHABLE;
            case RTN_THROW -> TableRoute.Type.THROW;
            default -> throw new IOException("table " + table + " has a route of the kernel's type " + route.type());
        };
        String link = route.link() == 0
                ? ""
                : kernel.link(route.link()).map(Link::name).orElse("");
        return new TableRoute(
                table, new Cidr(route.to().address(), route.to().length()), type, link, route.via(), route.source());
    }

    private static Step step(PolicyRule rule, String verb, String opposite) {
        String text = IpText.rule(rule);
        return new Step.Ip(rule.six(), words("rule " + verb + " " + text), words("rule " + opposite + " " + text));
    }

    private static Step step(TableRoute route, String verb, String undo) {
        return new Step.Ip(
                route.destination().six(), words("route " + verb + " " + IpText.route(route)), words("route " + undo));
    }

    private static List<String> words(String text) {
        return List.of(text.split(" ", -1));
    }
}
