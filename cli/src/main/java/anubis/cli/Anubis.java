package anubis.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

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
                    throw new IllegalStateException("picocli asks for a verb first");
                });
        spec.addSubcommand("device", DeviceCommand.spec());
        spec.addSubcommand("demo", DemoCommand.spec());
        KeyCommands.specs().forEach(command -> spec.addSubcommand(command.name(), command));
        return new CommandLine(spec)
                .setParameterExceptionHandler(Anubis::misused)
                .setExecutionExceptionHandler((failure, verb, _) -> failed(failure, verb));
    }

    /** A verb that runs {@code action} and knows {@code --help} and {@code --version}. */
    static CommandSpec verb(String name, String description, Action action) {
        CommandSpec spec = CommandSpec.wrapWithoutInspection((java.util.concurrent.Callable<Integer>) () -> {
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

    private static int misused(ParameterException misuse, String... args) {
        CommandLine verb = misuse.getCommandLine();
        say(
                verb.getErr(),
                misuse.getMessage() + " (see '" + verb.getCommandSpec().qualifiedName() + " --help')");
        return CommandLine.ExitCode.USAGE;
    }

    private static int failed(Exception failure, CommandLine verb) {
        String message = failure.getMessage();
        say(verb.getErr(), message == null ? failure.toString() : message);
        if ("verbose".equals(System.getenv("LOG_LEVEL"))) {
            failure.printStackTrace(verb.getErr());
        }
        return CommandLine.ExitCode.SOFTWARE;
    }

    private static void say(PrintWriter err, String message) {
        err.println("anubis: " + message.strip().replaceAll("\\s*\\R\\s*", "; "));
        err.flush();
    }

    /** What a verb does. */
    interface Action {
        void run() throws Exception;
    }
}
