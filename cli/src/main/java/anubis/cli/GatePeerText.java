package anubis.cli;

import anubis.config.Cidr;
import anubis.gate.AuditLine;
import anubis.gate.Code;
import anubis.gate.Entry;
import anubis.gate.SecondFactor;
import anubis.gate.Standing;
import anubis.gate.Totp;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A peer of the registry, and what is remembered of it, as text and as JSON; never its secrets. */
record GatePeerText(Entry entry, Standing standing) {
    private static final String HIDDEN = "(hidden)";

    List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add("peer: " + entry.name());
        add(lines, "gate key", Optional.of(entry.gateKey()));
        add(lines, "production key", Optional.of(entry.productionKey()));
        add(lines, "allowed ips", Optional.of(allowedIps(entry)));
        add(lines, "preshared key", entry.presharedKey().map(_ -> HIDDEN));
        add(lines, "hours", entry.hours());
        add(lines, "expiry", entry.expiry());
        add(lines, "second factor", entry.secondFactor().map(GatePeerText::word));
        add(lines, "note", Optional.of(entry.note()).filter(note -> !note.isEmpty()));
        String flags = flags(entry).collect(Collectors.joining(", "));
        add(lines, "is", Optional.of(flags).filter(words -> !words.isEmpty()));
        add(lines, "lease until", standing.leaseEnd());
        return lines;
    }

    private static void add(List<String> lines, String what, Optional<?> value) {
        value.ifPresent(known -> lines.add("  " + what + ": " + known));
    }

    private static String allowedIps(Entry entry) {
        return entry.allowedIps().isEmpty()
                ? "(none)"
                : entry.allowedIps().stream().map(Cidr::toString).collect(Collectors.joining(", "));
    }

    private static Stream<String> flags(Entry entry) {
        return Stream.of(
                        entry.enabled() ? "" : "disabled",
                        entry.permanent() ? "permanent" : "",
                        entry.hub() ? "a hub" : "")
                .filter(word -> !word.isEmpty());
    }

    private static String word(SecondFactor factor) {
        return switch (factor) {
            case Totp _ -> "totp";
            case SecondFactor.Program _ -> "program";
        };
    }

    /** A line for each peer, with its name, its allowed IPs and what is out of the ordinary. */
    static Stream<String> table(List<Entry> entries, Instant now) {
        int width =
                entries.stream().mapToInt(entry -> entry.name().length()).max().orElse(0);
        return entries.stream().map(entry -> {
            String remarks = Stream.of(
                            flags(entry),
                            entry.expiry().stream().map(end -> (end.isAfter(now) ? "expires " : "expired ") + end),
                            entry.hours().stream().map(hours -> hours.toString()),
                            entry.secondFactor().stream().map(GatePeerText::word))
                    .flatMap(words -> words)
                    .collect(Collectors.joining("; "));
            return entry.name() + " ".repeat(width - entry.name().length()) + "  " + allowedIps(entry)
                    + (remarks.isEmpty() ? "" : "  (" + remarks + ")");
        });
    }

    static Json.Value json(List<Entry> entries) {
        return json -> {
            json.writeStartArray();
            for (Entry entry : entries) {
                json.writeStartObject();
                write(json, entry);
                json.writeEndObject();
            }
            json.writeEndArray();
        };
    }

    Json.Value json() {
        return json -> {
            json.writeStartObject();
            write(json, entry);
            write(json, "leaseEnd", standing.leaseEnd());
            json.writeEndObject();
        };
    }

    private static void write(JsonGenerator json, Entry entry) throws IOException {
        json.writeStringField("name", entry.name());
        json.writeStringField("gateKey", entry.gateKey().base64());
        json.writeStringField("productionKey", entry.productionKey().base64());
        String[] prefixes = entry.allowedIps().stream().map(Cidr::toString).toArray(String[]::new);
        json.writeFieldName("allowedIps");
        json.writeArray(prefixes, 0, prefixes.length);
        write(json, "presharedKey", entry.presharedKey().map(_ -> HIDDEN));
        write(json, "hours", entry.hours());
        write(json, "expiry", entry.expiry());
        json.writeBooleanField("enabled", entry.enabled());
        json.writeBooleanField("permanent", entry.permanent());
        json.writeBooleanField("hub", entry.hub());
        write(json, "secondFactor", entry.secondFactor().map(GatePeerText::word));
        write(json, "note", Optional.of(entry.note()).filter(note -> !note.isEmpty()));
    }

    private static void write(JsonGenerator json, String name, Optional<?> value) throws IOException {
        if (value.isPresent()) {
            json.writeStringField(name, value.get().toString());
        }
    }

    // The audit log.

    static String text(AuditLine line) {
        return line.at() + " " + line.name() + ": " + line.what() + " from " + line.from() + ": "
                + line.verdict().map(GatePeerText::word).orElse("begun");
    }

    static Json.Value json(AuditLine line) {
        return json -> {
            json.writeStartObject();
            json.writeStringField("at", line.at().toString());
            json.writeStringField("name", line.name());
            json.writeStringField("gateKey", line.gateKey().base64());
            json.writeStringField("productionKey", line.productionKey().base64());
            json.writeStringField("what", line.what());
            json.writeStringField("from", line.from());
            write(json, "verdict", line.verdict().map(GatePeerText::word));
            json.writeEndObject();
        };
    }

    private static String word(Code code) {
        return code.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
