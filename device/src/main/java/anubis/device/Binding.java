package anubis.device;

import anubis.linux.Errno;
import anubis.linux.ErrnoException;
import anubis.linux.Family;
import anubis.linux.UdpSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** The UDP sockets of one port: for each worker one of IPv4 and one of IPv6. Any thread may use it. */
final class Binding implements AutoCloseable {
    private static final int ATTEMPTS = 300;
    private static final long PAUSE_NANOS = 1_000_000L;

    private final List<UdpSocket> ipv4 = new ArrayList<>();
    private final List<UdpSocket> ipv6 = new ArrayList<>();

    private boolean closed;

    private Binding() {}

    /**
     * Binds for {@code workers} workers. A port that is taken is tried again for some tenths of a second: it may be one
     * that was just left, whose closed sockets live on as copies in a process that is being started, until that has
     * become another program; or, of a port that the kernel chose for one family, another has it for the other family.
     *
     * @param port 0 for one that is free for both families
     * @throws ErrnoException EADDRINUSE if the port remains taken
     */
    static Binding open(int port, int workers, int mark) throws ErrnoException {
        for (int attempt = 1; ; attempt++) {
            Binding binding = new Binding();
            try {
                binding.bind(port, workers, mark);
                return binding;
            } catch (ErrnoException e) {
                binding.close();
                if (e.errno() != Errno.EADDRINUSE || attempt == ATTEMPTS) {
                    throw e;
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    private void bind(int port, int workers, int mark) throws ErrnoException {
        addAll(ipv4, Family.IPV4, port, workers);
        addAll(ipv6, Family.IPV6, ipv4.isEmpty() ? port : port(), workers);
        if (ipv4.isEmpty() && ipv6.isEmpty()) {
            throw new ErrnoException("UDP: this host has neither IPv4 nor IPv6", Errno.EAFNOSUPPORT);
        }
        mark(mark);
    }

    private static void addAll(List<UdpSocket> sockets, Family family, int port, int workers) throws ErrnoException {
        try {
            sockets.add(UdpSocket.open(family, port, UdpSocket.Sharing.FIRST));
        } catch (ErrnoException e) {
            if (e.errno() == Errno.EAFNOSUPPORT) {
                return; // A host with one family only.
            }
            throw e;
        }
        while (sockets.size() < workers) {
            sockets.add(UdpSocket.open(family, sockets.getFirst().port(), UdpSocket.Sharing.FURTHER));
        }
    }

    int port() {
        return (ipv4.isEmpty() ? ipv6 : ipv4).getFirst().port();
    }

    void mark(int mark) throws ErrnoException {
        for (List<UdpSocket> sockets : List.of(ipv4, ipv6)) {
            for (UdpSocket socket : sockets) {
                socket.mark(mark);
            }
        }
    }

    /** The socket of a worker; null if the host has not that family. */
    @Nullable
    UdpSocket socket(Family family, int worker) {
        List<UdpSocket> sockets = family == Family.IPV4 ? ipv4 : ipv6;
        return sockets.isEmpty() ? null : sockets.get(worker);
    }

    /** Whether its sockets are closed. Whoever is no worker asks under the lock of the binding, and sends under it. */
    boolean closed() {
        return closed;
    }

    @Override
    public synchronized void close() {
        closed = true;
        ipv4.forEach(UdpSocket::close);
        ipv6.forEach(UdpSocket::close);
    }
}
