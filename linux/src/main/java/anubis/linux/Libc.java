package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

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
 * see each other's errno.
 *
 * <p>All are linked as {@code int f(long, long, long, long, long)}, because each further shape costs milliseconds when the
 * program starts. On 64-bit Linux (x86-64, AArch64, RISC-V) that is the same call: an {@code int} argument is the low
 * half of a register, a register too many is ignored, and the low half of the result is the count (none here is larger)
 * or −1.
 */
final class Libc {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final MemoryLayout CALL_STATE = Linker.Option.captureStateLayout();
    private static final long ERRNO_OFFSET = CALL_STATE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));

    private static final FunctionDescriptor SHAPE =
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final FunctionDescriptor VARIADIC_SHAPE =
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final FunctionDescriptor CLOCK_SHAPE = FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG);

    private static final MethodHandle READ = function("read");
    private static final MethodHandle WRITE = function("write");
    private static final MethodHandle WRITEV = function("writev");
    private static final MethodHandle RECVMSG = function("recvmsg");
    private static final MethodHandle SENDMSG = function("sendmsg");
    private static final MethodHandle EPOLL_WAIT = function("epoll_wait");
    /** Critical, for it is answered in user space (vDSO) within some 30 ns and cannot block. */
    private static final MethodHandle CLOCK_GETTIME =
            function("clock_gettime", CLOCK_SHAPE, Linker.Option.critical(/* allowHeapAccess= */ false));

    private static final MethodHandle OPEN = variadic("open");
    private static final MethodHandle IOCTL = variadic("ioctl");
    private static final MethodHandle CLOSE = function("close");
    private static final MethodHandle POLL = function("poll");
    private static final MethodHandle SOCKET = function("socket");
    private static final MethodHandle BIND = function("bind");
    private static final MethodHandle CONNECT = function("connect");
    private static final MethodHandle GETSOCKNAME = function("getsockname");
    private static final MethodHandle SETSOCKOPT = function("setsockopt");
    private static final MethodHandle GETSOCKOPT = function("getsockopt");
    private static final MethodHandle EPOLL_CREATE1 = function("epoll_create1");
    private static final MethodHandle EPOLL_CTL = function("epoll_ctl");
    private static final MethodHandle EVENTFD = function("eventfd");
    private static final MethodHandle SETNS = function("setns");
    private static final MethodHandle UNSHARE = function("unshare");
    private static final MethodHandle UMASK = function("umask");
    private static final MethodHandle IF_NAMETOINDEX = function("if_nametoindex");

    private Libc() {}

    private static MethodHandle function(String name) {
        return function(name, SHAPE, ERRNO);
    }

    private static MethodHandle variadic(String name) {
        return function(name, VARIADIC_SHAPE, ERRNO, Linker.Option.firstVariadicArg(2));
    }

    private static MethodHandle function(String name, FunctionDescriptor shape, Linker.Option... options) {
        try {
            return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), shape, options);
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

    private static int result(int result, MemorySegment errno) {
        return result >= 0 ? result : -errno.get(JAVA_INT, ERRNO_OFFSET);
    }

    /** {@code invokeExact} declares Throwable, a downcall throws nothing. */
    private static Error unexpected(Throwable thrown) {
        return thrown instanceof Error error ? error : new AssertionError(thrown);
    }

    // Hot calls: each invokes a constant handle, which the compiler inlines.

    static int read(MemorySegment errno, int fd, long address, int length) {
        try {
            int count;
            do {
                count = result((int) READ.invokeExact(errno, (long) fd, address, (long) length, 0L, 0L), errno);
            } while (count == -Errno.EINTR);
            return count;
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int write(MemorySegment errno, int fd, long address, int length) {
        try {
            int count;
            do {
                count = result((int) WRITE.invokeExact(errno, (long) fd, address, (long) length, 0L, 0L), errno);
            } while (count == -Errno.EINTR);
            return count;
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int writev(MemorySegment errno, int fd, long iovecs, int pieces) {
        try {
            int count;
            do {
                count = result((int) WRITEV.invokeExact(errno, (long) fd, iovecs, (long) pieces, 0L, 0L), errno);
            } while (count == -Errno.EINTR);
            return count;
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int recvmsg(MemorySegment errno, int fd, long msghdr, int flags) {
        try {
            int count;
            do {
                count = result((int) RECVMSG.invokeExact(errno, (long) fd, msghdr, (long) flags, 0L, 0L), errno);
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
                count = result((int) SENDMSG.invokeExact(errno, (long) fd, msghdr, (long) flags, 0L, 0L), errno);
            } while (count == -Errno.EINTR);
            return count;
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** Not repeated on EINTR, for the time waited so far is unknown. */
    static int epollWait(MemorySegment errno, int fd, long events, int capacity, int timeoutMillis) {
        try {
            int count =
                    (int) EPOLL_WAIT.invokeExact(errno, (long) fd, events, (long) capacity, (long) timeoutMillis, 0L);
            return result(count, errno);
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

    // The others

    private static int call(MethodHandle function, long a, long b, long c, long d, long e) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errnoSegment(arena);
            return result((int) function.invokeExact(errno, a, b, c, d, e), errno);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static int callVariadic(MethodHandle function, long a, long b, long c) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errnoSegment(arena);
            return result((int) function.invokeExact(errno, a, b, c), errno);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static int open(String path, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            return callVariadic(OPEN, arena.allocateFrom(path).address(), flags, 0);
        }
    }

    /** @param argument a pointer, or a value where the request wants one */
    static int ioctl(int fd, long request, long argument) {
        return callVariadic(IOCTL, fd, request, argument);
    }

    /** Its errors are of no use to anyone: on Linux the descriptor is gone in any case. */
    static void close(int fd) {
        int _ = call(CLOSE, fd, 0, 0, 0, 0);
    }

    /** One descriptor, without waiting: the events that hold, of those asked for and the error bits. */
    static int poll(int fd, int events) {
        try (Arena arena = Arena.ofConfined()) {
            // struct pollfd, asm-generic/poll.h: fd 0, events 4 (u16), revents 6 (u16)
            MemorySegment pollfd = arena.allocate(8, 4);
            pollfd.set(JAVA_INT, 0, fd);
            pollfd.set(JAVA_SHORT, 4, (short) events);
            int count = call(POLL, pollfd.address(), 1, 0, 0, 0);
            return count < 0 ? count : Short.toUnsignedInt(pollfd.get(JAVA_SHORT, 6));
        }
    }

    static int socket(int family, int type, int protocol) {
        return call(SOCKET, family, type, protocol, 0, 0);
    }

    static int bind(int fd, MemorySegment address) {
        return call(BIND, fd, address.address(), address.byteSize(), 0, 0);
    }

    static int connect(int fd, MemorySegment address) {
        return call(CONNECT, fd, address.address(), address.byteSize(), 0, 0);
    }

    static int getsockname(int fd, MemorySegment address) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment length = arena.allocateFrom(JAVA_INT, (int) address.byteSize());
            return call(GETSOCKNAME, fd, address.address(), length.address(), 0, 0);
        }
    }

    static int setsockopt(int fd, int level, int option, int value) {
        try (Arena arena = Arena.ofConfined()) {
            return setsockopt(fd, level, option, arena.allocateFrom(JAVA_INT, value));
        }
    }

    static int setsockopt(int fd, int level, int option, MemorySegment value) {
        return call(SETSOCKOPT, fd, level, option, value.address(), value.byteSize());
    }

    /** The option's value, which must not be negative, or the negative errno. */
    static int getsockopt(int fd, int level, int option) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(JAVA_INT);
            MemorySegment length = arena.allocateFrom(JAVA_INT, Integer.BYTES);
            int result = call(GETSOCKOPT, fd, level, option, value.address(), length.address());
            return result < 0 ? result : value.get(JAVA_INT, 0);
        }
    }

    static int epollCreate(int flags) {
        return call(EPOLL_CREATE1, flags, 0, 0, 0, 0);
    }

    static int epollCtl(int epoll, int operation, int fd, MemorySegment event) {
        return call(EPOLL_CTL, epoll, operation, fd, event.address(), 0);
    }

    static int eventfd(int initial, int flags) {
        return call(EVENTFD, initial, flags, 0, 0, 0);
    }

    static int setns(int fd, int kind) {
        return call(SETNS, fd, kind, 0, 0, 0);
    }

    static int unshare(int kinds) {
        return call(UNSHARE, kinds, 0, 0, 0, 0);
    }

    static int umask(int mask) {
        return call(UMASK, mask, 0, 0, 0, 0);
    }

    /** The index, or the negative errno, where the function itself has 0. */
    static int ifNametoindex(String name) {
        try (Arena arena = Arena.ofConfined()) {
            int index = call(IF_NAMETOINDEX, arena.allocateFrom(name).address(), 0, 0, 0, 0);
            return index > 0 ? index : -Errno.ENODEV;
        }
    }
}
