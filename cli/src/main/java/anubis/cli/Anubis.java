package anubis.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The {@code anubis} command. It ends with 0 if it did what was asked, with 1 and one line on the standard error if it
 * could not, and with 2 if it was asked wrongly.
 *
 * <p>The verbs are described to picocli by calls and not by annotations, whose reflection would take as long as all
 * the rest of a short verb.
 */
public final class Anubis {
    private Anubis() {}

    public static void main(String[] args) {
        int code = commandLine().execute(args);
        if (code != 0) { // System.exit searches for loggers first: a good end need not wait for that
            System.exit(code);
        }
    }

    /** The command with all its verbs, ready to be executed. */
    static CommandLine commandLine() {
        CommandSpec spec =
                verb("anubis", "A WireGuard VPN: a device in user space, and what is needed around it.", () -> {
                    throw new UsageException("a verb is needed");
                });
        spec.addSubcommand("device", DeviceCommand.spec());
        spec.addSubcommand("demo", DemoCommand.spec());
        spec.addSubcommand("up", UpCommands.up());
        spec.addSubcommand("down", UpCommands.down());
        spec.addSubcommand("reload", UpCommands.reload());
        spec.addSubcommand("confirm", UpCommands.confirm());
        spec.addSubcommand("rollback", UpCommands.rollback());
        KeyCommands.specs().forEach(command -> spec.addSubcommand(command.name(), command));
        return new CommandLine(spec)
                .setParameterExceptionHandler((misuse, _) -> misused(misuse.getCommandLine(), misuse))
                .setExecutionExceptionHandler((failure, verb, _) -> failed(verb, failure));
    }

    /** A verb that runs {@code action} and knows {@code --help} and {@code --version}. */
    static CommandSpec verb(String name, String description, Action action) {
        CommandSpec spec = CommandSpec.wrapWithoutInspection((Callable<Integer>) () -> {
            action.run();
            return CommandLine.ExitCode.OK;
        });
        spec.name(name).usageMessage().description(description);
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

    private static int misused(CommandLine verb, Exception misuse) {
        say(verb, message(misuse) + " (see '" + verb.getCommandSpec().qualifiedName() + " --help')");
        return CommandLine.ExitCode.USAGE;
    }

    private static int failed(CommandLine verb, Exception failure) {
        if (failure instanceof UsageException) {
            return misused(verb, failure);
        }
        say(verb, message(failure));
        if ("verbose".equals(System.getenv("LOG_LEVEL"))) {
            failure.printStackTrace(verb.getErr());
        }
        return CommandLine.ExitCode.SOFTWARE;
    }

    private static String message(Exception failure) {
        return failure.getMessage() == null ? failure.toString() : failure.getMessage();
    }

    private static void say(CommandLine verb, String message) {
        verb.getErr().println("anubis: " + message.strip().replaceAll("\\s*\\R\\s*", "; "));
        verb.getErr().flush();
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
}
