package anubis.cli;

import anubis.config.ConfigException;
import anubis.host.TextFile;
import anubis.plan.Host;
import anubis.plan.Network;
import anubis.plan.NetworkFile;
import anubis.plan.Situation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The description of a network that a verb is given. */
final class NetworkArgument {
    /** Where it is on a host of the network, unless another is named. */
    private static final Path INSTALLED = Path.of("/etc/anubis/network.toml");

    private static final Path HERE = Path.of("network.toml");

    private static final String FIRST = "'anubis plan init' writes a first one";

    private NetworkArgument() {}

    /** A network and the file that it was read from. */
    record Read(Path file, Network network) {}

    static PositionalParamSpec file() {
        return PositionalParamSpec.builder()
                .paramLabel("NETWORK")
                .type(String.class)
                .arity("0..1")
                .description("The description of the network; else " + HERE + " here, or " + INSTALLED + ".")
                .build();
    }

    /** The same before other arguments, as an option. */
    static OptionSpec fileOption() {
        return TextOption.of(
                "-n --network",
                "NETWORK",
                "The description of the network; else " + HERE + " here, or " + INSTALLED + ".");
    }

    static OptionSpec situationOption(String otherwise) {
        return TextOption.of("-s --situation", "NAME", "One situation of the description; else " + otherwise + ".");
    }

    static Read read(Optional<String> named) throws IOException, ConfigException {
        Path file = named.map(Path::of).orElse(Files.exists(HERE) ? HERE : INSTALLED);
        if (named.isEmpty() && !Files.exists(file)) {
            throw new IOException("there is no " + HERE + " here, and no " + INSTALLED + "; " + FIRST);
        }
        String text = TextFile.read(file, FIRST);
        return new Read(file, NetworkFile.parse(file.toString(), text));
    }

    /** The host of that name. */
    static Host host(Network network, String name) {
        return Optional.ofNullable(network.hosts().get(name))
                .orElseThrow(() -> new Anubis.UsageException("the network has no host '" + name + "', only "
                        + String.join(", ", network.hosts().keySet())));
    }

    /** The situation of that name. */
    static Situation situation(Network network, String name) {
        return network.situations().stream()
                .filter(situation -> situation.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new Anubis.UsageException("there is no situation '" + name + "', only "
                        + network.situations().stream().map(Situation::name).collect(Collectors.joining(", "))));
    }
}
