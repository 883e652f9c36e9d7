package anubis.cli;

import anubis.config.ConfigParser;
import anubis.config.DeviceChange;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.device.Device;
import anubis.device.UapiSocket;
import anubis.host.UapiClient;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import anubis.lab.LabInterface;
import anubis.lab.LabLink;
import anubis.linux.NativeMemory;
import anubis.linux.NetworkNamespace;
import anubis.linux.PacketCapture;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;

/** Two hosts, a cable and a tunnel: what {@code anubis demo} shows. Confined to one thread, but for {@link #close}. */
final class Demo implements AutoCloseable {
    private static final byte[] SECRET = "The payload, in clear. ".repeat(40).getBytes(StandardCharsets.US_ASCII);
    private static final String MARK = "payload, in clear";
    private static final int PORT = 7000;
    private static final int CHUNK = 65_536;
    private static final int FRAME_MAX = 65_536;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final PrintStream out = System.out;
    private final Side alice;
    private final Side bob;
    private final LabInterface cable;
    private final List<AutoCloseable> open = new ArrayList<>();
    private boolean ending;
    private final Thread atExit = new Thread(this::closeAll);

    /** One host and its device. */
    private record Side(LabHost host, String device, String outside, String inside, PrivateKey key) {
        String publicKey() {
            return key.publicKey(Primitives.get()).base64();
        }

        /** Runs a task on a thread inside the host's network namespace. */
        <T> T call(Callable<T> task) throws Exception {
            try (NetworkNamespace namespace = NetworkNamespace.of(host.namespacePath())) {
                return namespace.call(task);
            }
        }

        <T> CompletableFuture<T> start(Callable<T> task) {
            CompletableFuture<T> result = new CompletableFuture<>();
            Thread.ofPlatform().daemon().start(() -> {
                try {
                    result.complete(call(task));
                } catch (Exception e) {
                    result.completeExceptionally(e);
                }
            });
            return result;
        }
    }

    Demo(Lab lab) {
        String unique = Long.toString(ProcessHandle.current().pid(), Character.MAX_RADIX);
        SecureRandom random = new SecureRandom();
        alice = new Side(lab.host("alice"), "alice" + unique, "192.0.2.1", "10.9.0.1", PrivateKey.generate(random));
        bob = new Side(lab.host("bob"), "bob" + unique, "192.0.2.2", "10.9.0.2", PrivateKey.generate(random));
        LabLink link = lab.link(alice.host, bob.host).addresses(alice.outside + "/24", bob.outside + "/24");
        cable = link.left();
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /** Shows it all. Whatever fails because the demo is ending is not told. */
    void show(int seconds) throws Exception {
        try {
            steps(seconds);
        } catch (Exception e) {
            if (!isEnding()) {
                throw e;
            }
        }
    }

    private synchronized boolean isEnding() {
        return ending;
    }

    private void steps(int seconds) throws Exception {
        step("Two hosts, alice and bob, joined by a cable: " + alice.outside + " and " + bob.outside + ".");
        make(alice, bob);
        Device bobsDevice = make(bob, alice);
        step("A WireGuard device on each: " + alice.device + " is " + alice.inside + ", " + bob.device + " is "
                + bob.inside + ".");
        out.println(alice.host
                .run("ping", "-c", "1", "-w", "5", bob.inside)
                .lines()
                .filter(line -> line.contains("time="))
                .findFirst()
                .orElse("no answer")
                .indent(2)
                .stripTrailing());
        step("The first ping is through: it made the handshake. Now a transfer of " + seconds + " seconds.");
        transfer(seconds, bobsDevice);
        step("Is the payload to be seen on the cable?");
        capture();
        step("What wg shows of alice's end:");
        out.println(alice.host.run("wg", "show", alice.device).indent(2).stripTrailing());
        step("All of it is removed again.");
    }

    private void step(String text) {
        out.println();
        out.println(text);
        out.flush();
    }

    private Device make(Side own, Side other) throws Exception {
        Device device = own.call(
                () -> remember(Device.open(own.device, InstantSource.system(), line -> out.println("  " + line))));
        openSocket(device);
        String config = """
                [Interface]
                PrivateKey = %s
                ListenPort = 51820
                [Peer]
                PublicKey = %s
                AllowedIPs = %s/32
                Endpoint = %s:51820
                """.formatted(base64(own.key), other.publicKey(), other.inside, other.outside);
        new UapiClient(own.device)
                .set(DeviceChange.replacing(ConfigParser.parse("demo", config, ConfigParser.Dialect.WG)));
        own.host.interfaceNamed(own.device).address(own.inside + "/24").up();
        return device;
    }

    private static String base64(PrivateKey key) {
        return Base64.getEncoder().encodeToString(key.bytes());
    }

    /** What is opened once the demo is ending is closed again at once. */
    private synchronized <T extends AutoCloseable> T remember(T closeable) throws Exception {
        if (ending) {
            closeable.close();
            throw new InterruptedException("the demo is ending");
        }
        open.addFirst(closeable);
        return closeable;
    }

    /** Under the lock, so that no socket is made and not yet remembered when the demo ends. */
    private synchronized void openSocket(Device device) throws Exception {
        if (!ending) {
            remember(UapiSocket.open(device));
        }
    }

    /** Sends as fast as it goes, and says each quarter of a second how it goes. */
    private void transfer(int seconds, Device bobsDevice) throws Exception {
        AtomicLong received = new AtomicLong();
        ServerSocket server = bob.call(() -> new ServerSocket(PORT, 1, InetAddress.ofLiteral(bob.inside)));
        CompletableFuture<Void> reader = bob.start(() -> {
            read(server, received);
            return null;
        });
        long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        CompletableFuture<Void> writer = alice.start(() -> {
            write(bob.inside, new byte[CHUNK], end);
            return null;
        });
        Meter meter = new Meter(bob, bobsDevice);
        while (!writer.isDone()) {
            meter.show(received.get());
            Lab.poll(Duration.ofMillis(250), writer::isDone);
        }
        await(writer);
        await(reader);
        out.println();
    }

    /** Waits for a task, and fails as it failed. */
    private static <T> T await(CompletableFuture<T> task) throws Exception {
        try {
            return task.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    private static void read(ServerSocket server, AtomicLong received) throws IOException {
        byte[] buffer = new byte[CHUNK];
        try (server;
                Socket connection = server.accept()) {
            for (int n = 0; n >= 0; n = connection.getInputStream().read(buffer)) {
                received.addAndGet(n);
            }
        }
    }

    private static void write(String address, byte[] chunk, long end) throws IOException {
        try (Socket connection = new Socket()) {
            connection.connect(new InetSocketAddress(InetAddress.ofLiteral(address), PORT), (int) PATIENCE.toMillis());
            do {
                connection.getOutputStream().write(chunk);
            } while (System.nanoTime() < end);
        }
    }

    /** The line that lives during the transfer. */
    private final class Meter {
        private final Side side;
        private final Device device;
        private final long started = System.nanoTime();
        private long lastTime = started;
        private long lastBytes;

        Meter(Side side, Device device) {
            this.side = side;
            this.device = device;
        }

        void show(long bytes) throws Exception {
            long now = System.nanoTime();
            double rate = (bytes - lastBytes) * 8.0 / Math.max(1, now - lastTime);
            lastTime = now;
            lastBytes = bytes;
            long packets = side.call(() -> received(side.device));
            out.printf(
                    Locale.ROOT,
                    "\r  %4.1f s  %5.2f Gbit/s  %,d packets  %d handshakes  %d drops ",
                    (now - started) / 1e9,
                    rate,
                    packets,
                    device.wireGuard().handshakes(),
                    device.wireGuard().drops().total());
            out.flush();
        }

        /** Packets received on an interface of this thread's network namespace. */
        private static long received(String name) throws IOException {
            return Files.readAllLines(Path.of("/proc/thread-self/net/dev")).stream()
                    .map(String::strip)
                    .filter(line -> line.startsWith(name + ":"))
                    .mapToLong(line -> Long.parseLong(
                            line.substring(name.length() + 1).strip().split("\\s+", 3)[1]))
                    .findFirst()
                    .orElse(0);
        }
    }

    /** Sends a known text through the tunnel and looks for it on the cable and, to see that it can be seen, in the tunnel. */
    private void capture() throws Exception {
        ServerSocket server = bob.call(() -> new ServerSocket(PORT, 1, InetAddress.ofLiteral(bob.inside)));
        try (Watch outside = alice.call(() -> new Watch(cable.name()));
                Watch inside = alice.call(() -> new Watch(alice.device))) {
            AtomicLong received = new AtomicLong();
            CompletableFuture<Void> reader = bob.start(() -> {
                read(server, received);
                return null;
            });
            await(alice.start(() -> {
                write(bob.inside, SECRET, System.nanoTime());
                return null;
            }));
            await(reader);
            inside.look();
            outside.look();
            out.printf("  in the tunnel: %d packets, %d with the payload in clear%n", inside.packets, inside.found);
            out.printf("  on the cable:  %d packets, %d with the payload in clear%n", outside.packets, outside.found);
            if (inside.found == 0 || outside.packets == 0 || outside.found > 0) {
                throw new IllegalStateException("the capture does not show what it must");
            }
        }
    }

    /** A capture on one interface. */
    private static final class Watch implements AutoCloseable {
        private final PacketCapture capture;
        private int packets;
        private int found;

        Watch(String interfaceName) throws IOException {
            capture = PacketCapture.open(interfaceName);
        }

        /** Looks at all that has been captured. */
        void look() {
            MemorySegment frame = NativeMemory.allocate(FRAME_MAX);
            for (int length = capture.read(frame, 0, FRAME_MAX);
                    length > 0;
                    length = capture.read(frame, 0, FRAME_MAX)) {
                String text = new String(
                        frame.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
                packets++;
                found += text.contains(MARK) ? 1 : 0;
            }
        }

        @Override
        public void close() {
            capture.close();
        }
    }

    private void closeAll() {
        List<AutoCloseable> all;
        synchronized (this) {
            ending = true;
            all = List.copyOf(open);
            open.clear();
        }
        for (AutoCloseable closeable : all) {
            try {
                closeable.close();
            } catch (Exception e) {
                System.err.println("anubis: could not clean up: " + e.getMessage());
            }
        }
    }

    @Override
    public void close() {
        closeAll();
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // It is running already: this is the end of the process.
        }
    }
}
