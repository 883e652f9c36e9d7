package anubis.config;

import anubis.config.ConfigException.Problem;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A wg-quick(8) configuration file, understood. {@code mtu} is in bytes; {@code addresses} keep the bits after the
 * prefix, which are the host's; {@code hooks} are shell commands, in order, with {@code %i} for the interface's name.
 */
public record QuickConfig(
        WireGuardConfig wireguard,
        List<Cidr> addresses,
        DnsSettings dns,
        OptionalInt mtu,
        Table table,
        List<Hook> hooks,
        boolean saveConfig,
        Optional<ExtraPorts> extraPorts,
        boolean kernel) {
    private static final Pattern INTERFACES = Pattern.compile("[A-Za-z0-9_=+.-]{1,15}");
    private static final Pattern DOMAIN = Pattern.compile("~?[A-Za-z0-9_.][A-Za-z0-9_.-]{0,252}");

    public QuickConfig {
        addresses = List.copyOf(addresses);
        hooks = List.copyOf(hooks);
    }

    /** Name servers, as addresses, and search domains. */
    public record DnsSettings(List<String> servers, List<String> domains) {
        public static final DnsSettings NONE = new DnsSettings(List.of(), List.of());

        public DnsSettings {
            servers = List.copyOf(servers);
            domains = List.copyOf(domains);
        }
    }

    /** Where the routes go that the allowed IPs ask for. */
    public sealed interface Table {
        /** The main table, or one of the interface's own where its routes would catch its own bearer packets. */
        record Auto() implements Table {}

        /** No routes are made. */
        record Off() implements Table {}

        /** The table of this number, 1 to 2³²-1; who looks there is not this program's business. */
        record Numbered(long number) implements Table {}
    }

    /** A shell command, and when it is run. */
    public record Hook(QuickSetting.Key when, String command) {
        /** Without the command: it may have a key in it. */
        @Override
        public String toString() {
            return when.name();
        }
    }

    /** UDP ports that lead to the listen port too, for packets that come in by one of the interfaces. */
    public record ExtraPorts(List<Integer> ports, List<String> interfaces) {
        public ExtraPorts {
            ports = List.copyOf(ports);
            interfaces = List.copyOf(interfaces);
        }
    }

    /**
     * The configuration in {@code text}.
     *
     * @param file what the errors call it
     * @throws ConfigException naming everything that is wrong
     */
    public static QuickConfig parse(String file, String text) throws ConfigException {
        return of(file, ConfigParser.parse(file, text, ConfigParser.Dialect.WG_QUICK));
    }

    /** The same of what the parser has found. */
    static QuickConfig of(String file, WireGuardConfig wireguard) throws ConfigException {
        Typing typing = new Typing(file);
        wireguard.quick().forEach(typing::take);
        for (PeerConfig peer : wireguard.peers()) {
            if (!peer.allowedIps().removed().isEmpty()) {
                typing.problems.add(new Problem(
                        file, 1, "AllowedIPs", "a file cannot take allowed IPs away (-)", "leave them out instead"));
            }
        }
        if (typing.extraPorts.isPresent() && wireguard.device().listenPort().orElse(0) == 0) {
            typing.problems.add(new Problem(
                    file,
                    1,
                    "ExtraPorts",
                    "there is no port that they could lead to",
                    "give the [Interface] a ListenPort = …"));
        }
        if (!typing.problems.isEmpty()) {
            throw new ConfigException(typing.problems);
        }
        return new QuickConfig(
                wireguard,
                typing.addresses,
                new DnsSettings(typing.servers, typing.domains),
                typing.mtu,
                typing.table,
                typing.hooks,
                typing.saveConfig,
                typing.extraPorts,
                typing.kernel);
    }

    /** Gives each setting its type. */
    private static final class Typing {
        final String file;
        final List<Problem> problems = new ArrayList<>();
        final List<Cidr> addresses = new ArrayList<>();
        final List<String> servers = new ArrayList<>();
        final List<String> domains = new ArrayList<>();
        final List<Hook> hooks = new ArrayList<>();
        OptionalInt mtu = OptionalInt.empty();
        Table table = new Table.Auto();
        boolean saveConfig;
        boolean kernel;
        Optional<ExtraPorts> extraPorts = Optional.empty();

        Typing(String file) {
            this.file = file;
        }

        void take(QuickSetting setting) {
            try {
                type(setting);
            } catch (IllegalArgumentException e) {
                problems.add(new Problem(
                        file,
                        setting.line(),
                        setting.key().name(),
                        "this value will not do",
                        String.valueOf(e.getMessage())));
            }
        }

        private void type(QuickSetting setting) {
            String value = setting.value();
            switch (setting.key()) {
                case Address -> list(value).map(Typing::address).forEach(addresses::add);
                case DNS -> list(value).forEach(this::dns);
                case MTU ->
                    mtu = OptionalInt.of((int) number(value, 576, 65535, "a number of bytes from 576 to 65535"));
                case Table -> table = table(value);
                case PreUp, PostUp, PreDown, PostDown -> hooks.add(new Hook(setting.key(), value));
                case SaveConfig -> saveConfig = truth(value);
                case Kernel -> kernel = truth(value);
                case ExtraPorts -> extraPorts = Optional.of(ports(value));
            }
        }

        private static Cidr address(String text) {
            try {
                return Cidr.parse(text);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("write 10.0.0.1/24 or fd00::1/64, separated by commas", e);
            }
        }

        private void dns(String text) {
            if (IpLiteral.parse(text).isPresent()) {
                servers.add(text);
            } else if (DOMAIN.matcher(text).matches()) {
                domains.add(text);
            } else {
                throw new IllegalArgumentException(
                        "write addresses of name servers and search domains, separated by commas");
            }
        }

        private static Table table(String value) {
            return switch (value.toLowerCase(Locale.ROOT)) {
                case "auto" -> new Table.Auto();
                case "off" -> new Table.Off();
                case "main" -> new Table.Numbered(Route.MAIN);
                default ->
                    new Table.Numbered(number(value, 1, 0xffff_ffffL, "auto, off, main or the number of a table"));
            };
        }

        private static ExtraPorts ports(String value) {
            String usage = "ports and interfaces: 53, 443 on eth0, wlan0";
            String[] halves = value.split("\\s+on\\s+", -1);
            if (halves.length != 2) {
                throw new IllegalArgumentException("write " + usage);
            }
            List<Integer> ports = list(halves[0])
                    .map(port -> (int) number(port, 1, 65535, usage))
                    .distinct()
                    .toList();
            List<String> interfaces = list(halves[1]).distinct().toList();
            if (ports.isEmpty()
                    || interfaces.isEmpty()
                    || !interfaces.stream()
                            .allMatch(each -> INTERFACES.matcher(each).matches())) {
                throw new IllegalArgumentException("write " + usage);
            }
            return new ExtraPorts(ports, interfaces);
        }

        private static boolean truth(String value) {
            return switch (value.toLowerCase(Locale.ROOT)) {
                case "true" -> true;
                case "false" -> false;
                default -> throw new IllegalArgumentException("write true or false");
            };
        }

        private static long number(String value, long min, long max, String usage) {
            long number = Decimals.parse(value, max);
            if (number < min) {
                throw new IllegalArgumentException("write " + usage);
            }
            return number;
        }
    }

    /** The parts of a value that commas or blanks separate, as wg-quick takes them; empty ones do not count. */
    static Stream<String> list(String value) {
        return Stream.of(value.split("[,\\s]+", -1)).filter(each -> !each.isEmpty());
    }

    /** The prefixes that the peers may use, without host bits, each once, in order. */
    List<Cidr> allowedPrefixes() {
        return wireguard.peers().stream()
                .map(peer -> peer.allowedIps().prefixes())
                .flatMap(Collection::stream)
                .map(Cidr::masked)
                .distinct()
                .toList();
    }
}
