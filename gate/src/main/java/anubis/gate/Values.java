package anubis.gate;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.crypto.Primitives;
import anubis.crypto.PublicKey;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;

/** The values of fields: nothing, if bytes are not one. */
final class Values {
    private static final long LONGEST = 0xffff_ffffL;

    private Values() {}

    /** What can be shown to people and written into a log: no control characters, nothing that is not UTF-8. */
    static boolean isText(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length <= Reply.MAX_TEXT
                && text.codePoints().noneMatch(Values::misleads);
    }

    /** Control and format characters, halves of a pair, and what stands for bytes that are not UTF-8. */
    private static boolean misleads(int character) {
        int type = Character.getType(character);
        return character == 0xfffd
                || type == Character.CONTROL
                || type == Character.FORMAT
                || type == Character.SURROGATE
                || type == Character.LINE_SEPARATOR
                || type == Character.PARAGRAPH_SEPARATOR;
    }

    static Optional<String> text(byte[] value) {
        return value.length > Reply.MAX_TEXT
                ? Optional.empty()
                : Optional.of(new String(value, StandardCharsets.UTF_8)).filter(Values::isText);
    }

    static Optional<PublicKey> key(byte[] value) {
        return value.length == Primitives.KEY_LENGTH ? Optional.of(PublicKey.of(value)) : Optional.empty();
    }

    static Optional<Endpoint> endpoint(byte[] value) {
        try {
            return Optional.of(Endpoint.parse(new String(value, StandardCharsets.ISO_8859_1)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Bits after the prefix must be zero. */
    static Optional<Cidr> prefix(byte[] value) {
        int length = value.length == 0 ? 0 : value[0] & 0xff;
        if ((value.length != 5 && value.length != 17) || length > 8 * (value.length - 1)) {
            return Optional.empty();
        }
        byte[] address = Arrays.copyOfRange(value, 1, value.length);
        try {
            Cidr prefix = new Cidr(
                    address.length == 4
                            ? InetAddress.getByAddress(address)
                            : Inet6Address.getByAddress(null, address, -1),
                    length);
            return Optional.of(prefix).filter(it -> it.masked().equals(it));
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    static byte[] bytes(Cidr prefix) {
        byte[] address = prefix.address().getAddress();
        return ByteBuffer.allocate(1 + address.length)
                .put((byte) prefix.length())
                .put(address)
                .array();
    }

    static Optional<Duration> duration(byte[] value) {
        return value.length == Integer.BYTES
                ? Optional.of(Duration.ofSeconds(
                        Integer.toUnsignedLong(ByteBuffer.wrap(value).getInt())))
                : Optional.empty();
    }

    static byte[] bytes(Duration lease) {
        int seconds = (int) Math.clamp(lease.toSeconds(), 0, LONGEST);
        return ByteBuffer.allocate(Integer.BYTES).putInt(seconds).array();
    }

    static Optional<Boolean> flag(byte[] value) {
        return value.length == 1 && (value[0] & 0xfe) == 0 ? Optional.of(value[0] == 1) : Optional.empty();
    }

    static byte[] bytes(boolean flag) {
        return new byte[] {(byte) (flag ? 1 : 0)};
    }

    static Optional<Identifier> identifier(byte[] value) {
        return value.length == Identifier.LENGTH ? Optional.of(Identifier.of(value)) : Optional.empty();
    }
}
