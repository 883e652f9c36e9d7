package anubis.cli;

import picocli.AutoComplete;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code anubis completion}: a script that lets a shell complete what follows the command. */
final class CompletionCommand {
    /** As a candidate of a parameter: the WireGuard interfaces that there are when the shell completes. */
    static final String INTERFACES = "<interfaces>";

    /** As a candidate of a parameter: the names in /etc/wireguard. */
    static final String CONFIGURATIONS = "<configurations>";

    /** What bash is given to complete it expands, so no more than this is taken for a name. */
    private static final String NAME = "^\\([a-zA-Z0-9_=+.-]*\\)";

    private static final String LIST_INTERFACES =
            "$(ls /var/run/wireguard 2>/dev/null | sed -n 's/" + NAME + "[.]sock$/\\1/p';"
                    + " ip -br link show type wireguard 2>/dev/null | sed -n 's/" + NAME + "[ @].*/\\1/p')";
    private static final String LIST_CONFIGURATIONS =
            "$(ls /etc/wireguard 2>/dev/null | sed -n 's/" + NAME + "[.]conf$/\\1/p')";

    private enum Shell {
        BASH,
        ZSH
    }

    private CompletionCommand() {}

    static CommandSpec spec() {
        PositionalParamSpec shell = PositionalParamSpec.builder()
                .paramLabel("SHELL")
                .type(Shell.class)
                .required(true)
                .description("bash or zsh.")
                .build();
        CommandSpec spec = Anubis.verb(
                "completion",
                "Prints a script that lets a shell complete the words of this command.",
                () -> System.out.print(script()));
        spec.parser().caseInsensitiveEnumValuesAllowed(true);
        spec.usageMessage().footer("To try it: source <(anubis completion bash)");
        return spec.addPositional(shell);
    }

    /** One script serves both shells. */
    private static String script() {
        return AutoComplete.bash("anubis", Anubis.commandLine())
                .replace("\"" + INTERFACES + "\"", LIST_INTERFACES)
                .replace("\"" + CONFIGURATIONS + "\"", LIST_CONFIGURATIONS);
    }
}
