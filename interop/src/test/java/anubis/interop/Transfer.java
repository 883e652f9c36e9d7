package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.Lab;
import anubis.lab.LabHost;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.math.BigInteger;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/**
 * Traffic whose every byte is checked where it arrives: TCP in both directions at once, and UDP that is echoed. The ends are
 * processes in hosts of the lab.
 */
final class Transfer {
    private static final int PORT = 7000;
    private static final int DATAGRAMS_UNDER_WAY = 64;
    private static final int BYTES_UNDER_WAY =
            70_000; // a socket's default buffer holds about 200,000 with all overhead

    private Transfer() {}

    /** Starts the listening end, for TCP and UDP, at all addresses of a host. */
    static void listen(LabHost host) {
        try {
            Path said = Files.createTempFile("anubis-transfer", ".txt");
            host.start(builder -> builder.redirectErrorStream(true).redirectOutput(said.toFile()), command("listen"));
            assertThat(Lab.poll(Device.SOON, () -> read(said).contains("listening")))
                    .isTrue();
            Files.delete(said);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends this many bytes to a listening end, receives for as long, and fails if any byte arrives changed. */
    static void tcp(LabHost from, String address, long bytes) {
        assertThat(from.run(command("tcp", address, Long.toString(bytes)))).isEqualTo("good\n");
    }

    /** Starts {@link #tcp} for this many seconds; {@link Process#waitFor} returns 0 if all bytes arrived as they were. */
    static Process tcpFor(LabHost from, String address, long seconds) {
        return from.start(
                builder -> builder.redirectErrorStream(true)
                        .redirectOutput(Redirect.appendTo(Device.log("transfer").toFile())),
                command("tcp-seconds", address, Long.toString(seconds)));
    }

    /** Sends datagrams with payloads of a size to a listening end and fails unless each comes back as it was, and in order. */
    static void udp(LabHost from, String address, int count, int size) {
        udp(from, address, 1, count, size);
    }

    /** {@link #udp(LabHost, String, int, int)} from one new port after the other. */
    static void udp(LabHost from, String address, int flows, int count, int size) {
        assertThat(from.run(command("udp", address, "" + flows, "" + count, "" + size)))
                .isEqualTo("good\n");
    }

    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "listen" -> listen();
            case "tcp" -> tcp(args[1], Long.parseLong(args[2]), Long.MAX_VALUE);
            case "tcp-seconds" -> tcp(args[1], Long.MAX_VALUE, Long.parseLong(args[2]));
            case "udp" -> {
                for (int flow = 0; flow < Integer.parseInt(args[2]); flow++) {
                    udp(args[1], Integer.parseInt(args[3]), Integer.parseInt(args[4]));
                }
                System.out.println("good");
            }
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    private static void listen() throws IOException {
        try (ServerSocket server = new ServerSocket(PORT);
                DatagramSocket datagrams = new DatagramSocket(PORT)) {
            Thread.ofPlatform().daemon().start(() -> echo(datagrams));
            System.out.println("listening");
            while (true) {
                Socket socket = server.accept();
                Thread.ofPlatform().daemon().start(() -> {
                    try (socket) {
                        exchange(socket, Long.MAX_VALUE, Long.MAX_VALUE);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
            }
        }
    }

    private static void tcp(String address, long bytes, long seconds) throws IOException {
        try (Socket socket = new Socket(address, PORT)) {
            exchange(socket, bytes, seconds);
        }
        System.out.println("good");
    }

    /** Each end sends pseudo-random blocks, and last how much there was; the one with a limit ends first, and then the other. */
    private static void exchange(Socket socket, long bytes, long seconds) throws IOException {
        CompletableFuture<Long> ended = new CompletableFuture<>();
        CompletableFuture<Void> receiving = CompletableFuture.runAsync(() -> {
            try {
                ended.complete(check(socket.getInputStream()));
            } catch (IOException e) {
                ended.completeExceptionally(e);
            }
        });
        long sent = send(socket.getOutputStream(), bytes, seconds, ended);
        socket.shutdownOutput();
        receiving.join();
        if (ended.join() == 0 || sent == 0) {
            throw new IOException("nothing went one of the ways");
        }
    }

    private static long send(OutputStream out, long bytes, long seconds, CompletableFuture<Long> otherEnded)
            throws IOException {
        DataOutputStream data = new DataOutputStream(out);
        long end = seconds == Long.MAX_VALUE ? Long.MAX_VALUE : System.nanoTime() + seconds * 1_000_000_000;
        Random random = new Random(1);
        byte[] block = new byte[16_384];
        long sent = 0;
        while (sent < bytes && System.nanoTime() < end && !otherEnded.isDone()) {
            random.nextBytes(block);
            int length = (int) Math.min(block.length, bytes - sent);
            data.writeInt(length);
            data.write(block, 0, length);
            sent += length;
        }
        data.writeInt(0);
        data.writeLong(sent);
        data.flush();
        return sent;
    }

    private static long check(InputStream in) throws IOException {
        DataInputStream data = new DataInputStream(new BufferedInputStream(in, 65_536));
        Random random = new Random(1);
        byte[] expected = new byte[16_384];
        long received = 0;
        for (int length = data.readInt(); length != 0; length = data.readInt()) {
            byte[] block = data.readNBytes(length);
            random.nextBytes(expected);
            if (!Arrays.equals(block, 0, block.length, expected, 0, length)) {
                throw new IOException("changed on the way, near byte " + received);
            }
            received += length;
        }
        if (data.readLong() != received) {
            throw new IOException("some bytes are missing of " + received);
        }
        return received;
    }

    private static void echo(DatagramSocket socket) {
        byte[] buffer = new byte[65_536];
        try {
            while (true) {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                socket.receive(packet);
                socket.send(packet);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void udp(String address, int count, int size) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(5_000);
            socket.connect(new InetSocketAddress(InetAddress.getByName(address), PORT));
            byte[] buffer = new byte[65_536];
            for (int sent = 0; sent < count; ) {
                int group = Math.min(Math.min(DATAGRAMS_UNDER_WAY, BYTES_UNDER_WAY / size), count - sent);
                for (int i = sent; i < sent + group; i++) {
                    byte[] payload = payload(socket, i, size);
                    socket.send(new DatagramPacket(payload, payload.length));
                }
                for (int i = sent; i < sent + group; i++) {
                    DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                    socket.receive(packet);
                    if (!Arrays.equals(Arrays.copyOf(buffer, packet.getLength()), payload(socket, i, size))) {
                        throw new IOException("datagram " + i + " was changed, or "
                                + ByteBuffer.wrap(buffer).getInt() + " came in its place");
                    }
                }
                sent += group;
            }
        }
    }

    /**
     * A number and pseudo-random bytes. Never such that the checksum of the datagram, or of its echo, comes to zero:
     * wireguard-go 0.0.20260522 sends it as zero, which a receiver takes for a fault in IPv6 (RFC 8200, section 8.1).
     */
    private static byte[] payload(DatagramSocket socket, int number, int size) {
        byte[] payload = new byte[size];
        new Random(number).nextBytes(payload);
        ByteBuffer.wrap(payload).putInt(number);
        ByteBuffer summed = ByteBuffer.allocate(42 + size + size % 2);
        summed.put(socket.getLocalAddress().getAddress())
                .put(socket.getInetAddress().getAddress())
                .putShort((short) socket.getLocalPort())
                .putShort((short) socket.getPort())
                .putInt(2 * (8 + size))
                .putShort((short) 17)
                .put(payload);
        // The sum of 16-bit words with the carries added at the end is the remainder modulo 65,535.
        if (new BigInteger(1, summed.array()).mod(BigInteger.valueOf(0xFFFF)).signum() == 0) {
            payload[size - 1] ^= 1;
        }
        return payload;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String[] command(String... arguments) {
        String classes = Transfer.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath();
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx64m",
                "-cp",
                classes,
                Transfer.class.getName()));
        command.addAll(List.of(arguments));
        return command.toArray(String[]::new);
    }
}
