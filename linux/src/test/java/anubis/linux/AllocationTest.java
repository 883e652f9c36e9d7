package anubis.linux;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.linux.UdpSocket.Sharing;
import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** The calls of the transport path allocate nothing once they are compiled. */
class AllocationTest {
    private static final int ROUND = 10_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static int sink;

    /** The fewest bytes that a round allocated; rounds go on until the compiler has done its work. */
    private static long leastAllocated(Runnable call) {
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 100 && least > 0; round++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < ROUND; i++) {
                call.run();
            }
            least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }

    @Test
    void sendingAndReceiving() throws Exception {
        try (UdpSocket socket = UdpSocket.open(Family.IPV4, 0, Sharing.FIRST);
                UdpSocket other = UdpSocket.open(Family.IPV4, 0, Sharing.FIRST)) {
            MemorySegment buffer = NativeMemory.allocate(2000);
            UdpAddress to = new UdpAddress(new byte[] {127, 0, 0, 1}, socket.port(), 0, new byte[] {127, 0, 0, 1}, 0);
            UdpAddress too = new UdpAddress(new byte[] {127, 0, 0, 1}, socket.port(), 0, new byte[] {127, 0, 0, 2}, 0);
            UdpMessage out = new UdpMessage().payload(buffer, 0, 1000);
            UdpMessage in = new UdpMessage().payload(buffer, 1000, 1000);
            assertThat(other.send(out.to(to))).isEqualTo(1000);
            assertThat(socket.receive(in)).isEqualTo(1000);
            UdpAddress source = in.source();
            int[] wrong = {0, 0};
            assertThat(leastAllocated(() -> {
                        wrong[0]++;
                        int sent = other.send(out.payload(buffer, 0, 1000)
                                .to((wrong[0] & 1) == 0 ? to : too)
                                .segmentSize(500)
                                .trafficClass(wrong[0] & 3));
                        int received = socket.receive(in.payload(buffer, 1000, 1000));
                        boolean right = sent == 1000
                                && received == 1000
                                && in.receivedSegmentSize() == 500
                                && in.receivedTrafficClass() == (wrong[0] & 3)
                                && in.isFrom(source) == ((wrong[0] & 1) == 0)
                                && socket.receive(in) == -Errno.EAGAIN;
                        wrong[1] += right ? 0 : 1;
                    }))
                    .isZero();
            assertThat(wrong[1]).isZero();
        }
    }

    @Test
    void readingAndWritingATun() throws Exception {
        try (TestNamespace test = new TestNamespace();
                Tun tun = test.call(() -> Tun.open("tun0"))) {
            MemorySegment buffer = NativeMemory.allocate(70_000);
            assertThat(leastAllocated(() -> sink += tun.read(buffer, 0, 70_000) + tun.writev(buffer, 0, 1)))
                    .isZero();
        }
    }

    @Test
    void waitingAndWaking() throws Exception {
        try (Epoll epoll = Epoll.open();
                EventFd flag = EventFd.open()) {
            epoll.add(flag.fd(), Epoll.IN, 1);
            assertThat(leastAllocated(() -> {
                        flag.signal();
                        sink += epoll.await(0) + epoll.token(0) + epoll.events(0);
                        flag.drain();
                    }))
                    .isZero();
        }
    }

    @Test
    void readingTheClock() {
        assertThat(leastAllocated(() -> sink += (int) Clock.boottime())).isZero();
    }
}
