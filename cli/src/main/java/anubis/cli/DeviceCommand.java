package anubis.cli;

import anubis.device.Device;
import anubis.device.UapiSocket;
import anubis.host.HandshakeClock;
import anubis.host.Keeper;
import anubis.host.Tunnel;
import anubis.linux.Notify;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * {@code anubis device}: one interface and its process. Without {@code -f} it is the launcher that detaches this process
 * from the terminal, and it waits for the line {@code ready} on the standard output.
 */
final class DeviceCommand {
    /** What wg-quick takes for a name; the kernel allows 15 bytes. */
    private static final Pattern INTERFACE_NAME = Pattern.compile("[a-zA-Z0-9_=+.][a-zA-Z0-9_=+.-]{0,14}");
    /** The first two are folders; in the others the kernel keeps its settings for all interfaces. */
    private static final Set<String> RESERVED = Set.of(".", "..", "all", "default");

    private DeviceCommand() {}

    static CommandSpec spec() {
        PositionalParamSpec name = PositionalParamSpec.builder()
                .paramLabel("NAME")
                .type(String.class)
                .required(true)
                .description("Name of the interface, at most 15 characters.")
                .build();
        CommandSpec spec = Anubis.verb(
                "device",
                "Makes the WireGuard interface NAME and moves its packets.",
                () -> run(checked(name.getValue()), maker -> maker.make(name.getValue()), () -> {}));
        spec.usageMessage()
                .footer(
                        "wg, wg-quick and every other tool of WireGuard's configure the interface through "
                                + "/var/run/wireguard/NAME.sock. It lives until that socket is removed, the interface "
                                + "is deleted or SIGTERM comes.",
                        "In the environment, LOG_LEVEL is silent, error (default) or verbose.");
        return spec.addPositional(name)
                .addOption(OptionSpec.builder("-f", "--foreground")
                        .description("Stay in the foreground, and print 'ready' once the socket answers.")
                        .build());
    }

    /** {@code name}, if it can name an interface. */
    static String checked(String name) {
        if (!INTERFACE_NAME.matcher(name).matches() || RESERVED.contains(name)) {
            throw new Anubis.UsageException(
                    "'" + name + "' is no name of an interface: 1 to 15 of a-z A-Z 0-9 _ = + . -");
        }
        return name;
    }

    /** What is done before the interface is ready; it has to call {@code maker} once. */
    interface Beginning {
        void run(Tunnel.Maker maker) throws Exception;
    }

    /**
     * Runs the interface until it ends: {@code begin} makes it, then {@code ready} is printed and the service manager
     * told, if there is one; whatever ends it, {@code end} is done before this returns.
     */
    static void run(String name, Beginning begin, Anubis.Action end) throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        AtomicBoolean told = new AtomicBoolean();
        Notify manager = Notify.manager();
        try (Parts parts = new Parts()) {
            begin.run(_ -> {
                Device device = parts.open(name);
                Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                    told.set(true);
                    device.end();
                    await(closed);
                }));
            });
            System.out.println("ready");
            manager.ready();
            try (Keeper _ = Keeper.start(name, line -> log(name, line))) {
                parts.device().awaitEnd();
            } finally {
                manager.stopping();
                end.run();
            }
        } finally {
            if (told.get()) {
                // It has done what it was told to, and a JVM that a signal ends would say otherwise.
                Runtime.getRuntime().halt(0);
            }
            closed.countDown();
        }
    }

    /** What an interface consists of. */
    private static final class Parts implements AutoCloseable {
        private Optional<HandshakeClock> clock = Optional.empty();
        private Optional<Device> device = Optional.empty();
        private Optional<UapiSocket> socket = Optional.empty();

        Device open(String name) throws IOException {
            Consumer<String> log = line -> log(name, line);
            HandshakeClock started = HandshakeClock.open(HandshakeClock.stateDirectory(), InstantSource.system(), log);
            clock = Optional.of(started);
            Device made = Device.open(name, started, log);
            device = Optional.of(made);
            socket = Optional.of(UapiSocket.open(made));
            return made;
        }

        Device device() {
            return device.orElseThrow();
        }

        @Override
        public void close() {
            socket.ifPresent(UapiSocket::close);
            device.ifPresent(Device::close);
            clock.ifPresent(HandshakeClock::close);
        }
    }

    static void log(String name, String line) {
        if (!"silent".equals(System.getenv("LOG_LEVEL"))) {
            Anubis.warn(name + ": " + line);
        }
    }

    static void await(CountDownLatch closed) {
        try {
            closed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
