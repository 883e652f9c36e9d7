package anubis.cli;

import picocli.CommandLine.Model.CommandSpec;

final class CompletionCommand {
    static CommandSpec spec() {
        return Anubis.verb("completion", "x", () -> {});
    }
}
