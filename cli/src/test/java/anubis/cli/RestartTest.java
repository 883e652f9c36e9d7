package anubis.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.device.Device;
import anubis.device.UapiSocket;
import anubis.host.HandshakeClock;
import anubis.host.UapiClient;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import anubis.linux.NetworkNamespace;
import anubis.protocol.Drop;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A host without a clock battery: its device is started again, and it is 1970. */
class RestartTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final InstantSource NO_BATTERY = InstantSource.fixed(Instant.EPOCH);

    private final PrivateKey key = PrivateKey.generate(new SecureRandom());
    private final PrivateKey keyOfListener = PrivateKey.generate(new SecureRandom());

    @TempDir
    Path state;

    /** A device with its socket, as the command has them. */
    private record Running(Device device, UapiSocket socket) implements AutoCloseable {
        static Running start(LabHost host, String name, InstantSource clock, String configuration) throws Exception {
            try (NetworkNamespace namespace = NetworkNamespace.of(host.namespacePath())) {
                Device device = namespace.call(() -> Device.open(name, clock, line -> {}));
                UapiSocket socket = namespace.call(() -> UapiSocket.open(device));
                new UapiClient(name).request("set=1\n" + configuration + "\n", line -> {});
                host.interfaceNamed(name).up();
                return new Running(device, socket);
            }
        }

        long handshakes() {
            return device.wireGuard().handshakes();
        }

        @Override
        public void close() {
            socket.close();
            device.close();
        }
    }

    private static String name(String host) {
        return host + Long.toString(ProcessHandle.current().pid(), Character.MAX_RADIX);
    }

    private static String hex(PrivateKey key) {
        return HexFormat.of().formatHex(key.bytes());
    }

    private static String publicHex(PrivateKey key) {
        return key.publicKey(Primitives.get()).hex();
    }

    private Running initiator(LabHost host, InstantSource clock) throws Exception {
        return Running.start(
                host,
                name("early"),
                clock,
                "private_key=%s\npublic_key=%s\nendpoint=10.1.0.2:51820\npersistent_keepalive_interval=1\n"
                        .formatted(hex(key), publicHex(keyOfListener)));
    }

    @Test
    void aDeviceIsNotRefusedThoughItsClockBeginsIn1970() throws Exception {
        Optional<String> obstacle = Lab.obstacle();
        assumeTrue(obstacle.isEmpty(), () -> obstacle.orElse(""));
        try (Lab lab = Lab.open()) {
            LabHost early = lab.host("early");
            LabHost late = lab.host("late");
            lab.link(early, late).addresses("10.1.0.1/24", "10.1.0.2/24");
            String configuration =
                    "private_key=%s\nlisten_port=51820\npublic_key=%s\n".formatted(hex(keyOfListener), publicHex(key));
            try (Running listener = Running.start(late, name("late"), InstantSource.system(), configuration)) {
                // Its clock is never closed: that life ends by kill -9.
                HandshakeClock clock = HandshakeClock.open(state, InstantSource.system(), line -> {});
                try (Running _ = initiator(early, clock)) {
                    assertThat(Lab.poll(SOON, () -> listener.handshakes() == 1)).isTrue();
                }

                try (HandshakeClock again = HandshakeClock.open(state, NO_BATTERY, line -> {});
                        Running _ = initiator(early, again)) {
                    assertThat(Lab.poll(SOON, () -> listener.handshakes() == 2)).isTrue();
                }
                assertThat(stale(listener)).isZero();

                try (Running refused = initiator(early, NO_BATTERY)) {
                    assertThat(Lab.poll(SOON, () -> stale(listener) > 0))
                            .as("without that clock it is a replay")
                            .isTrue();
                    assertThat(refused.handshakes()).isZero();
                }
            }
        }
    }

    private static long stale(Running listener) {
        return listener.device.wireGuard().drops().of(Drop.STALE_TIMESTAMP);
    }
}
