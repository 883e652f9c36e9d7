package anubis.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code anubis man}: the manual pages, made of what {@code --help} shows. */
final class ManCommand {
    private ManCommand() {}

    static CommandSpec spec() {
        PositionalParamSpec folder = PositionalParamSpec.builder()
                .paramLabel("FOLDER")
                .type(Path.class)
                .required(true)
                .description("Where to; it is made if it is not there.")
                .build();
        CommandSpec spec = Anubis.verb(
                "man", "Writes the manual pages of this command to a folder.", () -> write(folder.getValue()));
        spec.usageMessage().footer("To read one: anubis man pages && man -l pages/anubis.8");
        return spec.addPositional(folder);
    }

    private static void write(Path folder) throws IOException {
        Files.createDirectories(folder);
        write(folder, Anubis.commandLine());
    }

    /** With those of the verbs below it. */
    private static void write(Path folder, CommandLine command) throws IOException {
        ManPage page = new ManPage(command);
        Files.writeString(folder.resolve(page.name() + "." + ManPage.SECTION), page.text());
        for (CommandLine verb : command.getSubcommands().values()) {
            if (!verb.getCommandSpec().usageMessage().hidden()) {
                write(folder, verb);
            }
        }
    }
}
