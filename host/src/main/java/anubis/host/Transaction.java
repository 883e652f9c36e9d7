package anubis.host;

import anubis.config.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Takes steps, all or none: when one fails, those that were taken are taken back, the last first. */
final class Transaction {
    private static final Pattern FAILED_LINE = Pattern.compile("Command failed -:(\\d+)");
    private static final Path HEED_MARKS = Path.of("/proc/sys/net/ipv4/conf/all/src_valid_mark");

    private final WireGuardInterface device;
    private final Consumer<String> warnings;
    private final Deque<Step> taken = new ArrayDeque<>();

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
        Transaction transaction = new Transaction(device, warnings);
        try {
            transaction.take(steps);
        } catch (IOException e) {
            transaction.takeBack();
            throw e;
        }
    }

    /** Takes the steps as far as that can be done. */
    static void applyAll(WireGuardInterface device, List<Step> steps, Consumer<String> warnings) {
        Transaction transaction = new Transaction(device, warnings);
        for (Step step : steps) {
            try {
                transaction.take(List.of(step));
            } catch (IOException e) {
                warnings.accept(String.valueOf(e.getMessage()));
            }
        }
    }

    private void take(List<Step> steps) throws IOException {
        int at = 0;
        while (at < steps.size()) {
            if (steps.get(at) instanceof Step.Ip first) {
                List<Step.Ip> batch = Stream.iterate(at, i -> i + 1)
                        .limit(steps.size() - at)
                        .map(steps::get)
                        .takeWhile(step -> step instanceof Step.Ip ip && ip.six() == first.six())
                        .map(Step.Ip.class::cast)
                        .toList();
                batch(batch);
                at += batch.size();
            } else {
                take(steps.get(at++));
            }
        }
    }

    /** One {@code ip} for thousands of routes: it tells at which line it stopped. */
    private void batch(List<Step.Ip> batch) throws IOException {
        if (batch.size() == 1) {
            ip(batch.getFirst().six(), batch.getFirst().arguments());
            taken.addAll(batch);
            return;
        }
        String lines = batch.stream()
                .map(step -> String.join(" ", step.arguments()))
                .collect(Collectors.joining("\n", "", "\n"));
        List<String> argv = batch.getFirst().six() ? List.of("ip", "-6", "-batch", "-") : List.of("ip", "-batch", "-");
        Command.Answer answer = Command.run(lines, argv);
        if (answer.status() == 0) {
            taken.addAll(batch);
            return;
        }
        Matcher failed = FAILED_LINE.matcher(answer.err());
        boolean told = failed.find();
        int done = told ? Integer.parseInt(failed.group(1)) - 1 : batch.size();
        taken.addAll(batch.subList(0, done));
        throw new CommandException(
                told ? argv(batch.get(done).six(), batch.get(done).arguments()) : argv, answer.status(), answer.err());
    }

    private void take(Step step) throws IOException {
        switch (step) {
            case Step.Ip ip -> ip(ip.six(), ip.arguments());
            case Step.SetDevice set -> device.set(set.change());
            case Step.Nft nft -> nft(nft.script(), nft.essential());
            case Step.Dns dns -> NameServers.set(dns.name(), dns.wanted());
            case Step.HeedMarks() -> Files.writeString(HEED_MARKS, "1\n");
        }
        taken.add(step);
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
        List<Step> back = new ArrayList<>(taken.reversed());
        for (Step step : back) {
            try {
                switch (step) {
                    case Step.Ip ip -> ip(ip.six(), ip.undo());
                    case Step.SetDevice set -> device.set(set.undo());
                    case Step.Nft nft -> nft(nft.undo(), false);
                    case Step.Dns dns -> NameServers.set(dns.name(), dns.before());
                    case Step.HeedMarks() -> {}
                }
            } catch (IOException e) {
                warnings.accept("could not be taken back: " + step.describe() + ": " + e.getMessage());
            }
        }
    }

    private static void ip(boolean six, List<String> arguments) throws IOException {
        if (!arguments.isEmpty()) {
            Command.run("", argv(six, arguments)).orThrow();
        }
    }

    private static List<String> argv(boolean six, List<String> arguments) {
        return Stream.concat(six ? Stream.of("ip", "-6") : Stream.of("ip"), arguments.stream())
                .toList();
    }
}
