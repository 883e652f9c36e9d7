package anubis.config;

import anubis.config.ConfigException.Problem;
import anubis.config.ConfigParser.Place;
import anubis.config.Finding.Rule;
import anubis.config.Finding.Severity;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Looks for what is wrong in a wg-quick configuration file although every line of it can be understood. What it calls an
 * error is certain to be wrong, whatever the file is for.
 */
public final class Lint {
    /** RFC 8200, section 5: what a link of IPv6 has to carry. Below it, Linux takes no address and no route of IPv6. */
    private static final int MIN_MTU_6 = 1280;

    /** 65535 bytes of an IPv4 packet, less its header (20), UDP's (8) and that of transport data with its tag (32). */
    private static final int MAX_MTU = 65475;

    /** A packet of Ethernet, of which IPv4 takes 60 bytes for the tunnel's headers. */
    private static final int ETHERNET = 1500;

    private static final int MAX_MTU_ON_ETHERNET = ETHERNET - 60;

    private static final Pattern INTERFACE = Pattern.compile("(?<![\\w./-])wg[0-9]{1,3}(?![\\w.-])");

    private final Optional<String> name;
    private final QuickConfig config;
    private final List<PeerConfig> peers;
    private final OptionalInt port;
    private final LintReport report;
    private final PrefixMap<Owner> allowed = new PrefixMap<>();
    private final PrefixMap<Cidr> connected;

    /** Which peer has a prefix, and which of its own that is; both counted from 0. */
    private record Owner(int peer, int index) {}

    /**
     * What was found.
     *
     * @param findings in the order of lines
     * @param config the configuration; nothing if it could not be understood
     */
    public record Result(List<Finding> findings, Optional<QuickConfig> config) {
        public Result {
            findings = List.copyOf(findings);
        }

        /**
         * The configuration, fit to be put in force.
         *
         * @throws ConfigException naming every error
         */
        public QuickConfig orThrow() throws ConfigException {
            List<Problem> errors = findings.stream()
                    .filter(finding -> finding.severity() == Severity.ERROR)
                    .map(Finding::problem)
                    .toList();
            if (!errors.isEmpty()) {
                throw new ConfigException(errors);
            }
            return config.orElseThrow();
        }
    }

    private Lint(Optional<String> name, QuickConfig config, LintReport report) {
        this.name = name;
        this.config = config;
        this.peers = config.wireguard().peers();
        this.port = config.wireguard().device().listenPort();
        this.report = report;
        this.connected = PrefixMap.of(config.addresses());
    }

    /**
     * Looks at a wg-quick configuration file.
     *
     * @param name of the interface, if the file tells it
     * @param file what the findings call it
     */
    public static Result of(Optional<String> name, String file, String text) {
        try {
            ConfigParser.Located located = ConfigParser.locate(file, text, ConfigParser.Dialect.WG_QUICK);
            QuickConfig config = QuickConfig.of(file, located.config());
            LintReport report = new LintReport(file, located.places());
            report.settingsGivenTwice();
            KeyLint.check(config.wireguard(), report);
            new Lint(name, config, report).check();
            return new Result(report.findings(), Optional.of(config));
        } catch (ConfigException e) {
            return new Result(
                    e.problems().stream()
                            .map(problem -> new Finding(Rule.SYNTAX, problem))
                            .toList(),
                    Optional.empty());
        }
    }

    private void check() {
        lacking();
        allowedIps();
        endpoints();
        mtu();
        for (QuickSetting setting : config.wireguard().quick()) {
            if (setting.key() == QuickSetting.Key.Address) {
                QuickConfig.list(setting.value()).map(Cidr::parse).forEach(each -> address(setting, each));
            } else if (setting.key() == QuickSetting.Key.DNS) {
                QuickConfig.list(setting.value()).forEach(each -> dns(setting, each));
            } else if (setting.key().isHook()) {
                hook(setting);
            }
        }
    }

    private void lacking() {
        boolean elsewhere =
                config.hooks().stream().anyMatch(hook -> hook.command().contains("private-key"));
        if (config.wireguard().device().privateKey().isEmpty() && !elsewhere) {
            report.of(
                    Place.INTERFACE,
                    Rule.NO_PRIVATE_KEY,
                    "PrivateKey",
                    "without one, nothing is sent and nothing understood",
                    "make one (anubis genkey), or have a PostUp that sets it (private-key)");
        }
        if (peers.isEmpty() && !config.saveConfig()) {
            report.of(
                    Place.INTERFACE,
                    Rule.NO_PEER,
                    "[Interface]",
                    "there is no [Peer]",
                    "add one, unless peers are added once the interface is up");
        }
        OptionalInt waiting = IntStream.range(0, peers.size())
                .filter(i -> peers.get(i).endpoint().isEmpty())
                .findFirst();
        if (port.orElse(0) == 0) {
            waiting.ifPresent(i -> report.of(
                    i,
                    Rule.NOBODY_BEGINS,
                    "Endpoint",
                    "this host does not know where the peer is, nor the peer which port to send to",
                    "add an Endpoint here, or a ListenPort to [Interface]"));
        }
    }

    private void allowedIps() {
        for (int i = 0; i < peers.size(); i++) {
            List<Cidr> prefixes = peers.get(i).allowedIps().prefixes();
            if (prefixes.isEmpty()) {
                report.of(
                        i,
                        Rule.NO_ALLOWED_IPS,
                        "AllowedIPs",
                        "without any, nothing is sent to this peer and nothing taken from it",
                        "add the addresses that are behind it");
            }
            for (int j = 0; j < prefixes.size(); j++) {
                prefix(new Owner(i, j), prefixes.get(j));
            }
        }
    }

    private void prefix(Owner owner, Cidr prefix) {
        if (!prefix.equals(prefix.masked())) {
            report.at(
                    report.lineOfPrefix(owner.peer(), owner.index()),
                    Rule.HOST_BITS,
                    "AllowedIPs",
                    prefix + " is understood as " + prefix.masked(),
                    "write that, or " + Cidr.host(prefix.address()) + " if one host is meant");
        }
        allowed.add(prefix, owner).ifPresent(first -> {
            int line = report.lineOfPrefix(owner.peer(), owner.index());
            boolean samePeer = peers.get(first.peer())
                    .publicKey()
                    .equals(peers.get(owner.peer()).publicKey());
            int firstLine = report.lineOfPrefix(first.peer(), first.index());
            if (samePeer) {
                report.at(
                        line,
                        Rule.ALLOWED_IP_TWICE,
                        "AllowedIPs",
                        prefix.masked() + " is this peer's by line " + firstLine + " already",
                        "remove one, or correct it");
            } else {
                report.at(
                        line,
                        Rule.ALLOWED_IP_OF_TWO,
                        "AllowedIPs",
                        "%s is given to peer %s, but in line %d to peer %s too, which would lose it"
                                .formatted(prefix.masked(), who(owner.peer()), firstLine, who(first.peer())),
                        "give it to one of them");
            }
        });
    }

    /** Its name, if it has one, or else as much of its key as people read. */
    private String who(int peer) {
        return peers.get(peer)
                .name()
                .orElseGet(() -> peers.get(peer).publicKey().base64().substring(0, 8) + "…");
    }

    private void endpoints() {
        Map<Endpoint, Integer> seen = new HashMap<>();
        for (int i = 0; i < peers.size(); i++) {
            Optional<Endpoint> given = peers.get(i).endpoint();
            if (given.isEmpty()) {
                if (peers.get(i).persistentKeepalive().orElse(0) != 0 && port.orElse(0) != 0) {
                    report.of(
                            i,
                            Rule.KEEPALIVE_WAITS,
                            "PersistentKeepalive",
                            "without an Endpoint it begins when the peer has shown up",
                            "leave it to the side that has an Endpoint, which keeps the way open");
                }
                continue;
            }
            Endpoint endpoint = given.get();
            Integer first = seen.putIfAbsent(endpoint, i);
            if (first != null
                    && !peers.get(first).publicKey().equals(peers.get(i).publicKey())) {
                report.of(
                        i,
                        Rule.ENDPOINT_OF_TWO,
                        "Endpoint",
                        "the peer of line " + report.lineOf(first) + " has the same, but one port leads to one key",
                        "correct one of them");
            }
            endpoint(i, endpoint);
        }
    }

    private void endpoint(int peer, Endpoint endpoint) {
        if (endpoint.port() == 0) {
            report.of(
                    peer,
                    Rule.ENDPOINT_IMPOSSIBLE,
                    "Endpoint",
                    "nothing can be sent to port 0",
                    "write the peer's ListenPort");
        } else if (endpoint.isLiteral()) {
            InetAddress address = endpoint.address();
            Cidr host = Cidr.host(address);
            if (address.isAnyLocalAddress()
                    || address.isMulticastAddress()
                    || host.equals(Cidr.parse("255.255.255.255"))) {
                report.of(
                        peer,
                        Rule.ENDPOINT_IMPOSSIBLE,
                        "Endpoint",
                        IpLiteral.format(address) + " is the address of no host",
                        "write an address at which the peer can be reached, or its name");
            } else if (connected.covering(host).anyMatch(net -> !net.getKey().equals(host))) {
                report.of(
                        peer,
                        Rule.ENDPOINT_IN_OWN_NETWORK,
                        "Endpoint",
                        IpLiteral.format(address)
                                + " is in the network of Address, so packets to it go into the tunnel",
                        "give the tunnel a network that is used nowhere else");
            } else if (config.table() instanceof QuickConfig.Table.Auto) {
                allowed.covering(host)
                        .map(Map.Entry::getKey)
                        .filter(prefix -> prefix.length() > 0) // wg-quick knows what to do about these
                        .findFirst()
                        .ifPresent(prefix -> report.of(
                                peer,
                                Rule.ENDPOINT_INSIDE,
                                "Endpoint",
                                IpLiteral.format(address) + " is in " + prefix + " of AllowedIPs",
                                "bring the interface up with 'anubis up', which keeps its packets out of the tunnel;"
                                        + " wg-quick does not"));
            }
        }
    }

    private void mtu() {
        config.mtu().ifPresent(mtu -> {
            boolean routed = !(config.table() instanceof QuickConfig.Table.Off);
            boolean six = config.addresses().stream().anyMatch(Cidr::six)
                    || (routed && config.allowedPrefixes().stream().anyMatch(Cidr::six));
            if (mtu < MIN_MTU_6 && six) {
                report.of(
                        Place.INTERFACE,
                        Rule.MTU_IMPOSSIBLE,
                        "MTU",
                        "with less than " + MIN_MTU_6 + " Linux takes no address and no route of IPv6",
                        "write more, leave MTU out, or use IPv4 only");
            } else if (mtu > MAX_MTU) {
                report.of(
                        Place.INTERFACE,
                        Rule.MTU_IMPOSSIBLE,
                        "MTU",
                        "a packet of more than " + MAX_MTU + " bytes fits into no UDP datagram",
                        "leave MTU out");
            } else if (mtu > MAX_MTU_ON_ETHERNET && mtu <= ETHERNET) {
                report.of(
                        Place.INTERFACE,
                        Rule.MTU_LARGE,
                        "MTU",
                        "over Ethernet each full packet would be cut in two: it carries 1420, over IPv4 1440",
                        "leave MTU out");
            }
        });
    }

    private void address(QuickSetting setting, Cidr address) {
        Cidr host = Cidr.host(address.address());
        if (host.length() - address.length() > 1 && (address.equals(address.masked()) || isBroadcast(address))) {
            report.at(
                    setting.line(),
                    Rule.ADDRESS_OF_NETWORK,
                    "Address",
                    IpLiteral.format(address.address()) + " is the "
                            + (isBroadcast(address) ? "broadcast address" : "address")
                            + " of " + address.masked() + " and no host's",
                    "write the address of this host, and the length of the network");
        }
        allowed.covering(host)
                .filter(covering -> covering.getKey().equals(host))
                .forEach(covering -> report.at(
                        setting.line(),
                        Rule.ADDRESS_OF_PEER,
                        "Address",
                        IpLiteral.format(address.address()) + " is in the AllowedIPs of peer "
                                + who(covering.getValue().peer()) + " too",
                        "give each its own"));
    }

    private static boolean isBroadcast(Cidr address) {
        byte[] last = address.masked().address().getAddress();
        for (int bit = address.length(); bit < 8 * last.length; bit++) {
            last[bit / 8] |= (byte) (0x80 >> bit % 8);
        }
        return !address.six() && Arrays.equals(last, address.address().getAddress());
    }

    private void dns(QuickSetting setting, String text) {
        IpLiteral.parse(text)
                .filter(server -> !peers.isEmpty() && !server.isLoopbackAddress())
                .map(Cidr::host)
                .filter(server -> !allowed.covers(server) && !connected.covers(server))
                .ifPresent(_ -> report.at(
                        setting.line(),
                        Rule.DNS_OUTSIDE,
                        "DNS",
                        text + " is in nobody's AllowedIPs, so it is asked outside of the tunnel",
                        "add it to the AllowedIPs of the peer that leads to it, if one does"));
    }

    private void hook(QuickSetting setting) {
        List<String> named = INTERFACE
                .matcher(setting.value())
                .results()
                .map(match -> match.group())
                .toList();
        name.filter(own -> !named.isEmpty()
                        && !named.contains(own)
                        && !setting.value().contains("%i"))
                .ifPresent(own -> report.at(
                        setting.line(),
                        Rule.HOOK_INTERFACE,
                        setting.key().name(),
                        "it speaks of " + named.getFirst() + ", but the interface is " + own,
                        "write %i, which stands for its name"));
    }
}
