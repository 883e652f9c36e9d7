package anubis.cli;

import anubis.config.ShowField;
import anubis.config.ShowText;
import anubis.config.ShowText.Secrets;
import anubis.config.ShowText.Style;
import anubis.config.UapiDevice;
import anubis.host.KernelInterface;
import anubis.host.WireGuardInterface;
import java.io.IOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The verbs that print the state of interfaces, as {@code wg} does. */
final class ShowCommands {
    private static final String ALL = "all";
    private static final String INTERFACES = "interfaces";

    private ShowCommands() {}

    /** The parameter INTERFACE, the first of a verb. */
    static PositionalParamSpec.Builder interfaceParameter() {
        return PositionalParamSpec.builder()
                .index("0")
                .paramLabel("INTERFACE")
                .type(String.class)
                .completionCandidates(List.of(CompletionCommand.INTERFACES))
                .description("The interface.");
    }

    static CommandSpec show() {
        PositionalParamSpec name = interfaceParameter()
                .arity("0..1")
                .defaultValue(ALL)
                .completionCandidates(List.of(ALL, INTERFACES, CompletionCommand.INTERFACES))
                .description("The interface, '" + ALL + "' (default), or '" + INTERFACES + "' for their names.")
                .build();
        PositionalParamSpec field = PositionalParamSpec.builder()
                .index("1")
                .arity("0..1")
                .paramLabel("FIELD")
                .type(String.class)
                .completionCandidates(
                        Stream.of(ShowField.values()).map(ShowField::toString).toList())
                .description("What to print for scripts, a line for the interface or for each of its peers; default: "
                        + "all, for people. One of ${COMPLETION-CANDIDATES}.")
                .build();
        OptionSpec json = Json.option();
        CommandSpec spec = Anubis.verb("show", "Prints the state of WireGuard interfaces.", () -> {
            Optional<ShowField> chosen = Optional.ofNullable((String) field.getValue())
                    .map(word -> ShowField.of(word)
                            .orElseThrow(() -> new Anubis.UsageException("there is no field '" + word + "'")));
            show(name.getValue(), chosen, json.getValue());
        });
        spec.usageMessage()
                .footer(
                        "In the environment, WG_COLOR_MODE is always, never or auto (default): colours on a terminal. "
                                + "WG_HIDE_KEYS=never shows the private and preshared keys where no FIELD is given.",
                        "An interface of the kernel's is shown by wg, which has to be installed.");
        return spec.addPositional(name).addPositional(field).addOption(json);
    }

    static CommandSpec showconf() {
        PositionalParamSpec name = interfaceParameter().required(true).build();
        OptionSpec json = Json.option();
        CommandSpec spec = Anubis.verb(
                "showconf",
                "Prints the configuration of an interface, as setconf takes it.",
                () -> showconf(name.getValue(), json.getValue()));
        return spec.addPositional(name).addOption(json);
    }

    private static void show(String name, Optional<ShowField> field, boolean json) throws Exception {
        boolean all = name.equals(ALL);
        if (name.equals(INTERFACES)) {
            if (field.isPresent()) {
                throw new Anubis.UsageException("'" + INTERFACES + "' has no fields");
            }
            interfaces(json);
        } else if (!json && (all ? !KernelInterface.names().isEmpty() : KernelInterface.exists(name))) {
            passOn(Stream.concat(Stream.of("show", name), field.map(ShowField::toString).stream()));
        } else {
            Map<String, UapiDevice> devices = all ? devices() : Map.of(name, device(name));
            if (json) {
                Json.print(InterfaceJson.of(devices, field, secrets()));
            } else {
                System.out.print(text(devices, field, all));
            }
        }
    }

    private static void interfaces(boolean json) throws IOException {
        List<String> names = WireGuardInterface.names();
        if (json) {
            Json.print(generator -> generator.writeArray(names.toArray(String[]::new), 0, names.size()));
        } else if (!names.isEmpty()) {
            System.out.println(String.join(" ", names));
        }
    }

    private static void showconf(String name, boolean json) throws Exception {
        if (json) {
            Json.print(InterfaceJson.settings(name, device(name)));
        } else if (KernelInterface.exists(name)) {
            passOn(Stream.of("showconf", name));
        } else {
            System.out.print(device(name).config().showconf());
        }
    }

    private static String text(Map<String, UapiDevice> devices, Optional<ShowField> field, boolean named) {
        return devices.entrySet().stream()
                .map(each -> field.map(chosen -> ShowText.field(
                                chosen, named ? Optional.of(each.getKey()) : Optional.empty(), each.getValue()))
                        .orElseGet(() ->
                                ShowText.pretty(each.getKey(), each.getValue(), Instant.now(), style(), secrets())))
                .collect(Collectors.joining(field.isPresent() ? "" : "\n"));
    }

    /** All that can be reached; why another cannot is told. */
    private static Map<String, UapiDevice> devices() throws IOException, Anubis.ToldException {
        List<String> names = WireGuardInterface.names();
        Map<String, UapiDevice> devices = new LinkedHashMap<>();
        for (String name : names) {
            try {
                devices.put(name, device(name));
            } catch (IOException e) {
                Anubis.warn(Anubis.message(e));
            }
        }
        if (devices.isEmpty() && !names.isEmpty()) {
            throw new Anubis.ToldException();
        }
        return devices;
    }

    private static UapiDevice device(String name) throws IOException {
        return WireGuardInterface.of(name).get();
    }

    /** Lets {@code wg} do it. */
    static void passOn(Stream<String> arguments) throws IOException, Anubis.ToldException {
        if (KernelInterface.passOn(arguments.toList()) != 0) {
            throw new Anubis.ToldException();
        }
    }

    private static Style style() {
        return switch (Optional.ofNullable(System.getenv("WG_COLOR_MODE")).orElse("auto")) {
            case "always" -> Style.COLOURED;
            case "never" -> Style.PLAIN;
            default -> StandardOutput.isTerminal() ? Style.COLOURED : Style.PLAIN;
        };
    }

    private static Secrets secrets() {
        return "never".equals(System.getenv("WG_HIDE_KEYS")) ? Secrets.SHOWN : Secrets.HIDDEN;
    }
}
