package anubis.host;

import anubis.config.Step;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What is done to the rest of the host together with a change of an interface.
 *
 * @param before what comes before it
 * @param hooks what comes after it, in the place of the commands of the configuration, if it stands for them
 */
record Beside(List<Step> before, Optional<List<Step>> hooks) {
    static final Beside NOTHING = new Beside(List.of(), Optional.empty());

    /** Ends a text that is given to a command, with as many more of its last letter as no line of the text is that. */
    private static final String END = "ANUBIS-END";

    Beside {
        before = List.copyOf(before);
        hooks = hooks.map(List::copyOf);
    }

    /** All of it and {@code steps}, in their order. */
    List<Step> around(List<Step> steps) {
        return Stream.of(before, steps, hooks.orElse(List.of()))
                .flatMap(List::stream)
                .toList();
    }

    /**
     * The commands of a shell that take back what comes before, each by itself, the last first. What stands for hooks is not
     * among it: those of the configuration that is put back do it.
     */
    String undo() {
        return before.reversed().stream().map(Beside::undo).collect(Collectors.joining());
    }

    private static String undo(Step step) {
        return switch (step) {
            case Step.Ip ip -> line(Stream.concat(Stream.of("ip", ip.six() ? "-6" : "-4"), ip.undo().stream()));
            case Step.Nft nft -> "nft -f - " + given(nft.undo());
            case Step.Sysctl parameter ->
                "echo " + quoted(parameter.before()) + " > "
                        + quoted(Transaction.SYSCTLS.resolve(parameter.file()).toString()) + "\n";
            case Step.Systemctl systemctl ->
                systemctl.undo().isEmpty()
                        ? ""
                        : line(Stream.concat(Stream.of("systemctl"), systemctl.undo().stream()));
            case Step.WriteFile file -> undo(file);
            case Step.HeedMarks() -> "";
            case Step.SetRoute _, Step.SetDevice _, Step.Dns _ ->
                throw new IllegalArgumentException("that is the interface's own");
        };
    }

    private static String undo(Step.WriteFile file) {
        String path = quoted(file.path());
        // Written into the file that is there, whose owner and mode stay; one that is gone comes back as its owner's.
        return file.before()
                .map(content -> "(umask 077; cat > " + path + ") " + given(content))
                .orElse("rm -f " + path + "\n");
    }

    private static String line(Stream<String> words) {
        return words.map(Beside::quoted).collect(Collectors.joining(" ", "", "\n"));
    }

    /** As the standard input of a command. */
    private static String given(String text) {
        String end = END;
        while (text.contains(end)) {
            end += "D";
        }
        return "<<'" + end + "'\n" + text + (text.endsWith("\n") ? "" : "\n") + end + "\n";
    }

    private static String quoted(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }
}
