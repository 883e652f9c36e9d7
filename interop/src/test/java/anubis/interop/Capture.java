package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.Lab;
import anubis.lab.LabInterface;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The UDP datagrams that {@code tcpdump} sees on an interface, from the moment this is made. */
final class Capture implements AutoCloseable {
    private static final int FILE_HEADER = 24;
    private static final int RECORD_HEADER = 16;
    private static final int ETHERNET_HEADER = 14;
    private static final int UDP_HEADER = 8;

    private final Path file;
    private final Path said;
    private final Process tcpdump;

    /**
     * A datagram; several at once where the kernel carries them as one (GSO).
     *
     * @param source the address it came from
     * @param length of the payload, in bytes
     * @param type the first byte of the payload: the type of a WireGuard message
     */
    record Datagram(InetAddress source, int length, int type) {}

    private Capture(LabInterface where) {
        try {
            file = Files.createTempFile("anubis-capture", ".pcap");
            said = Files.createTempFile("anubis-capture", ".txt");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        tcpdump = where.host()
                .start(
                        builder -> builder.redirectErrorStream(true).redirectOutput(said.toFile()),
                        "tcpdump",
                        "-n",
                        "-U",
                        "-Z",
                        "root",
                        "--immediate-mode",
                        "-B",
                        "65536",
                        "-s",
                        "128",
                        "-i",
                        where.name(),
                        "-w",
                        file.toString(),
                        "udp");
        assertThat(Lab.poll(Device.SOON, () -> said().contains("listening on")))
                .as(this::said)
                .isTrue();
    }

    static Capture on(LabInterface where) {
        return new Capture(where);
    }

    /** All datagrams until now, or nearly: the last few may be on their way to the file. */
    List<Datagram> datagrams() {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.nativeOrder());
            List<Datagram> datagrams = new ArrayList<>();
            int at = FILE_HEADER;
            while (at + RECORD_HEADER <= bytes.limit()) {
                int captured = bytes.getInt(at + 8);
                at += RECORD_HEADER;
                if (at + captured > bytes.limit()) {
                    break;
                }
                datagrams.add(parse(bytes.slice(at, captured)));
                at += captured;
            }
            return datagrams;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The sum of the payloads' lengths, in bytes, of all that came from an address. */
    long bytesFrom(String address) {
        return datagrams().stream()
                .filter(datagram -> datagram.source().getHostAddress().equals(address))
                .mapToLong(Datagram::length)
                .sum();
    }

    private static Datagram parse(ByteBuffer frame) throws UnknownHostException {
        boolean v6 = frame.get(ETHERNET_HEADER) >> 4 == 6;
        int ipHeader = v6 ? 40 : (frame.get(ETHERNET_HEADER) & 15) * 4;
        int ipPayload = v6
                ? Short.toUnsignedInt(frame.getShort(ETHERNET_HEADER + 4))
                : Short.toUnsignedInt(frame.getShort(ETHERNET_HEADER + 2)) - ipHeader;
        byte[] source = new byte[v6 ? 16 : 4];
        frame.get(ETHERNET_HEADER + (v6 ? 8 : 12), source);
        int payload = ETHERNET_HEADER + ipHeader + UDP_HEADER;
        return new Datagram(
                InetAddress.getByAddress(source),
                ipPayload - UDP_HEADER,
                payload < frame.limit() ? Byte.toUnsignedInt(frame.get(payload)) : -1);
    }

    private String said() {
        try {
            return Files.readString(said);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        tcpdump.destroy();
        try {
            Files.delete(file);
            Files.delete(said);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
