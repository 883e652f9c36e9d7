package anubis.cli;

import anubis.config.ConfigException;
import anubis.config.PhoneConfig;
import anubis.config.QuickConfig;
import anubis.host.ConfigFile;
import anubis.host.PrivateFile;
import anubis.plan.Host;
import anubis.plan.HostPlan;
import anubis.plan.Network;
import anubis.plan.PlanFiles;
import anubis.plan.Planner;
import anubis.plan.Situation;
import com.fasterxml.jackson.core.JsonGenerator;
import com.google.zxing.WriterException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code anubis qr}: a configuration file as a QR code, for the WireGuard app of a phone. */
final class QrCommand {
    /** Columns that a terminal can be trusted to have. */
    private static final int COMMON_WIDTH = 80;

    private QrCommand() {}

    static CommandSpec spec() {
        PositionalParamSpec file = PositionalParamSpec.builder()
                .paramLabel("FILE")
                .type(String.class)
                .required(true)
                .description("A configuration file of wg-quick, NAME for /etc/wireguard/NAME.conf, or, with --host, the"
                        + " description of a network.")
                .build();
        OptionSpec host =
                TextOption.of("--host", "NAME", "A phone of the network that FILE describes: its part of the plan.");
        OptionSpec key =
                TextOption.of("--key", "KEYFILE", "With --host: the phone's private key, which is in no plan.");
        OptionSpec situation = NetworkArgument.situationOption("the first");
        OptionSpec png = TextOption.of(
                "--png",
                "OUT",
                "Write a picture to the file OUT, which only you can read then; '-' is the standard output.");
        OptionSpec json = Json.option();
        CommandSpec spec = Anubis.verb(
                "qr", "Draws a configuration file as a QR code, to be read by the WireGuard app of a phone.", () -> {
                    Optional<String> picture = Optional.ofNullable(png.getValue());
                    if (json.<Boolean>getValue() && picture.isPresent()) {
                        throw new Anubis.UsageException("--png and --json are two forms of the same: choose one");
                    }
                    ConfigFile from = host.getValue() == null
                            ? ConfigFile.read(file.getValue())
                            : planned(
                                    file.getValue(),
                                    host.getValue(),
                                    Optional.ofNullable(key.getValue()),
                                    Optional.ofNullable(situation.getValue()));
                    run(from, picture, json.getValue());
                });
        spec.usageMessage().footer("Whoever sees the code has the private key in it.");
        return spec.addPositional(file)
                .addOption(host)
                .addOption(key)
                .addOption(situation)
                .addOption(png)
                .addOption(json);
    }

    /** What a phone gets of a plan, with its key. */
    private static ConfigFile planned(
            String description, String phone, Optional<String> keyFile, Optional<String> situation)
            throws IOException, ConfigException {
        NetworkArgument.Read read = NetworkArgument.read(Optional.of(description));
        Network network = read.network();
        Host host = NetworkArgument.host(network, phone);
        if (host.key().isEmpty()) {
            throw new Anubis.UsageException(phone + " is an appliance: it has no WireGuard");
        }
        Path path = Path.of(keyFile.orElseThrow(
                () -> new Anubis.UsageException("--key: name the file of " + phone + "'s private key")));
        Situation now = situation
                .map(name -> NetworkArgument.situation(network, name))
                .orElse(network.situations().getFirst());
        HostPlan plan =
                Optional.ofNullable(Planner.plan(network, now).get(phone)).orElseThrow();
        String quick = plan.link() + ".conf";
        String text = PlanFiles.host(network, plan).stream()
                .filter(each -> each.name().equals(quick))
                .findFirst()
                .orElseThrow()
                .text();
        return new ConfigFile(
                Optional.of(plan.link()),
                path,
                PlanFiles.withPrivateKey(text, ApplyCommand.key(path, read.file(), host)));
    }

    private static void run(ConfigFile file, Optional<String> png, boolean json) throws IOException, ConfigException {
        String path = file.path().toString();
        QuickConfig config = QuickConfig.parse(path, file.text());
        PrivateFile.exposure(file.path(), true).ifPresent(problem -> Anubis.warn("warning: " + problem));
        PhoneConfig phone = PhoneConfig.of(path, config);
        QrCode code;
        try {
            code = QrCode.of(phone.text());
        } catch (WriterException e) {
            throw new IOException(path + ": " + tooLong(config, phone), e);
        }
        if (!phone.leftOut().isEmpty()) {
            Anubis.warn("note: left out, for phones refuse it: " + String.join(", ", phone.leftOut()));
        }
        if (json) {
            Json.print(to -> write(to, code, phone.leftOut()));
        } else if (png.isEmpty()) {
            if (code.side() > COMMON_WIDTH) {
                Anubis.warn("note: the code has " + code.side() + " columns: in a narrower window, use --png");
            }
            print(code.text().getBytes(StandardCharsets.UTF_8));
        } else if (png.get().equals("-")) {
            print(code.png());
        } else {
            PrivateFile.write(Path.of(png.get()), code.png());
        }
    }

    /** Each row is a string with a 1 for each dark module and a 0 for each light one. */
    private static void write(JsonGenerator json, QrCode code, List<String> leftOut) throws IOException {
        json.writeStartObject();
        json.writeNumberField("side", code.side());
        json.writeArrayFieldStart("rows");
        for (int y = 0; y < code.side(); y++) {
            json.writeString(code.row(y));
        }
        json.writeEndArray();
        json.writeArrayFieldStart("left_out");
        for (String setting : leftOut) {
            json.writeString(setting);
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static String tooLong(QuickConfig config, PhoneConfig phone) {
        int length = phone.text().length();
        int allowed = phone.text()
                .lines()
                .filter(line -> line.startsWith(PhoneConfig.ALLOWED_IPS))
                .mapToInt(String::length)
                .sum();
        return "%d characters are %d too many for a QR code; %d of them are the AllowedIPs of %d peers: write fewer, wider"
                        .formatted(
                                length,
                                length - QrCode.MAX_LENGTH,
                                allowed,
                                config.wireguard().peers().size())
                + " prefixes, and leave out peers that the phone can do without";
    }

    private static void print(byte[] bytes) throws IOException {
        System.out.write(bytes);
        if (System.out.checkError()) {
            throw new IOException("the standard output takes no more");
        }
    }
}
