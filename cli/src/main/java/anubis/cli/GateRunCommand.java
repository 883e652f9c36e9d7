package anubis.cli;

import anubis.gate.GateConfig;
import anubis.gate.GateDaemon;
import anubis.host.HandshakeClock;
import anubis.linux.Notify;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** {@code anubis gate run}: the process of a host's gate. */
final class GateRunCommand {
    private GateRunCommand() {}

    static CommandSpec spec() {
        OptionSpec file = OptionSpec.builder("-c", "--config")
                .paramLabel("FILE")
                .type(String.class)
                .defaultValue(GateConfig.FILE.toString())
                .description("The configuration, instead of " + GateConfig.FILE + ".")
                .build();
        CommandSpec spec = Anubis.verb(
                "run",
                "Runs the gate of this host, until SIGTERM comes.",
                () -> run(GateConfig.read(Path.of(file.<String>getValue()))));
        spec.usageMessage()
                .footer("It prints 'ready' once it serves. In the environment, LOG_LEVEL is silent, error (default) or"
                        + " verbose.");
        return spec.addOption(file);
    }

    private static void run(GateConfig config) throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        AtomicBoolean told = new AtomicBoolean();
        AtomicReference<@Nullable GateDaemon> running = new AtomicReference<>();
        Notify manager = Notify.manager();
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            told.set(true);
            GateDaemon daemon = running.get();
            if (daemon == null) {
                main.interrupt(); // it waits for the production interface
            } else {
                daemon.end();
            }
            DeviceCommand.await(closed);
        }));
        // Whoever waits for the production interface is no failure: other services need not wait for it, too.
        Consumer<String> waiting = what -> {
            manager.status(what);
            manager.ready();
        };
        try (GateDaemon daemon = GateDaemon.open(
                config, HandshakeClock.stateDirectory(), line -> DeviceCommand.log("gate", line), waiting)) {
            running.set(daemon);
            if (!told.get()) { // else it came before there was a gate to end
                System.out.println("ready");
                manager.status("serves " + config.interfaceName());
                manager.ready();
                daemon.awaitEnd();
            }
            manager.stopping();
        } finally {
            if (told.get()) {
                Runtime.getRuntime().halt(0); // as a device does
            }
            closed.countDown();
        }
    }
}
