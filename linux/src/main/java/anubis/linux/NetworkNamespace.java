package anubis.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** A network namespace, held open. Safe for use by many threads. */
public final class NetworkNamespace implements AutoCloseable {
    /** CLONE_NEWNET, linux/sched.h. */
    private static final int CLONE_NEWNET = 0x40000000;

    private static final int O_CLOEXEC = 0x80000;
    private static final String CALLING_THREAD = "/proc/thread-self/ns/net";

    private final Descriptor descriptor;

    private NetworkNamespace(int fd) {
        this.descriptor = new Descriptor(fd);
    }

    /** The namespace of the calling thread. */
    public static NetworkNamespace current() throws ErrnoException {
        return of(Path.of(CALLING_THREAD));
    }

    /** The namespace at a path such as {@code /run/netns/NAME} or {@code /proc/PID/ns/net}. */
    public static NetworkNamespace of(Path path) throws ErrnoException {
        return owning(Libc.check(Libc.open(path.toString(), O_CLOEXEC), "open network namespace " + path));
    }

    /**
     * A new one without a name, in which there is nothing but a loopback that is down. It ends when this is closed and no
     * thread, process or socket is in it any more. Needs CAP_SYS_ADMIN.
     */
    public static NetworkNamespace create() throws ErrnoException {
        FutureTask<NetworkNamespace> future = new FutureTask<>(() -> {
            Libc.check(Libc.unshare(CLONE_NEWNET), "make a network namespace (needs CAP_SYS_ADMIN, run as root)");
            return current();
        });
        Thread.ofPlatform().name("netns").start(future);
        try {
            return future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ErrnoException("make a network namespace", Errno.EINTR);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ErrnoException refused) {
                throw refused;
            }
            throw new IllegalStateException(e);
        }
    }

    static NetworkNamespace owning(int fd) {
        return new NetworkNamespace(fd);
    }

    /**
     * Runs a task on a fresh platform thread that has entered this namespace, which takes CAP_SYS_ADMIN in it and in the
     * caller's user namespace. Sockets and interfaces that the task opens belong here for good, whichever thread uses
     * them later. So do threads that the task starts: it should not be the first to use a shared pool or a virtual
     * thread. Exceptions of the task are thrown on as they are; an interrupt is passed on to the task.
     */
    public <T> T call(Callable<T> task) throws Exception {
        FutureTask<T> future = new FutureTask<>(() -> {
            Libc.check(
                    Libc.setns(descriptor.number(), CLONE_NEWNET),
                    "enter a network namespace (needs CAP_SYS_ADMIN, run as root)");
            return task.call();
        });
        Thread thread = Thread.ofPlatform().name("netns").start(future);
        try {
            return future.get();
        } catch (InterruptedException e) {
            thread.interrupt();
            throw e;
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case Exception exception -> throw exception;
                case Error error -> throw error;
                case null, default -> throw e;
            }
        }
    }

    /** Whether the calling thread is in it. */
    boolean isCurrent() throws IOException {
        // By inode: what the link reads depends on where the namespace is mounted.
        return Files.isSameFile(path(), Path.of(CALLING_THREAD));
    }

    /** A path by which other processes, {@code ip} and {@code nsenter} for example, can open it while this is open. */
    public Path path() {
        return Path.of("/proc/" + ProcessHandle.current().pid() + "/fd/" + descriptor.number());
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
