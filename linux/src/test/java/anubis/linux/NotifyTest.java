package anubis.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NotifyTest {
    @Test
    void tellsASocketInTheFileSystem(@TempDir Path directory) throws Exception {
        String name = directory.resolve("notify").toString();
        try (Manager manager = new Manager(name)) {
            Notify notify = new Notify(Optional.of(name));
            notify.ready();
            assertThat(manager.message()).isEqualTo("READY=1");
            notify.status("2 peers\nof 3 – alive");
            notify.stopping();
            assertThat(manager.message()).isEqualTo("STATUS=2 peers of 3 – alive");
            assertThat(manager.message()).isEqualTo("STOPPING=1");
        }
    }

    @Test
    void tellsAnAbstractSocketWhenTheReloadBegan() throws Exception {
        String name = "@anubis/test/" + ProcessHandle.current().pid();
        try (Manager manager = new Manager(name)) {
            long before = Clock.monotonic() / 1_000;
            new Notify(Optional.of(name)).reloading();
            long after = Clock.monotonic() / 1_000;
            String message = manager.message();
            assertThat(message).matches("RELOADING=1\nMONOTONIC_USEC=\\d+");
            assertThat(Long.parseLong(message.substring(message.lastIndexOf('=') + 1)))
                    .isBetween(before, after);
        }
    }

    @Test
    void whereNobodyListensNothingHappens(@TempDir Path directory) {
        new Notify(Optional.empty()).ready();
        new Notify(Optional.of(directory.resolve("nobody").toString())).ready();
        new Notify(Optional.of("")).ready();
        new Notify(Optional.of("/" + "x".repeat(200))).ready();
    }

    /** What systemd has: a bound datagram socket. */
    private static final class Manager implements AutoCloseable {
        private static final int PATIENCE_MILLIS = 10_000;

        private final Arena arena = Arena.ofConfined();
        private final Descriptor descriptor;
        private final Epoll epoll = Epoll.open();

        Manager(String name) throws ErrnoException {
            this.descriptor = new Descriptor(Libc.check(Libc.socket(1, Sockets.SOCK_DGRAM, 0), "socket"));
            Libc.check(Libc.bind(descriptor.number(), Notify.address(arena, name)), "bind");
            epoll.add(descriptor.number(), Epoll.IN, 1);
        }

        String message() throws ErrnoException {
            assertThat(epoll.await(PATIENCE_MILLIS)).isEqualTo(1);
            MemorySegment buffer = arena.allocate(1_000);
            int length = Libc.check(
                    Libc.read(Libc.errnoSegment(arena), descriptor.number(), buffer.address(), 1_000), "read");
            return new String(buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        }

        @Override
        public void close() {
            epoll.close();
            descriptor.close();
            arena.close();
        }
    }
}
