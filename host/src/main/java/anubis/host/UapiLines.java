package anubis.host;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ProtocolException;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;

/** The lines of a device's answer. However long it goes on without ending one, it takes no more memory. For one thread. */
final class UapiLines {
    /** No line of the protocol is nearly so long, in bytes. */
    private static final int CAPACITY = 1 << 16;

    private final InputStream in;
    private final String device;
    private final byte[] buffer = new byte[CAPACITY];
    private int from;
    private int end;

    /** @param device what errors call it */
    UapiLines(ReadableByteChannel connection, String device) {
        this.in = Channels.newInputStream(connection);
        this.device = device;
    }

    /**
     * The next line, without its end.
     *
     * @throws EOFException if it breaks off
     * @throws ProtocolException if it is too long
     */
    String next() throws IOException {
        int at = from;
        while (true) {
            while (at < end) {
                if (buffer[at++] == '\n') {
                    String line = new String(buffer, from, at - 1 - from, StandardCharsets.US_ASCII);
                    from = at;
                    return line;
                }
            }
            at -= from;
            fill();
        }
    }

    /** Reads more, behind the beginning of a line, which it moves to the front. */
    private void fill() throws IOException {
        System.arraycopy(buffer, from, buffer, 0, end - from);
        end -= from;
        from = 0;
        if (end == CAPACITY) {
            throw new ProtocolException("the device " + device + " answered with a line that does not end");
        }
        int read = in.read(buffer, end, CAPACITY - end);
        if (read < 0) {
            throw new EOFException("the device " + device + " broke off in the middle of its answer");
        }
        end += read;
    }
}
