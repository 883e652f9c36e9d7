package anubis.cli;

import anubis.gate.Control;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code anubis gate}: the verbs of the gate. Those of a client ask the gate that runs on this host. */
final class GateCommands {
    private static final List<String> VERBS =
            List.of("init", "run", "up", "down", "use", "status", "renew", "hello", "peer", "log");

    private GateCommands() {}

    static CommandSpec gate(String... args) {
        return Anubis.group("gate", "Lets peers ask to be brought up and down.", VERBS, GateCommands::verb, args);
    }

    private static CommandSpec verb(String name, String... args) {
        return switch (name) {
            case "init" -> GateInitCommand.spec();
            case "run" -> GateRunCommand.spec();
            case "up" ->
                asking(
                        name,
                        "Asks a hub to bring this host's tunnel up, and does so here.",
                        hub(false),
                        code(),
                        lease());
            case "down" -> asking(name, "Takes this host's tunnel down, here and at the hub.");
            case "use" -> asking(name, "Goes over to another hub.", hub(true), code());
            case "status" -> asking(name, "Asks the hub whether it has this host up.", hub(false));
            case "renew" -> asking(name, "Asks for a new lease.", hub(false), lease());
            case "hello" -> asking(name, "Asks a hub who it is.", hub(false));
            case "peer" -> GatePeerCommands.peer(args);
            case "log" -> GatePeerCommands.log();
            default -> throw new AssertionError(name);
        };
    }

    /** A verb that passes its options on to the gate and prints what that answers. */
    private static CommandSpec asking(String verb, String description, ArgSpec... options) {
        OptionSpec of = TextOption.of(
                "-i --interface",
                "NAME",
                "The production interface whose gate is asked, if more than one gate runs here.");
        OptionSpec json = Json.option();
        CommandSpec spec = Anubis.verb(verb, description, () -> {
            Map<String, String> values = new LinkedHashMap<>();
            for (ArgSpec option : options) {
                String key =
                        option instanceof OptionSpec named ? named.longestName().substring(2) : "hub";
                Optional.<String>ofNullable(option.getValue())
                        .ifPresent(value -> values.put(
                                key,
                                key.equals("lease")
                                        ? String.valueOf(
                                                UpCommands.duration(value).toSeconds())
                                        : value));
            }
            tell(
                    Control.ask(Optional.ofNullable(of.getValue()), new Control.Question(verb, values)),
                    json.<Boolean>getValue());
        });
        spec.usageMessage().footer("It ends with 1 if the hub does not agree, or does not answer.");
        List.of(options).forEach(spec::add);
        return spec.addOption(of).addOption(json);
    }

    private static void tell(Control.Answer answer, boolean json) throws Exception {
        if (json) {
            Json.print(generator -> {
                generator.writeStartObject();
                generator.writeBooleanField("agreed", answer.agreed());
                for (Map.Entry<String, String> value : answer.values().entrySet()) {
                    generator.writeStringField(value.getKey(), value.getValue());
                }
                generator.writeEndObject();
            });
        } else {
            PrintWriter out = new PrintWriter(System.out, false, StandardCharsets.UTF_8);
            answer.values().forEach((key, value) -> out.println(key + ": " + value));
            out.flush();
        }
        if (!answer.agreed()) {
            throw new Anubis.ToldException();
        }
    }

    private static PositionalParamSpec hub(boolean needed) {
        return PositionalParamSpec.builder()
                .paramLabel("HUB")
                .type(String.class)
                .arity(needed ? "1" : "0..1")
                .description("Its name in the configuration" + (needed ? "." : "; else the one in use, or the first."))
                .build();
    }

    private static OptionSpec code() {
        return TextOption.of("--code", "DIGITS", "The code of a second factor, where the hub wants one.");
    }

    private static OptionSpec lease() {
        return TextOption.of("--lease", "TIME", "How long a lease is wished, as in 30m or 8h.");
    }
}
