package anubis.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.io.Serial;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * Names of hosts as this system resolves them, by getaddrinfo(3): whatever nsswitch.conf names is asked, and the address
 * that RFC 6724 prefers comes first. Java's own resolver remembers failures, and does not tell which of them will last.
 */
public final class HostName {
    // struct addrinfo, sockaddr_in and sockaddr_in6 on 64-bit Linux, of glibc and musl alike
    private static final long SOCKET_TYPE = 8;
    private static final long SOCKET_ADDRESS = 24;
    private static final long ADDRINFO_LENGTH = 48;
    private static final long IPV4_ADDRESS = 4;
    private static final long IPV6_ADDRESS = 8;
    private static final long IPV6_SCOPE = 24;
    private static final long SOCKADDR_LENGTH = 28;

    private static final short AF_INET = 2;
    private static final int SOCK_DGRAM = 2;
    private static final int EAI_NONAME = -2;
    private static final int EAI_FAIL = -4;
    private static final int EAI_NODATA = -5;

    private static final MethodHandle GETADDRINFO =
            function("getaddrinfo", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS));
    private static final MethodHandle FREEADDRINFO = function("freeaddrinfo", FunctionDescriptor.ofVoid(ADDRESS));
    private static final MethodHandle GAI_STRERROR = function("gai_strerror", FunctionDescriptor.of(ADDRESS, JAVA_INT));

    private HostName() {}

    /** A name that has not been resolved. */
    public static final class LookupException extends IOException {
        @Serial
        private static final long serialVersionUID = 1;

        private final boolean lasting;

        /** @param lasting see {@link #lasting()} */
        public LookupException(String message, boolean lasting) {
            super(message);
            this.lasting = lasting;
        }

        /** Whether to ask again would be in vain: the name does not exist, or has no address. */
        public boolean lasting() {
            return lasting;
        }
    }

    /**
     * The address of {@code name} that is to be tried first; a link-local one has its scope.
     *
     * @throws LookupException if there is none, now or at all
     */
    public static InetAddress resolve(String name) throws LookupException {
        try (Arena memory = Arena.ofConfined()) {
            MemorySegment hints = memory.allocate(ADDRINFO_LENGTH, Long.BYTES);
            hints.set(JAVA_INT, SOCKET_TYPE, SOCK_DGRAM);
            MemorySegment result = memory.allocate(ADDRESS);
            int code = (int) GETADDRINFO.invokeExact(memory.allocateFrom(name), MemorySegment.NULL, hints, result);
            if (code != 0) {
                throw new LookupException(
                        name + ": " + text(code), code == EAI_NONAME || code == EAI_FAIL || code == EAI_NODATA);
            }
            MemorySegment first = result.get(ADDRESS, 0).reinterpret(ADDRINFO_LENGTH);
            try {
                return address(first.get(ADDRESS, SOCKET_ADDRESS).reinterpret(SOCKADDR_LENGTH));
            } finally {
                FREEADDRINFO.invokeExact(first);
            }
        } catch (LookupException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static InetAddress address(MemorySegment socketAddress) throws UnknownHostException {
        return socketAddress.get(JAVA_SHORT, 0) == AF_INET
                ? InetAddress.getByAddress(
                        socketAddress.asSlice(IPV4_ADDRESS, 4).toArray(JAVA_BYTE))
                : Inet6Address.getByAddress(
                        null,
                        socketAddress.asSlice(IPV6_ADDRESS, 16).toArray(JAVA_BYTE),
                        socketAddress.get(JAVA_INT, IPV6_SCOPE) == 0 ? -1 : socketAddress.get(JAVA_INT, IPV6_SCOPE));
    }

    private static String text(int code) {
        try {
            MemorySegment text = (MemorySegment) GAI_STRERROR.invokeExact(code);
            return text.reinterpret(Long.MAX_VALUE).getString(0);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static MethodHandle function(String name, FunctionDescriptor shape) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), shape);
    }

    /** {@code invokeExact} declares Throwable, a downcall throws nothing. */
    private static Error unexpected(Throwable thrown) {
        return thrown instanceof Error error ? error : new AssertionError(thrown);
    }
}
