package anubis.plan;

import anubis.config.ConfigException;
import anubis.config.ConfigException.Problem;
import anubis.config.Spelling;
import java.io.Serial;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/** One reading of a TOML file: values of their types, and all that is wrong with them. */
final class TomlReading {
    /** What an error of the parser cites: it may be anything, a private key too. */
    private static final Pattern CITED = Pattern.compile("^Unexpected '.*'", Pattern.DOTALL);

    private static final Pattern SECRET = Pattern.compile("(?i).*(private|priv-?key|secret|preshared|psk).*");
    /** A key in base64, of which nobody knows whether it is a public one. */
    private static final Pattern ANY_KEY = Pattern.compile("(?=[a-z0-9+/]*[A-Z])[A-Za-z0-9+/]{42,}=?");

    private static final Comparator<Problem> ORDER =
            Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column);

    private final String file;
    private final List<Problem> problems = new ArrayList<>();
    private final Set<String> faulty = new HashSet<>();

    /**
     * A table of the file.
     *
     * @param owner the host, network or situation that it is a part of; empty for the whole
     * @param name what errors call it
     */
    record Section(String owner, String name, TomlTable table, int line, int column) {
        Optional<Object> value(String key) {
            return Optional.ofNullable(table.get(List.of(key)));
        }

        boolean has(String key) {
            return value(key).isPresent();
        }

        private String key(String key) {
            return name.isEmpty() || key.isEmpty() ? name + key : name + "." + key;
        }
    }

    /** One of the values of a list. */
    private record Item(Object value, int line, int column) {}

    /** What is wrong with a value, and what would be right. */
    static final class Wrong extends IllegalArgumentException {
        @Serial
        private static final long serialVersionUID = 1;

        private final String remedy;

        Wrong(String fault, String remedy) {
            super(fault);
            this.remedy = remedy;
        }

        String remedy() {
            return remedy;
        }
    }

    TomlReading(String file) {
        this.file = file;
    }

    /** The whole file. */
    Section read(String text) throws ConfigException {
        TomlParseResult toml;
        try {
            toml = Toml.parse(text);
        } catch (StackOverflowError e) {
            throw new ConfigException(List.of(
                    new Problem(file, 1, 1, "TOML", "it has too many brackets in brackets", "no value needs them")));
        }
        toml.errors()
                .forEach(error -> problems.add(new Problem(
                        file,
                        error.position().line(),
                        error.position().column(),
                        "TOML",
                        CITED.matcher(String.valueOf(error.getMessage())).replaceFirst("this is no TOML"),
                        "text stands in \"quotes\", a list in [ ], a table begins with [NAME] (see toml.io)")));
        orThrow();
        return new Section("", "", toml, 1, 1);
    }

    /** Throws all that is wrong, in the order of lines. */
    void orThrow() throws ConfigException {
        if (!problems.isEmpty()) {
            problems.sort(ORDER);
            throw new ConfigException(problems);
        }
    }

    /** Whether something is wrong with that host, network or situation. */
    boolean faulty(String owner) {
        return faulty.contains(owner);
    }

    /** Whether something is wrong with anything of which the owner's name begins so. */
    boolean anyFaulty(String beginning) {
        return faulty.stream().anyMatch(owner -> owner.startsWith(beginning));
    }

    // Problems.

    /** One with a key, or with the whole section where it would have to be. */
    void problem(Section section, String key, String fault, String remedy) {
        List<String> path = section.has(key) ? List.of(key) : List.of(key.split("\\.", -1));
        @Nullable TomlPosition at = section.table.contains(path) ? section.table.inputPositionOf(path) : null;
        problem(
                section,
                key,
                at == null ? section.line : at.line(),
                at == null ? section.column : at.column(),
                fault,
                remedy);
    }

    private void problem(Section section, String key, int line, int column, String fault, String remedy) {
        faulty.add(section.owner);
        problems.add(new Problem(file, line, column, shown(section.key(key)), shown(fault), shown(remedy)));
    }

    /** "did you mean ...", or all that there is. */
    static String instead(String word, Collection<String> words, String otherwise) {
        return Spelling.nearest(word, words)
                .map(near -> "did you mean " + near + "?")
                .orElse(words.isEmpty() ? otherwise : "use one of " + String.join(", ", words));
    }

    // Tables.

    /** Tells of all keys but these. */
    void known(Section section, List<String> keys) {
        for (String key : section.table.keySet()) {
            if (keys.contains(key)) {
                continue;
            }
            if (SECRET.matcher(key).matches()) {
                problem(
                        section,
                        key,
                        "a secret does not belong into a description of the network",
                        "remove it: it stays on its host, and here goes key = \"…\", the public one (anubis pubkey)");
            } else {
                problem(section, key, "there is no such key", instead(key, keys, "remove it"));
            }
        }
    }

    /** The tables below a key, by their names, in order; their names begin with the key. */
    Map<String, Section> tables(Section parent, String key, String form) {
        Map<String, Section> sections = new LinkedHashMap<>();
        table(parent, key, "", form).ifPresent(all -> {
            for (String name : all.table.keySet()) {
                String path = key + "." + name;
                if (all.value(name).orElse("") instanceof TomlTable table) {
                    sections.put(name, section(path, path, table, all.table.inputPositionOf(List.of(name))));
                } else {
                    problem(all, name, "it is no table", form);
                }
            }
        });
        return sections;
    }

    /** The tables of a list of tables. */
    List<Section> list(Section parent, String key, String form) {
        Object value = parent.value(key).orElse(List.of());
        if (value instanceof TomlArray array && array.toList().stream().allMatch(TomlTable.class::isInstance)) {
            return IntStream.range(0, array.size())
                    .mapToObj(i -> section(key + "." + i, key, array.getTable(i), array.inputPositionOf(i)))
                    .toList();
        }
        if (parent.has(key)) {
            problem(parent, key, "it is no list of tables", form);
        }
        return List.of();
    }

    /** The table of that key, if there is one. */
    Optional<Section> table(Section parent, String key, String form) {
        return table(parent, key, parent.owner, form);
    }

    private Optional<Section> table(Section parent, String key, String owner, String form) {
        return parent.value(key).flatMap(value -> {
            if (value instanceof TomlTable table) {
                return Optional.of(section(owner, parent.key(key), table, parent.table.inputPositionOf(List.of(key))));
            }
            problem(parent, key, "it is no table", form);
            return Optional.empty();
        });
    }

    private static Section section(String owner, String name, TomlTable table, @Nullable TomlPosition at) {
        return new Section(owner, name, table, at == null ? 1 : at.line(), at == null ? 1 : at.column());
    }

    /** The texts of a table, by their keys. */
    Map<String, String> texts(Section section) {
        Map<String, String> texts = new LinkedHashMap<>();
        section.table.keySet().forEach(name -> text(section, name).ifPresent(text -> texts.put(name, text)));
        return texts;
    }

    // Values.

    Optional<String> text(Section section, String key) {
        return section.value(key).flatMap(value -> {
            if (value instanceof String text) {
                return Optional.of(text);
            }
            problem(section, key, "it is no text", "write it in quotes");
            return Optional.empty();
        });
    }

    /** A text that must be there. */
    Optional<String> text(Section section, String key, String remedy) {
        if (!section.has(key)) {
            problem(section, key, "it is missing", remedy);
        }
        return text(section, key);
    }

    /** Nothing but a problem if the text has another form. */
    Optional<String> matching(Section section, String key, Optional<String> text, Pattern pattern, String form) {
        return text.filter(each -> {
            boolean right = pattern.matcher(each).matches();
            if (!right) {
                problem(section, key, "'" + each + "' is not right", "write " + form);
            }
            return right;
        });
    }

    /** One of some words. */
    <T> Optional<T> word(Section section, String key, T[] words) {
        return text(section, key).flatMap(text -> {
            for (T word : words) {
                if (word.toString().equals(text)) {
                    return Optional.of(word);
                }
            }
            List<String> all = Stream.of(words).map(Object::toString).toList();
            problem(section, key, "there is no " + key + " '" + text + "'", instead(text, all, ""));
            return Optional.empty();
        });
    }

    boolean flag(Section section, String key) {
        Object value = section.value(key).orElse(false);
        if (value instanceof Boolean flag) {
            return flag;
        }
        problem(section, key, "it is neither true nor false", "write true or false, without quotes");
        return false;
    }

    OptionalInt number(Section section, String key, int least, int most) {
        return section.value(key)
                .map(value -> {
                    if (value instanceof Long number && number >= least && number <= most) {
                        return OptionalInt.of(number.intValue());
                    }
                    problem(
                            section,
                            key,
                            "it is no whole number from " + least + " to " + most,
                            "write one, without quotes");
                    return OptionalInt.empty();
                })
                .orElse(OptionalInt.empty());
    }

    /** A list, or a value alone, each of which is understood by {@code parse}, which throws IllegalArgumentException. */
    <T> List<T> values(Section section, String key, Function<Object, T> parse, String form) {
        List<T> values = new ArrayList<>();
        for (Item item : items(section, key)) {
            try {
                values.add(parse.apply(item.value));
            } catch (IllegalArgumentException e) {
                String fault = "'" + shown(item.value) + "': " + e.getMessage();
                String remedy = e instanceof Wrong wrong ? wrong.remedy : form;
                problem(section, key, item.line, item.column, fault, remedy);
            }
        }
        return values;
    }

    /** A value of a list that has to be text. */
    static String text(Object value) {
        if (value instanceof String text) {
            return text;
        }
        throw new Wrong("it is no text", "write it in quotes");
    }

    private static String shown(Object value) {
        return value instanceof TomlTable || value instanceof TomlArray
                ? "…"
                : ANY_KEY.matcher(value.toString()).replaceAll("…");
    }

    private static List<Item> items(Section section, String key) {
        return section.value(key)
                .map(value -> {
                    if (value instanceof TomlArray array) {
                        return IntStream.range(0, array.size())
                                .mapToObj(i -> {
                                    TomlPosition at = array.inputPositionOf(i);
                                    return new Item(array.get(i), at.line(), at.column());
                                })
                                .toList();
                    }
                    @Nullable TomlPosition at = section.table.inputPositionOf(List.of(key));
                    return List.of(new Item(
                            value, at == null ? section.line : at.line(), at == null ? section.column : at.column()));
                })
                .orElse(List.of());
    }
}
