package anubis.cli;

import anubis.lab.Lab;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** {@code anubis demo}: a tunnel between two hosts of namespaces on this machine, shown step by step. */
final class DemoCommand {
    private static final int SECONDS_DEFAULT = 10;

    private DemoCommand() {}

    static CommandSpec spec() {
        OptionSpec seconds = OptionSpec.builder("-t", "--seconds")
                .paramLabel("SECONDS")
                .type(int.class)
                .defaultValue(String.valueOf(SECONDS_DEFAULT))
                .description("How long the transfer lasts; default: ${DEFAULT-VALUE}.")
                .build();
        CommandSpec spec = Anubis.verb(
                "demo",
                "Shows a tunnel between two hosts made on this machine, and cleans up.",
                () -> run(seconds.getValue()));
        spec.usageMessage()
                .footer(
                        "The hosts are network namespaces: nothing outside them is touched. Needs root, or a",
                        "system that allows unprivileged user namespaces.");
        return spec.addOption(seconds);
    }

    private static void run(int seconds) throws Exception {
        if (seconds < 1) {
            throw new Anubis.UsageException("--seconds: the transfer lasts 1 second or more");
        }
        String obstacle = Lab.obstacle().orElse("");
        if (!obstacle.isEmpty()) {
            throw new IllegalStateException(obstacle);
        }
        try (Lab lab = Lab.open();
                Demo demo = new Demo(lab)) {
            demo.show(seconds);
        }
    }
}
