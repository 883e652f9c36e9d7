package anubis.cli;

import anubis.config.Cidr;
import anubis.config.ConfigException;
import anubis.config.ConfigException.Problem;
import anubis.config.IpLiteral;
import anubis.plan.NetworkFile;
import anubis.plan.NetworkImport;
import anubis.plan.NetworkInit;
import anubis.plan.NetworkInit.Answers;
import anubis.plan.NetworkInit.First;
import anubis.plan.NetworkInit.Named;
import anubis.plan.NetworkText;
import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code anubis plan init} and {@code import}: the first description of a network. */
final class PlanInitCommands {
    private static final String RANGE = "10.42.0.0/24";
    private static final String NAME = "Home";

    private final OptionSpec name = text("--name", "NAME", "What people call the network; else " + NAME + ".");
    private final OptionSpec range = text(
            "--range",
            "IP/LENGTH,...",
            "Addresses for the tunnels, of IPv4, IPv6 or both; else " + RANGE + " and a random one of IPv6.");
    private final OptionSpec server = text("--server", "NAME[=KEY]", "Whom all have a tunnel to.");
    private final OptionSpec address = text("--address", "IP|NAME", "Where the server is reached.");
    private final OptionSpec lan = text("--lan", "IP/LENGTH", "The network at home, if the server is its gateway.");
    private final OptionSpec leaves = text("--leaf", "NAME[=KEY],...", "Hosts that are always on that network.");
    private final OptionSpec laptops = text("--laptop", "NAME[=KEY],...", "Hosts that move.");
    private final OptionSpec phones = text("--phone", "NAME[=KEY],...", "Phones and tablets.");
    private final OptionSpec output =
            text("-o", "FILE", "The file to write; else network.toml. - is the standard output.");
    private final OptionSpec json = Json.option();

    private PlanInitCommands() {}

    static CommandSpec init() {
        PlanInitCommands init = new PlanInitCommands();
        CommandSpec spec = Anubis.verb(
                "init", "Writes a first description of a network, after a few questions or of options.", init::runInit);
        spec.usageMessage()
                .footer("Without --server it asks.%n"
                        + "As in: anubis plan init --server hub --address vpn.example.org --laptop xena --phone selen");
        Stream.of(
                        init.name,
                        init.range,
                        init.server,
                        init.address,
                        init.lan,
                        init.leaves,
                        init.laptops,
                        init.phones,
                        init.output,
                        init.json)
                .forEach(spec::addOption);
        return spec;
    }

    static CommandSpec fromFiles() {
        PlanInitCommands command = new PlanInitCommands();
        PositionalParamSpec files = PositionalParamSpec.builder()
                .paramLabel("FILE")
                .type(List.class)
                .auxiliaryTypes(String.class)
                .arity("1..*")
                .description("A host's wg-quick file: HOST.conf, or HOST/wg0.conf.")
                .build();
        CommandSpec spec = Anubis.verb(
                "import",
                "Writes a first description of a network that hosts' wg-quick files configure.",
                () -> command.runImport(files.getValue()));
        spec.usageMessage()
                .footer(
                        "A [Peer] is called as a line '#: Name = NAME' in it says, else as its own file is. Private and preshared"
                                + " keys do not get into the description.");
        Stream.of(command.name, command.output, command.json).forEach(spec::addOption);
        return spec.addPositional(files);
    }

    private static OptionSpec text(String option, String label, String description) {
        OptionSpec.Builder builder =
                option.equals("-o") ? OptionSpec.builder("-o", "--output") : OptionSpec.builder(option);
        return builder.paramLabel(label)
                .type(String.class)
                .description(description)
                .build();
    }

    private static Optional<String> value(OptionSpec option) {
        return Optional.ofNullable(option.getValue());
    }

    // init

    private void runInit() throws IOException {
        First first;
        try {
            first = NetworkInit.network(
                    answers(value(server).isPresent() ? Optional.empty() : Optional.of(terminal())));
        } catch (IllegalArgumentException e) {
            throw new Anubis.UsageException(Anubis.message(e));
        }
        write(first);
    }

    private static Console terminal() {
        return Optional.ofNullable(System.console())
                .filter(Console::isTerminal)
                .orElseThrow(() ->
                        new Anubis.UsageException("there is no terminal to ask at: --server and --address are needed"));
    }

    private Answers answers(Optional<Console> asked) {
        return new Answers(
                answer(asked, name, "What is the network called?").orElse(NAME),
                parsed(
                        "--range",
                        answer(
                                        asked,
                                        range,
                                        "Addresses for the tunnels, as in 10.42.0.0/24? (Enter: some that are free)")
                                .orElse(RANGE + "," + randomRange()),
                        Cidr::parse),
                answer(asked, server, "What is the server called that all have a tunnel to?")
                        .map(each -> one("--server", each, Named::parse))
                        .orElseThrow(() -> new IllegalArgumentException("a network needs a server")),
                answer(asked, address, "Where is it reached: its address, or a name?")
                        .orElseThrow(
                                () -> new IllegalArgumentException("--address is needed: where the server is reached")),
                answer(
                                asked,
                                lan,
                                "If it is the gateway of a LAN, which addresses has that, as in 192.168.10.0/24? (Enter: it is not)")
                        .map(each -> one("--lan", each, Cidr::parse)),
                names(asked, leaves, "Who is always on that LAN? (names, or Enter)"),
                names(asked, laptops, "Which laptops are there? (names, or Enter)"),
                names(asked, phones, "Which phones? (names, or Enter)"));
    }

    private static Optional<String> answer(Optional<Console> asked, OptionSpec option, String question) {
        return value(option)
                .or(() -> asked.flatMap(console -> Optional.ofNullable(console.readLine("%s ", question))))
                .map(String::strip)
                .filter(text -> !text.isEmpty());
    }

    private static List<Named> names(Optional<Console> asked, OptionSpec option, String question) {
        return answer(asked, option, question)
                .map(text -> parsed(option.longestName(), text, Named::parse))
                .orElse(List.of());
    }

    private static <T> List<T> parsed(String option, String list, Function<String, T> parser) {
        return Stream.of(list.split("[,\\s]+", -1))
                .filter(each -> !each.isEmpty())
                .map(each -> one(option, each, parser))
                .toList();
    }

    private static <T> T one(String option, String text, Function<String, T> parser) {
        try {
            return parser.apply(text);
        } catch (IllegalArgumentException e) {
            // What follows a name may be a private key.
            String cited = text.replaceFirst("=.*", "=…");
            throw new IllegalArgumentException(option + ": '" + cited + "': " + Anubis.message(e), e);
        }
    }

    /** A prefix that nobody else is likely to have (RFC 4193). */
    private static Cidr randomRange() {
        byte[] bytes = new byte[16];
        byte[] random = new byte[5];
        new SecureRandom().nextBytes(random);
        System.arraycopy(random, 0, bytes, 1, random.length);
        bytes[0] = (byte) 0xfd;
        return new Cidr(IpLiteral.of(bytes), 64);
    }

    // import

    private void runImport(List<String> files) throws IOException, ConfigException {
        Map<String, String> texts = new LinkedHashMap<>();
        for (String file : files) {
            try {
                texts.put(file, Files.readString(Path.of(file)));
            } catch (NoSuchFileException e) {
                throw new IOException(file + ": there is no such file", e);
            } catch (IOException e) {
                throw new IOException(file + ": it cannot be read (" + e.getMessage() + ")", e);
            }
        }
        try {
            write(NetworkImport.network(value(name).orElse(NAME), texts));
        } catch (IllegalArgumentException e) {
            throw new IOException(Anubis.message(e), e);
        }
    }

    // Both.

    private void write(First first) throws IOException {
        String file = value(output).orElse("network.toml");
        String text = NetworkText.format(first.network());
        List<String> remarks = new ArrayList<>(first.remarks());
        remarks.addAll(problems(file, text, remarks));
        StringBuilder whole = new StringBuilder();
        if (!remarks.isEmpty()) {
            whole.append("# Not known, or assumed; look at it first, then remove these lines:\n");
            remarks.forEach(remark ->
                    whole.append("# - ").append(Anubis.printable(remark)).append('\n'));
            whole.append('\n');
        }
        whole.append(text);
        if (file.equals("-")) {
            print(List.of(whole.toString().stripTrailing()));
            return;
        }
        try {
            Files.writeString(Path.of(file), whole, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        } catch (FileAlreadyExistsException e) {
            throw new IOException(file + ": it is there already, and stays as it is; name another with -o", e);
        }
        if (json.<Boolean>getValue()) {
            Json.print(generator -> {
                generator.writeStartObject();
                generator.writeStringField("file", file);
                generator.writeArrayFieldStart("remarks");
                for (String remark : remarks) {
                    generator.writeString(remark);
                }
                generator.writeEndArray();
                generator.writeEndObject();
            });
            return;
        }
        List<String> lines = new ArrayList<>(List.of("written: " + file));
        remarks.forEach(remark -> lines.add("  - " + Anubis.printable(remark)));
        lines.add("then:    anubis prove " + file);
        print(lines);
    }

    /** What the description still needs, but for the keys of which the remarks tell already. */
    private static List<String> problems(String file, String text, List<String> remarks) {
        try {
            NetworkFile.parse(file, text);
            return List.of();
        } catch (ConfigException e) {
            return e.problems().stream()
                    .filter(problem -> remarks.stream().noneMatch(remark -> remark.contains(problem.key())))
                    .map(PlanInitCommands::told)
                    .toList();
        }
    }

    private static String told(Problem problem) {
        return problem.key() + ": " + problem.fault() + "; " + problem.remedy();
    }

    private static void print(List<String> lines) {
        PrintWriter out = new PrintWriter(System.out, false, StandardCharsets.UTF_8);
        lines.forEach(out::println);
        out.flush();
    }
}
