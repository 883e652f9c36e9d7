package anubis.gate;

import anubis.config.Cidr;
import anubis.config.ConfigException;
import anubis.config.ConfigException.Problem;
import anubis.crypto.PresharedKey;
import anubis.crypto.PublicKey;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/** The entries of a registry as TOML (1.0), secrets included: each a table {@code [[peer]]}. */
public final class RegistryToml {
    private static final String TABLE = "peer";
    private static final Pattern HEADER =
            Pattern.compile("^[ \\t]*\\[\\[[ \\t]*" + TABLE + "[ \\t]*]]", Pattern.MULTILINE);
    /** What the parser cites of a line, which may be a secret. */
    private static final Pattern CITED = Pattern.compile("^Unexpected '.{4,}'");

    private static final List<String> KEYS = List.of(
            "name",
            "gate-key",
            "production-key",
            "allowed-ips",
            "preshared-key",
            "hours",
            "expiry",
            "enabled",
            "permanent",
            "hub",
            "second-factor",
            "note");
    /** Of a file with more faults the rest is not read. */
    private static final int MOST_PROBLEMS = 20;

    private static final String PUBLIC_KEY = "a public key has 44 characters, as anubis pubkey prints it";

    private final String file;
    private final List<Problem> problems = new ArrayList<>();
    /** The table that is being read, and the line before its first. */
    private TomlTable table = Toml.parse("");

    private int before;

    private RegistryToml(String file) {
        this.file = file;
    }

    /**
     * Reads what {@link #format} writes, or somebody has written like it. It is read peer by peer: the parser's trees are
     * a hundred times as large as the text.
     *
     * @param file what errors call the file
     * @throws ConfigException with what is wrong, all or the first twenty faults; keys that nobody has defined are
     */
    public static List<Entry> parse(String file, String text) throws ConfigException {
        var reader = new RegistryToml(file);
        Matcher header = HEADER.matcher(text);
        int begin = 0;
        List<Entry> entries = new ArrayList<>();
        Map<String, Integer> names = new HashMap<>();
        boolean first = true;
        boolean more = true;
        while (more && reader.problems.size() < MOST_PROBLEMS) {
            more = header.find();
            int end = more ? header.start() : text.length();
            Optional<Entry> entry = reader.entry(text.substring(begin, end), first);
            int line = reader.before + 1;
            entry.ifPresent(read -> {
                Integer other = names.putIfAbsent(read.name(), line);
                if (other != null) {
                    reader.problem(
                            "name", "'" + read.name() + "' is the name of the peer in line " + other, "choose another");
                }
                entries.add(read);
            });
            reader.before += (int) text.substring(begin, end)
                    .chars()
                    .filter(each -> each == '\n')
                    .count();
            begin = end;
            first = false;
        }
        if (!reader.problems.isEmpty()) {
            throw new ConfigException(reader.problems);
        }
        return entries;
    }

    /** Reads a part of the file: what is before the first peer, or one peer. */
    private Optional<Entry> entry(String part, boolean first) {
        int problemsBefore = problems.size();
        TomlParseResult parsed = Toml.parse(part);
        parsed.errors()
                .forEach(error -> problem(
                        error.position(),
                        "TOML",
                        CITED.matcher(String.valueOf(error.getMessage())).replaceFirst("Unexpected text"),
                        "values are \"quoted\" text, true or false, and lists in [ ] (see toml.io)"));
        if (parsed.hasErrors()) {
            return Optional.empty();
        }
        table = parsed;
        @Nullable Object peers = parsed.get(List.of(TABLE));
        boolean one =
                !first && peers instanceof TomlArray array && array.size() == 1 && array.get(0) instanceof TomlTable;
        unknown(parsed, one ? List.of(TABLE) : List.of(), "each peer is a table that begins with [[peer]]");
        if (!one) {
            return Optional.empty();
        }
        table = ((TomlArray) peers).getTable(0);
        unknown(table, KEYS, "the keys of a peer are " + String.join(", ", KEYS));
        Optional<String> name = required("name", String.class, text -> text, "write name = \"NAME\"");
        Optional<PublicKey> gateKey = required("gate-key", String.class, PublicKey::ofBase64, PUBLIC_KEY);
        Optional<PublicKey> productionKey = required("production-key", String.class, PublicKey::ofBase64, PUBLIC_KEY);
        Optional<List<Cidr>> allowedIps = required(
                "allowed-ips", TomlArray.class, RegistryToml::prefixes, "write [\"10.0.0.2/32\", \"2001:db8::2/128\"]");
        Optional<PresharedKey> presharedKey = value(
                "preshared-key",
                String.class,
                PresharedKey::ofBase64,
                "a preshared key has 44 characters, as anubis genpsk prints it");
        Optional<Hours> hours = value("hours", String.class, Hours::parse, "or leave the key out for always");
        Optional<Instant> expiry =
                value("expiry", Object.class, RegistryToml::instant, "write a time as 2027-01-31T18:00:00Z (RFC 3339)");
        boolean enabled = flag("enabled", true);
        boolean permanent = flag("permanent", false);
        boolean hub = flag("hub", false);
        Optional<SecondFactor> secondFactor =
                value("second-factor", String.class, SecondFactor::parse, "or leave the key out for none");
        Optional<String> note = value("note", String.class, text -> text, "write text in quotes");
        if (problems.size() > problemsBefore) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Entry(
                    name.orElseThrow(),
                    gateKey.orElseThrow(),
                    productionKey.orElseThrow(),
                    allowedIps.orElseThrow(),
                    presharedKey,
                    hours,
                    expiry,
                    enabled,
                    permanent,
                    secondFactor,
                    hub,
                    note.orElse("")));
        } catch (IllegalArgumentException e) {
            problem(TABLE, String.valueOf(e.getMessage()), "change it");
            return Optional.empty();
        }
    }

    private void unknown(TomlTable table, Collection<String> known, String remedy) {
        for (String key : table.keySet()) {
            if (!known.contains(key)) {
                problem(table.inputPositionOf(List.of(key)), key, "there is no such key", remedy);
            }
        }
    }

    private boolean flag(String key, boolean otherwise) {
        return value(key, Boolean.class, flag -> flag, "write true or false").orElse(otherwise);
    }

    private <V, T> Optional<T> required(String key, Class<V> type, Function<V, T> parser, String remedy) {
        if (!table.contains(List.of(key))) {
            problem(key, "it is missing", remedy);
        }
        return value(key, type, parser, remedy);
    }

    /** The value of a key, if there is one and it is right. Faults do not repeat it: it may be secret. */
    private <V, T> Optional<T> value(String key, Class<V> type, Function<V, T> parser, String remedy) {
        @Nullable Object value = table.get(List.of(key));
        try {
            if (value != null && !type.isInstance(value)) {
                throw new IllegalArgumentException("not a value of this kind");
            }
            return Optional.ofNullable(value).map(type::cast).map(parser);
        } catch (IllegalArgumentException | DateTimeException e) {
            problem(key, String.valueOf(e.getMessage()), remedy);
            return Optional.empty();
        }
    }

    private static List<Cidr> prefixes(TomlArray list) {
        List<Cidr> prefixes = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            if (!(list.get(i) instanceof String text)) {
                throw new IllegalArgumentException("not a list of text");
            }
            try {
                prefixes.add(Cidr.parse(text));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("'" + text + "': " + e.getMessage(), e);
            }
        }
        return prefixes;
    }

    private static Instant instant(Object value) {
        return switch (value) {
            case OffsetDateTime time -> time.toInstant();
            case String text -> OffsetDateTime.parse(text).toInstant();
            default -> throw new IllegalArgumentException("not a time with its offset from UTC");
        };
    }

    private void problem(String key, String fault, String remedy) {
        problem(table.inputPositionOf(List.of(key)), key, fault, remedy);
    }

    private void problem(@Nullable TomlPosition at, String key, String fault, String remedy) {
        problems.add(new Problem(
                file, before + (at == null ? 1 : at.line()), at == null ? 1 : at.column(), key, fault, remedy));
    }

    /** The text of entries, as {@link #parse} reads it; what is as it is without being said is left out. */
    public static String format(Collection<Entry> entries) {
        var text = new StringBuilder("# Peers of a hub's gate. These are secrets: preshared keys, second factors.\n");
        entries.forEach(entry -> format(entry, text));
        return text.toString();
    }

    private static void format(Entry entry, StringBuilder text) {
        text.append("\n[[").append(TABLE).append("]]\n");
        line(text, "name", quoted(entry.name()));
        line(text, "gate-key", quoted(entry.gateKey().base64()));
        line(text, "production-key", quoted(entry.productionKey().base64()));
        line(
                text,
                "allowed-ips",
                entry.allowedIps().stream()
                        .map(prefix -> quoted(prefix.toString()))
                        .collect(Collectors.joining(", ", "[", "]")));
        entry.presharedKey().ifPresent(key -> {
            byte[] bytes = key.bytes();
            line(text, "preshared-key", quoted(Base64.getEncoder().encodeToString(bytes)));
            Arrays.fill(bytes, (byte) 0);
        });
        entry.hours().ifPresent(hours -> line(text, "hours", quoted(hours.toString())));
        entry.expiry().ifPresent(expiry -> line(text, "expiry", quoted(expiry.toString())));
        if (!entry.enabled()) {
            line(text, "enabled", "false");
        }
        if (entry.permanent()) {
            line(text, "permanent", "true");
        }
        if (entry.hub()) {
            line(text, "hub", "true");
        }
        entry.secondFactor().ifPresent(factor -> line(text, "second-factor", quoted(factor.text())));
        if (!entry.note().isEmpty()) {
            line(text, "note", quoted(entry.note()));
        }
    }

    private static void line(StringBuilder text, String key, String value) {
        text.append(key).append(" = ").append(value).append('\n');
    }

    /** Nothing that an entry consists of has control characters. */
    private static String quoted(String value) {
        return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
