package anubis.cli;

import anubis.config.ConfigException;
import anubis.plan.ForeignFiles;
import anubis.plan.HostPlan;
import anubis.plan.Network;
import anubis.plan.Planner;
import anubis.plan.Proof;
import anubis.plan.Proof.Checked;
import anubis.plan.ProofText;
import anubis.plan.Service;
import anubis.plan.Situation;
import anubis.plan.WorldBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code anubis prove}: whether every host of a network reaches every other, before anything is put in force. */
final class ProveCommand {
    private ProveCommand() {}

    static CommandSpec spec() {
        PositionalParamSpec file = NetworkArgument.file();
        OptionSpec situation = NetworkArgument.situationOption("all of them");
        OptionSpec service = TraceCommand.service();
        OptionSpec files = OptionSpec.builder("--files")
                .paramLabel("HOST=FILE")
                .type(List.class)
                .auxiliaryTypes(String.class)
                .arity("1..*")
                .description("Instead of a plan: the wg-quick files that hosts have, each by its host's name; also what"
                        + " they have of sysctl.d, and firewalls of a plan (.nft). Of a folder, all such files.")
                .build();
        OptionSpec json = Json.option();
        CommandSpec spec = Anubis.verb(
                "prove", "Proves that every host reaches every other in every situation, or says why not.", () -> {
                    List<String> given = files.getValue();
                    Service asked = TraceCommand.service(service);
                    Proof proof = given == null
                            ? planned(
                                    NetworkArgument.read(Optional.ofNullable(file.getValue()))
                                            .network(),
                                    Optional.ofNullable(situation.getValue()),
                                    asked)
                            : foreign(given, asked);
                    tell(proof, json.getValue());
                });
        spec.usageMessage()
                .footer(
                        "It follows a packet and its answer for each pair of hosts and each address that can be used. It ends"
                                + " with 1 if one does not arrive that must, or arrives that must not, or cannot be told.");
        return spec.addPositional(file)
                .addOption(situation)
                .addOption(service)
                .addOption(files)
                .addOption(json);
    }

    private static Proof planned(Network network, Optional<String> named, Service service) {
        if (named.isEmpty()) {
            return Proof.of(network, service);
        }
        Situation situation = NetworkArgument.situation(network, named.get());
        Map<String, HostPlan> plans = Planner.plan(network, situation);
        return new Proof(
                network.name(),
                List.of(Proof.check(network, situation, WorldBuilder.build(network, situation, plans), service)));
    }

    private static Proof foreign(List<String> given, Service service) throws IOException, ConfigException {
        HostFiles files = new HostFiles();
        for (String pair : given) {
            int sign = pair.indexOf('=');
            if (sign < 1) {
                throw new Anubis.UsageException("--files: '" + pair + "' is not of the form HOST=FILE");
            }
            files.add(pair.substring(0, sign), Path.of(pair.substring(sign + 1)));
        }
        return new Proof("these files", List.of(ForeignFiles.check(files.all(), service)));
    }

    private static void tell(Proof proof, boolean json) throws IOException, Anubis.ToldException {
        if (json) {
            Json.print(generator -> write(generator, proof));
        } else {
            PrintWriter out = new PrintWriter(System.out, false, StandardCharsets.UTF_8);
            out.print(ProofText.of(proof));
            out.flush();
        }
        if (!proof.holds()) {
            throw new Anubis.ToldException();
        }
    }

    private static void write(JsonGenerator json, Proof proof) throws IOException {
        json.writeStartObject();
        json.writeStringField("network", proof.network());
        json.writeBooleanField("proved", proof.holds());
        json.writeArrayFieldStart("situations");
        for (Checked checked : proof.situations()) {
            write(json, checked);
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, Checked checked) throws IOException {
        json.writeStartObject();
        json.writeStringField("situation", checked.situation());
        json.writeBooleanField("proved", checked.holds());
        json.writeNumberField("packets", checked.questions());
        json.writeObjectFieldStart("pairs");
        for (Proof.Cell cell : Proof.Cell.values()) {
            json.writeNumberField(cell.name().toLowerCase(Locale.ROOT), checked.count(cell));
        }
        json.writeEndObject();
        json.writeNumberField("unasked", checked.unasked().size());
        json.writeObjectFieldStart("matrix");
        for (int row = 0; row < checked.hosts().size(); row++) {
            json.writeObjectFieldStart(checked.hosts().get(row));
            for (int column = 0; column < checked.hosts().size(); column++) {
                json.writeStringField(
                        checked.hosts().get(column),
                        checked.cells().get(row).get(column).name().toLowerCase(Locale.ROOT));
            }
            json.writeEndObject();
        }
        json.writeEndObject();
        json.writeArrayFieldStart("faults");
        for (Proof.Fault fault : checked.faults()) {
            json.writeStartObject();
            json.writeStringField("kind", fault.cell().name().toLowerCase(Locale.ROOT));
            if (fault.reason().isPresent()) {
                json.writeStringField("reason", fault.reason().get().name());
            }
            json.writeStringField("host", fault.machine());
            json.writeStringField("cause", fault.cause());
            json.writeNumberField("packets", fault.packets());
            json.writeStringField("from", fault.example().from());
            json.writeStringField("to", fault.example().to());
            json.writeStringField("address", fault.example().address());
            json.writeStringField("service", fault.example().service().toString());
            json.writeStringField("detail", fault.example().detail());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("findings");
        for (Proof.Finding finding : checked.findings()) {
            json.writeStartObject();
            json.writeStringField("reason", finding.reason().name());
            json.writeStringField("host", finding.machine());
            json.writeStringField("detail", finding.detail());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }
}
