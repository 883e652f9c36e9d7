package anubis.cli;

import anubis.lab.Lab;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code anubis demo}: a tunnel, the gate, or a whole network, between hosts of namespaces on this machine, shown step by step. */
final class DemoCommand {
    private static final int SECONDS_DEFAULT = 10;
    private static final String GATE = "gate";
    private static final String COUCHNET = "couchnet";

    private DemoCommand() {}

    static CommandSpec spec() {
        PositionalParamSpec what = PositionalParamSpec.builder()
                .paramLabel("gate|couchnet")
                .type(String.class)
                .arity("0..1")
                .completionCandidates(List.of(GATE, COUCHNET))
                .description(
                        "Show the gate instead: two hubs, three clients, and all that they ask; or a whole network: planned"
                                + " from one file, proved, and built.")
                .build();
        OptionSpec seconds = OptionSpec.builder("-t", "--seconds")
                .paramLabel("SECONDS")
                .type(int.class)
                .defaultValue(String.valueOf(SECONDS_DEFAULT))
                .description("How long the transfer lasts; default: ${DEFAULT-VALUE}.")
                .build();
        CommandSpec spec = Anubis.verb(
                "demo",
                "Shows a tunnel between two hosts made on this machine, and cleans up.",
                () -> run(Optional.ofNullable(what.getValue()), seconds.getValue()));
        spec.usageMessage()
                .footer("The hosts are network namespaces: nothing outside them is touched. Needs root, or a"
                        + " system that allows unprivileged user namespaces.");
        return spec.addPositional(what).addOption(seconds);
    }

    private static void run(Optional<String> what, int seconds) throws Exception {
        if (what.filter(word -> !word.equals(GATE) && !word.equals(COUCHNET)).isPresent()) {
            throw new Anubis.UsageException(
                    "there is no demo '" + what.get() + "'; there are " + GATE + " and " + COUCHNET);
        }
        if (seconds < 1) {
            throw new Anubis.UsageException("--seconds: the transfer lasts 1 second or more");
        }
        String obstacle = Lab.obstacle().orElse("");
        if (!obstacle.isEmpty()) {
            throw new IllegalStateException(obstacle);
        }
        if (what.filter(COUCHNET::equals).isPresent()) {
            new CouchnetDemo().show();
            return;
        }
        if (what.isPresent()) {
            try (Lab lab = Lab.open();
                    GateDemo demo = new GateDemo(lab)) {
                demo.show();
            }
            return;
        }
        try (Lab lab = Lab.open();
                Demo demo = new Demo(lab)) {
            demo.show(seconds);
        }
    }
}
