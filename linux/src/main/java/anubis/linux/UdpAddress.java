package anubis.linux;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A remote address, with the local address and interface that a datagram to it is sent from (the sticky source).
 * Immutable.
 */
public final class UdpAddress {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final byte[] NONE = {};

    // Addresses as numbers, so that they are compared with a received datagram's without a look at memory of their own:
    // IPv6 in two halves, IPv4 in the low 32 bits.
    final Family family;
    final long high;
    final long low;
    final int port;
    final int scope;
    final boolean hasLocal;
    final long localHigh;
    final long localLow;
    final int interfaceIndex;

    /**
     * An address to which the kernel chooses the source.
     *
     * @param address 4 or 16 bytes, network order
     * @param port 0 to 65,535
     * @param scope the interface index that a link-local IPv6 address belongs to, else 0
     */
    public UdpAddress(byte[] address, int port, int scope) {
        this(address, port, scope, NONE, 0);
    }

    /**
     * @param local of the same length as {@code address}, or empty for none
     * @param interfaceIndex the interface to send through, or 0 for what the routes say
     */
    public UdpAddress(byte[] address, int port, int scope, byte[] local, int interfaceIndex) {
        this(
                Family.ofLength(address.length),
                high(address),
                low(address),
                port,
                scope,
                local.length != 0,
                high(local),
                low(local),
                interfaceIndex);
        if (hasLocal && local.length != address.length) {
            throw new IllegalArgumentException(
                    "a local address of " + local.length + " bytes for a remote one of " + address.length);
        }
        if (port < 0 || port > 0xFFFF) {
            throw new IllegalArgumentException("a port is 0 to 65535, not " + port);
        }
    }

    UdpAddress(
            Family family,
            long high,
            long low,
            int port,
            int scope,
            boolean hasLocal,
            long localHigh,
            long localLow,
            int interfaceIndex) {
        this.family = family;
        this.high = high;
        this.low = low;
        this.port = port;
        this.scope = scope;
        this.hasLocal = hasLocal;
        this.localHigh = localHigh;
        this.localLow = localLow;
        this.interfaceIndex = interfaceIndex;
    }

    private static long high(byte[] address) {
        return address.length == 16 ? (long) LONG.get(address, 0) : 0;
    }

    private static long low(byte[] address) {
        return switch (address.length) {
            case 0 -> 0;
            case 4 -> Integer.toUnsignedLong((int) INT.get(address, 0));
            case 16 -> (long) LONG.get(address, 8);
            default -> throw new IllegalArgumentException("an address has 4 or 16 bytes, not " + address.length);
        };
    }

    public Family family() {
        return family;
    }

    /** 4 or 16 bytes, network order; a copy. */
    public byte[] address() {
        return bytes(high, low);
    }

    public int port() {
        return port;
    }

    /** The interface index that a link-local IPv6 address belongs to, else 0. */
    public int scope() {
        return scope;
    }

    /** As long as {@link #address()}, or empty for none; a copy. */
    public byte[] local() {
        return hasLocal ? bytes(localHigh, localLow) : NONE;
    }

    /** 0 for none. */
    public int interfaceIndex() {
        return interfaceIndex;
    }

    private byte[] bytes(long high, long low) {
        byte[] bytes = new byte[family.addressLength()];
        if (family == Family.IPV4) {
            INT.set(bytes, 0, (int) low);
        } else {
            LONG.set(bytes, 0, high);
            LONG.set(bytes, 8, low);
        }
        return bytes;
    }

    /** The same remote address, where the kernel chooses the source again. */
    public UdpAddress withoutSource() {
        return hasLocal || interfaceIndex != 0 ? new UdpAddress(family, high, low, port, scope, false, 0, 0, 0) : this;
    }

    /** Whether address, port and scope are the same, whatever the source. */
    public boolean sameRemote(UdpAddress other) {
        return family == other.family
                && high == other.high
                && low == other.low
                && port == other.port
                && scope == other.scope;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        if (this == other) {
            return true;
        }
        return other instanceof UdpAddress that
                && sameRemote(that)
                && hasLocal == that.hasLocal
                && localHigh == that.localHigh
                && localLow == that.localLow
                && interfaceIndex == that.interfaceIndex;
    }

    @Override
    public int hashCode() {
        return Objects.hash(high, low, port, scope, localHigh, localLow, interfaceIndex);
    }

    /** The remote address alone: {@code 192.0.2.1:51820}, {@code [2001:db8::1]:51820} or {@code [fe80::1%2]:51820}. */
    @Override
    public String toString() {
        if (family == Family.IPV4) {
            return (low >>> 24) + "." + ((low >>> 16) & 0xFF) + "." + ((low >>> 8) & 0xFF) + "." + (low & 0xFF) + ":"
                    + port;
        }
        return "[" + ipv6() + (scope != 0 ? "%" + scope : "") + "]:" + port;
    }

    /** RFC 5952: lower case, no leading zeros, the first of the longest runs of two or more zero groups as "::". */
    private String ipv6() {
        int gap = -1;
        int gapLength = 1;
        for (int i = 0; i < 8; i++) {
            int length = 0;
            while (i + length < 8 && group(i + length) == 0) {
                length++;
            }
            if (length > gapLength) {
                gap = i;
                gapLength = length;
            }
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            if (i == gap) {
                text.append("::");
                i += gapLength - 1;
            } else {
                if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
                    text.append(':');
                }
                text.append(Integer.toHexString(group(i)));
            }
        }
        return text.toString();
    }

    private int group(int index) {
        return (int) ((index < 4 ? high : low) >>> (48 - 16 * (index & 3))) & 0xFFFF;
    }
}
