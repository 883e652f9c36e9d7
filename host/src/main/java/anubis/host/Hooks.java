package anubis.host;

import anubis.config.QuickConfig;
import anubis.config.QuickSetting;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The commands of a configuration, run by bash as wg-quick does, with this process's standard input and output. */
final class Hooks {
    /** With the options of wg-quick: a command fails if any part of it does. */
    private static final List<String> BASH = List.of("bash", "-eo", "pipefail", "-O", "extglob", "-c");

    private static final String VARIABLE = "ANUBIS_HOOK";

    /**
     * Every user can read how a process was called, and a command may have a key in it; its environment only root and its
     * own user can read, and what the command starts does not get it.
     */
    private static final String EVALUATE = "hook=$" + VARIABLE + "; unset " + VARIABLE + "; eval \"$hook\"";

    private Hooks() {}

    /**
     * Runs the commands of one time, in order, to the first that fails.
     *
     * @param file where they are written
     * @throws IOException naming the line of that one, but not the command, which may have a key in it
     */
    static void run(Path file, QuickConfig config, QuickSetting.Key when, String name) throws IOException {
        for (QuickSetting setting : config.wireguard().quick()) {
            if (setting.key() == when) {
                run(file, setting, name);
            }
        }
    }

    private static void run(Path file, QuickSetting setting, String name) throws IOException {
        String where = file + ":" + setting.line() + ": " + setting.key() + ": the command has ";
        List<String> argv = new ArrayList<>(Command.installed("bash") ? BASH : List.of("sh", "-ec"));
        argv.add(EVALUATE);
        ProcessBuilder builder = new ProcessBuilder(Command.located(argv)).inheritIO();
        builder.environment().put(VARIABLE, setting.value().replace("%i", name));
        Process process = builder.start();
        try {
            int status = process.waitFor();
            if (status != 0) {
                throw new IOException(where + "failed with exit status " + status);
            }
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw new IOException(where + "been interrupted", e);
        }
    }
}
