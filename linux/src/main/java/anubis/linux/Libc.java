package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.invoke.MethodHandle;

/**
 * The functions of the C library that this module calls, one typed method each. Where a function reports errors, the
 * result is the function's own or the negative errno. Pointers are passed as {@code long}, so that no segment object is
 * made for a call: whoever passes one keeps the memory alive.
 *
 * <p>The hot calls take the segment that errno is captured in ({@link #errnoSegment}); two threads that share one may
 * see each other's errno. The others allocate it from the arena of their caller's structures.
 */
final class Libc {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final MemoryLayout CALL_STATE = Linker.Option.captureStateLayout();
    private static final long ERRNO_OFFSET = CALL_STATE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));

    private static final FunctionDescriptor INT_INT = FunctionDescriptor.of(JAVA_INT, JAVA_INT);
    private static final FunctionDescriptor INT_INT_INT = FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT);
    private static final FunctionDescriptor LONG_INT_LONG_LONG =
            FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final FunctionDescriptor LONG_INT_LONG_INT =
            FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);

    private static final MethodHandle OPEN =
            function("open", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT), variadicFrom(2), ERRNO);
    private static final MethodHandle CLOSE = function("close", INT_INT);
    private static final MethodHandle READ = function("read", LONG_INT_LONG_LONG, ERRNO);
    private static final MethodHandle WRITE = function("write", LONG_INT_LONG_LONG, ERRNO);
    private static final MethodHandle WRITEV = function("writev", LONG_INT_LONG_INT, ERRNO);
    private static final MethodHandle IOCTL =
            function("ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG), variadicFrom(2), ERRNO);
    private static final MethodHandle POLL =
            function("poll", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT), ERRNO);
    private static final MethodHandle SOCKET =
            function("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT), ERRNO);
    private static final MethodHandle BIND =
            function("bind", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT), ERRNO);
    private static final MethodHandle GETSOCKNAME =
            function("getsockname", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG), ERRNO);
    private static final MethodHandle SETSOCKOPT = function(
            "setsockopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT), ERRNO);
    private static final MethodHandle GETSOCKOPT = function(
            "getsockopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG), ERRNO);
    private static final MethodHandle RECVMSG = function("recvmsg", LONG_INT_LONG_INT, ERRNO);
    private static final MethodHandle SENDMSG = function("sendmsg", LONG_INT_LONG_INT, ERRNO);
    private static final MethodHandle EPOLL_CREATE1 = function("epoll_create1", INT_INT, ERRNO);
    private static final MethodHandle EPOLL_CTL =
            function("epoll_ctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG), ERRNO);
    private static final MethodHandle EPOLL_WAIT =
            function("epoll_wait", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT), ERRNO);
    private static final MethodHandle EVENTFD = function("eventfd", INT_INT_INT, ERRNO);
    private static final MethodHandle SETNS = function("setns", INT_INT_INT, ERRNO);
    private static final MethodHandle UMASK = function("umask", INT_INT);
    private static final MethodHandle IF_NAMETOINDEX =
            function("if_nametoindex", FunctionDescriptor.of(JAVA_INT, JAVA_LONG), ERRNO);
    /** Critical, for it is answered in user space (vDSO) within some 30 ns and cannot block. */
    private static final MethodHandle CLOCK_GETTIME = function(
            "clock_gettime",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG),
            Linker.Option.critical(/* allowHeapAccess= */ false));

    private Libc() {}

    private static Linker.Option variadicFrom(int index) {
        return Linker.Option.firstVariadicArg(index);
    }

    private static MethodHandle function(String name, FunctionDescriptor type, Linker.Option... options) {
        try {
            return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type, options);
        } catch (IllegalCallerException e) {
            // An Error, for a static initialiser throws an Error as it is.
            UnsatisfiedLinkError error = new UnsatisfiedLinkError(
                    "Java may not call native functions: start it with --enable-native-access=anubis.linux");
            error.initCause(e);
            throw error;
        }
    }

    /** Memory for the errno of one call at a time. */
    static MemorySegment errnoSegment(SegmentAllocator allocator) {
        return allocator.allocate(CALL_STATE);
    }

    /** The result, or an exception where it is a negative errno. */
    static int check(int result, String what) throws ErrnoException {
        if (result < 0) {
            throw new ErrnoException(what, -result);
        }
        return result;
    }

    private static int result(long result, MemorySegment errno) {
        return result >= 0 ? (int) result : -errno.get(JAVA_INT, ERRNO_OFFSET);
    }

    /** {@code invokeExact} declares Throwable, a downcall throws nothing. */
    private static Error unexpected(Throwable thrown) {
        return thrown instanceof Error error ? error : new AssertionError(thrown);
    }

    // Hot calls

    static int read(MemorySegment errno, int fd, long address, long length) {
        try {
            int count;
            do {
                count = result((long) READ.invokeExact(errno, fd, address, length), errno);
            } while (count == -Errno.EINTR);
            return count;
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int write(MemorySegment errno, int fd, long address, long length) {
        try {
            int count;
            do {
                count = result((long) WRITE.invokeExact(errno, fd, address, length), errno);
            } while (count == -Errno.EINTR);
            return count;
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int writev(MemorySegment errno, int fd, long iovecs, int count) {
        try {
            int written;
            do {
                written = result((long) WRITEV.invokeExact(errno, fd, iovecs, count), errno);
            } while (written == -Errno.EINTR);
            return written;
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int recvmsg(MemorySegment errno, int fd, long msghdr, int flags) {
        try {
            int count;
            do {
                count = result((long) RECVMSG.invokeExact(errno, fd, msghdr, flags), errno);
            } while (count == -Errno.EINTR);
            return count;
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int sendmsg(MemorySegment errno, int fd, long msghdr, int flags) {
        try {
            int count;
            do {
                count = result((long) SENDMSG.invokeExact(errno, fd, msghdr, flags), errno);
            } while (count == -Errno.EINTR);
            return count;
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** Not repeated on EINTR, for the time waited so far is unknown. */
    static int epollWait(MemorySegment errno, int fd, long events, int capacity, int timeoutMillis) {
        try {
            return result((int) EPOLL_WAIT.invokeExact(errno, fd, events, capacity, timeoutMillis), errno);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int clockGettime(int clock, long timespec) {
        try {
            return (int) CLOCK_GETTIME.invokeExact(clock, timespec);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    // Others

    static int open(String path, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errnoSegment(arena);
            return result((int) OPEN.invokeExact(errno, arena.allocateFrom(path).address(), flags, 0), errno);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** Errors are of no use to anyone: on Linux the descriptor is gone in any case. */
    static void close(int fd) {
        try {
            int _ = (int) CLOSE.invokeExact(fd);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** @param argument a pointer, or a value where the request wants one */
    static int ioctl(int fd, long request, long argument) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errnoSegment(arena);
            return result((int) IOCTL.invokeExact(errno, fd, request, argument), errno);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** One descriptor, without waiting: the events that hold, of those asked for and the error bits. */
    static int poll(int fd, int events) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errnoSegment(arena);
            // struct pollfd: fd 0, events 4 (u16), revents 6 (u16)
            MemorySegment pollfd = arena.allocate(JAVA_LONG);
            pollfd.set(JAVA_INT, 0, fd);
            pollfd.set(JAVA_INT, 4, events);
            int count = result((int) POLL.invokeExact(errno, pollfd.address(), 1L, 0), errno);
            return count < 0 ? count : pollfd.get(JAVA_INT, 4) >>> 16;
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int socket(int family, int type, int protocol) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errnoSegment(arena);
            return result((int) SOCKET.invokeExact(errno, family, type, protocol), errno);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int bind(int fd, MemorySegment address) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errnoSegment(arena);
            return result((int) BIND.invokeExact(errno, fd, address.address(), (int) address.byteSize()), errno);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int getsockname(int fd, MemorySegment address) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errnoSegment(arena);
            MemorySegment length = arena.allocateFrom(JAVA_INT, (int) address.byteSize());
            return result((int) GETSOCKNAME.invokeExact(errno, fd, address.address(), length.address()), errno);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int setsockopt(int fd, int level, int option, int value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errnoSegment(arena);
            MemorySegment memory = arena.allocateFrom(JAVA_INT, value);
            return result((int) SETSOCKOPT.invokeExact(errno, fd, level, option, memory.address(), 4), errno);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** The option's value, which must not be negative, or the negative errno. */
    static int getsockopt(int fd, int level, int option) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errnoSegment(arena);
            MemorySegment value = arena.allocate(JAVA_INT);
            MemorySegment length = arena.allocateFrom(JAVA_INT, 4);
            int result = result(
                    (int) GETSOCKOPT.invokeExact(errno, fd, level, option, value.address(), length.address()), errno);
            return result < 0 ? result : value.get(JAVA_INT, 0);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int epollCreate(int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errnoSegment(arena);
            return result((int) EPOLL_CREATE1.invokeExact(errno, flags), errno);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int epollCtl(int epoll, int operation, int fd, MemorySegment event) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errnoSegment(arena);
            return result((int) EPOLL_CTL.invokeExact(errno, epoll, operation, fd, event.address()), errno);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int eventfd(int initial, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errnoSegment(arena);
            return result((int) EVENTFD.invokeExact(errno, initial, flags), errno);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int setns(int fd, int kind) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errnoSegment(arena);
            return result((int) SETNS.invokeExact(errno, fd, kind), errno);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int umask(int mask) {
        try {
            return (int) UMASK.invokeExact(mask);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int ifNametoindex(String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errnoSegment(arena);
            int index = (int)
                    IF_NAMETOINDEX.invokeExact(errno, arena.allocateFrom(name).address());
            return index > 0 ? index : result(-1, errno);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }
}
