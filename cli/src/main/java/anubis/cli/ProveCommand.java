package anubis.cli;

final class ProveCommand {
    static picocli.CommandLine.Model.CommandSpec spec() {
        return Anubis.verb("prove", "x", () -> {});
    }
}
