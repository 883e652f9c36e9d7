package anubis.cli;

import anubis.config.Cidr;
import anubis.config.ConfigException;
import anubis.gate.GateConfig;
import anubis.gate.GateSetup;
import anubis.gate.GateSetup.HubWish;
import anubis.gate.GateSetup.Told;
import anubis.gate.GateSetup.Wish;
import anubis.gate.HubAddress;
import anubis.host.OwnEnd;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** {@code anubis gate init}: a first configuration of the gate, and what other hosts have to be told. */
final class GateInitCommand {
    private final OptionSpec of =
            TextOption.of("-i --interface", "NAME", "The production interface; else the only one here.");
    private final OptionSpec hubName = TextOption.of(
            "--hub-name", "NAME", "Makes this host a hub of that name; with --endpoint alone the name is the host's.");
    private final OptionSpec endpoint =
            TextOption.of("--endpoint", "HOST[:PORT]", "Where clients reach the production interface of this hub.");
    private final OptionSpec allowedIps = TextOption.of(
            "--allowed-ips", "IP/LENGTH,...", "What clients reach by this hub; else the networks of its addresses.");
    private final OptionSpec ask = OptionSpec.builder("--ask")
            .paramLabel("NAME=GATEKEY@HOST[:PORT]")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .description("A hub to ask, as this verb prints it there. May be given several times.")
            .build();
    private final OptionSpec config =
            TextOption.of("-c --config", "FILE", "The configuration to write, instead of " + GateConfig.FILE + ".");
    private final OptionSpec key =
            TextOption.of("--key", "FILE", "The gate key to use or make, instead of " + GateSetup.keyFile() + ".");
    private final OptionSpec json = Json.option();

    private GateInitCommand() {}

    static CommandSpec spec() {
        GateInitCommand init = new GateInitCommand();
        CommandSpec spec = Anubis.verb(
                "init", "Writes a first configuration of the gate, and tells what other hosts need.", init::run);
        spec.usageMessage()
                .footer("A hub:     anubis gate init --endpoint vpn.example.org --allowed-ips 10.9.0.0/24%n"
                        + "A client:  anubis gate init --ask jacinth=GATEKEY@vpn.example.org%n"
                        + "No file is overwritten. Where there is a configuration already, 'anubis gate init' alone prints"
                        + " again what other hosts need.");
        List.of(init.of, init.hubName, init.endpoint, init.allowedIps, init.ask, init.config, init.key, init.json)
                .forEach(spec::addOption);
        return spec;
    }

    private static Optional<String> value(OptionSpec option) {
        return Optional.ofNullable(option.getValue());
    }

    private void run() throws IOException, ConfigException {
        GateSetup setup = new GateSetup(
                value(config).map(Path::of).orElse(GateConfig.FILE),
                value(key).map(Path::of).orElse(GateSetup.keyFile()));
        Told told;
        try {
            Wish wish = new Wish(hub(), asks());
            told = wish.equals(new Wish(Optional.empty(), List.of())) && setup.isThere()
                    ? setup.tell()
                    : setup.write(value(of).isPresent() ? value(of).get() : OwnEnd.only(), wish);
        } catch (IllegalArgumentException e) {
            throw new Anubis.UsageException(Anubis.message(e));
        }
        if (json.<Boolean>getValue()) {
            Json.print(GateInitText.json(told));
        } else {
            PrintWriter out = new PrintWriter(System.out, false, StandardCharsets.UTF_8);
            GateInitText.lines(told).forEach(out::println);
            out.flush();
        }
    }

    private static <T> T parsed(String option, String text, Function<String, T> parser) {
        try {
            return parser.apply(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(option + ": '" + text + "': " + Anubis.message(e), e);
        }
    }

    private Optional<HubWish> hub() {
        if (value(endpoint).isEmpty()) {
            if (value(hubName).isPresent() || value(allowedIps).isPresent()) {
                throw new IllegalArgumentException("a hub needs --endpoint HOST[:PORT], where clients reach it");
            }
            return Optional.empty();
        }
        return Optional.of(new HubWish(
                value(hubName),
                parsed("--endpoint", value(endpoint).get(), GateSetup::endpoint),
                value(allowedIps).stream()
                        .flatMap(list -> List.of(list.split(",", -1)).stream())
                        .map(each -> parsed("--allowed-ips", each.strip(), Cidr::parse))
                        .toList()));
    }

    private List<HubAddress> asks() {
        return Optional.<List<String>>ofNullable(ask.getValue()).orElse(List.of()).stream()
                .map(each -> parsed("--ask", each, GateSetup::hubAddress))
                .toList();
    }
}
