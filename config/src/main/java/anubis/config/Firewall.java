package anubis.config;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.StringJoiner;
import java.util.stream.Collectors;

/**
 * An nft table of the interface's own, which touches nobody else's rules.
 *
 * @param table its name; its family is inet
 * @param chains what is in it, as nft(8) reads it
 * @param essential whether the configuration means something else without it; otherwise it only bounds the MSS
 */
public record Firewall(String table, String chains, boolean essential) {
    /** The headers of IPv4 and TCP, and of IPv6 and TCP, in bytes: what an MSS is smaller than the MTU. */
    private static final int HEADERS_4 = 40;

    private static final int HEADERS_6 = 60;

    /**
     * The table of the interface {@code name}: it bounds the MSS of connections through the tunnel by the tunnel's MTU, lets
     * the extra ports lead to {@code listenPort}, and where bearer packets are marked, marks
     * those of their answers too, and refuses packets to the tunnel's addresses that came another way.
     */
    static Firewall of(
            String name,
            int mtu,
            OptionalLong mark,
            List<Cidr> addresses,
            Optional<QuickConfig.ExtraPorts> extraPorts,
            int listenPort) {
        StringJoiner chains = new StringJoiner("\n", "", "\n");
        String quoted = '"' + name + '"';
        chains.add("chain forward {").add("  type filter hook forward priority mangle;");
        for (String way : List.of("iifname", "oifname")) {
            chains.add(mss(way, quoted, "ipv4", mtu - HEADERS_4)).add(mss(way, quoted, "ipv6", mtu - HEADERS_6));
        }
        chains.add("}");
        mark.ifPresent(value -> {
            chains.add("chain raw {").add("  type filter hook prerouting priority raw;");
            for (Cidr address : addresses) {
                chains.add("  iifname != " + quoted + (address.six() ? " ip6" : " ip") + " daddr "
                        + IpLiteral.format(address.address()) + " fib saddr type != local drop");
            }
            String hex = "0x" + Long.toHexString(value);
            chains.add("}")
                    .add("chain answers {")
                    .add("  type filter hook prerouting priority mangle;")
                    .add("  meta l4proto udp ct mark " + hex + " meta mark set " + hex)
                    .add("}")
                    .add("chain bearers {")
                    .add("  type filter hook postrouting priority mangle;")
                    .add("  meta l4proto udp meta mark " + hex + " ct mark set " + hex)
                    .add("}");
        });
        extraPorts.ifPresent(extra -> {
            String interfaces = extra.interfaces().stream()
                    .map(each -> '"' + each + '"')
                    .collect(Collectors.joining(", ", "{ ", " }"));
            String ports = extra.ports().stream().map(String::valueOf).collect(Collectors.joining(", ", "{ ", " }"));
            chains.add("chain ports {")
                    .add("  type nat hook prerouting priority dstnat;")
                    .add("  iifname " + interfaces + " fib daddr type local udp dport " + ports + " redirect to :"
                            + listenPort)
                    .add("}");
        });
        return new Firewall(table(name), chains.toString(), mark.isPresent() || extraPorts.isPresent());
    }

    /** {@code set} never raises an MSS, so it bounds it. */
    private static String mss(String way, String name, String family, int mss) {
        return "  " + way + " " + name + " meta nfproto " + family
                + " tcp flags syn / syn,rst tcp option maxseg size set " + mss;
    }

    /** The name of the table of an interface: nft takes letters, digits, {@code /}, {@code -}, {@code _} and dots. */
    public static String table(String name) {
        return "anubis-" + name.replace("=", "/3d").replace("+", "/2b");
    }

    /** What {@code nft -f -} is told to make the table as it should be, whatever it was, in one step. */
    public String script() {
        return removal() + "table inet " + table + " {\n" + chains + "}\n";
    }

    /** What {@code nft -f -} is told to remove the table, whether or not it is there. */
    public String removal() {
        return "table inet " + table + "\ndelete table inet " + table + "\n";
    }
}
