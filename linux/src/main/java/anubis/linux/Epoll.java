package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Waits for many descriptors at once, level-triggered. One thread waits and reads the events; any thread may add and
 * remove.
 */
public final class Epoll implements AutoCloseable {
    // linux/eventpoll.h
    public static final int IN = 1;
    public static final int OUT = 4;
    /** Always reported, asked for or not. */
    public static final int ERR = 8;

    private static final int CLOEXEC = 0x80000;
    private static final int CTL_ADD = 1;
    private static final int CTL_DEL = 2;

    /** struct epoll_event is packed on x86-64 and nowhere else. */
    private static final boolean PACKED = System.getProperty("os.arch").equals("amd64");

    private static final int DATA = PACKED ? 4 : 8;
    private static final int EVENT = DATA + 8;
    private static final int CAPACITY = 64;

    private final Descriptor descriptor;
    private final MemorySegment events = NativeMemory.allocate((long) EVENT * CAPACITY);
    private final MemorySegment errno = Libc.errnoSegment(Arena.global());

    private Epoll(int fd) {
        this.descriptor = new Descriptor(fd);
    }

    public static Epoll open() throws ErrnoException {
        return new Epoll(Libc.check(Libc.epollCreate(CLOEXEC), "epoll_create1"));
    }

    /**
     * Starts watching a descriptor.
     *
     * @param events {@link #IN} and {@link #OUT}, or 0 for errors alone
     * @param token what {@link #token} gives back
     */
    public void add(int fd, int events, int token) throws ErrnoException {
        Libc.check(control(CTL_ADD, fd, events, token), "epoll_ctl: add");
    }

    /** Nothing happens if it is not there. */
    public void remove(int fd) {
        control(CTL_DEL, fd, 0, 0);
    }

    private int control(int operation, int fd, int events, int token) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment event = arena.allocate(EVENT, 8);
            event.set(JAVA_INT, 0, events);
            event.set(JAVA_INT, DATA, token);
            return Libc.epollCtl(descriptor.number(), operation, fd, event);
        }
    }

    /**
     * Waits for events.
     *
     * @param timeoutMillis −1 without end, 0 not at all
     * @return the number of events, at most 64; 0 after the time or a signal; the negative errno when this is closed
     */
    public int await(int timeoutMillis) {
        int count = Libc.epollWait(errno, descriptor.number(), events.address(), CAPACITY, timeoutMillis);
        return count == -Errno.EINTR ? 0 : count;
    }

    /** The token of an event of the last {@link #await}. */
    public int token(int index) {
        return events.get(JAVA_INT_UNALIGNED, (long) index * EVENT + DATA);
    }

    /** The bits of an event of the last {@link #await}. */
    public int events(int index) {
        return events.get(JAVA_INT_UNALIGNED, (long) index * EVENT);
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
