package anubis.cli;

import picocli.CommandLine.Model.CommandSpec;

final class ManCommand {
    static CommandSpec spec() {
        return Anubis.verb("man", "x", () -> {});
    }
}
