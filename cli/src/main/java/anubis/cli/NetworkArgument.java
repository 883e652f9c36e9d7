package anubis.cli;

import anubis.config.ConfigException;
import anubis.plan.Host;
import anubis.plan.Network;
import anubis.plan.NetworkFile;
import anubis.plan.Situation;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
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
        return OptionSpec.builder("-n", "--network")
                .paramLabel("NETWORK")
                .type(String.class)
                .description("The description of the network; else " + HERE + " here, or " + INSTALLED + ".")
                .build();
    }

    static OptionSpec situationOption(String otherwise) {
        return OptionSpec.builder("-s", "--situation")
                .paramLabel("NAME")
                .type(String.class)
                .description("One situation of the description; else " + otherwise + ".")
                .build();
    }

    static Read read(Optional<String> named) throws IOException, ConfigException {
        Path file = named.map(Path::of).orElse(Files.exists(HERE) ? HERE : INSTALLED);
        try {
            return new Read(file, NetworkFile.parse(file.toString(), Files.readString(file)));
        } catch (NoSuchFileException e) {
            throw new IOException(
                    (named.isPresent()
                                    ? file + ": there is no such file"
                                    : "there is no " + HERE + " here, and no " + INSTALLED)
                            + "; 'anubis plan init' writes a first one",
                    e);
        } catch (AccessDeniedException e) {
            throw new IOException(file + ": this user may not read it; try as root", e);
        } catch (CharacterCodingException e) {
            throw new IOException(file + ": it is not text in UTF-8; write it anew", e);
        } catch (IOException e) {
            throw new IOException(file + ": it cannot be read (" + e.getMessage() + ")", e);
        }
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
