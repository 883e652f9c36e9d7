package anubis.plan;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.config.IpLiteral;
import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The text of a description, as {@link NetworkFile#parse} reads it. What is so without being said is left out. */
public final class NetworkText {
    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");

    private final StringBuilder text = new StringBuilder();
    private final Network network;

    private NetworkText(Network network) {
        this.network = network;
    }

    /** The text, with a comment above each part for who has not seen such a file. */
    public static String format(Network network) {
        NetworkText text = new NetworkText(network);
        text.network();
        network.segments().values().forEach(text::segment);
        text.comment(
                "Hosts.",
                "role: central, cloud, gateway, leaf, roaming, vm, phone or appliance.",
                "key: the public key; the private one stays on its host.",
                "wg and on.NETWORK: its number in the WireGuard range and on a network, or its addresses.");
        network.hosts().values().forEach(text::host);
        text.situations();
        return text.text.toString();
    }

    private void comment(String... lines) {
        text.append('\n');
        for (String line : lines) {
            text.append("# ").append(line).append('\n');
        }
    }

    private void line(String key, String value) {
        text.append(key).append(" = ").append(value).append('\n');
    }

    private void line(String key, Optional<String> value) {
        value.ifPresent(there -> line(key, quoted(there)));
    }

    /** Left out where it is what is so anyway. */
    private void line(String key, Object value, Object usual) {
        if (!value.equals(usual)) {
            line(
                    key,
                    value instanceof Number || value instanceof Boolean ? value.toString() : quoted(value.toString()));
        }
    }

    private <T> void list(String key, Collection<T> values, Function<T, String> form) {
        if (!values.isEmpty()) {
            line(key, values.stream().map(form).collect(Collectors.joining(", ", "[", "]")));
        }
    }

    private static String quoted(Object value) {
        return '"'
                + CONTROL.matcher(value.toString().replace("\\", "\\\\").replace("\"", "\\\""))
                        .replaceAll(found ->
                                "\\\\u%04x".formatted((int) found.group().charAt(0)))
                + '"';
    }

    private void network() {
        text.append("# What the network ")
                .append(CONTROL.matcher(network.name()).replaceAll(" "))
                .append(" is: 'anubis plan' makes every host's configuration of it,\n");
        text.append("# 'anubis prove' shows that they fit.\n\n");
        line("name", quoted(network.name()));
        line("domain", network.domain(), NetworkFile.DOMAIN);
        list("wireguard", network.ranges(), NetworkText::quoted);
        line("port", network.port(), NetworkFile.PORT);
        line("interface", network.interfaceName(), NetworkFile.INTERFACE);
        line("suffix", network.suffix(), NetworkFile.SUFFIX);
        network.gatePort().ifPresent(port -> line("gate-port", String.valueOf(port)));
        if (!network.segments().isEmpty()) {
            comment(
                    "Networks.",
                    "kind: lan (ours), inside (virtual machines in the host that is the gateway) or wild.");
        }
    }

    private void segment(Segment segment) {
        text.append("\n[networks.").append(segment.name()).append("]\n");
        line("kind", quoted(segment.kind()));
        list("addresses", segment.prefixes(), NetworkText::quoted);
        list("mapped", segment.mapped(), NetworkText::quoted);
        line("gateway", segment.gateway());
        line("nat", segment.nat(), false);
        if (!segment.routed().isEmpty()) {
            line(
                    "routed",
                    segment.routed().entrySet().stream()
                            .sorted(Map.Entry.comparingByKey(Prefixes.ORDER))
                            .map(entry -> quoted(entry.getKey()) + " = " + quoted(entry.getValue()))
                            .collect(Collectors.joining(", ", "{ ", " }")));
        }
        line("mtu", segment.mtu(), Segment.MTU);
    }

    private void host(Host host) {
        text.append("\n[hosts.").append(host.name()).append("]\n");
        line("role", quoted(host.role()));
        host.key().ifPresent(key -> line("key", quoted(key.base64())));
        host.gateKey().ifPresent(key -> line("gate-key", quoted(key.base64())));
        addresses("wg", host.wireguard(), network.ranges());
        network.segments()
                .forEach((name, segment) -> addresses("on." + name, host.addressesOn(name), segment.prefixes()));
        list(
                "internal",
                host.internal(),
                cidr -> quoted(cidr.equals(Cidr.host(cidr.address())) ? IpLiteral.format(cidr.address()) : cidr));
        network.segments()
                .keySet()
                .forEach(name -> line(
                        "interfaces." + name,
                        Optional.ofNullable(host.interfaces().get(name))));
        endpoint(host);
        line("port", host.port(), network.port());
        list("extra-ports", host.extraPorts(), String::valueOf);
        host.keepalive().ifPresent(seconds -> line("keepalive", String.valueOf(seconds)));
        line("hub", host.hub());
        line("default-ipv4", host.default4());
        line("default-ipv6", host.default6());
        line("through", host.through(), Through.usual(host.role()));
        list("lets-in", host.letsIn(), NetworkText::quoted);
    }

    /** The number of the host, if it is the same in all prefixes, else the addresses. */
    private void addresses(String key, List<InetAddress> addresses, List<Cidr> prefixes) {
        if (addresses.isEmpty()) {
            return;
        }
        long number =
                addresses.size() == prefixes.size() ? Prefixes.number(addresses.getFirst(), prefixes.getFirst()) : 0;
        if (number > 0
                && addresses.equals(prefixes.stream()
                        .map(prefix -> Prefixes.nth(prefix, number))
                        .toList())) {
            line(key, String.valueOf(number));
        } else {
            list(key, addresses, address -> quoted(IpLiteral.format(address)));
        }
    }

    private void endpoint(Host host) {
        Optional<Endpoint> usual = NetworkFile.usualEndpoint(host.role(), host.port(), host.on(), network.segments());
        if (host.endpoint().equals(usual)) {
            return;
        }
        line(
                "endpoint",
                host.endpoint()
                        .map(endpoint -> quoted(endpoint(endpoint, host.port())))
                        .orElse("false"));
    }

    private static String endpoint(Endpoint endpoint, int port) {
        boolean zone = endpoint.host().indexOf('%') >= 0;
        return endpoint.port() == port && !zone ? endpoint.host() : endpoint.toString();
    }

    private void situations() {
        Situation usual = new Situation(NetworkFile.SITUATION, "", Map.of(), Set.of(), Map.of(), Set.of());
        comment("Situations in which all this has to hold; without any, all are at home.");
        if (network.situations().equals(List.of(usual))) {
            return;
        }
        for (Situation situation : network.situations()) {
            text.append("\n[[situations]]\n");
            line("name", quoted(situation.name()));
            line("note", situation.note(), "");
            pairs("away", situation.away());
            list("absent", inOrder(situation.absent()), NetworkText::quoted);
            pairs("using", situation.using());
            list("off", inOrder(situation.off()), NetworkText::quoted);
        }
    }

    private void pairs(String key, Map<String, String> pairs) {
        inOrder(pairs.keySet()).forEach(name -> line(key + "." + name, Optional.ofNullable(pairs.get(name))));
    }

    private List<String> inOrder(Set<String> names) {
        return network.hosts().keySet().stream().filter(names::contains).toList();
    }
}
