package anubis.cli;

import anubis.config.Finding;
import anubis.config.Finding.Severity;
import anubis.host.ConfigFile;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code anubis lint}: what is wrong in configuration files, before they are put in force. */
final class LintCommand {
    private LintCommand() {}

    static CommandSpec spec() {
        PositionalParamSpec files = PositionalParamSpec.builder()
                .paramLabel("FILE")
                .type(List.class)
                .auxiliaryTypes(String.class)
                .arity("1..*")
                .required(true)
                .description("A configuration file of wg-quick, or NAME for /etc/wireguard/NAME.conf.")
                .build();
        OptionSpec json = Json.option();
        CommandSpec spec = Anubis.verb("lint", "Says what is wrong in configuration files.", () -> {
            List<String> asked = files.getValue();
            run(asked, json.getValue() != null && json.<Boolean>getValue());
        });
        spec.usageMessage()
                .footer(
                        "Errors are certain to be wrong, and the exit status is then 1; warnings probably are; notes are good"
                                + " to know.");
        return spec.addPositional(files).addOption(json);
    }

    private static void run(List<String> asked, boolean json) throws IOException {
        List<Finding> findings = new ArrayList<>();
        for (String nameOrFile : asked) {
            findings.addAll(ConfigFile.read(nameOrFile).lint().findings());
        }
        PrintWriter out = new PrintWriter(System.out, false, StandardCharsets.UTF_8);
        if (json) {
            Json.print(out, generator -> write(generator, findings));
        } else {
            findings.forEach(out::println);
        }
        out.flush();
        if (findings.stream().anyMatch(finding -> finding.severity() == Severity.ERROR)) {
            throw new IOException(Stream.of(Severity.values())
                    .map(severity -> count(findings, severity))
                    .filter(count -> !count.isEmpty())
                    .collect(Collectors.joining(", ")));
        }
    }

    private static String count(List<Finding> findings, Severity severity) {
        long count = findings.stream()
                .filter(finding -> finding.severity() == severity)
                .count();
        return count == 0 ? "" : count + " " + severity + (count == 1 ? "" : "s");
    }

    private static void write(JsonGenerator json, List<Finding> findings) throws IOException {
        json.writeStartArray();
        for (Finding finding : findings) {
            json.writeStartObject();
            json.writeStringField("file", finding.problem().file());
            json.writeNumberField("line", finding.problem().line());
            json.writeStringField("severity", finding.severity().toString());
            json.writeStringField("rule", finding.rule().toString());
            json.writeStringField("key", finding.problem().key());
            json.writeStringField("fault", finding.problem().fault());
            json.writeStringField("remedy", finding.problem().remedy());
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
