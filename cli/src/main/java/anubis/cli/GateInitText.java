package anubis.cli;

import anubis.gate.GateSetup;
import anubis.gate.GateSetup.Told;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What {@code anubis gate init} prints. */
final class GateInitText {
    private GateInitText() {}

    static List<String> lines(Told told) {
        List<String> lines = new ArrayList<>();
        told.made().forEach(file -> lines.add("written: " + file));
        for (GateSetup.Command command : told.elsewhere()) {
            lines.add("");
            lines.add("On " + command.who() + " run:");
            lines.add("    " + command.line());
        }
        String name = told.config().interfaceName();
        lines.add("");
        lines.add(
                "Here, with " + name + " up (systemctl enable --now anubis@" + name + ", or anubis up " + name + "):");
        lines.add("    systemctl enable --now anubis-gate     # or, without the package, anubis gate run");
        told.config().hub().ifPresent(hub -> {
            lines.add("");
            lines.add("Clients reach this hub at UDP port " + told.config().port() + ", and at " + hub.endpoints()
                    + " for the traffic: let both through a firewall.");
        });
        if (told.config().hub().isEmpty()) {
            lines.add("    anubis gate up");
        } else if (!told.config().hubs().isEmpty()) {
            lines.add("Each of the hubs has to be a [Peer] in the other's configuration of the interface.");
        }
        return lines;
    }

    static Json.Value json(Told told) {
        return json -> {
            json.writeStartObject();
            strings(json, "made", told.made().stream().map(Path::toString).toList());
            json.writeStringField("interface", told.config().interfaceName());
            json.writeStringField("gateKey", told.gateKey().base64());
            json.writeStringField("productionKey", told.productionKey().base64());
            strings(
                    json,
                    "allowedIps",
                    told.allowedIps().stream().map(Object::toString).toList());
            json.writeArrayFieldStart("elsewhere");
            for (GateSetup.Command command : told.elsewhere()) {
                json.writeStartObject();
                json.writeStringField("who", command.who());
                json.writeStringField("command", command.line());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        };
    }

    private static void strings(JsonGenerator json, String name, List<String> values) throws IOException {
        json.writeFieldName(name);
        json.writeArray(values.toArray(String[]::new), 0, values.size());
    }
}
