package anubis.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Takes writes as the kernel does: it checks what the kernel checks, and reads what the iovecs name. */
final class FakeTun implements Coalescer.Out {
    private static final int EINVAL = 22;

    /** Each write that succeeded, with its virtio header. */
    final List<byte[]> writes = new ArrayList<>();

    int superPackets;
    boolean refusesSuperPackets;
    int errno;

    @Override
    public int writev(MemorySegment iovecs, long offset, int count) {
        assertThat(count).isBetween(2, 1024);
        byte[][] parts = new byte[count][];
        for (int i = 0; i < count; i++) {
            long base = iovecs.get(JAVA_LONG, offset + 16L * i);
            long length = iovecs.get(JAVA_LONG, offset + 16L * i + 8);
            assertThat(length).isPositive();
            parts[i] = MemorySegment.ofAddress(base).reinterpret(length).toArray(JAVA_BYTE);
        }
        byte[] write = SlowPackets.join(parts);
        boolean superPacket = write[1] != 0;
        if (superPacket) superPackets++;
        if (superPacket && refusesSuperPackets) return -EINVAL;
        if (errno != 0) return -errno;
        if (superPacket) checkSuperPacket(write);
        else assertThat(write).as("the virtio header of a single packet").startsWith(new byte[10]);
        writes.add(write);
        return write.length;
    }

    List<byte[]> packets() {
        List<byte[]> packets = new ArrayList<>();
        for (byte[] write : writes) packets.addAll(SlowPackets.split(write));
        return packets;
    }

    private static void checkSuperPacket(byte[] write) {
        byte[] packet = Arrays.copyOfRange(write, 10, write.length);
        boolean ipv4 = packet[0] == 0x45;
        int ip = ipv4 ? 20 : 40;
        int protocol = packet[ipv4 ? 9 : 6];
        int checksum = protocol == 6 ? 16 : 6;
        int headers = ip + (protocol == 6 ? (packet[ip + 12] & 0xF0) / 4 : 8);
        int size = (write[4] & 0xFF) | (write[5] & 0xFF) << 8;
        int type = protocol == 17 ? 5 : ipv4 ? 1 : 4;
        assertThat(write).startsWith(SlowPackets.virtio(1, type, headers, size, ip, checksum));
        assertThat(packet.length - headers).isGreaterThan(size).isLessThanOrEqualTo(64 * size);
        assertThat(packet.length).isLessThanOrEqualTo(65_535);
        if (ipv4) {
            assertThat(SlowPackets.get16(packet, 2)).isEqualTo(packet.length);
            assertThat(SlowPackets.sum(packet, 0, 20)).as("IPv4 header").isEqualTo(0xFFFF);
        } else {
            assertThat(SlowPackets.get16(packet, 4)).isEqualTo(packet.length - 40);
        }
        if (protocol == 17) assertThat(SlowPackets.get16(packet, ip + 4)).isEqualTo(packet.length - ip);
        assertThat(SlowPackets.get16(packet, ip + checksum))
                .as("partial checksum")
                .isEqualTo(SlowPackets.pseudo(packet, ip, protocol));
    }
}
