package anubis.cli;

import anubis.config.Cidr;
import anubis.config.ConfigException;
import anubis.config.ConfigException.Problem;
import anubis.config.Endpoint;
import anubis.config.IpLiteral;
import anubis.host.TextFile;
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
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code anubis plan init} and {@code import}: the first description of a network. */
final class PlanInitCommands {
    private static final String RANGE = "10.42.0.0/24";
    private static final String NAME = "Home";

    private final OptionSpec name = TextOption.of("--name", "NAME", "What people call the network; else " + NAME + ".");
    private final OptionSpec range = TextOption.of(
            "--range",
            "IP/LENGTH,...",
            "Addresses for the tunnels, of IPv4, IPv6 or both; else " + RANGE + " and a random one of IPv6.");
    private final OptionSpec server = TextOption.of("--server", "NAME[=KEY]", "Whom all have a tunnel to.");
    private final OptionSpec address = TextOption.of("--address", "IP|NAME", "Where the server is reached.");
    private final OptionSpec lan =
            TextOption.of("--lan", "IP/LENGTH", "The network at home, if the server is its gateway.");
    private final OptionSpec leaves =
            TextOption.of("--leaf", "NAME[=KEY],...", "Hosts that are always on that network.");
    private final OptionSpec laptops = TextOption.of("--laptop", "NAME[=KEY],...", "Hosts that move.");
    private final OptionSpec phones = TextOption.of("--phone", "NAME[=KEY],...", "Phones and tablets.");
    private final OptionSpec output =
            TextOption.of("-o --output", "FILE", "The file to write; else network.toml. - is the standard output.");
    private final OptionSpec json = Json.option();

    private PlanInitCommands() {}

    static CommandSpec init() {
        PlanInitCommands init = new PlanInitCommands();
        CommandSpec spec = Anubis.verb(
                "init", "Writes a first description of a network, after a few questions or of options.", init::runInit);
        spec.usageMessage()
                .footer("Without --server it asks at the terminal.%n"
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

    private static Optional<String> value(OptionSpec option) {
        return Optional.ofNullable(option.getValue());
    }

    // init

    private void runInit() throws IOException {
        free();
        First first;
        try {
            first = NetworkInit.network(given(server, PlanInitCommands::host).isPresent() ? told() : asked(terminal()));
        } catch (IllegalArgumentException e) {
            throw new Anubis.UsageException(Anubis.message(e));
        }
        write(first);
    }

    private static Questions terminal() {
        Console console = Optional.ofNullable(System.console())
                .filter(Console::isTerminal)
                .orElseThrow(() ->
                        new Anubis.UsageException("there is no terminal to ask at: --server and --address are needed"));
        return new Questions(console::readLine, console.writer());
    }

    /** All of options. */
    private Answers told() {
        return new Answers(
                given(name, text -> text).orElse(NAME),
                given(range, PlanInitCommands::ranges).orElseGet(PlanInitCommands::usualRanges),
                given(server, PlanInitCommands::host).orElseThrow(),
                given(address, PlanInitCommands::reached)
                        .orElseThrow(
                                () -> new IllegalArgumentException("--address is needed: where the server is reached")),
                given(lan, PlanInitCommands::prefix),
                given(leaves, PlanInitCommands::hosts).orElse(List.of()),
                given(laptops, PlanInitCommands::hosts).orElse(List.of()),
                given(phones, PlanInitCommands::hosts).orElse(List.of()));
    }

    /** What no option says is asked. */
    private Answers asked(Questions questions) {
        Set<String> taken = new HashSet<>();
        String called = given(name, text -> text)
                .or(() -> questions.ask("What is the network called?", text -> text))
                .orElse(NAME);
        List<Cidr> tunnels = given(range, PlanInitCommands::ranges)
                .or(() -> questions.ask(
                        "Addresses for the tunnels, as in 10.42.0.0/24? (Enter: some that are free)",
                        PlanInitCommands::ranges))
                .orElseGet(PlanInitCommands::usualRanges);
        Named hub = questions.need(
                "What is the server called that all have a tunnel to?",
                text -> others(List.of(host(text)), taken).getFirst());
        String reached = given(address, PlanInitCommands::reached)
                .orElseGet(() -> questions.need(
                        "Where is it reached: its address, or a name? (of the router that forwards UDP port 4296 to it, if it is behind one)",
                        PlanInitCommands::reached));
        Optional<Cidr> home = given(lan, PlanInitCommands::prefix)
                .or(() -> questions.ask(
                        "If it is the gateway of a LAN, which addresses has that, as in 192.168.10.0/24? (Enter: it is not)",
                        PlanInitCommands::prefix));
        return new Answers(
                called,
                tunnels,
                hub,
                reached,
                home,
                home.isEmpty()
                        ? given(leaves, PlanInitCommands::hosts).orElse(List.of())
                        : hosts(questions, leaves, "Who is always on that LAN? (names, or Enter)", taken),
                hosts(questions, laptops, "Which laptops are there? (names, or Enter)", taken),
                hosts(questions, phones, "Which phones? (names, or Enter)", taken));
    }

    private static List<Named> hosts(Questions questions, OptionSpec option, String question, Set<String> taken) {
        return given(option, PlanInitCommands::hosts)
                .or(() -> questions.ask(question, text -> others(hosts(text), taken)))
                .orElse(List.of());
    }

    private static List<Named> others(List<Named> hosts, Set<String> taken) {
        Set<String> all = new HashSet<>(taken);
        for (Named host : hosts) {
            if (!all.add(host.name())) {
                throw new IllegalArgumentException("two hosts are called " + host.name());
            }
        }
        taken.addAll(all);
        return hosts;
    }

    private static <T> Optional<T> given(OptionSpec option, Function<String, T> parser) {
        return value(option).map(String::strip).filter(text -> !text.isEmpty()).map(text -> {
            try {
                return parser.apply(text);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(option.longestName() + ": " + Anubis.message(e), e);
            }
        });
    }

    private static List<Cidr> ranges(String text) {
        return each(text, PlanInitCommands::prefix);
    }

    private static List<Cidr> usualRanges() {
        return List.of(Cidr.parse(RANGE), randomRange());
    }

    private static Cidr prefix(String text) {
        return cited(text, Cidr::parse);
    }

    private static String reached(String text) {
        return cited(text, host -> new Endpoint(host, 1).host());
    }

    private static Named host(String text) {
        return cited(text, Named::parse);
    }

    private static List<Named> hosts(String text) {
        return each(text, PlanInitCommands::host);
    }

    private static <T> List<T> each(String list, Function<String, T> parser) {
        return Stream.of(list.split("[,\\s]+", -1))
                .filter(each -> !each.isEmpty())
                .map(parser)
                .toList();
    }

    private static <T> T cited(String text, Function<String, T> parser) {
        try {
            return parser.apply(text);
        } catch (IllegalArgumentException e) {
            // What follows a name may be a private key.
            throw new IllegalArgumentException("'" + text.replaceFirst("=.*", "=…") + "': " + Anubis.message(e), e);
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
        free();
        Map<String, String> texts = new LinkedHashMap<>();
        for (String file : files) {
            texts.put(file, TextFile.read(Path.of(file), "look how it is written"));
        }
        try {
            write(NetworkImport.network(value(name).orElse(NAME), texts));
        } catch (IllegalArgumentException e) {
            throw new IOException(Anubis.message(e), e);
        }
    }

    // Both.

    private String target() {
        return value(output).orElse("network.toml");
    }

    /** Before anything is asked or read in vain. */
    private void free() throws IOException {
        if (!target().equals("-") && Files.exists(Path.of(target()), LinkOption.NOFOLLOW_LINKS)) {
            throw there(target());
        }
    }

    private static IOException there(String file) {
        return new IOException(file + ": it is there already, and stays as it is; name another with -o");
    }

    private void write(First first) throws IOException {
        String file = target();
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
            throw there(file);
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
