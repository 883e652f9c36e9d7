package anubis.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** A manual page (man(7)) of a command, made of the model that {@code --help} is made of. */
final class ManPage {
    /** System administration. */
    static final int SECTION = 8;

    private final CommandSpec spec;
    private final UsageMessageSpec usage;
    private final StringBuilder roff = new StringBuilder();

    ManPage(CommandLine command) {
        this.spec = command.getCommandSpec();
        this.usage = spec.usageMessage();
    }

    /** As in {@code anubis-show}. */
    String name() {
        return spec.qualifiedName("-");
    }

    String text() {
        roff.append(String.format(
                ".TH %s %d \"\" \"Anubis\" \"WireGuard VPN\"%n", name().toUpperCase(Locale.ROOT), SECTION));
        section("NAME");
        line(name() + " - " + usage.description()[0].replaceFirst("\\.$", ""));
        section("SYNOPSIS");
        String synopsis = new Help(spec, Help.defaultColorScheme(Help.Ansi.OFF)).synopsis(0);
        request(".B " + escaped(spec.qualifiedName()));
        line(synopsis.replaceAll("\\s+", " ").substring(spec.qualifiedName().length()));
        section("DESCRIPTION");
        paragraphs(usage.description());
        spec.positionalParameters()
                .forEach(
                        parameter -> entry("\\fI" + escaped(parameter.paramLabel()) + "\\fP", parameter.description()));
        commands();
        section("OPTIONS");
        spec.options().forEach(option -> entry(names(option), option.description()));
        section("EXIT STATUS");
        usage.exitCodeList().forEach((code, meaning) -> entry(bold(code), meaning));
        if (usage.footer().length > 0) {
            section("NOTES");
            paragraphs(usage.footer());
        }
        section("SEE ALSO");
        line((spec.parent() == null ? "" : "anubis(8), ") + "wg(8), wg-quick(8)");
        return roff.toString();
    }

    private void commands() {
        List<CommandLine> verbs = spec.subcommands().values().stream()
                .filter(verb -> !verb.getCommandSpec().usageMessage().hidden())
                .toList();
        if (!verbs.isEmpty()) {
            section("COMMANDS");
            line("Each has a page of its own, as in " + name() + "-"
                    + verbs.getLast().getCommandName() + "(8).");
            verbs.forEach(verb -> entry(
                    bold(verb.getCommandName()),
                    verb.getCommandSpec().usageMessage().description()));
        }
    }

    private static String names(OptionSpec option) {
        String label = option.paramLabel();
        String value = option.arity().max() == 0 ? "" : " \\fI" + escaped(label) + "\\fP";
        return Arrays.stream(option.names()).map(ManPage::bold).collect(Collectors.joining(", ")) + value;
    }

    private static String bold(String text) {
        return "\\fB" + escaped(text) + "\\fP";
    }

    private void section(String title) {
        request(".SH " + title);
    }

    private void entry(String head, String... description) {
        request(".TP");
        request(head);
        line(String.join(" ", description));
    }

    private void paragraphs(String... paragraphs) {
        for (int i = 0; i < paragraphs.length; i++) {
            if (i > 0) {
                request(".PP");
            }
            line(paragraphs[i]);
        }
    }

    private void request(String line) {
        roff.append(line).append('\n');
    }

    /** Text, which is no request even if it begins as one. */
    private void line(String text) {
        String escaped = escaped(String.format(text).strip());
        request(escaped.startsWith(".") || escaped.startsWith("\\(aq") ? "\\&" + escaped : escaped);
    }

    private static String escaped(String text) {
        return text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq");
    }
}
