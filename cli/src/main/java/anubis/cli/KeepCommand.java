package anubis.cli;

import anubis.host.Keeper;
import anubis.linux.Notify;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code anubis keep}: does for an interface of the kernel's what the process of a device of ours does for that. */
final class KeepCommand {
    private KeepCommand() {}

    /** What {@code up} leaves behind; nobody calls it by hand. */
    static CommandSpec spec() {
        PositionalParamSpec name = WatchCommands.interfaceName("1", "The interface.");
        CommandSpec spec = Anubis.verb(
                "keep",
                "Keeps an interface of the kernel's until it is gone or SIGTERM comes.",
                () -> run(DeviceCommand.checked(name.getValue()), () -> {}, () -> {}));
        spec.usageMessage().hidden(true);
        return spec.addPositional(name);
    }

    /**
     * Keeps the interface that {@code begin} makes until it is gone, taken down or SIGTERM comes; whichever it is, {@code end}
     * is done before this returns. The service manager is told, if there is one.
     */
    static void run(String name, Anubis.Action begin, Anubis.Action end) throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        AtomicBoolean told = new AtomicBoolean();
        AtomicReference<@Nullable Keeper> keeping = new AtomicReference<>();
        Notify manager = Notify.manager();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            told.set(true);
            Keeper keeper = keeping.get();
            if (keeper != null) {
                keeper.close();
            }
            DeviceCommand.await(closed);
        }));
        try {
            begin.run();
            System.out.println("ready");
            manager.ready();
            try (Keeper keeper = Keeper.start(name, line -> DeviceCommand.log(name, line))) {
                keeping.set(keeper);
                if (!told.get()) { // else it came before there was a keeper to close
                    keeper.await();
                }
            } finally {
                manager.stopping();
                end.run();
            }
        } finally {
            if (told.get()) {
                Runtime.getRuntime().halt(0); // as a device does
            }
            closed.countDown();
        }
    }
}
