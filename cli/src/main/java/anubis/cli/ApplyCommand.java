package anubis.cli;

import anubis.config.ConfigException;
import anubis.config.ConfigException.Problem;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.host.ConfigFile;
import anubis.host.Launcher;
import anubis.host.PlannedHost;
import anubis.host.PlannedHost.Wanted;
import anubis.host.PrivateFile;
import anubis.plan.Host;
import anubis.plan.HostFile;
import anubis.plan.HostPlan;
import anubis.plan.KernelParameter;
import anubis.plan.Network;
import anubis.plan.NftText;
import anubis.plan.PlanFiles;
import anubis.plan.Planner;
import anubis.plan.Proof;
import anubis.plan.Proof.Checked;
import anubis.plan.Role;
import anubis.plan.Service;
import anubis.plan.Situation;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code anubis apply} and {@code anubis drift}: this host's part of a plan, put in force, or only looked at. */
final class ApplyCommand {
    /** proc(5); a resolver need not know it. */
    private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

    private static final Path GATE_KEY = ConfigFile.DIRECTORY.resolve("gate.priv");
    private static final String GATE_UNIT = "anubis-gate.service";

    private final PositionalParamSpec file = NetworkArgument.file();
    private final OptionSpec host = OptionSpec.builder("--host")
            .paramLabel("NAME")
            .type(String.class)
            .description("Which host of the network this is; else the one of this machine's name.")
            .build();
    private final OptionSpec situation = NetworkArgument.situationOption("the first");
    private final OptionSpec key = OptionSpec.builder("--key")
            .paramLabel("FILE")
            .type(String.class)
            .description("This host's private key; else /etc/wireguard/INTERFACE.key.")
            .build();
    private final OptionSpec json = Json.option();

    private ApplyCommand() {}

    static CommandSpec apply() {
        ApplyCommand command = new ApplyCommand();
        OptionSpec dry = OptionSpec.builder("-n", "--dry-run")
                .type(boolean.class)
                .defaultValue("false")
                .description("Only print what would be done.")
                .build();
        OptionSpec unproved = OptionSpec.builder("--unproved")
                .type(boolean.class)
                .defaultValue("false")
                .description("Also what 'anubis prove' finds fault with.")
                .build();
        OptionSpec confirm = OptionSpec.builder("--confirm")
                .paramLabel("TIME")
                .type(String.class)
                .description("Put all back unless 'anubis confirm INTERFACE' comes within this time, as in 60s or 5m.")
                .build();
        CommandSpec spec =
                Anubis.verb("apply", "Puts this host's part of a network's plan in force, all or nothing.", () -> {
                    Optional<Duration> within =
                            Optional.<String>ofNullable(confirm.getValue()).map(UpCommands::duration);
                    NetworkArgument.Read read = command.read();
                    Wanted wanted = command.wanted(read);
                    if (!unproved.<Boolean>getValue()) {
                        prove(read);
                    }
                    PlannedHost here = new PlannedHost(wanted, ApplyCommand::warn);
                    boolean only = dry.getValue();
                    List<String> lines = only ? here.difference() : here.apply(Launcher::startDevice, within);
                    command.print(lines);
                    String link = wanted.plan().link();
                    if (lines.isEmpty()) {
                        warn("all is as planned: nothing is done");
                    } else if (!only) {
                        within.ifPresent(time -> warn("all is put back in " + time.toSeconds()
                                + " s unless 'anubis confirm " + link + "' comes"));
                    }
                });
        spec.usageMessage().footer("What is as it should be is left alone: the second time, nothing is done.");
        return command.options(spec).addOption(dry).addOption(confirm).addOption(unproved);
    }

    static CommandSpec drift() {
        ApplyCommand command = new ApplyCommand();
        CommandSpec spec = Anubis.verb("drift", "Says what of this host is not as its network's plan has it.", () -> {
            List<String> lines = new PlannedHost(command.wanted(command.read()), ApplyCommand::warn).difference();
            command.print(lines);
            if (!lines.isEmpty()) {
                throw new Anubis.ToldException();
            }
        });
        spec.usageMessage().footer("It prints what 'anubis apply' would do, and ends with 1 if that is anything.");
        return command.options(spec);
    }

    private CommandSpec options(CommandSpec spec) {
        return spec.addPositional(file)
                .addOption(host)
                .addOption(situation)
                .addOption(key)
                .addOption(json);
    }

    private static void warn(String line) {
        Anubis.warn(line);
    }

    private void print(List<String> lines) throws IOException {
        if (json.<Boolean>getValue()) {
            Json.print(generator -> {
                generator.writeStartArray();
                for (String line : lines) {
                    generator.writeString(line);
                }
                generator.writeEndArray();
            });
            return;
        }
        PrintWriter out = new PrintWriter(System.out, false, StandardCharsets.UTF_8);
        lines.forEach(out::println);
        out.flush();
    }

    private NetworkArgument.Read read() throws IOException, ConfigException {
        NetworkArgument.Read read = NetworkArgument.read(Optional.ofNullable(file.getValue()));
        Optional<Problem> exposed = PrivateFile.exposure(read.file(), false);
        if (exposed.isPresent()) { // whoever writes it says where this host's packets go
            throw new IOException(exposed.get().toString());
        }
        return read;
    }

    private Wanted wanted(NetworkArgument.Read read) throws IOException {
        Network network = read.network();
        Situation now = Optional.<String>ofNullable(situation.getValue())
                .map(name -> NetworkArgument.situation(network, name))
                .orElse(network.situations().getFirst());
        Host self = self(network);
        if (self.key().isEmpty() || self.role() == Role.PHONE) {
            throw new Anubis.UsageException(self.name() + " is a " + self.role() + ": nothing can be put in force there"
                    + (self.role() == Role.PHONE ? "; 'anubis qr' draws its configuration" : ""));
        }
        HostInterfaces.check(read.file(), network, self);
        HostPlan plan =
                Optional.ofNullable(Planner.plan(network, now).get(self.name())).orElseThrow();
        String quick = plan.link() + ".conf";
        Path own = Optional.<String>ofNullable(key.getValue())
                .map(Path::of)
                .orElse(ConfigFile.DIRECTORY.resolve(plan.link() + ".key"));
        List<HostFile> all = PlanFiles.host(network, plan);
        List<HostFile> files = all.stream()
                .filter(each -> each.place().isPresent() && !each.name().equals(quick))
                .toList();
        boolean gate = files.stream().anyMatch(each -> each.name().equals(HostFile.GATE));
        if (gate) {
            key(GATE_KEY, read.file(), self, "gate-key", self.gateKey());
        }
        return new Wanted(
                plan,
                new ConfigFile(
                        Optional.of(plan.link()),
                        ConfigFile.DIRECTORY.resolve(quick),
                        PlanFiles.withPrivateKey(text(all, quick), key(own, read.file(), self))),
                files.stream().map(ApplyCommand::content).toList(),
                PlanFiles.names(network, self),
                files.stream().filter(HostFile::isStarted).map(HostFile::name).toList(),
                Stream.concat(
                                Stream.of("anubis@" + plan.link() + ".service"),
                                gate ? Stream.of(GATE_UNIT) : Stream.empty())
                        .toList(),
                KernelParameter.of(network, plan),
                NftText.TABLE,
                text(all, HostFile.FIREWALL));
    }

    private static Wanted.Content content(HostFile file) {
        return new Wanted.Content(Path.of(file.place().orElseThrow()), file.text(), file.isOfGate());
    }

    /** Nothing is put in force of what does not work. */
    private static void prove(NetworkArgument.Read read) throws IOException {
        Proof proof = Proof.of(read.network(), Service.PING);
        for (Checked situation : proof.situations()) {
            if (!situation.holds()) {
                throw new IOException(read.file() + ": in the situation " + situation.situation()
                        + " not all is as it must be: " + situation.faults().getFirst()
                        + ". 'anubis prove' tells all; '--unproved' puts it in force as it is");
            }
        }
    }

    private static String text(List<HostFile> files, String name) {
        return files.stream()
                .filter(each -> each.name().equals(name))
                .map(HostFile::text)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("the plan has no " + name));
    }

    private Host self(Network network) throws IOException {
        String asked = host.getValue();
        String name =
                asked != null ? asked : Files.readString(HOST_NAME).strip().replaceFirst("\\..*", "");
        if (asked == null && !network.hosts().containsKey(name)) {
            throw new Anubis.UsageException("the network has no host '" + name
                    + "', as this machine is called: say with --host which one it is");
        }
        return NetworkArgument.host(network, name);
    }

    /**
     * The private key of a host, in base64.
     *
     * @param description where its public key is
     * @throws IOException if it cannot be read, or is another one
     */
    static String key(Path path, Path description, Host host) throws IOException {
        return key(path, description, host, "key", host.key());
    }

    private static String key(Path path, Path description, Host host, String name, Optional<PublicKey> planned)
            throws IOException {
        if (!Files.exists(path)) {
            throw new IOException(path + ": there is no such file; make one by 'umask 077; anubis genkey > " + path
                    + "', and write what 'anubis pubkey < " + path + "' prints as the " + name + " of [hosts."
                    + host.name()
                    + "] in " + description);
        }
        String text = PrivateFile.read(path).strip();
        try {
            PrivateKey own = PrivateKey.ofBase64(text);
            try {
                PublicKey key = own.publicKey();
                if (!planned.equals(Optional.of(key))) {
                    throw new IOException(path + ": its public key is " + key.base64() + ", and " + description
                            + " has another " + name + " for " + host.name() + ": correct one of them");
                }
            } finally {
                own.destroy();
            }
        } catch (IllegalArgumentException e) {
            throw new IOException(path + ": it is no private key (" + e.getMessage() + ")", e);
        }
        return text;
    }
}
