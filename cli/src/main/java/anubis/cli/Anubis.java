package anubis.cli;

import anubis.config.ConfigException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The {@code anubis} command. It ends with 0 if it did what was asked, with 1 and one line on the standard error if it
 * could not, and with 2 if it was asked wrongly.
 *
 * <p>The verbs are described to picocli by calls and not by annotations, whose reflection would take as long as all
 * the rest of a short verb.
 */
public final class Anubis {
    private Anubis() {}

    public static void main(String[] arguments) {
        String[] args = helpAsOption(arguments);
        int code = commandLine(args).execute(args);
        if (code != 0) { // System.exit searches for loggers first: a good end need not wait for that
            System.exit(code);
        }
    }

    /** {@code help VERB...} is {@code VERB... --help}, and {@code help} alone is {@code --help}. */
    static String[] helpAsOption(String... args) {
        if (args.length == 0 || !args[0].equals("help")) {
            return args;
        }
        String[] asked = Arrays.copyOfRange(args, 1, args.length + 1);
        asked[args.length - 1] = "--help";
        return asked;
    }

    private static final Map<String, String> EXIT_CODES = exitCodes();

    /** The names of all verbs, in the order in which the help shows them. */
    private static final List<String> VERBS = List.of(
            "up",
            "down",
            "reload",
            "confirm",
            "save",
            "strip",
            "rollback",
            "keep",
            "status",
            "events",
            "why",
            "mtu",
            "show",
            "showconf",
            "set",
            "setconf",
            "addconf",
            "syncconf",
            "genkey",
            "genpsk",
            "pubkey",
            "lint",
            "qr",
            "plan",
            "prove",
            "trace",
            "diagram",
            "apply",
            "drift",
            "device",
            "gate",
            "demo",
            "completion",
            "man");

    private static CommandSpec verb(String name, String... args) {
        return switch (name) {
            case "up" -> UpCommands.up();
            case "down" -> UpCommands.down();
            case "reload" -> UpCommands.reload();
            case "confirm" -> UpCommands.confirm();
            case "save" -> UpCommands.save();
            case "strip" -> UpCommands.strip();
            case "rollback" -> UpCommands.rollback();
            case "keep" -> KeepCommand.spec();
            case "status" -> WatchCommands.status();
            case "events" -> WatchCommands.events();
            case "why" -> WhyCommands.why();
            case "mtu" -> WhyCommands.mtu();
            case "show" -> ShowCommands.show();
            case "showconf" -> ShowCommands.showconf();
            case "set" -> SetCommands.set();
            case "setconf", "addconf", "syncconf" -> SetCommands.fromFile(name);
            case "genkey" -> KeyCommands.genkey();
            case "genpsk" -> KeyCommands.genpsk();
            case "pubkey" -> KeyCommands.pubkey();
            case "lint" -> LintCommand.spec();
            case "qr" -> QrCommand.spec();
            case "plan" -> PlanCommand.plan();
            case "prove" -> ProveCommand.spec();
            case "trace" -> TraceCommand.spec();
            case "diagram" -> PlanCommand.diagram();
            case "apply" -> ApplyCommand.apply();
            case "drift" -> ApplyCommand.drift();
            case "device" -> DeviceCommand.spec();
            case "gate" -> GateCommands.gate(args);
            case "demo" -> DemoCommand.spec();
            case "completion" -> CompletionCommand.spec();
            case "man" -> ManCommand.spec();
            default -> throw new AssertionError(name);
        };
    }

    /** The command, ready to execute these arguments: with the verb that they name, or else with all verbs. */
    static CommandLine commandLine(String... args) {
        CommandSpec spec = group(
                "anubis",
                "A WireGuard VPN: a device in user space, and what is needed around it.",
                VERBS,
                Anubis::verb,
                args);
        return new CommandLine(spec)
                .setExpandAtFiles(false)
                .setParameterExceptionHandler((misuse, _) -> misused(misuse.getCommandLine(), misuse))
                .setExecutionExceptionHandler((failure, verb, _) -> failed(verb, failure));
    }

    /** Describes a verb of a name, of which these arguments are given. */
    interface Description {
        CommandSpec of(String name, String... args);
    }

    /** A verb that is only the beginning of others: with the one that the arguments name, or else with all. */
    static CommandSpec group(String name, String description, List<String> verbs, Description each, String... args) {
        CommandSpec spec = verb(name, description, () -> {
            throw new UsageException("a verb is needed");
        });
        if (args.length > 0 && verbs.contains(args[0])) {
            spec.addSubcommand(args[0], each.of(args[0], Arrays.copyOfRange(args, 1, args.length)));
        } else {
            verbs.forEach(verb -> spec.addSubcommand(verb, each.of(verb)));
        }
        return spec;
    }

    /** A verb that runs {@code action} and knows {@code --help} and {@code --version}. */
    static CommandSpec verb(String name, String description, Action action) {
        CommandSpec spec = CommandSpec.wrapWithoutInspection((Callable<Integer>) () -> {
            action.run();
            return CommandLine.ExitCode.OK;
        });
        spec.name(name)
                .usageMessage()
                .description(description)
                .exitCodeListHeading("Exit codes:%n")
                .exitCodeList(EXIT_CODES);
        return spec.versionProvider(() -> new String[] {"anubis " + version()})
                .addOption(OptionSpec.builder("-h", "--help")
                        .usageHelp(true)
                        .description("Show this help.")
                        .build())
                .addOption(OptionSpec.builder("-V", "--version")
                        .versionHelp(true)
                        .description("Show the version.")
                        .build());
    }

    /** The version that the build gave to this module. */
    private static String version() {
        return Anubis.class.getModule().getDescriptor().rawVersion().orElse("(unknown version)");
    }

    /** Says on the standard error what is worth knowing and no reason to end. */
    static void warn(String message) {
        System.err.println("anubis: " + printable(message));
    }

    private static int misused(CommandLine verb, Exception misuse) {
        String what = message(misuse);
        if (!verb.getSubcommands().isEmpty()
                && misuse instanceof UnmatchedArgumentException unmatched
                && !unmatched.getUnmatched().getFirst().startsWith("-")) {
            what = "there is no verb '" + unmatched.getUnmatched().getFirst() + "'";
        }
        say(verb, what + " (see '" + verb.getCommandSpec().qualifiedName() + " --help')");
        return CommandLine.ExitCode.USAGE;
    }

    private static int failed(CommandLine verb, Exception failure) {
        if (failure instanceof UsageException) {
            return misused(verb, failure);
        }
        if (failure instanceof ToldException) {
            return CommandLine.ExitCode.SOFTWARE;
        }
        if (failure instanceof ConfigException faults) {
            faults.problems().forEach(problem -> say(verb, problem.toString()));
        } else {
            say(verb, message(failure));
        }
        if ("verbose".equals(System.getenv("LOG_LEVEL"))) {
            failure.printStackTrace(verb.getErr());
        }
        return CommandLine.ExitCode.SOFTWARE;
    }

    private static Map<String, String> exitCodes() {
        Map<String, String> codes = new LinkedHashMap<>();
        codes.put("0", "What was asked is done.");
        codes.put("1", "It could not be done; a line on the standard error says why.");
        codes.put("2", "It was asked wrongly.");
        return codes;
    }

    static String message(Exception failure) {
        return failure.getMessage() == null ? failure.toString() : failure.getMessage();
    }

    private static void say(CommandLine verb, String message) {
        verb.getErr().println("anubis: " + printable(message));
        verb.getErr().flush();
    }

    /** One line that does nothing to a terminal: what is told may have come from a file, a device or the network. */
    static String printable(String message) {
        return message.strip().replaceAll("\\s*\\R\\s*", "; ").replaceAll("\\p{Cc}", "?");
    }

    /** What a verb does. */
    interface Action {
        void run() throws Exception;
    }

    /** A verb was asked wrongly, in a way that only the verb itself can know. */
    static final class UsageException extends RuntimeException {
        private static final long serialVersionUID = 1;

        UsageException(String message) {
            super(message);
        }
    }

    /** What was asked could not be done, and why has been told already. */
    static final class ToldException extends Exception {
        private static final long serialVersionUID = 1;
    }
}
