package anubis.cli;

import anubis.config.ConfigException;
import anubis.config.IpLiteral;
import anubis.plan.Hop;
import anubis.plan.NameText;
import anubis.plan.Network;
import anubis.plan.Outcome;
import anubis.plan.Planner;
import anubis.plan.Prover;
import anubis.plan.Service;
import anubis.plan.Situation;
import anubis.plan.World;
import anubis.plan.WorldBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code anubis trace}: the way of one packet through a planned network, and of its answer. */
final class TraceCommand {
    private static final String INDENT = "  ";

    private TraceCommand() {}

    /** One that is asked for, and what becomes of it. */
    private record Traced(String from, InetAddress to, Outcome outcome) {}

    static CommandSpec spec() {
        PositionalParamSpec from = parameter("FROM", "The host that asks, or 'stranger' for somebody in the wild.");
        PositionalParamSpec to = parameter(
                "TO", "The host that is asked: its name, the name of its WireGuard addresses, or an address.");
        OptionSpec network = NetworkArgument.fileOption();
        OptionSpec situation = NetworkArgument.situationOption("the first");
        OptionSpec service = service();
        OptionSpec json = Json.option();
        CommandSpec spec = Anubis.verb(
                "trace",
                "Follows a packet through a planned network, hop by hop, and its answer.",
                () -> run(
                        NetworkArgument.read(Optional.ofNullable(network.getValue()))
                                .network(),
                        Optional.ofNullable(situation.getValue()),
                        from.getValue(),
                        to.getValue(),
                        service(service),
                        json.getValue()));
        spec.usageMessage().footer("It ends with 1 if the packet or its answer does not arrive.");
        return spec.addPositional(from)
                .addPositional(to)
                .addOption(network)
                .addOption(situation)
                .addOption(service)
                .addOption(json);
    }

    private static PositionalParamSpec parameter(String label, String description) {
        return PositionalParamSpec.builder()
                .paramLabel(label)
                .type(String.class)
                .required(true)
                .description(description)
                .build();
    }

    static OptionSpec service() {
        return OptionSpec.builder("--service")
                .paramLabel("SERVICE")
                .type(String.class)
                .defaultValue("ping")
                .description("What the packet is for: ping, or as in 'tcp 443'; default: ${DEFAULT-VALUE}.")
                .build();
    }

    static Service service(OptionSpec option) {
        String text = option.getValue();
        return Service.parse(text)
                .orElseThrow(() -> new Anubis.UsageException(
                        "--service: '" + text + "' is none: write ping, or as in 'tcp 443' or 'udp 53'"));
    }

    private static void run(
            Network network, Optional<String> named, String from, String to, Service service, boolean json)
            throws IOException, ConfigException, Anubis.ToldException {
        Situation situation = named.map(name -> NetworkArgument.situation(network, name))
                .orElse(network.situations().getFirst());
        World world = WorldBuilder.build(network, situation, Planner.plan(network, situation));
        if (world.machines().stream().noneMatch(machine -> machine.name().equals(from))) {
            throw new Anubis.UsageException("there is no host '" + from + "' in the situation " + situation.name());
        }
        Prover prover = new Prover(world);
        List<Traced> all = new ArrayList<>();
        for (InetAddress address : addresses(network, to)) {
            all.add(new Traced(from, address, prover.trace(from, Optional.empty(), address, service)));
        }
        if (json) {
            Json.print(generator -> write(generator, situation, all));
        } else {
            PrintWriter out = new PrintWriter(System.out, false, StandardCharsets.UTF_8);
            all.forEach(traced -> print(out, situation, service, traced));
            out.flush();
        }
        if (!all.stream().allMatch(traced -> traced.outcome() instanceof Outcome.Reached)) {
            throw new Anubis.ToldException();
        }
    }

    private static List<InetAddress> addresses(Network network, String to) {
        Optional<InetAddress> literal = IpLiteral.parse(to);
        if (literal.isPresent()) {
            return literal.stream().toList();
        }
        List<InetAddress> named =
                new NameText(network, Optional.empty()).names().get(to);
        if (named != null) {
            return named;
        }
        throw new Anubis.UsageException("there is no host '" + to + "', and it is no address");
    }

    // For people.

    private static void print(PrintWriter out, Situation situation, Service service, Traced traced) {
        String verdict = switch (traced.outcome()) {
            case Outcome.Reached _ -> "reached";
            case Outcome.Lost lost -> "lost at " + lost.machine() + ": " + lost.reason();
            case Outcome.Unknown unknown -> "unknown, for it passes " + unknown.machine();
        };
        out.println(traced.from() + " to " + IpLiteral.format(traced.to()) + ", " + service + ", " + situation.name()
                + ": " + verdict);
        detail(traced.outcome()).ifPresent(detail -> out.println(INDENT + detail));
        print(out, "request", traced.outcome().there());
        print(out, "answer", traced.outcome().back());
    }

    private static Optional<String> detail(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Reached _ -> Optional.empty();
            case Outcome.Lost lost -> Optional.of(lost.detail());
            case Outcome.Unknown unknown -> Optional.of(unknown.detail());
        };
    }

    private static void print(PrintWriter out, String what, List<Hop> hops) {
        if (hops.isEmpty()) {
            return;
        }
        out.println(INDENT + what);
        int width = width(hops.stream());
        for (Hop hop : hops) {
            print(out, INDENT + INDENT, width, hop);
            int bearer = width(hop.bearer().stream());
            hop.bearer().forEach(each -> print(out, INDENT.repeat(4) + "bearer  ", bearer, each));
        }
    }

    private static int width(Stream<Hop> hops) {
        return hops.mapToInt(hop -> place(hop).length()).max().orElse(0);
    }

    private static String place(Hop hop) {
        String out = hop.out().isEmpty() ? "" : " → " + hop.out();
        return hop.machine() + (hop.in().isEmpty() ? "" : " " + hop.in()) + out;
    }

    private static void print(PrintWriter out, String indent, int width, Hop hop) {
        String place = place(hop);
        out.println(indent + place + " ".repeat(width - place.length()) + "  " + hop.why());
    }

    // For programs.

    private static void write(JsonGenerator json, Situation situation, List<Traced> all) throws IOException {
        json.writeStartArray();
        for (Traced traced : all) {
            json.writeStartObject();
            json.writeStringField("situation", situation.name());
            json.writeStringField("from", traced.from());
            json.writeStringField("to", IpLiteral.format(traced.to()));
            switch (traced.outcome()) {
                case Outcome.Reached _ -> json.writeStringField("outcome", "reached");
                case Outcome.Lost lost -> {
                    json.writeStringField("outcome", "lost");
                    json.writeStringField("reason", lost.reason().name());
                    json.writeStringField("at", lost.machine());
                    json.writeStringField("detail", lost.detail());
                }
                case Outcome.Unknown unknown -> {
                    json.writeStringField("outcome", "unknown");
                    json.writeStringField("at", unknown.machine());
                    json.writeStringField("detail", unknown.detail());
                }
            }
            write(json, "request", traced.outcome().there());
            write(json, "answer", traced.outcome().back());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void write(JsonGenerator json, String name, List<Hop> hops) throws IOException {
        json.writeArrayFieldStart(name);
        for (Hop hop : hops) {
            json.writeStartObject();
            json.writeStringField("host", hop.machine());
            if (!hop.in().isEmpty()) {
                json.writeStringField("in", hop.in());
            }
            if (!hop.out().isEmpty()) {
                json.writeStringField("out", hop.out());
            }
            json.writeStringField("why", hop.why());
            if (!hop.bearer().isEmpty()) {
                write(json, "bearer", hop.bearer());
            }
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
