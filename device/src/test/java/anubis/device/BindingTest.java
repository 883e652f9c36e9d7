package anubis.device;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import anubis.linux.Family;
import anubis.linux.NativeMemory;
import anubis.linux.UdpAddress;
import anubis.linux.UdpMessage;
import anubis.linux.UdpSocket;
import anubis.protocol.Drop;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.DatagramSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of the sockets of a device, and of what is in them, when they come, change and go. */
class BindingTest {
    private static final byte[] LOCALHOST = {127, 0, 0, 1};
    private static final int INITIATION = 148;

    private Space space;

    @BeforeEach
    void makeSpace() throws Exception {
        space = new Space();
    }

    @AfterEach
    void removeSpace() throws Exception {
        if (space != null) {
            space.close();
        }
    }

    private Device up(String name, int port) throws Exception {
        Device device = space.open(name);
        space.uapi(device, "set=1\nlisten_port=" + port + "\n\n");
        space.ip("link", "set", name, "up");
        Space.awaitUp(device);
        return device;
    }

    /** Sends what looks like so many initiations, ten in a datagram of datagrams. */
    private void sendInitiations(int port, int tens) throws Exception {
        MemorySegment payload = NativeMemory.allocate(10L * INITIATION);
        for (int i = 0; i < 10; i++) {
            payload.set(JAVA_INT, (long) i * INITIATION, 1);
        }
        UdpMessage message = new UdpMessage()
                .payload(payload, 0, 10 * INITIATION)
                .segmentSize(INITIATION)
                .to(new UdpAddress(LOCALHOST, port, 0));
        try (UdpSocket socket = space.call(() -> UdpSocket.open(Family.IPV4, 0, UdpSocket.Sharing.FIRST))) {
            for (int i = 0; i < tens; i++) {
                assertThat(socket.send(message)).isPositive();
            }
        }
    }

    /** How many initiations have been taken out of the sockets. */
    private static long initiations(Device device) {
        return Stream.of(Drop.NO_PRIVATE_KEY, Drop.HANDSHAKE_QUEUE_FULL, Drop.INTERFACE_DOWN)
                .mapToLong(device.wireGuard().drops()::of)
                .sum();
    }

    @Test
    void aPortThatIsTakenWhenTheLinkComesUpIsTriedAgain() throws Exception {
        Device device = space.open("wgt0");
        space.uapi(device, "set=1\nlisten_port=4500\n\n");
        try (DatagramSocket taken = space.call(() -> new DatagramSocket(4500))) {
            space.ip("link", "set", "wgt0", "up");
            Space.await(() -> !space.log.isEmpty());
            for (int i = 0; i < 3; i++) {
                space.call(() -> {
                    device.look(); // As it does each second now.
                    return true;
                });
            }
            assertThat(space.log)
                    .as("told once")
                    .hasSize(1)
                    .allMatch(line -> line.contains("4500") && line.contains("EADDRINUSE"));
            assertThat(device.wireGuard().isUp()).isFalse();
            assertThat(taken.isBound()).isTrue();
        }
        Space.awaitUp(device);
        assertThat(device.listenPort()).isEqualTo(4500);
    }

    @Test
    void nothingThatLiesInTheSocketsIsLostWhenThePortChanges() throws Exception {
        Device device = up("wgt0", 4500);
        long sent = 0;
        for (int port = 4501; port < 4506; port++) {
            sendInitiations(device.listenPort(), 200);
            sent += 2_000;
            assertThat(space.uapi(device, "set=1\nlisten_port=" + port + "\n\n"))
                    .isEqualTo("errno=0\n\n");
            long expected = sent;
            Space.await(() -> initiations(device) == expected);
        }
    }

    /** A process that is being started has copies of all sockets until it has become another program. */
    @Test
    void aPortThatWasJustLeftCanBeSetAgainThoughProcessesAreBeingStarted() throws Exception {
        Device device = up("wgt0", 4500);
        AtomicBoolean stopped = new AtomicBoolean();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread starting = repeat(
                stopped, failure, () -> new ProcessBuilder("true").start().waitFor());
        for (int i = 1; i <= 300; i++) {
            sendInitiations(device.listenPort(), 1);
            assertThat(space.uapi(device, "set=1\nlisten_port=" + (4500 + i % 2) + "\n\n"))
                    .isEqualTo("errno=0\n\n");
        }
        stopped.set(true);
        starting.join();
        assertThat(failure.get()).isNull();
        Space.await(() -> initiations(device) == 3_000);
    }

    @Test
    void datagramsWithoutTheirControlDataCountOneByOne() throws Exception {
        Device device = up("wgt0", 4500);
        // More than the workers have room for: timestamps, the hops left, and the address before any redirection.
        for (int[] option : new int[][] {{1, 35}, {0, 12}, {0, 20}, {0, 7}}) {
            for (int worker = 0; worker < Math.min(8, Runtime.getRuntime().availableProcessors()); worker++) {
                UdpSocket socket = Objects.requireNonNull(
                        Objects.requireNonNull(device.binding()).socket(Family.IPV4, worker));
                setOption(socket.fd(), option[0], option[1]);
            }
        }
        sendInitiations(4500, 3);
        Space.await(() -> device.wireGuard().drops().of(Drop.CONTROL_TRUNCATED) == 30);
        assertThat(initiations(device)).isZero();
    }

    private static void setOption(int fd, int level, int option) throws Exception {
        Linker linker = Linker.nativeLinker();
        FunctionDescriptor shape =
                FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ValueLayout.ADDRESS, JAVA_INT);
        MethodHandle setsockopt = linker.downcallHandle(linker.defaultLookup().findOrThrow("setsockopt"), shape);
        MemorySegment one = NativeMemory.allocate(4);
        one.set(JAVA_INT, 0, 1);
        try {
            assertThat((int) setsockopt.invokeExact(fd, level, option, one, 4)).isZero();
        } catch (Exception | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Whatever is under way, closing waits for it, and nothing waits for what has been closed. */
    @Test
    void closingWhileEverythingChangesEndsAndFailsNothing() throws Exception {
        Random random = new Random(9);
        for (int round = 0; round < 12; round++) {
            String name = "wgt" + round;
            Device device = up(name, 4500);
            AtomicBoolean stopped = new AtomicBoolean();
            AtomicReference<Throwable> failure = new AtomicReference<>();
            List<Thread> threads = new ArrayList<>();
            boolean deletes = round % 3 == 2;
            threads.add(repeat(stopped, failure, () -> {
                for (int port : new int[] {4500, 4501}) {
                    // ENODEV once it is closed.
                    assertThat(space.uapi(device, "set=1\nfwmark=" + port + "\nlisten_port=" + port + "\n\n"))
                            .isIn("errno=0\n\n", "errno=-19\n\n");
                    space.uapi(device, "get=1\n\n");
                }
            }));
            threads.add(repeat(stopped, failure, () -> sendInitiations(4500, 20)));
            threads.add(repeat(stopped, failure, () -> {
                for (String state : List.of("down", "up")) {
                    try {
                        space.ip("link", "set", name, state);
                    } catch (AssertionError e) {
                        assertThat(e).hasMessageMatching("(?s).*(Cannot find|No such) device.*"); // Closed.
                    }
                }
            }));
            long some = random.nextLong(1, 300);
            Space.await(() -> initiations(device) >= some);
            if (deletes) {
                space.ip("link", "delete", name);
                device.awaitEnd();
            }
            device.close();
            device.awaitEnd(); // Which throws if the device has failed.
            device.close();
            stopped.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failure.get()).isNull();
            assertThat(space.ip("-br", "link")).doesNotContain(name);
        }
    }

    private interface Step {
        void run() throws Exception;
    }

    private static Thread repeat(AtomicBoolean stopped, AtomicReference<Throwable> failure, Step step) {
        return Thread.ofPlatform().start(() -> {
            try {
                while (!stopped.get()) {
                    step.run();
                }
            } catch (Exception | AssertionError e) {
                failure.compareAndSet(null, e);
            }
        });
    }
}
