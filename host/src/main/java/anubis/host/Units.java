package anubis.host;

import anubis.config.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** What systemd starts when the machine does. */
final class Units {
    /** Is there while systemd runs the machine: sd_booted(3). */
    private static final Path RUNNING = Path.of("/run/systemd/system");

    private static final String DIRECTORY = "/etc/systemd/system/";

    /** By somebody who wants it that way. */
    private static final String MASKED = "masked";

    private Units() {}

    /**
     * What has to be done for units to be started with the machine; nothing where there is no systemd.
     *
     * @param own those of which the file is among {@code files} or was before: they are started now, too
     * @param others those of the package; instead of {@code anubis@LINK} there may be {@code wg-quick@LINK}
     * @param files the steps that write files
     * @param warnings told which others are not installed
     */
    static List<Step> steps(List<String> own, List<String> others, List<Step> files, Consumer<String> warnings)
            throws IOException {
        if (!Command.installed("systemctl")) {
            return List.of();
        }
        List<String> enabled = new ArrayList<>();
        List<String> started = new ArrayList<>();
        for (String unit : own) {
            if (!isEnabled(unit) && !state(unit).equals(MASKED)) {
                enabled.add(unit);
                started.add(unit);
            }
        }
        for (String unit : others) {
            if (isEnabled(unit) || isEnabled(unit.replaceFirst("^anubis@", "wg-quick@"))) {
                continue;
            }
            switch (state(unit)) {
                case "disabled" -> enabled.add(unit);
                case MASKED -> {}
                default -> warnings.accept(unit + " is not installed here: nothing starts it with the machine");
            }
        }
        boolean running = Files.isDirectory(RUNNING);
        List<Step> steps = new ArrayList<>();
        if (!enabled.isEmpty()) {
            steps.add(step("enable", enabled, "disable", enabled));
        } else if (running && files.stream().anyMatch(Units::isUnit)) {
            steps.add(new Step.Systemctl(List.of("daemon-reload"), List.of("daemon-reload")));
        }
        if (running && !started.isEmpty()) {
            // What a service has done is taken back by the steps that did the same.
            List<String> timers =
                    started.stream().filter(unit -> unit.endsWith(".timer")).toList();
            steps.add(step("start", started, "stop", timers));
        }
        return steps;
    }

    private static Step step(String verb, List<String> units, String opposite, List<String> undone) {
        return new Step.Systemctl(
                Stream.concat(Stream.of(verb), units.stream()).toList(),
                undone.isEmpty()
                        ? List.of()
                        : Stream.concat(Stream.of(opposite), undone.stream()).toList());
    }

    private static boolean isUnit(Step step) {
        return step instanceof Step.WriteFile file && file.path().startsWith(DIRECTORY);
    }

    private static boolean isEnabled(String unit) throws IOException {
        return Command.run("systemctl", "is-enabled", unit).status() == 0;
    }

    /** In the words of systemctl(1); none if there is no such unit. */
    private static String state(String unit) throws IOException {
        return Command.run("systemctl", "is-enabled", unit).out().strip();
    }
}
