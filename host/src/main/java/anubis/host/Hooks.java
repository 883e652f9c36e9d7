package anubis.host;

import anubis.config.QuickConfig;
import anubis.config.QuickConfig.Hook;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The commands of a configuration, run by bash as wg-quick does, with this process's standard input and output. */
final class Hooks {
    /** With the options of wg-quick: a command fails if any part of it does. */
    private static final List<String> BASH = List.of("bash", "-eo", "pipefail", "-O", "extglob", "-c");

    private Hooks() {}

    /**
     * Runs the commands of one time, in order, to the first that fails.
     *
     * @throws IOException naming that one
     */
    static void run(QuickConfig config, Hook.When when, String name) throws IOException {
        for (String command : config.hooks(when)) {
            List<String> argv = new ArrayList<>(Command.installed("bash") ? BASH : List.of("sh", "-ec"));
            argv.add(command.replace("%i", name));
            Process process = new ProcessBuilder(argv).inheritIO().start();
            try {
                int status = process.waitFor();
                if (status != 0) {
                    throw new IOException(word(when) + " has failed with exit status " + status + ": " + command);
                }
            } catch (InterruptedException e) {
                process.destroy();
                Thread.currentThread().interrupt();
                throw new IOException("interrupted in " + word(when), e);
            }
        }
    }

    private static String word(Hook.When when) {
        return switch (when) {
            case PRE_UP -> "PreUp";
            case POST_UP -> "PostUp";
            case PRE_DOWN -> "PreDown";
            case POST_DOWN -> "PostDown";
        };
    }
}
