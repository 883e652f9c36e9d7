package anubis.device;

import anubis.crypto.Primitives;
import anubis.linux.Clock;
import anubis.linux.Errno;
import anubis.linux.ErrnoException;
import anubis.linux.LinkMonitor;
import anubis.linux.Processes;
import anubis.linux.Tun;
import anubis.protocol.WireGuard;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A WireGuard interface: a TUN, UDP sockets and the protocol, joined by workers. It lives in the network namespace of
 * the thread that opens it. Any thread may call.
 */
public final class Device implements AutoCloseable {
    private static final int WORKERS_MAX = 8;
    private static final int MTU_DEFAULT = 1420;
    private static final long SECOND = 1_000_000_000L;
    private static final int REBIND_SECONDS = 10;

    private final WireGuard wireGuard;
    private final Control control;
    private final Consumer<String> log;
    private final List<Worker> workers = new ArrayList<>();
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Tun tun;
    private final int interfaceIndex;

    private volatile @Nullable Throwable fault;
    private volatile @Nullable Binding binding;
    private volatile CountDownLatch unbound = new CountDownLatch(0);
    // Guarded by this.
    private int listenPort;
    private int mark;
    private boolean closed;
    // Of the control thread.
    private boolean moved;
    private boolean mtuUnknown;
    private volatile boolean bindFailed;
    private long polledAt;

    private Device(String name, InstantSource timestamps, int workerCount, Consumer<String> log) throws ErrnoException {
        this.log = log;
        this.control = new Control(this);
        SecureRandom random = new SecureRandom();
        this.wireGuard = new WireGuard(
                Primitives.get(), random::nextBytes, InstantSource.system(), timestamps, control::wakeIfWaiting);
        this.tun = Tun.open(name);
        this.interfaceIndex = Processes.interfaceIndex(tun.name());
        try {
            tun.mtu(MTU_DEFAULT);
            wireGuard.mtu(MTU_DEFAULT);
            workers.add(new Worker(this, control, 0, tun));
            for (int i = 1; i < workerCount; i++) {
                workers.add(new Worker(this, control, i, tun.queue()));
            }
        } catch (ErrnoException e) {
            workers.forEach(Worker::close);
            tun.close();
            control.close();
            throw e;
        }
    }

    /**
     * Makes the interface {@code name} and starts its threads, one worker for each processor.
     *
     * @param timestamps the time of our initiations, which a restart should not set back; asked for by a thread that may
     *     wait for a disk
     * @param log takes one line for what a person should know
     * @throws ErrnoException if the interface cannot be made; the text says why and what to do
     */
    public static Device open(String name, InstantSource timestamps, Consumer<String> log) throws ErrnoException {
        int processors = Math.min(WORKERS_MAX, Runtime.getRuntime().availableProcessors());
        Device device = new Device(name, timestamps, processors, log);
        device.start();
        return device;
    }

    private void start() {
        thread("control", control);
        for (Worker worker : workers) {
            thread("worker", worker);
        }
    }

    /** Threads of a device are in its network namespace: a thread begins in that of the one which makes it. */
    Thread thread(String role, Runnable task) {
        Thread thread = Thread.ofPlatform().name(name() + "-" + role).daemon().unstarted(() -> {
            try {
                task.run();
            } catch (RuntimeException | Error e) {
                fail(e);
            } finally {
                threads.remove(Thread.currentThread());
            }
        });
        threads.add(thread);
        thread.start();
        return thread;
    }

    /**
     * Answers requests of the UAPI as the {@link UapiSocket} does, for who has the device in the same process. One that
     * changes the port of an interface that is up is to be made by a thread of the device's network namespace.
     *
     * @param requests one or more, each with the empty line at its end
     */
    public String uapi(String requests) {
        StringWriter answer = new StringWriter();
        try {
            new Uapi(this).serve(new BufferedReader(new StringReader(requests)), answer);
        } catch (IOException e) {
            throw new IllegalStateException(e); // strings have none
        }
        return answer.toString();
    }

    public WireGuard wireGuard() {
        return wireGuard;
    }

    public String name() {
        return tun.name();
    }

    /**
     * Waits until the device has ended: it was closed, or its interface was deleted.
     *
     * @throws IllegalStateException if it ended because of a fault, which is the cause
     */
    public void awaitEnd() throws InterruptedException {
        ended.await();
        Throwable cause = fault;
        if (cause != null) {
            throw new IllegalStateException("the device has failed: " + cause, cause);
        }
    }

    /** The UDP port: the one in use, else the one to be used when the interface comes up, 0 for any. */
    public synchronized int listenPort() {
        Binding bound = binding;
        return bound == null ? listenPort : bound.port();
    }

    /**
     * Changes the port, at once if the interface is up. To be called by a thread of the device's network namespace, as
     * those of its UAPI are.
     *
     * @throws ErrnoException if it cannot be bound, EADDRINUSE above all; then the old one stays
     */
    public synchronized void listenPort(int port) throws ErrnoException {
        requireOpen();
        Binding bound = binding;
        if (bound != null && (port == 0 || port != bound.port())) {
            replace(Binding.open(port, workers.size(), mark));
        }
        listenPort = port;
    }

    public synchronized int mark() {
        return mark;
    }

    /** Sets the firewall mark (SO_MARK) of what is sent; 0 for none. */
    public synchronized void mark(int mark) throws ErrnoException {
        requireOpen();
        Binding bound = binding;
        if (bound != null) {
            bound.mark(mark);
        }
        this.mark = mark;
    }

    private void requireOpen() throws ErrnoException {
        if (closed) {
            throw new ErrnoException(name() + " is closed", Errno.ENODEV);
        }
    }

    @Nullable
    Binding binding() {
        return binding;
    }

    /** Puts a binding in force. The old one is closed when every worker has let go of it. */
    private void replace(@Nullable Binding fresh) {
        Binding old = binding;
        CountDownLatch latch = new CountDownLatch(workers.size());
        unbound = latch;
        binding = fresh;
        workers.forEach(Worker::wake);
        try {
            if (!latch.await(REBIND_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("a worker of " + name() + " does not answer");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (old != null) {
            old.close();
        }
    }

    /** A worker has changed to the binding that is in force. */
    void bound() {
        unbound.countDown();
    }

    // The state of the interface; the control thread.

    void linksChanged(List<LinkMonitor.LinkEvent> events) {
        for (LinkMonitor.LinkEvent event : events) {
            if (event.interfaceIndex() == interfaceIndex) {
                if (!event.deleted()) {
                    moved = false;
                } else if (tun.linkState() == -Errno.EBADFD) {
                    end();
                } else {
                    moved = true; // To another network namespace, where no event comes from.
                }
                look();
            }
        }
    }

    /** When the control thread is to {@link #poll} next, in ns. */
    long pollAt() {
        return moved || bindFailed ? polledAt + SECOND : Long.MAX_VALUE;
    }

    void poll() {
        if (Clock.boottime() >= pollAt()) {
            look();
        }
    }

    void look() {
        polledAt = Clock.boottime();
        int state = tun.linkState();
        if (state == -Errno.EBADFD) {
            end();
            return;
        }
        try {
            wireGuard.mtu(tun.mtu());
        } catch (ErrnoException e) {
            if (!mtuUnknown) {
                log.accept("changes of the MTU go unnoticed in that network namespace: " + e.getMessage());
            }
            mtuUnknown = true;
        }
        if (state == 0) {
            up();
        } else {
            down();
        }
    }

    private synchronized void up() {
        if (wireGuard.isUp() || closed) {
            return;
        }
        try {
            replace(Binding.open(listenPort, workers.size(), mark));
        } catch (ErrnoException e) {
            if (!bindFailed) {
                log.accept("no UDP socket, tried again each second: " + e.getMessage());
            }
            bindFailed = true;
            return;
        }
        bindFailed = false;
        wireGuard.up(Clock.boottime());
    }

    private synchronized void down() {
        if (wireGuard.isUp() && !closed) { // When it is, the workers may no more answer.
            listenPort = listenPort();
            wireGuard.down();
            replace(null);
        }
    }

    /** Asks for the end: {@link #awaitEnd} returns, and who waited there closes the device. */
    public void end() {
        ended.countDown();
    }

    /** A thread cannot go on: the device ends rather than limping. */
    void fail(Throwable e) {
        fault = e;
        ended.countDown();
    }

    /** Ends the device: its interface disappears, and all keys are wiped. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        wireGuard.down();
        control.stop();
        workers.forEach(Worker::stop);
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Binding bound = binding;
        if (bound != null) {
            bound.close();
        }
        workers.forEach(Worker::close);
        control.close();
        wireGuard.removePeers();
        wireGuard.clearPrivateKey();
        ended.countDown();
    }
}
