package anubis.cli;

import anubis.crypto.PublicKey;
import anubis.host.PeerBoard;
import anubis.host.PeerEvent;
import anubis.host.PeerWatcher;
import anubis.host.WireGuardInterface;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The verbs that tell who is there: {@code status} looks, {@code events} goes on looking. */
final class WatchCommands {
    private static final String CLEAR_SCREEN = "\033[H\033[2J";

    private WatchCommands() {}

    static CommandSpec status() {
        PositionalParamSpec name = interfaceName("0..1", "Name of the interface; all of this host if it is left out.");
        OptionSpec watch = OptionSpec.builder("-w", "--watch")
                .description("Print it again each second, until interrupted.")
                .build();
        OptionSpec json = Json.option();
        CommandSpec spec = Anubis.verb(
                "status",
                "Tells of each peer whether it is there, since when, on which way, and how much flows.",
                () -> status(out(name), interfaceGiven(name), isSet(json), isSet(watch)));
        return spec.addPositional(name).addOption(watch).addOption(json);
    }

    static CommandSpec events() {
        PositionalParamSpec name = interfaceName("0..1", "Name of the interface; all of this host if it is left out.");
        CommandSpec spec = Anubis.verb(
                "events",
                "Prints what happens to peers as it happens, a line of JSON each, until interrupted.",
                () -> follow(out(name), interfaceGiven(name)));
        return spec.addPositional(name).addOption(Json.option()); // which changes nothing here
    }

    /** The parameter NAME. */
    static PositionalParamSpec interfaceName(String arity, String description) {
        return PositionalParamSpec.builder()
                .index("0")
                .arity(arity)
                .required(arity.equals("1")) // which the arity alone does not mean if an optional one follows
                .paramLabel("NAME")
                .type(String.class)
                .description(description)
                .build();
    }

    static PrintWriter out(PositionalParamSpec parameter) {
        return parameter.command().commandLine().getOut();
    }

    static Optional<String> given(PositionalParamSpec parameter) {
        return Optional.ofNullable(parameter.getValue());
    }

    /** The interface that was asked for. */
    static Optional<String> interfaceGiven(PositionalParamSpec parameter) {
        return given(parameter).map(DeviceCommand::checked);
    }

    static boolean isSet(OptionSpec option) {
        return Boolean.TRUE.equals(option.getValue());
    }

    private static void status(PrintWriter out, Optional<String> name, boolean json, boolean again)
            throws IOException, InterruptedException {
        PeerBoard board = PeerBoard.open(name);
        StatusReport report = new StatusReport(out);
        do {
            if (json) {
                report.json(board);
            } else {
                out.print(again ? CLEAR_SCREEN : "");
                report.text(board, Instant.now());
            }
            out.flush();
            board.failures().forEach(Anubis::warn);
            if (again) {
                Thread.sleep(PeerWatcher.INTERVAL);
                board.look();
            }
        } while (again && !out.checkError());
    }

    /**
     * Looks until nobody reads any more. An interface that comes later, or again, is watched from then on; one that was asked
     * for has to be there at first.
     */
    private static void follow(PrintWriter out, Optional<String> name) throws IOException, InterruptedException {
        if (name.isPresent()) {
            WireGuardInterface.of(name.get()).get();
        }
        Map<String, PeerWatcher> watchers = new TreeMap<>();
        Map<String, String> said = new HashMap<>();
        while (!out.checkError()) {
            Instant next = Instant.now().plus(PeerWatcher.INTERVAL);
            for (String each : name.isPresent() ? List.of(name.get()) : WireGuardInterface.names()) {
                watchers.computeIfAbsent(each, PeerWatcher::of);
            }
            for (Map.Entry<String, PeerWatcher> each : watchers.entrySet()) {
                try {
                    PeerWatcher.Look look = each.getValue().tick(Instant.now());
                    print(out, each.getKey(), look.events());
                    next = look.next().isAfter(next) ? look.next() : next;
                    said.remove(each.getKey());
                } catch (IOException e) {
                    Optional<List<PeerEvent>> lost = each.getValue().vanished(Instant.now());
                    print(out, each.getKey(), lost.orElse(List.of()));
                    String message = Anubis.message(e);
                    if (lost.isEmpty() && !message.equals(said.put(each.getKey(), message))) {
                        Anubis.warn(each.getKey() + ": " + message);
                    }
                }
            }
            Thread.sleep(Math.max(1, Duration.between(Instant.now(), next).toMillis()));
        }
    }

    private static void print(PrintWriter out, String interfaceName, List<PeerEvent> events) throws IOException {
        Map<PublicKey, String> names = events.isEmpty() ? Map.of() : PeerBoard.names(interfaceName);
        for (PeerEvent event : events) {
            Json.print(
                    out, json -> write(json, interfaceName, event, event.peer().map(names::get)));
        }
    }

    private static void write(JsonGenerator json, String interfaceName, PeerEvent event, Optional<String> name)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("time", event.time().toString());
        json.writeStringField("interface", interfaceName);
        json.writeStringField("event", event.kind());
        if (event.peer().isPresent()) {
            json.writeStringField("peer", event.peer().get().base64());
        }
        if (name.isPresent()) {
            json.writeStringField("name", name.get());
        }
        switch (event) {
            case PeerEvent.Changed changed -> {
                json.writeStringField("was", changed.was().toString());
                json.writeStringField("state", changed.state().toString());
                json.writeStringField("since", changed.since().toString());
            }
            case PeerEvent.Removed removed -> {
                json.writeStringField("was", removed.was().toString());
                json.writeBooleanField("removed", true);
            }
            case PeerEvent.Roamed roamed -> {
                json.writeStringField("was", roamed.was().toString());
                json.writeStringField("endpoint", roamed.endpoint().toString());
            }
            case PeerEvent.Rekeyed rekeyed ->
                json.writeStringField("handshake", rekeyed.handshake().toString());
            case PeerEvent.Refused refused -> {
                json.writeStringField("reason", refused.reason());
                json.writeNumberField("count", refused.count());
            }
        }
        json.writeEndObject();
    }
}
