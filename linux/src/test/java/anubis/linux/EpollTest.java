package anubis.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EpollTest {
    @Test
    void givesTheTokenAndBitsOfEachEvent() throws Exception {
        try (Epoll epoll = Epoll.open();
                EventFd one = EventFd.open();
                EventFd two = EventFd.open();
                EventFd three = EventFd.open()) {
            epoll.add(one.fd(), Epoll.IN, Integer.MIN_VALUE);
            epoll.add(two.fd(), Epoll.IN, -1);
            epoll.add(three.fd(), Epoll.IN | Epoll.OUT, 0x01020304);
            one.signal();
            three.signal();
            assertThat(awaited(epoll)).isEqualTo(Map.of(Integer.MIN_VALUE, Epoll.IN, 0x01020304, Epoll.IN | Epoll.OUT));

            one.drain();
            epoll.remove(three.fd());
            epoll.remove(three.fd());
            two.signal();
            two.signal();
            assertThat(awaited(epoll)).isEqualTo(Map.of(-1, Epoll.IN));
            two.drain();
            assertThat(epoll.await(0)).isZero();
            epoll.add(three.fd(), Epoll.IN, 4);
            assertThat(awaited(epoll)).isEqualTo(Map.of(4, Epoll.IN));
        }
    }

    private static Map<Integer, Integer> awaited(Epoll epoll) {
        Map<Integer, Integer> events = new HashMap<>();
        int count = epoll.await(10_000);
        for (int i = 0; i < count; i++) {
            events.put(epoll.token(i), epoll.events(i));
        }
        return events;
    }

    @Test
    void aSignalFromAnotherThreadWakes() throws Exception {
        try (Epoll epoll = Epoll.open();
                EventFd flag = EventFd.open()) {
            epoll.add(flag.fd(), Epoll.IN, 1);
            Thread.ofPlatform().start(flag::signal);
            assertThat(epoll.await(-1)).isEqualTo(1);
        }
    }

    @Test
    void errorsAreSaid() throws Exception {
        try (EventFd flag = EventFd.open()) {
            Epoll epoll = Epoll.open();
            epoll.add(flag.fd(), Epoll.IN, 1);
            assertThatThrownBy(() -> epoll.add(flag.fd(), Epoll.IN, 1))
                    .isInstanceOfSatisfying(
                            ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EEXIST));
            assertThatThrownBy(() -> epoll.add(-1, Epoll.IN, 1)).hasMessageContaining("EBADF");
            epoll.close();
            assertThat(epoll.await(0)).isEqualTo(-Errno.EBADF);
        }
    }
}
