package anubis.device;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Builds packets, and splits super-packets, in the plainest way: the oracle of the offload tests. */
final class SlowPackets {
    private SlowPackets() {}

    /** A whole TCP packet; {@code flow} makes addresses and ports. */
    static byte[] tcp(boolean ipv6, int flow, int sequence, int flags, byte[] options, byte[] payload) {
        byte[] header = new byte[20 + options.length];
        set16(header, 0, 1000 + flow);
        set16(header, 2, 443);
        set16(header, 4, sequence >>> 16);
        set16(header, 6, sequence);
        set16(header, 10, 77);
        header[12] = (byte) ((header.length / 4) << 4);
        header[13] = (byte) flags;
        set16(header, 14, 501);
        System.arraycopy(options, 0, header, 20, options.length);
        return ip(ipv6, 6, flow, new byte[0], header, payload);
    }

    /** A whole UDP packet; {@code flow} makes addresses and ports. */
    static byte[] udp(boolean ipv6, int flow, byte[] payload) {
        byte[] header = new byte[8];
        set16(header, 0, 1000 + flow);
        set16(header, 2, 53);
        return ip(ipv6, 17, flow, new byte[0], header, payload);
    }

    /** A whole IP packet, with {@code between} as IPv4 options or as an IPv6 hop-by-hop header. */
    static byte[] ip(boolean ipv6, int protocol, int flow, byte[] between, byte[] header, byte[] payload) {
        byte[] ip = new byte[ipv6 ? 40 : 20];
        if (ipv6) {
            ip[0] = 0x60;
            ip[3] = (byte) flow;
            ip[6] = (byte) (between.length == 0 ? protocol : 0);
            ip[7] = 64;
            set16(ip, 8, 0xFD00);
            ip[23] = (byte) flow;
            set16(ip, 24, 0xFD01);
            ip[39] = 2;
            if (between.length > 0) {
                between[0] = (byte) protocol;
                between[1] = (byte) (between.length / 8 - 1);
            }
        } else {
            ip[0] = (byte) (0x45 + between.length / 4);
            set16(ip, 4, 0xFFF0 + flow);
            set16(ip, 6, 0x4000);
            ip[8] = 64;
            ip[9] = (byte) protocol;
            set16(ip, 12, 0x0A00);
            ip[15] = (byte) flow;
            set16(ip, 16, 0x0A01);
            ip[19] = 2;
        }
        byte[] packet = join(ip, between, header, payload);
        finish(packet, ip.length + between.length, protocol);
        return packet;
    }

    /** Sets lengths and checksums. */
    static void finish(byte[] packet, int transport, int protocol) {
        finishIp(packet);
        if (protocol != 6 && protocol != 17) return;
        int field = transport + (protocol == 6 ? 16 : 6);
        if (protocol == 17) set16(packet, transport + 4, packet.length - transport);
        set16(packet, field, 0);
        int sum = pseudo(packet, transport, protocol) + sum(packet, transport, packet.length);
        int checksum = ~fold(sum) & 0xFFFF;
        set16(packet, field, protocol == 17 && checksum == 0 ? 0xFFFF : checksum);
    }

    static void finishIp(byte[] packet) {
        if (packet[0] >>> 4 == 4) {
            set16(packet, 2, packet.length);
            set16(packet, 10, 0);
            set16(packet, 10, ~sum(packet, 0, (packet[0] & 15) * 4));
        } else {
            set16(packet, 4, packet.length - 40);
        }
    }

    /** The folded sum of the pseudo-header. */
    static int pseudo(byte[] packet, int transport, int protocol) {
        int addresses = packet[0] >>> 4 == 4 ? sum(packet, 12, 20) : sum(packet, 8, 40);
        return fold(addresses + protocol + packet.length - transport);
    }

    static int sum(byte[] bytes, int from, int to) {
        int sum = 0;
        for (int i = from; i < to; i++) sum = fold(sum + ((bytes[i] & 0xFF) << (((i - from) & 1) == 0 ? 8 : 0)));
        return sum;
    }

    static int fold(int sum) {
        int folded = sum;
        while (folded > 0xFFFF) folded = (folded & 0xFFFF) + (folded >>> 16);
        return folded;
    }

    /** What a read of the TUN gives for a super-packet: a virtio header, and the partial checksum in place. */
    static byte[] read(int type, int size, byte[] packet, int transport, int protocol) {
        int offset = protocol == 6 ? 16 : 6;
        byte[] read = join(virtio(1, type, 9999, size, transport, offset), packet);
        set16(read, 10 + transport + offset, pseudo(packet, transport, protocol));
        return read;
    }

    static byte[] virtio(int flags, int type, int headersLength, int size, int start, int offset) {
        byte[] header = new byte[10];
        header[0] = (byte) flags;
        header[1] = (byte) type;
        native16(header, 2, headersLength);
        native16(header, 4, size);
        native16(header, 6, start);
        native16(header, 8, offset);
        return header;
    }

    /** The packets of a read or a write. */
    static List<byte[]> split(byte[] read) {
        byte[] packet = Arrays.copyOfRange(read, 10, read.length);
        int size = native16(read, 4);
        int transport = native16(read, 6);
        if (read[0] == 0) return List.of(packet);
        int protocol = native16(read, 8) == 16 ? 6 : 17;
        if (read[1] == 0) {
            finish(packet, transport, protocol);
            return List.of(packet);
        }
        int headers = transport + (protocol == 6 ? (packet[transport + 12] & 0xF0) / 4 : 8);
        List<byte[]> packets = new ArrayList<>();
        int from = headers;
        do {
            int to = Math.min(from + size, packet.length);
            byte[] part = join(Arrays.copyOf(packet, headers), Arrays.copyOfRange(packet, from, to));
            if (packet[0] >>> 4 == 4) set16(part, 4, get16(packet, 4) + packets.size());
            if (protocol == 6) {
                int sequence = (get16(packet, transport + 4) << 16 | get16(packet, transport + 6)) + from - headers;
                set16(part, transport + 4, sequence >>> 16);
                set16(part, transport + 6, sequence);
                if (to < packet.length) part[transport + 13] &= ~0x09;
                if (from > headers) part[transport + 13] &= 0x7F;
            }
            finish(part, transport, protocol);
            packets.add(part);
            from = to;
        } while (from < packet.length);
        return packets;
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) all.writeBytes(part);
        return all.toByteArray();
    }

    static int get16(byte[] bytes, int at) {
        return (bytes[at] & 0xFF) << 8 | (bytes[at + 1] & 0xFF);
    }

    static void set16(byte[] bytes, int at, int value) {
        bytes[at] = (byte) (value >>> 8);
        bytes[at + 1] = (byte) value;
    }

    private static int native16(byte[] bytes, int at) {
        return (bytes[at] & 0xFF) | (bytes[at + 1] & 0xFF) << 8;
    }

    private static void native16(byte[] bytes, int at, int value) {
        bytes[at] = (byte) value;
        bytes[at + 1] = (byte) (value >>> 8);
    }
}
