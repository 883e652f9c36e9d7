package anubis.cli;

import anubis.config.Cidr;
import anubis.config.ConfigException;
import anubis.crypto.PresharedKey;
import anubis.crypto.PublicKey;
import anubis.gate.AuditLine;
import anubis.gate.Entry;
import anubis.gate.Hours;
import anubis.gate.Owner;
import anubis.gate.Registry;
import anubis.gate.RegistryToml;
import anubis.gate.SecondFactor;
import anubis.gate.SqliteRegistry;
import anubis.gate.Totp;
import anubis.host.HandshakeClock;
import anubis.host.PrivateFile;
import com.google.zxing.WriterException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code anubis gate peer} and {@code anubis gate log}: who is in the registry of this host, and what was done. */
final class GatePeerCommands {
    private static final List<String> VERBS =
            List.of("add", "list", "show", "disable", "enable", "remove", "import", "export");
    private static final String STANDARD_OUTPUT = "-";
    private static final String LINES = "20";

    private GatePeerCommands() {}

    static CommandSpec peer(String... args) {
        return Anubis.group(
                "peer", "Keeps the registry of peers that the gate knows.", VERBS, (name, _) -> verb(name), args);
    }

    private static CommandSpec verb(String name) {
        return switch (name) {
            case "add" -> add();
            case "list" -> list();
            case "show" -> show();
            case "disable" ->
                edit(
                        name,
                        "Makes a peer as if it were not in the registry.",
                        (owner, peer) -> owner.enable(peer, false));
            case "enable" -> edit(name, "Undoes disable.", (owner, peer) -> owner.enable(peer, true));
            case "remove" -> edit(name, "Removes a peer from the registry.", Owner::remove);
            case "import" -> importFile();
            case "export" -> exportFile();
            default -> throw new AssertionError(name);
        };
    }

    // What the verbs have in common.

    private static PositionalParamSpec name() {
        return text("NAME", "Name of the peer.");
    }

    private static PositionalParamSpec text(String label, String description) {
        return PositionalParamSpec.builder()
                .paramLabel(label)
                .type(String.class)
                .required(true)
                .description(description)
                .build();
    }

    private static OptionSpec.Builder option(String name, String label, String description) {
        return OptionSpec.builder(name).paramLabel(label).type(String.class).description(description);
    }

    private static OptionSpec flag(String name, String description) {
        return OptionSpec.builder(name)
                .type(boolean.class)
                .defaultValue("false")
                .description(description)
                .build();
    }

    private static Registry registry() {
        return SqliteRegistry.open(HandshakeClock.stateDirectory());
    }

    private static void edit(Consumer<Owner> change) {
        try (Registry registry = registry()) {
            change.accept(new Owner(registry, InstantSource.system()));
        }
    }

    private static PrintWriter out() {
        return new PrintWriter(System.out, false, StandardCharsets.UTF_8);
    }

    /** The value of an option, or nothing if it was not given. */
    private static <T> Optional<T> parsed(OptionSpec option, Function<String, T> parser) {
        return Optional.<String>ofNullable(option.getValue()).map(text -> {
            try {
                return parser.apply(text);
            } catch (IllegalArgumentException | DateTimeException e) {
                throw new Anubis.UsageException(option.longestName() + ": " + e.getMessage());
            }
        });
    }

    // The verbs.

    private static CommandSpec add() {
        PositionalParamSpec name = text("NAME", "Name of the new peer: 1 to 63 letters, digits, or _ . -");
        OptionSpec gateKey = option("--gate-key", "KEY", "Public key of its gate tunnel.")
                .required(true)
                .build();
        OptionSpec productionKey = option("--production-key", "KEY", "Public key of its production tunnel.")
                .required(true)
                .build();
        OptionSpec allowedIps = option(
                        "--allowed-ips", "IP[/LENGTH],...", "What it may send from and is sent; '' for nothing.")
                .required(true)
                .build();
        OptionSpec presharedKey = option("--preshared-key", "FILE", "Where the preshared key of production is.")
                .build();
        OptionSpec hours = option(
                        "--hours",
                        "HOURS",
                        "When it may be up, as in 'Mon-Fri 08:00-18:00 Europe/Berlin'; else always.")
                .build();
        OptionSpec expiry = option(
                        "--expiry", "TIME", "When its authorisation ends, as in 2027-01-31T18:00:00Z; else never.")
                .build();
        OptionSpec permanent = flag("--permanent", "It is up without asking.");
        OptionSpec hub = flag("--hub", "It is another hub, which may tell of the clients that it has.");
        OptionSpec secondFactor = option(
                        "--second-factor",
                        "FACTOR",
                        "What it gives besides its keys: totp, a one-time password, for which a new secret is made and "
                                + "printed; or program, what the hub's program accepts.")
                .completionCandidates(List.of("totp", "program"))
                .build();
        OptionSpec note =
                option("--note", "TEXT", "For people.").defaultValue("").build();
        CommandSpec spec = Anubis.verb("add", "Adds a peer to the registry.", () -> {
            Optional<SecondFactor> factor = parsed(secondFactor, GatePeerCommands::factor);
            Optional<Path> keyFile = parsed(presharedKey, Path::of);
            Optional<PresharedKey> key =
                    keyFile.isPresent() ? Optional.of(presharedKey(keyFile.get())) : Optional.empty();
            Entry entry;
            try {
                entry = new Entry(
                        name.getValue(),
                        parsed(gateKey, PublicKey::ofBase64).orElseThrow(),
                        parsed(productionKey, PublicKey::ofBase64).orElseThrow(),
                        parsed(allowedIps, GatePeerCommands::prefixes).orElseThrow(),
                        key,
                        parsed(hours, Hours::parse),
                        parsed(expiry, Instant::parse),
                        true,
                        permanent.getValue(),
                        factor,
                        hub.getValue(),
                        note.getValue());
            } catch (IllegalArgumentException e) {
                throw new Anubis.UsageException(Anubis.message(e));
            }
            edit(owner -> owner.add(entry));
            if (factor.orElse(SecondFactor.Program.PROGRAM) instanceof Totp totp) {
                tell(totp.uri(entry.name()));
            }
        });
        spec.usageMessage()
                .footer(
                        "The secret of a one-time password is printed this once, as a link and on a terminal as a QR code too, "
                                + "for an authenticator app.");
        return spec.addPositional(name)
                .addOption(gateKey)
                .addOption(productionKey)
                .addOption(allowedIps)
                .addOption(presharedKey)
                .addOption(hours)
                .addOption(expiry)
                .addOption(permanent)
                .addOption(hub)
                .addOption(secondFactor)
                .addOption(note);
    }

    private static SecondFactor factor(String text) {
        return switch (text) {
            case "totp" -> Totp.generate(new SecureRandom());
            case "program" -> SecondFactor.Program.PROGRAM;
            default -> throw new IllegalArgumentException("'" + text + "' is neither totp nor program");
        };
    }

    private static PresharedKey presharedKey(Path file) throws IOException {
        try {
            return PresharedKey.ofBase64(PrivateFile.read(file).strip());
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage() + "; anubis genpsk makes one", e);
        }
    }

    private static List<Cidr> prefixes(String text) {
        List<Cidr> prefixes = new ArrayList<>();
        for (String each : text.split(",", text.isEmpty() ? 0 : -1)) {
            if (!text.isEmpty()) {
                try {
                    prefixes.add(Cidr.parse(each.strip()));
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException("'" + each + "': " + e.getMessage(), e);
                }
            }
        }
        return prefixes;
    }

    private static void tell(String uri) throws WriterException {
        PrintWriter out = out();
        out.println(uri);
        if (StandardOutput.isTerminal()) {
            out.print(QrCode.of(uri).text());
        } else if (StandardOutput.isFileForEveryone()) {
            Anubis.warn("warning: every user may open the file that the secret is written to");
        }
        out.flush();
    }

    private static CommandSpec list() {
        OptionSpec json = Json.option();
        CommandSpec spec = Anubis.verb("list", "Lists the peers of the registry, without secrets.", () -> {
            try (Registry registry = registry()) {
                if (json.<Boolean>getValue()) {
                    Json.print(GatePeerText.json(registry.list()));
                } else {
                    PrintWriter out = out();
                    GatePeerText.table(registry.list(), Instant.now()).forEach(out::println);
                    out.flush();
                }
            }
        });
        return spec.addOption(json);
    }

    private static CommandSpec show() {
        PositionalParamSpec name = name();
        OptionSpec json = Json.option();
        CommandSpec spec = Anubis.verb("show", "Tells all that is known of a peer, without secrets.", () -> {
            try (Registry registry = registry()) {
                Entry entry = new Owner(registry, InstantSource.system()).entry(name.getValue());
                GatePeerText text = new GatePeerText(entry, registry.standing(entry.productionKey()));
                if (json.<Boolean>getValue()) {
                    Json.print(text.json());
                } else {
                    PrintWriter out = out();
                    text.lines().forEach(out::println);
                    out.flush();
                }
            }
        });
        return spec.addPositional(name).addOption(json);
    }

    /** Changes one peer. */
    private interface Edit {
        void of(Owner owner, String peer);
    }

    private static CommandSpec edit(String verb, String description, Edit edit) {
        PositionalParamSpec name = name();
        return Anubis.verb(verb, description, () -> edit(owner -> edit.of(owner, name.getValue())))
                .addPositional(name);
    }

    private static CommandSpec importFile() {
        PositionalParamSpec file = text("FILE", "What export has written, or somebody like it.");
        CommandSpec spec = Anubis.verb(
                "import",
                "Enters all peers of a file, each in the place of that of its name; or none, if anything is wrong.",
                () -> run(file.getValue()));
        spec.usageMessage().footer("What is in the registry and not in the file stays.");
        return spec.addPositional(file);
    }

    private static void run(String file) throws IOException, ConfigException {
        List<Entry> entries = RegistryToml.parse(file, PrivateFile.read(Path.of(file)));
        edit(owner -> {
            Owner.Imported imported = owner.enter(entries);
            System.out.println(imported.added() + " added, " + imported.replaced() + " replaced, "
                    + imported.unchanged() + " unchanged");
        });
    }

    private static CommandSpec exportFile() {
        PositionalParamSpec file = text("FILE", "Where to; only you can read it then. '-' is the standard output.");
        CommandSpec spec = Anubis.verb("export", "Writes all peers to a file, with their secrets, as TOML.", () -> {
            String text;
            try (Registry registry = registry()) {
                text = RegistryToml.format(registry.list());
            }
            String to = file.getValue();
            if (to.equals(STANDARD_OUTPUT)) {
                Anubis.warn("warning: preshared keys and second factors are in what follows");
                PrintWriter out = out();
                out.print(text);
                out.flush();
            } else {
                PrivateFile.write(Path.of(to), text.getBytes(StandardCharsets.UTF_8));
            }
        });
        return spec.addPositional(file);
    }

    static CommandSpec log() {
        OptionSpec lines = OptionSpec.builder("-n", "--lines")
                .paramLabel("N")
                .type(int.class)
                .defaultValue(LINES)
                .description("How many of the last lines; " + LINES + " if left out.")
                .build();
        OptionSpec json = Json.option();
        CommandSpec spec = Anubis.verb("log", "Prints who has asked for what, and what was done.", () -> {
            int atMost = lines.getValue();
            if (atMost < 0) {
                throw new Anubis.UsageException("-n: a number of lines is not negative");
            }
            try (Registry registry = registry()) {
                PrintWriter out = out();
                for (AuditLine line : registry.log(atMost)) {
                    if (json.<Boolean>getValue()) {
                        Json.print(out, GatePeerText.json(line));
                    } else {
                        out.println(GatePeerText.text(line));
                    }
                }
                out.flush();
            }
        });
        return spec.addOption(lines).addOption(json);
    }
}
