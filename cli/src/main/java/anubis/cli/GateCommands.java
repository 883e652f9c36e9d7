package anubis.cli;

import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/** {@code anubis gate}: the verbs of the gate. */
final class GateCommands {
    private static final List<String> VERBS = List.of("peer", "log");

    private GateCommands() {}

    static CommandSpec gate(String... args) {
        return Anubis.group("gate", "Lets peers ask to be brought up and down.", VERBS, GateCommands::verb, args);
    }

    private static CommandSpec verb(String name, String... args) {
        return switch (name) {
            case "peer" -> GatePeerCommands.peer(args);
            case "log" -> GatePeerCommands.log();
            default -> throw new AssertionError(name);
        };
    }
}
