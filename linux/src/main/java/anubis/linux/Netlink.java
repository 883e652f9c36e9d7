package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A conversation with the kernel, request by request (netlink(7)). Numbers are in the byte order of this host. One thread. */
final class Netlink implements AutoCloseable {
    // linux/netlink.h
    static final int AF_NETLINK = 16;
    static final int HEADER = 16; // struct nlmsghdr: length 0, type 4 (u16), flags 6 (u16), number 8, port 12
    private static final int ATTRIBUTE_HEADER = 4; // struct nlattr: length 0 (u16), type 2 (u16)
    private static final int TYPE_MASK = 0x3fff; // of an attribute, without NLA_F_NESTED and NLA_F_NET_BYTEORDER
    private static final short REQUEST = 0x001;
    private static final short ACKNOWLEDGE = 0x004;
    private static final short EXCLUSIVE = 0x200;
    private static final short CREATE = 0x400;
    private static final short DUMP = 0x300;
    private static final short INTERRUPTED = 0x010;
    private static final short ERROR = 2;
    private static final short DONE = 3;
    private static final int SOL_NETLINK = 270;
    private static final int GET_STRICT_CHK = 12;

    /** The kernel's parts of a dump have at most 32 KiB. */
    private static final int BUFFER = 64 << 10;

    private static final int ATTEMPTS = 10;

    private final int fd;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment buffer = arena.allocate(BUFFER, Long.BYTES);
    private final MemorySegment errno = Libc.errnoSegment(arena);
    private int number;

    private Netlink(int fd) {
        this.fd = fd;
    }

    /** Opens a socket in the calling thread's network namespace. */
    static Netlink open(int protocol) throws ErrnoException {
        int fd = Libc.check(
                Libc.socket(AF_NETLINK, Sockets.SOCK_RAW | Sockets.CLOEXEC, protocol), "open a netlink socket");
        // The kernel (4.20 and newer) leaves out what is not asked for; an older one tells more, and callers heed that.
        Libc.setsockopt(fd, SOL_NETLINK, GET_STRICT_CHK, 1);
        return new Netlink(fd);
    }

    /** What the kernel tells: a fixed part, and attributes after it. */
    record Message(ByteBuffer body) {
        int u8(int at) {
            return Byte.toUnsignedInt(body.get(at));
        }

        int i32(int at) {
            return body.getInt(at);
        }

        /** The value of an attribute behind {@code fixed} bytes. */
        Optional<ByteBuffer> attribute(int fixed, int type) {
            for (int at = fixed; body.limit() - at >= ATTRIBUTE_HEADER; ) {
                int length = Short.toUnsignedInt(body.getShort(at));
                if (length < ATTRIBUTE_HEADER || length > body.limit() - at) {
                    return Optional.empty();
                }
                if ((body.getShort(at + 2) & TYPE_MASK) == type) {
                    return Optional.of(body.slice(at + ATTRIBUTE_HEADER, length - ATTRIBUTE_HEADER)
                            .order(ByteOrder.nativeOrder()));
                }
                at += aligned(length);
            }
            return Optional.empty();
        }

        /** The value of an attribute that is a number of 32 bits. */
        Optional<Integer> number(int fixed, int type) {
            return attribute(fixed, type)
                    .filter(value -> value.remaining() >= Integer.BYTES)
                    .map(value -> value.getInt(0));
        }
    }

    /** An empty request with room for its attributes. */
    static ByteBuffer request() {
        return ByteBuffer.allocate(256).order(ByteOrder.nativeOrder());
    }

    static void put(ByteBuffer request, int type, byte[] value) {
        request.putShort((short) (ATTRIBUTE_HEADER + value.length))
                .putShort((short) type)
                .put(value);
        request.put(new byte[aligned(value.length) - value.length]);
    }

    static void put(ByteBuffer request, int type, int value) {
        request.putShort((short) (ATTRIBUTE_HEADER + Integer.BYTES))
                .putShort((short) type)
                .putInt(value);
    }

    private static int aligned(int length) {
        return (length + 3) & ~3;
    }

    /** Asks for one thing. */
    Message get(int type, ByteBuffer request) throws ErrnoException {
        return ask(type, REQUEST, request).getFirst();
    }

    /** Asks for all things of a kind, as they are at one moment. */
    List<Message> dump(int type, ByteBuffer request) throws ErrnoException {
        return ask(type, (short) (REQUEST | DUMP), request);
    }

    /** Has one thing made that is not there yet. */
    void make(int type, ByteBuffer request) throws ErrnoException {
        ask(type, (short) (REQUEST | ACKNOWLEDGE | CREATE | EXCLUSIVE), request);
    }

    /** Has one thing changed. */
    void change(int type, ByteBuffer request) throws ErrnoException {
        ask(type, (short) (REQUEST | ACKNOWLEDGE), request);
    }

    private List<Message> ask(int type, short flags, ByteBuffer request) throws ErrnoException {
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            Optional<List<Message>> answer =
                    attempt(type, flags, request.duplicate().flip());
            if (answer.isPresent()) {
                return answer.get();
            }
        }
        throw new ErrnoException("the network changes faster than it can be looked at", Errno.EAGAIN);
    }

    /** Nothing if something has changed meanwhile. */
    private Optional<List<Message>> attempt(int type, short flags, ByteBuffer request) throws ErrnoException {
        number++;
        int length = HEADER + request.remaining();
        ByteBuffer out = buffer.asByteBuffer().order(ByteOrder.nativeOrder());
        out.putInt(length)
                .putShort((short) type)
                .putShort(flags)
                .putInt(number)
                .putInt(0)
                .put(request);
        Libc.check(Libc.write(errno, fd, buffer.address(), length), "ask the kernel");
        List<Message> messages = new ArrayList<>();
        boolean interrupted = false;
        while (true) {
            int received = Libc.check(Libc.read(errno, fd, buffer.address(), BUFFER), "hear the kernel's answer");
            byte[] bytes = buffer.asSlice(0, received).toArray(JAVA_BYTE);
            ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
            for (int at = 0; received - at >= HEADER; ) {
                int size = in.getInt(at);
                if (size < HEADER || size > received - at) {
                    throw new ErrnoException("the kernel's answer is malformed", Errno.EPROTO);
                }
                ByteBuffer body = in.slice(at + HEADER, size - HEADER).order(ByteOrder.nativeOrder());
                interrupted |= (in.getShort(at + 6) & INTERRUPTED) != 0;
                switch (in.getShort(at + 4)) {
                    case ERROR -> {
                        if (body.getInt(0) == 0) {
                            return Optional.of(messages); // it acknowledges
                        }
                        throw new ErrnoException("ask the kernel", -body.getInt(0));
                    }
                    case DONE -> {
                        return interrupted ? Optional.empty() : Optional.of(messages);
                    }
                    default -> messages.add(new Message(body));
                }
                at += aligned(size);
            }
            if ((flags & DUMP) == 0 && !messages.isEmpty()) {
                return Optional.of(messages);
            }
        }
    }

    @Override
    public void close() {
        Libc.close(fd);
        arena.close();
    }
}
