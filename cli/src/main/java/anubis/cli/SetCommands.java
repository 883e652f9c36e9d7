package anubis.cli;

import anubis.config.AllowedIps;
import anubis.config.ConfigParser;
import anubis.config.ConfigParser.Dialect;
import anubis.config.DeviceChange;
import anubis.config.Endpoint;
import anubis.config.PeerChange;
import anubis.config.SetArguments;
import anubis.config.UapiDevice;
import anubis.config.WireGuardConfig;
import anubis.host.EndpointResolver;
import anubis.host.KernelInterface;
import anubis.host.UapiClient;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The verbs that change an interface, as {@code wg} does. */
final class SetCommands {
    /** A key and the white space around it are shorter than this. */
    private static final int MAX_KEY_FILE = 1024;

    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9+/]{43}=");

    private static final String RESOLUTION = "The name of an endpoint is resolved once. In the environment, "
            + "WG_ENDPOINT_RESOLUTION_RETRIES says how often to try again where the name server does not answer: a "
            + "number (default 15) or infinity.";

    private SetCommands() {}

    static CommandSpec set() {
        PositionalParamSpec name =
                ShowCommands.interfaceParameter().required(true).build();
        PositionalParamSpec settings = PositionalParamSpec.builder()
                .index("1..*")
                .required(true)
                .paramLabel("SETTING")
                .type(List.class)
                .auxiliaryTypes(String.class)
                .completionCandidates(List.of(
                        "listen-port",
                        "fwmark",
                        "private-key",
                        "peer",
                        "remove",
                        "preshared-key",
                        "endpoint",
                        "persistent-keepalive",
                        "allowed-ips"))
                .description("What to change: first of the interface, then of each peer that is named.")
                .build();
        CommandSpec spec = Anubis.verb(
                "set",
                "Changes an interface, and adds, changes or removes peers.",
                () -> set(name.getValue(), settings.getValue()));
        // An allowed IP may begin with a minus.
        spec.parser().stopAtPositional(true);
        spec.usageMessage()
                .customSynopsis(
                        "anubis set [-hV] INTERFACE [listen-port PORT] [fwmark MARK]",
                        "    [private-key FILE] [peer KEY [remove] [preshared-key FILE]",
                        "    [endpoint HOST:PORT] [persistent-keepalive SECONDS]",
                        "    [allowed-ips [+|-]IP[/LENGTH][,...]]]...")
                .footer(
                        "A key is read from a FILE, which may be /dev/stdin or <(...); an empty one, as /dev/null, "
                                + "removes the key. MARK and SECONDS may be off. The allowed IPs of a peer become those "
                                + "that are given, none if '' is; with + and - they are added and taken away.",
                        RESOLUTION);
        return spec.addPositional(name).addPositional(settings);
    }

    /** {@code setconf}, {@code addconf} or {@code syncconf}. */
    static CommandSpec fromFile(String verb) {
        PositionalParamSpec name =
                ShowCommands.interfaceParameter().required(true).build();
        PositionalParamSpec file = PositionalParamSpec.builder()
                .index("1")
                .paramLabel("FILE")
                .type(Path.class)
                .required(true)
                .description("The configuration. It may be /dev/stdin.")
                .build();
        String description = switch (verb) {
            case "setconf" -> "Gives an interface the configuration of a file, and no other.";
            case "addconf" -> "Adds the configuration of a file to that of an interface.";
            default -> "Changes of an interface what differs from a file, and disturbs no other peer.";
        };
        CommandSpec spec = Anubis.verb(verb, description, () -> apply(verb, name.getValue(), file.getValue()));
        spec.usageMessage().footer(RESOLUTION);
        return spec.addPositional(name).addPositional(file);
    }

    private static void set(String name, List<String> settings) throws Exception {
        if (KernelInterface.exists(name)) {
            ShowCommands.passOn(Stream.concat(Stream.of("set", name), settings.stream()));
            return;
        }
        EndpointResolver resolver = resolver();
        DeviceChange change;
        try {
            change = SetArguments.parse(settings, new SetArguments.Outside() {
                @Override
                public String read(String file) throws IOException {
                    if (KEY.matcher(file).matches() && Files.notExists(Path.of(file))) {
                        throw new Anubis.UsageException("a key is read from a file: write the name of that");
                    }
                    return new String(SetCommands.read(Path.of(file), MAX_KEY_FILE), StandardCharsets.US_ASCII);
                }

                @Override
                public Endpoint resolve(Endpoint endpoint) throws IOException {
                    return resolver.resolve(endpoint);
                }
            });
        } catch (IllegalArgumentException e) {
            throw new Anubis.UsageException(String.valueOf(e.getMessage()));
        }
        warn(change.peers().stream().map(PeerChange::allowedIps).flatMap(Optional::stream));
        new UapiClient(name).set(change);
    }

    private static void apply(String verb, String name, Path file) throws Exception {
        if (KernelInterface.exists(name)) {
            ShowCommands.passOn(Stream.of(verb, name, file.toString()));
            return;
        }
        String text = new String(read(file, Integer.MAX_VALUE), StandardCharsets.UTF_8);
        WireGuardConfig written = ConfigParser.parse(file.toString(), text, Dialect.WG);
        warn(written.peers().stream().map(peer -> peer.allowedIps()));
        WireGuardConfig config = resolver().resolve(written);
        UapiClient device = new UapiClient(name);
        device.set(
                switch (verb) {
                    case "setconf" -> DeviceChange.replacing(config);
                    case "addconf" -> DeviceChange.adding(config);
                    default -> {
                        UapiDevice now = device.get();
                        yield DeviceChange.between(now, now.config(), config);
                    }
                });
    }

    private static EndpointResolver resolver() {
        return EndpointResolver.of(Optional.ofNullable(System.getenv(EndpointResolver.VARIABLE)), Anubis::warn);
    }

    private static byte[] read(Path file, int atMost) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(atMost);
        } catch (NoSuchFileException e) {
            throw new IOException("there is no file " + file, e);
        } catch (AccessDeniedException e) {
            throw new IOException(file + ": this user may not read it; try as root", e);
        }
    }

    private static void warn(Stream<AllowedIps> all) {
        all.flatMap(ips -> Stream.concat(ips.prefixes().stream(), ips.removed().stream()))
                .filter(prefix -> !prefix.equals(prefix.masked()))
                .forEach(prefix -> Anubis.warn(
                        "warning: the allowed IP " + prefix + " names a host; the prefix is " + prefix.masked()));
    }
}
