package anubis.plan;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.config.IpLiteral;
import anubis.config.Rule;
import anubis.crypto.PublicKey;
import anubis.plan.Machine.Device;
import anubis.plan.Machine.DevicePeer;
import anubis.plan.Machine.Kind;
import anubis.plan.Machine.Link;
import anubis.plan.Machine.PolicyRule;
import anubis.plan.Machine.TableRoute;
import anubis.plan.Wall.Filter;
import anubis.plan.Wall.Translation;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** A machine in words, for tests. Parts that are said again are said anew. */
final class MachineMaker {
    static final int PORT = 4296;
    static final long TABLE = 4296;
    static final long MAIN = 254;

    final String name;
    final Map<String, Link> links = new LinkedHashMap<>();
    final Map<String, DevicePeer> peers = new LinkedHashMap<>();
    final List<PolicyRule> rules = new ArrayList<>();
    final List<TableRoute> routes = new ArrayList<>();
    final List<Filter> input = new ArrayList<>();
    final List<Filter> forward = new ArrayList<>();
    final List<Translation> translations = new ArrayList<>();
    final List<String> unknown = new ArrayList<>();
    boolean forwarding4;
    boolean forwarding6;
    int sourceCheck;
    PublicKey key;
    int port = PORT;
    long mark = PORT;
    int mtu = 1420;
    List<Cidr> addresses = List.of();

    MachineMaker(String name) {
        this.name = name;
        key = key(name);
    }

    /** The key of that name: not one that anybody could have a private key of, which nobody asks for here. */
    static PublicKey key(String name) {
        return PublicKey.ofHex("%064x".formatted(Integer.toUnsignedLong(name.hashCode()) + 2));
    }

    static List<Cidr> cidrs(String text) {
        return Stream.of(text.split(" ", -1))
                .filter(each -> !each.isEmpty())
                .map(Cidr::parse)
                .toList();
    }

    static InetAddress ip(String text) {
        return IpLiteral.parse(text).orElseThrow();
    }

    MachineMaker on(String segment, String link, String cidrs) {
        links.put(link, new Link(link, new Kind.Ethernet(segment), cidrs(cidrs), 1500));
        return this;
    }

    /** Its addresses on wg0, which it has then. */
    MachineMaker wg(String cidrs) {
        addresses = cidrs(cidrs);
        return this;
    }

    MachineMaker peer(String other, String endpoint, int keepalive, String allowed) {
        peers.put(
                other,
                new DevicePeer(
                        other,
                        key(other),
                        cidrs(allowed),
                        endpoint.isEmpty() ? Optional.empty() : Optional.of(Endpoint.parse(endpoint)),
                        keepalive));
        return this;
    }

    /** The plan's rules of both families. */
    MachineMaker ruled() {
        Optional<Rule.Mark> marked = Optional.of(new Rule.Mark(PORT, 0xffff_ffffL));
        rules.add(new PolicyRule(false, 4296, marked, false, MAIN, -1));
        rules.add(new PolicyRule(true, 4297, marked, false, MAIN, -1));
        rules.add(new PolicyRule(false, 4298, Optional.empty(), false, TABLE, -1));
        rules.add(new PolicyRule(true, 4299, Optional.empty(), false, TABLE, -1));
        return this;
    }

    /** Routes of the plan's table to wg0. */
    MachineMaker tunnelled(String cidrs) {
        cidrs(cidrs).forEach(each -> routes.add(TableRoute.to(TABLE, each, "wg0")));
        return this;
    }

    MachineMaker thrown(String cidrs) {
        cidrs(cidrs).forEach(each -> routes.add(TableRoute.thrown(TABLE, each)));
        return this;
    }

    MachineMaker via(String cidr, String link, String router) {
        routes.add(TableRoute.via(MAIN, Cidr.parse(cidr), link, ip(router)));
        return this;
    }

    MachineMaker forwards() {
        forwarding4 = true;
        forwarding6 = true;
        return this;
    }

    /** Closed on a link but for the answers, and for {@code services} to itself. */
    MachineMaker closed(String link, Service... services) {
        Set<String> in = Set.of(link);
        input.add(filter(in, true, List.of(), Wall.Verdict.ACCEPT));
        if (services.length > 0) {
            input.add(filter(in, false, List.of(services), Wall.Verdict.ACCEPT));
        }
        input.add(filter(in, false, List.of(), Wall.Verdict.DROP));
        forward.add(filter(in, true, List.of(), Wall.Verdict.ACCEPT));
        forward.add(filter(in, false, List.of(), Wall.Verdict.DROP));
        return this;
    }

    static Filter filter(Set<String> in, boolean established, List<Service> services, Wall.Verdict verdict) {
        return new Filter(in, Set.of(), established, services, List.of(), List.of(), verdict);
    }

    MachineMaker masquerade(String link) {
        translations.add(new Translation.Masquerade(link, false, List.of()));
        return this;
    }

    Machine make() {
        List<Link> all = new ArrayList<>(links.values());
        if (!addresses.isEmpty()) {
            all.add(new Link(
                    "wg0",
                    new Kind.WireGuard(new Device(key, port, mark, List.copyOf(peers.values()))),
                    addresses,
                    mtu));
        }
        return new Machine(
                name,
                all,
                rules,
                routes,
                forwarding4,
                forwarding6,
                sourceCheck,
                new Wall(input, forward, translations, Set.of()),
                unknown);
    }
}
