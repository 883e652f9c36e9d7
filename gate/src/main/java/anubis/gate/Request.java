package anubis.gate;

import anubis.crypto.Primitives;
import anubis.crypto.PublicKey;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a client asks, without its proof ({@link Proof}).
 *
 * @param code a second factor: 6 to 8 digits
 * @param lease how long a lease is wished: 1 to 2³² − 1 seconds
 * @param client of whom a hub tells, with {@link Operation#HAS} and {@link Operation#HAS_NOT}
 */
public record Request(
        Operation operation,
        Identifier identifier,
        PublicKey productionKey,
        Optional<String> code,
        Optional<Duration> lease,
        Optional<Client> client) {
    static final int MAGIC = 0x414e5542;
    static final int VERSION = 1;
    static final int VERSION_OFFSET = 4;
    static final int OPERATION_OFFSET = 5;
    static final int IDENTIFIER_OFFSET = 8;
    static final int KEY_OFFSET = 20;
    static final int NONCE_OFFSET = KEY_OFFSET + Primitives.KEY_LENGTH;
    static final int SEALED_OFFSET = NONCE_OFFSET + Primitives.XNONCE_LENGTH;
    /** Bytes of random that are sealed, before the tag. */
    static final int SECRET_LENGTH = 16;

    static final int FIELDS_OFFSET = SEALED_OFFSET + SECRET_LENGTH + Primitives.TAG_LENGTH;

    private static final int FIELD_CODE = 1;
    private static final int FIELD_LEASE = 2;
    private static final int FIELD_CLIENT = 3;
    private static final int CLIENT_LENGTH = Primitives.KEY_LENGTH + Identifier.LENGTH;
    private static final Pattern CODE = Pattern.compile("[0-9]{6,8}");

    /**
     * A client of another hub.
     *
     * @param since the identifier of the {@code up} by which it came to that hub; the hub with the greatest has it
     */
    public record Client(PublicKey productionKey, Identifier since) {}

    public Request {
        if (!operation.asked()) {
            throw new IllegalArgumentException("no client asks that");
        }
        if (code.isPresent() && !CODE.matcher(code.get()).matches()) {
            throw new IllegalArgumentException("the code of a second factor has 6 to 8 digits");
        }
        if (lease.isPresent() && (lease.get().toSeconds() < 1 || lease.get().toSeconds() > 0xffff_ffffL)) {
            throw new IllegalArgumentException("a lease is 1 to 4294967295 seconds");
        }
        if (operation.tells() != client.isPresent()) {
            throw new IllegalArgumentException("only hubs tell of clients");
        }
    }

    /** The datagram, its nonce and its seal still zero. */
    byte[] unsealed() {
        ByteBuffer to = ByteBuffer.allocate(InnerUdp.MAX_PAYLOAD);
        to.putInt(MAGIC).put((byte) VERSION).put((byte) operation.number()).putShort((short) 0);
        identifier.write(to);
        to.put(productionKey.bytes()).position(FIELDS_OFFSET);
        code.ifPresent(digits -> Fields.put(to, FIELD_CODE, digits.getBytes(StandardCharsets.US_ASCII)));
        lease.ifPresent(wish -> Fields.put(to, FIELD_LEASE, Values.bytes(wish)));
        client.ifPresent(of -> Fields.put(to, FIELD_CLIENT, bytes(of)));
        return Arrays.copyOf(to.array(), to.position());
    }

    private static byte[] bytes(Client client) {
        ByteBuffer bytes = ByteBuffer.allocate(CLIENT_LENGTH).put(client.productionKey.bytes());
        client.since.write(bytes);
        return bytes.array();
    }

    private static Optional<Client> client(byte[] value) {
        return value.length == CLIENT_LENGTH
                ? Optional.of(new Client(
                        PublicKey.of(Arrays.copyOf(value, Primitives.KEY_LENGTH)),
                        Identifier.read(ByteBuffer.wrap(value).position(Primitives.KEY_LENGTH))))
                : Optional.empty();
    }

    /** Whether {@link #identifier(byte[])} and {@link #productionKey(byte[])} have something to read. */
    static boolean isOne(byte[] datagram) {
        return datagram.length >= FIELDS_OFFSET
                && datagram.length <= InnerUdp.MAX_PAYLOAD
                && ByteBuffer.wrap(datagram).getInt() == MAGIC;
    }

    /** What is asked for, if this end knows that. */
    static Optional<Operation> operation(byte[] datagram) {
        return Operation.of(datagram[OPERATION_OFFSET]).filter(Operation::asked);
    }

    static Identifier identifier(byte[] datagram) {
        return Identifier.read(ByteBuffer.wrap(datagram).position(IDENTIFIER_OFFSET));
    }

    static PublicKey productionKey(byte[] datagram) {
        return PublicKey.of(Arrays.copyOfRange(datagram, KEY_OFFSET, NONCE_OFFSET));
    }

    /** Reads a datagram. It has proved nothing by that. */
    public static Parsed<Request> parse(byte[] datagram) {
        if (!isOne(datagram)) {
            return new Parsed.Refused<>(Refusal.NOT_GATE);
        }
        if (datagram[VERSION_OFFSET] != VERSION) {
            return new Parsed.Refused<>(Refusal.VERSION);
        }
        Optional<Operation> operation = operation(datagram);
        if (operation.isEmpty()) {
            return new Parsed.Refused<>(Refusal.OPERATION);
        }
        if (datagram[6] != 0 || datagram[7] != 0) {
            return new Parsed.Refused<>(Refusal.RESERVED);
        }
        Optional<String> code = Optional.empty();
        Optional<Duration> lease = Optional.empty();
        Optional<Client> client = Optional.empty();
        var fields = new Fields(datagram, FIELDS_OFFSET);
        while (fields.next()) {
            fields.once();
            byte[] value = fields.value();
            switch (fields.type()) {
                case FIELD_CODE ->
                    code = fields.valid(Optional.of(new String(value, StandardCharsets.ISO_8859_1))
                            .filter(text -> CODE.matcher(text).matches()));
                case FIELD_LEASE -> lease = fields.valid(Values.duration(value).filter(Duration::isPositive));
                case FIELD_CLIENT -> client = fields.valid(client(value));
                default -> fields.refuse(Refusal.FIELD_UNKNOWN);
            }
        }
        if (fields.refusal().isEmpty() && operation.get().tells() != client.isPresent()) {
            fields.refuse(Refusal.FIELD_UNKNOWN);
        }
        if (fields.refusal().isPresent()) {
            return new Parsed.Refused<>(fields.refusal().get());
        }
        return new Parsed.Read<>(
                new Request(operation.get(), identifier(datagram), productionKey(datagram), code, lease, client));
    }

    /** Without the code of the second factor. */
    @Override
    public String toString() {
        return operation + " " + productionKey;
    }
}
