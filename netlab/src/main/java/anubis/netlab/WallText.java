package anubis.netlab;

import anubis.config.Cidr;
import anubis.plan.Service;
import anubis.plan.Wall;
import anubis.plan.Wall.Filter;
import anubis.plan.Wall.Translation;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A wall as nft takes it. */
final class WallText {
    private WallText() {}

    static String of(Wall wall) {
        StringBuilder text = new StringBuilder("table inet wall {\n");
        filters(text, "input", wall.input(), false);
        filters(text, "forward", wall.forward(), true);
        text.append("chain prerouting {\ntype nat hook prerouting priority dstnat;\n");
        wall.translations().forEach(each -> before(text, each));
        text.append("}\nchain postrouting {\ntype nat hook postrouting priority srcnat;\n");
        wall.translations().forEach(each -> after(text, each));
        return text.append("}\n}\n").toString();
    }

    private static void filters(StringBuilder text, String hook, List<Filter> filters, boolean out) {
        text.append("chain %s {\ntype filter hook %s priority filter; policy accept;\n".formatted(hook, hook));
        text.append(out ? "" : "iifname lo accept\n");
        text.append("ct state established,related accept\n");
        text.append("icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n");
        for (Filter filter : filters) {
            String common = names("iifname", filter.in())
                    + (out ? names("oifname", filter.out()) : "")
                    + (filter.established() ? "ct state established,related " : "");
            String verdict = filter.verdict() == Wall.Verdict.ACCEPT ? "accept" : "drop";
            for (String service : filter.services().isEmpty()
                    ? List.of("")
                    : filter.services().stream().flatMap(WallText::service).toList()) {
                for (String addresses : addresses(filter)) {
                    text.append(common)
                            .append(addresses)
                            .append(service)
                            .append(verdict)
                            .append('\n');
                }
            }
        }
        text.append("}\n");
    }

    private static List<String> addresses(Filter filter) {
        if (filter.from().isEmpty() && filter.to().isEmpty()) {
            return List.of("");
        }
        return Stream.of(false, true)
                .filter(six -> has(filter.from(), six) && has(filter.to(), six))
                .map(six -> set("saddr", filter.from(), six) + set("daddr", filter.to(), six))
                .toList();
    }

    private static boolean has(List<Cidr> prefixes, boolean six) {
        return prefixes.isEmpty() || prefixes.stream().anyMatch(prefix -> prefix.six() == six);
    }

    private static String set(String which, List<Cidr> prefixes, boolean six) {
        String members = prefixes.stream()
                .filter(prefix -> prefix.six() == six)
                .map(Cidr::toString)
                .collect(Collectors.joining(", "));
        return members.isEmpty() ? "" : "%s %s { %s } ".formatted(six ? "ip6" : "ip", which, members);
    }

    private static String names(String which, Collection<String> names) {
        return names.isEmpty()
                ? ""
                : names.stream().map(name -> '"' + name + '"').collect(Collectors.joining(", ", which + " { ", " } "));
    }

    private static Stream<String> service(Service service) {
        return switch (service.protocol()) {
            case TCP -> Stream.of("tcp dport " + service.port() + " ");
            case UDP -> Stream.of("udp dport " + service.port() + " ");
            case PING -> Stream.of("icmp type echo-request ", "icmpv6 type echo-request ");
        };
    }

    private static void before(StringBuilder text, Translation translation) {
        switch (translation) {
            case Translation.MapDestination map ->
                text.append("iifname \"%s\" %s daddr %s dnat %s prefix to %s daddr map { %s : %s }\n"
                        .formatted(
                                map.in(),
                                ip(map.from()),
                                map.from(),
                                ip(map.from()),
                                ip(map.from()),
                                map.from(),
                                map.to()));
            case Translation.Redirect redirect ->
                text.append("%sfib daddr type local udp dport { %s } redirect to :%d\n"
                        .formatted(
                                names("iifname", redirect.in()),
                                redirect.ports().stream().map(String::valueOf).collect(Collectors.joining(", ")),
                                redirect.to()));
            case Translation.Masquerade _, Translation.MapSource _ -> {}
        }
    }

    private static void after(StringBuilder text, Translation translation) {
        switch (translation) {
            case Translation.Masquerade masquerade -> {
                String except = set("saddr !=", masquerade.except(), masquerade.six());
                text.append("oifname \"%s\" meta nfproto %s %smasquerade\n"
                        .formatted(masquerade.out(), masquerade.six() ? "ipv6" : "ipv4", except));
            }
            case Translation.MapSource map ->
                text.append("oifname \"%s\" %s saddr %s snat %s prefix to %s saddr map { %s : %s }\n"
                        .formatted(
                                map.out(),
                                ip(map.from()),
                                map.from(),
                                ip(map.from()),
                                ip(map.from()),
                                map.from(),
                                map.to()));
            case Translation.MapDestination _, Translation.Redirect _ -> {}
        }
    }

    private static String ip(Cidr prefix) {
        return prefix.six() ? "ip6" : "ip";
    }
}
