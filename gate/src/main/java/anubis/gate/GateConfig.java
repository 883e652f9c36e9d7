package anubis.gate;

import anubis.config.Cidr;
import anubis.config.ConfigException;
import anubis.config.ConfigException.Problem;
import anubis.config.Endpoint;
import anubis.crypto.PresharedKey;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.host.PrivateFile;
import anubis.host.TextFile;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
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

    static final String GATE_KEY = "/etc/wireguard/gate.priv";
    private static final Pattern INTERFACE = Pattern.compile("[A-Za-z0-9_=+.-]{1,15}");
    static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,63}");
    /** What an error of the parser cites: it may be anything. */
    private static final Pattern CITED = Pattern.compile("^Unexpected '.*'", Pattern.DOTALL);

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
        return new Reading(file).config(TextFile.read(file, "'anubis gate init' writes a first one"));
    }

    /** A table of the file: what its keys are called in errors, and where it begins. */
    private record Section(TomlTable table, String prefix, int line) {
        Optional<Object> value(String key) {
            return Optional.ofNullable(table.get(List.of(key)));
        }
    }

    /** One reading of a file, which gathers what is wrong with it. */
    private static final class Reading {
        private final Path file;
        private final List<Problem> problems = new ArrayList<>();

        Reading(Path file) {
            this.file = file;
        }

        GateConfig config(String text) throws ConfigException {
            PrivateFile.exposure(file, false).ifPresent(problems::add);
            TomlParseResult toml = Toml.parse(text);
            toml.errors()
                    .forEach(error -> problems.add(new Problem(
                            file.toString(),
                            error.position().line(),
                            error.position().column(),
                            "TOML",
                            CITED.matcher(String.valueOf(error.getMessage())).replaceFirst("this is no TOML"),
                            "text stands in \"quotes\", a list in [ ], a table begins with [NAME] (see toml.io)")));
            orThrow();
            Section all = new Section(toml, "", 1);
            known(all, "interface", "key", "port", "hub", "hubs");
            String name = text(all, "interface", "write interface = \"wg0\", the interface that carries the traffic")
                    .filter(each -> matches(all, "interface", each, INTERFACE, "the name of an interface, as in wg0"))
                    .orElse("");
            Optional<PrivateKey> key = text(all, "key")
                    .or(() -> Optional.of(GATE_KEY))
                    .flatMap(path -> secret(all, "key", path, PrivateKey::ofBase64, "genkey"));
            Optional<HubPart> hub = section(all, "hub").map(this::hub);
            long port = number(all, "port", hub.isPresent() ? InnerUdp.PORT : 0, PORT_MAX);
            List<HubAddress> hubs = sections(all, "hubs")
                    .flatMap(each -> address(each).stream())
                    .toList();
            Set<Object> seen = new HashSet<>();
            hubs.stream()
                    .flatMap(each -> Stream.of(each.name(), each.key()))
                    .filter(each -> !seen.add(each))
                    .forEach(twice -> problem(all, "hubs", "two hubs are both '" + twice + "'", "name each hub once"));
            if (all.value("hub").isEmpty() && all.value("hubs").isEmpty()) {
                problem(
                        all,
                        "hubs",
                        "this host is no hub, and there is none to ask",
                        "add a table [[hubs]] for each hub to ask, or [hub]; 'anubis gate init' shows how");
            }
            orThrow();
            return new GateConfig(name, key.orElseThrow(), (int) port, hub, hubs);
        }

        private HubPart hub(Section hub) {
            known(
                    hub,
                    "name",
                    "endpoints",
                    "allowed-ips",
                    "lease",
                    "max-peers",
                    "in-reserve-for",
                    "second-factor-program");
            HubPart part = new HubPart(
                    name(hub),
                    list(
                            hub,
                            "endpoints",
                            GateConfig::endpoint,
                            "write endpoints = [\"HOST:PORT\"], where clients reach it"),
                    list(
                            hub,
                            "allowed-ips",
                            Cidr::parse,
                            "write allowed-ips = [\"10.0.0.0/8\"], what clients reach by it"),
                    lease(hub),
                    (int) number(hub, "max-peers", Integer.MAX_VALUE, Integer.MAX_VALUE),
                    text(hub, "in-reserve-for")
                            .filter(each -> matches(hub, "in-reserve-for", each, NAME, "the name of a hub")),
                    text(hub, "second-factor-program").filter(each -> runs(hub, each)));
            try {
                Hub _ = new Hub(
                        new Reply.Terms(PublicKey.of(new byte[32]), part.endpoints, part.allowedIps),
                        part.lease,
                        part.inReserveFor);
            } catch (IllegalArgumentException e) {
                problem(
                        hub,
                        "allowed-ips",
                        "all this does not fit into one reply",
                        "name fewer prefixes and endpoints");
            }
            return part;
        }

        private boolean runs(Section hub, String program) {
            boolean runs = program.startsWith("/") && Files.isExecutable(Path.of(program));
            if (!runs) {
                problem(
                        hub,
                        "second-factor-program",
                        "'" + program + "' is no program that can be run",
                        "write its whole path, and chmod +x it");
            }
            return runs;
        }

        private Duration lease(Section hub) {
            String text = text(hub, "lease").orElse("");
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

        /** Nothing if there is a problem with it. */
        private Optional<HubAddress> address(Section hub) {
            int before = problems.size();
            known(hub, "name", "key", "endpoint", "preshared-key");
            String name = name(hub);
            String remedy = "write key = \"…\", the hub's gate public key, as 'anubis gate init' prints it there";
            Optional<PublicKey> key =
                    text(hub, "key", remedy).flatMap(each -> parsed(hub, "key", each, PublicKey::ofBase64, remedy));
            key.filter(PublicKey::isOfLowOrder)
                    .ifPresent(_ -> problem(hub, "key", "nobody has a private key to it", remedy));
            String where = "write endpoint = \"HOST:" + InnerUdp.PORT + "\", where the hub's gate is reached";
            Optional<Endpoint> endpoint = text(hub, "endpoint", where)
                    .flatMap(each -> parsed(hub, "endpoint", each, GateConfig::endpoint, where));
            Optional<PresharedKey> preshared = text(hub, "preshared-key")
                    .flatMap(path -> secret(hub, "preshared-key", path, PresharedKey::ofBase64, "genpsk"));
            return problems.size() > before
                    ? Optional.empty()
                    : Optional.of(new HubAddress(name, key.orElseThrow(), endpoint.orElseThrow(), preshared));
        }

        private String name(Section hub) {
            return text(hub, "name", "write name = \"…\", the name of the hub")
                    .filter(each -> matches(hub, "name", each, NAME, "1 to 63 letters, digits or _ . -"))
                    .orElse("");
        }

        // Values.

        private void known(Section section, String... keys) {
            Set<String> all = Set.of(keys);
            section.table.keySet().stream()
                    .filter(key -> !all.contains(key))
                    .forEach(key -> problem(
                            section,
                            key,
                            "there is no such key",
                            "remove it, or use one of " + String.join(", ", keys)));
        }

        /** A text that must be there. */
        private Optional<String> text(Section section, String key, String remedy) {
            if (section.value(key).isEmpty()) {
                problem(section, key, "it is missing", remedy);
            }
            return text(section, key);
        }

        private Optional<String> text(Section section, String key) {
            return section.value(key).flatMap(value -> {
                if (value instanceof String text) {
                    return Optional.of(text);
                }
                problem(section, key, "it is no text", "write it in quotes");
                return Optional.empty();
            });
        }

        private long number(Section section, String key, long otherwise, long most) {
            Object value = section.value(key).orElse(otherwise);
            if (value instanceof Long number
                    && (number > 0 || section.value(key).isEmpty())
                    && number <= most) {
                return number;
            }
            problem(section, key, "it is no whole number from 1 to " + most, "write one, without quotes");
            return otherwise;
        }

        private <T> List<T> list(Section section, String key, Function<String, T> parse, String form) {
            Object value = section.value(key).orElse("");
            if (value instanceof TomlArray array && !array.isEmpty()) {
                return array.toList().stream()
                        .flatMap(each -> parsed(section, key, each, parse, form).stream())
                        .toList();
            }
            problem(section, key, value.equals("") ? "it is missing" : "it is no list of text", form);
            return List.of();
        }

        private <T> Optional<T> parsed(
                Section section, String key, Object value, Function<String, T> parse, String form) {
            try {
                return Optional.of(parse.apply(String.valueOf(value)));
            } catch (IllegalArgumentException e) {
                String cited = key.equals("key") ? "" : "'" + value + "': "; // it may be a private one
                problem(section, key, cited + e.getMessage(), form);
                return Optional.empty();
            }
        }

        private Optional<Section> section(Section parent, String key) {
            return parent.value(key).flatMap(value -> {
                if (value instanceof TomlTable table) {
                    return Optional.of(new Section(table, key + ".", line(parent, key)));
                }
                problem(parent, key, "it is no table", "write [" + key + "], and its keys below");
                return Optional.empty();
            });
        }

        private Stream<Section> sections(Section parent, String key) {
            Object value = parent.value(key).orElse(List.of());
            if (value instanceof TomlArray array && array.toList().stream().allMatch(TomlTable.class::isInstance)) {
                return IntStream.range(0, array.size())
                        .mapToObj(i -> new Section(
                                array.getTable(i),
                                key + ".",
                                array.inputPositionOf(i).line()));
            }
            if (parent.value(key).isPresent()) {
                problem(parent, key, "it is no list of tables", "write [[" + key + "]], with two brackets, above each");
            }
            return Stream.empty();
        }

        private boolean matches(Section section, String key, String text, Pattern pattern, String what) {
            boolean matches = pattern.matcher(text).matches();
            if (!matches) {
                problem(section, key, "'" + text + "' is not right", "write " + what);
            }
            return matches;
        }

        /** A key out of a file of its own, which nobody else may read. */
        private <T> Optional<T> secret(
                Section section, String key, String path, Function<String, T> parse, String maker) {
            Path from = file.toAbsolutePath().resolveSibling(path);
            String make = "(umask 077; anubis " + maker + " > " + from + ")";
            Optional<Problem> exposed = PrivateFile.exposure(from, true);
            if (exposed.isPresent()) {
                problem(
                        section,
                        key,
                        from + ": " + exposed.get().fault(),
                        exposed.get().remedy());
                return Optional.empty();
            }
            try {
                return Optional.of(parse.apply(Files.readString(from).strip()));
            } catch (NoSuchFileException e) {
                problem(section, key, from + ": there is no such file", "make it: " + make);
            } catch (AccessDeniedException e) {
                problem(section, key, from + ": this user may not read it", "try as root");
            } catch (IOException e) {
                problem(section, key, from + ": it cannot be read", "look what it is");
            } catch (IllegalArgumentException e) {
                problem(section, key, from + ": there is no key in it", "make it anew: " + make);
            }
            return Optional.empty();
        }

        /** Where a key stands; one that is missing is missing where its table begins. */
        private static int line(Section section, String key) {
            TomlPosition position = section.table.inputPositionOf(List.of(key));
            return position == null ? section.line : position.line();
        }

        private void problem(Section section, String key, String fault, String remedy) {
            problems.add(new Problem(file.toString(), line(section, key), section.prefix + key, fault, remedy));
        }

        private void orThrow() throws ConfigException {
            if (!problems.isEmpty()) {
                problems.sort(Comparator.comparingInt(Problem::line));
                throw new ConfigException(problems);
            }
        }
    }

    /** As {@link Endpoint#parse}, with a port that can be sent to. */
    static Endpoint endpoint(String text) {
        Endpoint endpoint = Endpoint.parse(text);
        if (endpoint.port() == 0) {
            throw new IllegalArgumentException("the port is not a number from 1 to 65535");
        }
        return endpoint;
    }
}
