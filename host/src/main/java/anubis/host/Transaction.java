package anubis.host;

import anubis.config.Route;
import anubis.config.Step;
import anubis.linux.ErrnoException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Takes steps, all or none: when one fails, those that were taken are taken back, the last first. */
final class Transaction implements AutoCloseable {
    private static final Pattern FAILED_LINE = Pattern.compile("Command failed -:(\\d+)");
    static final Path SYSCTLS = Path.of("/proc/sys");
    private static final Path HEED_MARKS = SYSCTLS.resolve("net/ipv4/conf/all/src_valid_mark");
    /** Proc(5): the fifth word of a line is where something is mounted. */
    private static final Path MOUNTS = Path.of("/proc/self/mountinfo");

    private static final Set<PosixFilePermission> READABLE = PosixFilePermissions.fromString("rw-r--r--");

    private final WireGuardInterface device;
    private final Consumer<String> warnings;
    private final List<Step> taken = new ArrayList<>();
    private @Nullable Routes routes;

    private Transaction(WireGuardInterface device, Consumer<String> warnings) {
        this.device = device;
        this.warnings = warnings;
    }

    /**
     * Takes the steps.
     *
     * @param warnings told what could not be done but does not matter to the rest
     * @throws IOException if one failed; all is then as it was, unless a warning says otherwise
     */
    static void apply(WireGuardInterface device, List<Step> steps, Consumer<String> warnings) throws IOException {
        try (Transaction transaction = new Transaction(device, warnings)) {
            try {
                transaction.take(steps);
            } catch (IOException e) {
                transaction.takeBack();
                throw e;
            }
        }
    }

    /** Takes back steps that were taken, the last first, as far as that can be done. */
    static void takeBack(WireGuardInterface device, List<Step> steps, Consumer<String> warnings) {
        try (Transaction transaction = new Transaction(device, warnings)) {
            transaction.taken.addAll(steps);
            transaction.takeBack();
        }
    }

    /** Takes the steps as far as that can be done. */
    static void applyAll(WireGuardInterface device, List<Step> steps, Consumer<String> warnings) {
        try (Transaction transaction = new Transaction(device, warnings)) {
            for (Step step : steps) {
                try {
                    transaction.take(List.of(step));
                } catch (IOException e) {
                    warnings.accept(String.valueOf(e.getMessage()));
                }
            }
        }
    }

    private void take(List<Step> steps) throws IOException {
        for (List<Step> run : runs(steps)) {
            if (run.size() == 1) {
                take(run.getFirst());
            } else {
                takeAtOnce(run);
            }
        }
    }

    /** The steps, in which commands of {@code ip} that follow each other and concern the same family are together. */
    private static List<List<Step>> runs(List<Step> steps) {
        List<List<Step>> runs = new ArrayList<>();
        for (Step step : steps) {
            if (step instanceof Step.Ip ip
                    && !runs.isEmpty()
                    && runs.getLast().getLast() instanceof Step.Ip last
                    && last.six() == ip.six()) {
                runs.getLast().add(step);
            } else {
                runs.add(new ArrayList<>(List.of(step)));
            }
        }
        return runs;
    }

    /** One {@code ip} for them all: it tells at which line it stopped. */
    private void takeAtOnce(List<Step> steps) throws IOException {
        Command.Answer answer = batch(steps, Step.Ip::arguments);
        if (answer.status() == 0) {
            taken.addAll(steps);
            return;
        }
        Matcher failed = FAILED_LINE.matcher(answer.err());
        boolean told = failed.find();
        int done = told ? Integer.parseInt(failed.group(1)) - 1 : steps.size();
        taken.addAll(steps.subList(0, done));
        throw new CommandException(
                told && steps.get(done) instanceof Step.Ip ip ? argv(ip.six(), ip.arguments()) : answer.argv(),
                answer.status(),
                answer.err());
    }

    /** Runs the commands of steps that are all of {@code ip}, for one family; with {@code -force} all, else to the first that fails. */
    private static Command.Answer batch(List<Step> steps, Function<Step.Ip, List<String>> arguments, String... options)
            throws IOException {
        String lines = steps.stream()
                .map(Step.Ip.class::cast)
                .map(step -> String.join(" ", arguments.apply(step)) + "\n")
                .collect(Collectors.joining());
        boolean six = steps.getFirst() instanceof Step.Ip ip && ip.six();
        return Command.run(
                lines,
                argv(
                        six,
                        Stream.concat(Stream.of(options), Stream.of("-batch", "-"))
                                .toList()));
    }

    private void take(Step step) throws IOException {
        switch (step) {
            case Step.Ip ip -> Command.run("", argv(ip.six(), ip.arguments())).orThrow();
            case Step.SetRoute route -> set(route);
            case Step.SetDevice set -> device.set(set.change());
            case Step.Nft nft -> nft(nft.script(), nft.essential());
            case Step.Dns dns -> NameServers.set(dns.name(), dns.wanted());
            case Step.Sysctl sysctl -> sysctl(sysctl, sysctl.value());
            case Step.Systemctl systemctl -> systemctl(systemctl.arguments());
            case Step.WriteFile file -> write(file, Optional.of(file.content()));
            case Step.HeedMarks() -> heedMarks();
        }
        taken.add(step);
    }

    private void set(Step.SetRoute step) throws IOException {
        if (routes == null) {
            routes = Routes.of(step.name()).orElseThrow(() -> new IOException("there is no interface " + step.name()));
        }
        try {
            routes.set(step.route(), Route.PROTOCOL, step.there());
        } catch (ErrnoException e) {
            throw new ErrnoException(step.describe(), e.errno());
        }
    }

    private void nft(String script, boolean essential) throws IOException {
        if (Command.installed("nft")) {
            Command.run(script, List.of("nft", "-f", "-")).orThrow();
        } else if (essential) {
            throw new IOException(
                    "nft is not installed, and this configuration needs it (on Debian: apt install nftables)");
        } else {
            warnings.accept("nft is not installed, so the MSS of forwarded connections is not bounded");
        }
    }

    private void takeBack() {
        for (List<Step> run : runs(List.copyOf(taken.reversed()))) {
            try {
                switch (run.getFirst()) {
                    case Step.Ip _ -> batch(run, Step.Ip::undo, "-force").orThrow();
                    case Step.SetRoute route -> set(route.undo());
                    case Step.SetDevice set -> device.set(set.undo());
                    case Step.Nft nft -> nft(nft.undo(), false);
                    case Step.Dns dns -> NameServers.set(dns.name(), dns.before());
                    case Step.Sysctl sysctl -> sysctl(sysctl, sysctl.before());
                    case Step.Systemctl systemctl -> systemctl(systemctl.undo());
                    case Step.WriteFile file -> write(file, file.before());
                    case Step.HeedMarks() -> {}
                }
            } catch (IOException e) {
                warnings.accept("could not be taken back: " + run.getFirst().describe() + ": " + e.getMessage());
            }
        }
    }

    private static void sysctl(Step.Sysctl parameter, String value) throws IOException {
        Files.writeString(SYSCTLS.resolve(parameter.file()), value + "\n");
    }

    private static void systemctl(List<String> arguments) throws IOException {
        if (!arguments.isEmpty()) {
            Command.run(
                            "",
                            Stream.concat(Stream.of("systemctl"), arguments.stream())
                                    .toList())
                    .orThrow();
        }
    }

    private static void write(Step.WriteFile file, Optional<String> content) throws IOException {
        Path path = Path.of(file.path());
        if (content.isEmpty()) {
            Files.deleteIfExists(path);
            return;
        }
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            // Its mode is not ours to change: that of a device or a folder is everybody's.
            throw new IOException(path + ": it is there, and no regular file; put it elsewhere");
        }
        Files.createDirectories(path.toAbsolutePath().resolveSibling("."));
        byte[] bytes = content.get().getBytes(StandardCharsets.UTF_8);
        if (file.secret()) {
            PrivateFile.write(path, bytes);
            return;
        }
        try {
            PrivateFile.write(path, bytes);
        } catch (FileSystemException e) {
            if (!isMounted(path)) {
                throw e; // and the file is as it was, which matters most where the disk is full
            }
            Files.write(path, bytes);
        }
        Files.setPosixFilePermissions(path, READABLE);
    }

    /** Whether the file is mounted by itself, as a container has it: no other can be put in its place. */
    private static boolean isMounted(Path path) throws IOException {
        String real = path.toRealPath().toString();
        return Files.readAllLines(MOUNTS).stream().anyMatch(line -> line.split(" ", 6)[4].equals(real));
    }

    @Override
    public void close() {
        if (routes != null) {
            routes.close();
        }
    }

    private static void heedMarks() throws IOException {
        // A container may have it set from outside, and not be allowed to.
        if (!Files.readString(HEED_MARKS).strip().equals("1")) {
            Files.writeString(HEED_MARKS, "1\n");
        }
    }

    private static List<String> argv(boolean six, List<String> arguments) {
        return Stream.concat(six ? Stream.of("ip", "-6") : Stream.of("ip"), arguments.stream())
                .toList();
    }
}
