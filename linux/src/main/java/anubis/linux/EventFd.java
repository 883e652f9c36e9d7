package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A flag that wakes a thread out of {@link Epoll#await}. Any thread may signal; one drains. */
public final class EventFd implements AutoCloseable {
    /** EFD_CLOEXEC | EFD_NONBLOCK, sys/eventfd.h. */
    private static final int FLAGS = 0x80000 | 0x800;

    private static final MemorySegment ONE = Arena.global().allocateFrom(JAVA_LONG, 1);

    private final Descriptor descriptor;
    private final MemorySegment count = NativeMemory.allocate(8);
    /** Shared by all who signal: their only error is EAGAIN, when the flag has long been up. */
    private final MemorySegment errno = Libc.errnoSegment(Arena.global());

    private EventFd(int fd) {
        this.descriptor = new Descriptor(fd);
    }

    public static EventFd open() throws ErrnoException {
        return new EventFd(Libc.check(Libc.eventfd(0, FLAGS), "eventfd"));
    }

    /** Raises the flag: the descriptor is readable until it is drained. */
    public void signal() {
        Libc.write(errno, fd(), ONE.address(), Long.BYTES);
    }

    /** Lowers the flag. */
    public void drain() {
        Libc.read(errno, fd(), count.address(), Long.BYTES);
    }

    public int fd() {
        return descriptor.number();
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
