package anubis.cli;

import anubis.config.ConfigException;
import anubis.config.ConfigText;
import anubis.config.QuickConfig;
import anubis.config.Step;
import anubis.host.ConfigFile;
import anubis.host.Launcher;
import anubis.host.Tunnel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The verbs that bring an interface up from a wg-quick configuration file, change it, and take it down. */
final class UpCommands {
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,6})([smh]?)");

    private UpCommands() {}

    static CommandSpec up() {
        PositionalParamSpec file = nameOrFile();
        OptionSpec foreground = OptionSpec.builder("-f", "--foreground")
                .description("Stay in the foreground, and take the interface down at SIGTERM.")
                .build();
        OptionSpec confirm = confirmWithin("Take the interface down again");
        return Anubis.verb("up", "Brings an interface up from a wg-quick configuration file.", () -> {
                    ConfigFile from = ConfigFile.read(file.getValue());
                    String name = name(from);
                    Tunnel tunnel = tunnel(name);
                    Optional<Duration> within = duration(confirm);
                    boolean kernel = from.lint().orThrow().kernel();
                    if (!given(foreground)) {
                        tunnel.up(from, Launcher::startDevice, within);
                        remind(name, within, "taken down again");
                        if (kernel) {
                            Launcher.startKeeper(name);
                        }
                    } else if (kernel) {
                        KeepCommand.run(name, () -> tunnel.up(from, Launcher::startDevice, within), tunnel::downIfUp);
                    } else {
                        DeviceCommand.run(name, maker -> tunnel.up(from, maker, within), tunnel::downIfUp);
                    }
                })
                .addPositional(file)
                .addOption(foreground)
                .addOption(confirm);
    }

    static CommandSpec down() {
        PositionalParamSpec file = nameOrFile();
        return Anubis.verb(
                        "down",
                        "Takes an interface down that 'anubis up' has brought up.",
                        () -> tunnel(interfaceOf(file)).down())
                .addPositional(file);
    }

    static CommandSpec reload() {
        PositionalParamSpec file = nameOrFile();
        OptionSpec dry = OptionSpec.builder("-n", "--dry-run")
                .description("Only print what would be done.")
                .build();
        OptionSpec confirm = confirmWithin("Put back what was before");
        OptionSpec json = Json.option();
        return Anubis.verb(
                        "reload",
                        "Puts a changed configuration file in force, dropping no packet of unchanged peers.",
                        () -> {
                            String name = interfaceOf(file);
                            Tunnel tunnel = tunnel(name);
                            // A bare name means the file that the interface was brought up from, wherever that is.
                            ConfigFile from = ConfigFile.read(
                                    name.equals(file.getValue())
                                            ? tunnel.source().toString()
                                            : file.getValue());
                            Optional<Duration> within = duration(confirm);
                            print(given(json), given(dry) ? tunnel.difference(from) : tunnel.reload(from, within));
                            if (!given(dry)) {
                                remind(name, within, "put back");
                            }
                        })
                .addPositional(file)
                .addOption(dry)
                .addOption(confirm)
                .addOption(json);
    }

    static CommandSpec confirm() {
        PositionalParamSpec name = nameOrFile();
        return Anubis.verb("confirm", "Keeps a change that was made with --confirm.", () -> {
                    if (!tunnel(interfaceOf(name)).confirm()) {
                        throw new IOException("nothing waits to be confirmed; it may have been rolled back already");
                    }
                })
                .addPositional(name);
    }

    static CommandSpec save() {
        PositionalParamSpec name = nameOrFile();
        return Anubis.verb(
                        "save",
                        "Writes what an interface is now into the file that it was brought up from.",
                        () -> tunnel(interfaceOf(name)).save())
                .addPositional(name);
    }

    static CommandSpec strip() {
        PositionalParamSpec file = nameOrFile();
        OptionSpec json = Json.option();
        return Anubis.verb(
                        "strip",
                        "Prints of a configuration file what 'setconf' understands.",
                        () -> strip(ConfigFile.read(file.getValue()), given(json)))
                .addPositional(file)
                .addOption(json);
    }

    private static void strip(ConfigFile file, boolean json) throws IOException, ConfigException {
        if (json) {
            String path = file.path().toString();
            Json.print(InterfaceJson.settings(
                    file.name().orElse(path),
                    QuickConfig.parse(path, file.text()).wireguard()));
        } else {
            System.out.print(ConfigText.strip(file.text()));
            System.out.flush();
        }
    }

    /** What {@code up} and {@code reload} with {@code --confirm} leave behind; nobody calls it by hand. */
    static CommandSpec rollback() {
        PositionalParamSpec name = parameter("NAME", "The interface.");
        PositionalParamSpec token = parameter("TOKEN", "Which change.");
        PositionalParamSpec seconds = parameter("SECONDS", "When.");
        CommandSpec spec = Anubis.verb("rollback", "Rolls a change back unless it is confirmed.", () -> {
            Tunnel tunnel = tunnel(DeviceCommand.checked(name.getValue()));
            Duration time = Duration.ofSeconds(Long.parseLong(seconds.getValue()));
            System.out.println("ready");
            Thread.sleep(time);
            tunnel.rollBack(token.getValue());
        });
        spec.usageMessage().hidden(true);
        return spec.addPositional(name).addPositional(token).addPositional(seconds);
    }

    private static Tunnel tunnel(String name) {
        return new Tunnel(name, warning -> Anubis.warn(name + ": " + warning));
    }

    private static String interfaceOf(PositionalParamSpec parameter) {
        String text = parameter.getValue();
        Matcher file =
                Pattern.compile("(?:.*/)?([A-Za-z0-9_=+.-]{1,15})\\.conf").matcher(text);
        return DeviceCommand.checked(file.matches() ? file.group(1) : text);
    }

    private static String name(ConfigFile file) {
        return DeviceCommand.checked(file.name()
                .orElseThrow(() -> new Anubis.UsageException(
                        file.path() + " does not name an interface: it has to be called NAME.conf")));
    }

    private static void print(boolean json, List<Step> steps) throws IOException {
        PrintWriter out = new PrintWriter(System.out, false, StandardCharsets.UTF_8);
        if (json) {
            Json.print(out, generator -> {
                generator.writeStartArray();
                for (Step step : steps) {
                    generator.writeString(step.describe());
                }
                generator.writeEndArray();
            });
        } else {
            steps.forEach(step -> out.println(step.describe()));
        }
        out.flush();
    }

    private static void remind(String name, Optional<Duration> within, String what) {
        within.ifPresent(time -> Anubis.warn(
                name + " is " + what + " in " + time.toSeconds() + " s unless 'anubis confirm " + name + "' comes"));
    }

    private static Optional<Duration> duration(OptionSpec option) {
        return Optional.<String>ofNullable(option.getValue()).map(UpCommands::duration);
    }

    /** A time as people write it. */
    static Duration duration(String text) {
        Matcher parts = DURATION.matcher(text);
        if (!parts.matches() || Long.parseLong(parts.group(1)) == 0) {
            throw new Anubis.UsageException("'" + text + "' is no time: write 60s, 5m or 1h");
        }
        long number = Long.parseLong(parts.group(1));
        return switch (parts.group(2)) {
            case "m" -> Duration.ofMinutes(number);
            case "h" -> Duration.ofHours(number);
            default -> Duration.ofSeconds(number);
        };
    }

    private static boolean given(OptionSpec option) {
        return option.getValue() != null && option.<Boolean>getValue();
    }

    private static OptionSpec confirmWithin(String otherwise) {
        return TextOption.of(
                "--confirm",
                "TIME",
                otherwise + " unless 'anubis confirm NAME' comes within this time, as in 60s or 5m.");
    }

    private static PositionalParamSpec nameOrFile() {
        return parameter("NAME", "The interface, of /etc/wireguard/NAME.conf, or a file called NAME.conf elsewhere.");
    }

    private static PositionalParamSpec parameter(String label, String description) {
        return PositionalParamSpec.builder()
                .paramLabel(label)
                .type(String.class)
                .required(true)
                .completionCandidates(List.of(CompletionCommand.CONFIGURATIONS))
                .description(description)
                .build();
    }
}
