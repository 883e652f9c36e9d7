package anubis.gate;

import anubis.config.Cidr;
import anubis.config.ConfigException;
import anubis.config.ConfigException.Problem;
import anubis.config.Endpoint;
import anubis.crypto.PresharedKey;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.host.PrivateFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/**
 * The configuration of a host's gate: {@code /etc/anubis/gate.toml}.
 *
 * @param interfaceName of production
 * @param gateKey of this host
 * @param port of the gate tunnel, 0 for any
 * @param hub what this host is as a hub, if it is one
 * @param hubs whom it can ask; a hub tells them of its clients
 */
public record GateConfig(
        String interfaceName, PrivateKey gateKey, int port, Optional<HubPart> hub, List<HubAddress> hubs) {
    /** Where it is unless another file is named. */
    public static final Path FILE = Path.of("/etc/anubis/gate.toml");

    private static final String GATE_KEY = "/etc/wireguard/gate.priv";
    private static final Pattern INTERFACE = Pattern.compile("[A-Za-z0-9_=+.-]{1,15}");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,63}");
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,6})([smhd])");
    private static final Duration LEASE = Duration.ofHours(1);
    private static final int PORT_MAX = 65_535;

    /**
     * What a host is as a hub.
     *
     * @param endpoints of production, the best first
     * @param allowedIps what clients may send to this hub, and have from it
     * @param lease the longest, and that of who wishes none
     * @param maxPeers how many may be up at a time
     * @param inReserveFor the name of the hub that is in use instead
     * @param secondFactorProgram checks codes
     */
    public record HubPart(
            String name,
            List<Endpoint> endpoints,
            List<Cidr> allowedIps,
            Duration lease,
            int maxPeers,
            Optional<String> inReserveFor,
            Optional<String> secondFactorProgram) {}

    /**
     * Reads a file and the keys it names.
     *
     * @throws ConfigException if something in it is wrong; all of it is told, with lines
     * @throws IOException if it cannot be read
     */
    public static GateConfig read(Path file) throws IOException, ConfigException {
        if (!Files.exists(file)) {
            throw new IOException(file + ": there is no such file; 'anubis gate init' helps to write it");
        }
        return new Reading(file).config();
    }

    /** One reading of a file, which gathers what is wrong with it. */
    private static final class Reading {
        private final Path file;
        private final List<Problem> problems = new ArrayList<>();

        Reading(Path file) {
            this.file = file;
        }

        GateConfig config() throws IOException, ConfigException {
            PrivateFile.exposure(file, false).ifPresent(problems::add);
            TomlParseResult toml = Toml.parse(file);
            toml.errors()
                    .forEach(error -> problems.add(new Problem(
                            file.toString(),
                            error.position().line(),
                            "column " + error.position().column(),
                            String.valueOf(error.getMessage()),
                            "write it as TOML")));
            orThrow();
            known(toml, "interface", "key", "port", "hub", "hubs");
            String name = text(toml, "interface", true)
                    .filter(each -> matches(toml, "interface", each, INTERFACE, "the name of an interface, as in wg0"))
                    .orElse("");
            PrivateKey key = text(toml, "key", false)
                    .or(() -> Optional.of(GATE_KEY))
                    .flatMap(path -> secret(toml, "key", path, PrivateKey::ofBase64, "anubis genkey > "))
                    .orElseGet(() -> PrivateKey.of(new byte[32]));
            Optional<HubPart> hub = table(toml, "hub").map(this::hub);
            long port = number(toml, "port", hub.isPresent() ? InnerUdp.PORT : 0, PORT_MAX);
            List<HubAddress> hubs = tables(toml, "hubs").map(this::address).toList();
            Set<Object> seen = new HashSet<>();
            hubs.stream()
                    .flatMap(each -> Stream.of(each.name(), each.key()))
                    .filter(each -> !seen.add(each))
                    .forEach(twice -> problem(toml, "hubs", "two hubs are both '" + twice + "'", "name each once"));
            if (hub.isEmpty() && hubs.isEmpty()) {
                problem(toml, "hubs", "there is neither a hub to ask nor is this one", "add [[hubs]] or [hub]");
            }
            orThrow();
            return new GateConfig(name, key, (int) port, hub, hubs);
        }

        private HubPart hub(TomlTable hub) {
            known(
                    hub,
                    "name",
                    "endpoints",
                    "allowed-ips",
                    "lease",
                    "max-peers",
                    "in-reserve-for",
                    "second-factor-program");
            Optional<String> other = text(hub, "in-reserve-for", false)
                    .filter(each -> matches(hub, "in-reserve-for", each, NAME, "the name of a hub"));
            return new HubPart(
                    name(hub),
                    list(hub, "endpoints", Endpoint::parse, "a list of HOST:PORT"),
                    list(hub, "allowed-ips", Cidr::parse, "a list of prefixes, as in 10.0.0.0/8"),
                    lease(hub),
                    (int) number(hub, "max-peers", Integer.MAX_VALUE, Integer.MAX_VALUE),
                    other,
                    text(hub, "second-factor-program", false));
        }

        private Duration lease(TomlTable hub) {
            String text = text(hub, "lease", false).orElse("");
            Matcher parts = DURATION.matcher(text);
            if (text.isEmpty()) {
                return LEASE;
            }
            if (!parts.matches() || Long.parseLong(parts.group(1)) == 0) {
                problem(hub, "lease", "'" + text + "' is no time", "write it as in 30m, 8h or 7d");
                return LEASE;
            }
            long number = Long.parseLong(parts.group(1));
            return switch (parts.group(2)) {
                case "s" -> Duration.ofSeconds(number);
                case "m" -> Duration.ofMinutes(number);
                case "h" -> Duration.ofHours(number);
                default -> Duration.ofDays(number);
            };
        }

        private HubAddress address(TomlTable hub) {
            known(hub, "name", "key", "endpoint", "preshared-key");
            Optional<PublicKey> key = text(hub, "key", true)
                    .flatMap(each -> parsed(
                            hub,
                            "key",
                            each,
                            PublicKey::ofBase64,
                            "the hub's gate public key, as 'anubis pubkey' prints it"));
            Optional<Endpoint> endpoint = text(hub, "endpoint", true)
                    .flatMap(each -> parsed(
                            hub, "endpoint", each, Endpoint::parse, "HOST:PORT of its gate, as in hub.example:4297"));
            Optional<PresharedKey> preshared = text(hub, "preshared-key", false)
                    .flatMap(path -> secret(hub, "preshared-key", path, PresharedKey::ofBase64, "anubis genpsk > "));
            key.filter(PublicKey::isOfLowOrder)
                    .ifPresent(_ -> problem(hub, "key", "it is of low order: nobody has it honestly", "ask the hub"));
            return new HubAddress(
                    name(hub),
                    key.orElseGet(() -> PublicKey.of(new byte[32])),
                    endpoint.orElseGet(() -> Endpoint.parse("127.0.0.1:1")),
                    preshared);
        }

        private String name(TomlTable hub) {
            return text(hub, "name", true)
                    .filter(each -> matches(hub, "name", each, NAME, "1 to 63 letters, digits or _ . -"))
                    .orElse("");
        }

        // Values.

        private void known(TomlTable table, String... keys) {
            Set<String> all = Set.of(keys);
            table.keySet().stream()
                    .filter(key -> !all.contains(key))
                    .forEach(key ->
                            problem(table, key, "there is no such key", "remove it, or use one of " + List.of(keys)));
        }

        private Optional<String> text(TomlTable table, String key, boolean needed) {
            return switch (table.get(List.of(key))) {
                case null -> {
                    if (needed) {
                        problem(table, key, "it is lacking", "add it");
                    }
                    yield Optional.empty();
                }
                case String text -> Optional.of(text);
                default -> {
                    problem(table, key, "it is no string", "write it in quotes");
                    yield Optional.empty();
                }
            };
        }

        private long number(TomlTable table, String key, long otherwise, long most) {
            return switch (table.get(List.of(key))) {
                case null -> otherwise;
                case Long number when number > 0 && number <= most -> number;
                default -> {
                    problem(table, key, "it is no number from 1 to " + most, "correct it");
                    yield otherwise;
                }
            };
        }

        private <T> List<T> list(TomlTable table, String key, Function<String, T> parse, String what) {
            if (!(table.get(List.of(key)) instanceof TomlArray array) || array.isEmpty()) {
                problem(table, key, "it is lacking", "write " + what);
                return List.of();
            }
            return array.toList().stream()
                    .flatMap(each -> parsed(table, key, String.valueOf(each), parse, what).stream())
                    .toList();
        }

        private Optional<TomlTable> table(TomlTable parent, String key) {
            return switch (parent.get(List.of(key))) {
                case null -> Optional.empty();
                case TomlTable table -> Optional.of(table);
                default -> {
                    problem(parent, key, "it is no table", "write [" + key + "]");
                    yield Optional.empty();
                }
            };
        }

        private Stream<TomlTable> tables(TomlTable parent, String key) {
            return switch (parent.get(List.of(key))) {
                case null -> Stream.empty();
                case TomlArray array
                when array.toList().stream().allMatch(TomlTable.class::isInstance) ->
                    array.toList().stream().map(TomlTable.class::cast);
                default -> {
                    problem(parent, key, "it is no list of tables", "write [[" + key + "]] above each");
                    yield Stream.empty();
                }
            };
        }

        private boolean matches(TomlTable table, String key, String text, Pattern pattern, String what) {
            boolean matches = pattern.matcher(text).matches();
            if (!matches) {
                problem(table, key, "'" + text + "' is not right", "write " + what);
            }
            return matches;
        }

        private <T> Optional<T> parsed(
                TomlTable table, String key, String text, Function<String, T> parse, String what) {
            try {
                return Optional.of(parse.apply(text));
            } catch (IllegalArgumentException e) {
                problem(table, key, String.valueOf(e.getMessage()), "write " + what);
                return Optional.empty();
            }
        }

        /** A key out of a file of its own, which nobody else may read. */
        private <T> Optional<T> secret(
                TomlTable table, String key, String path, Function<String, T> parse, String maker) {
            Path from = file.toAbsolutePath().resolveSibling(path);
            Optional<Problem> exposed = PrivateFile.exposure(from, true);
            if (exposed.isPresent()) {
                problem(
                        table,
                        key,
                        from + ": " + exposed.get().fault(),
                        exposed.get().remedy());
                return Optional.empty();
            }
            try {
                return Optional.of(parse.apply(Files.readString(from).strip()));
            } catch (IOException e) {
                problem(table, key, from + " cannot be read", "umask 077; " + maker + from);
            } catch (IllegalArgumentException e) {
                problem(table, key, from + " has no key in it", "umask 077; " + maker + from);
            }
            return Optional.empty();
        }

        private void problem(TomlTable table, String key, String fault, String remedy) {
            TomlPosition position = table.inputPositionOf(List.of(key));
            problems.add(new Problem(file.toString(), position == null ? 1 : position.line(), key, fault, remedy));
        }

        private void orThrow() throws ConfigException {
            if (!problems.isEmpty()) {
                throw new ConfigException(problems);
            }
        }
    }
}
