package anubis.gate;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.crypto.PublicKey;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What a hub answers.
 *
 * @param identifier of the request; with {@link Operation#LEAVING} the last one that the hub accepted
 * @param productionKey of the client
 * @param sentence for people: at most {@link #MAX_TEXT} bytes in UTF-8, without control characters
 * @param hub what the hub tells of itself
 * @param lease what is left of it, in seconds
 * @param up whether the peer is up
 * @param hubInUse the name of the hub to ask instead, as {@code sentence}
 * @param permanent whether the hub never takes the peer down
 * @param last the last identifier that the hub accepted
 */
public record Reply(
        Operation operation,
        Code code,
        Identifier identifier,
        PublicKey productionKey,
        String sentence,
        Optional<Terms> hub,
        Optional<Duration> lease,
        Optional<Boolean> up,
        Optional<String> hubInUse,
        boolean permanent,
        Optional<Identifier> last) {
    public static final int MAX_TEXT = 200;

    static final int ANSWER = 128;
    static final int CODE_OFFSET = 6;
    static final int FIELDS_OFFSET = 52;

    private static final int FIELD_SENTENCE = 16;
    private static final int FIELD_HUB_KEY = 17;
    private static final int FIELD_ENDPOINT = 18;
    private static final int FIELD_PREFIX = 19;
    private static final int FIELD_LEASE = 20;
    private static final int FIELD_STATE = 21;
    private static final int FIELD_HUB_IN_USE = 22;
    private static final int FIELD_PERMANENT = 23;
    private static final int FIELD_LAST = 24;

    public Reply {
        if (!Values.isText(sentence) || !hubInUse.map(Values::isText).orElse(true)) {
            throw new IllegalArgumentException(
                    "text of a reply has at most " + MAX_TEXT + " bytes and no control characters");
        }
    }

    /**
     * What a client needs to know of the hub to configure its own side.
     *
     * @param productionKey of the hub
     * @param endpoints of its production interface, the best first
     * @param prefixes what may come from and go to the hub
     */
    public record Terms(PublicKey productionKey, List<Endpoint> endpoints, List<Cidr> prefixes) {
        public Terms {
            endpoints = List.copyOf(endpoints);
            prefixes = prefixes.stream().map(Cidr::masked).toList();
        }
    }

    /** A reply that says no more than a code. */
    static Reply of(Operation operation, Code code, Identifier identifier, PublicKey productionKey) {
        return new Reply(
                operation,
                code,
                identifier,
                productionKey,
                code.sentence(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                Optional.empty());
    }

    Reply withLast(Optional<Identifier> accepted) {
        return new Reply(
                operation, code, identifier, productionKey, sentence, hub, lease, up, hubInUse, permanent, accepted);
    }

    /**
     * The datagram: the same bytes each time.
     *
     * @throws IllegalArgumentException if the terms of the hub do not fit into {@link InnerUdp#MAX_PAYLOAD} bytes
     */
    public byte[] bytes() {
        ByteBuffer to = ByteBuffer.allocate(InnerUdp.MAX_PAYLOAD);
        to.putInt(Request.MAGIC)
                .put((byte) Request.VERSION)
                .put((byte) (operation.number() | ANSWER))
                .put((byte) code.number())
                .put((byte) 0);
        identifier.write(to);
        to.put(productionKey.bytes());
        try {
            Fields.put(to, FIELD_SENTENCE, sentence.getBytes(StandardCharsets.UTF_8));
            hub.ifPresent(terms -> put(to, terms));
            lease.ifPresent(left -> Fields.put(to, FIELD_LEASE, Values.bytes(left)));
            up.ifPresent(state -> Fields.put(to, FIELD_STATE, Values.bytes(state)));
            hubInUse.ifPresent(name -> Fields.put(to, FIELD_HUB_IN_USE, name.getBytes(StandardCharsets.UTF_8)));
            if (permanent) {
                Fields.put(to, FIELD_PERMANENT, Values.bytes(true));
            }
            last.ifPresent(identifier -> Fields.put(to, FIELD_LAST, identifier.bytes()));
        } catch (BufferOverflowException e) {
            throw new IllegalArgumentException(
                    "a reply has at most " + InnerUdp.MAX_PAYLOAD + " bytes: give the hub fewer endpoints or prefixes",
                    e);
        }
        return Arrays.copyOf(to.array(), to.position());
    }

    private static void put(ByteBuffer to, Terms terms) {
        Fields.put(to, FIELD_HUB_KEY, terms.productionKey.bytes());
        terms.endpoints.forEach(
                endpoint -> Fields.put(to, FIELD_ENDPOINT, endpoint.toString().getBytes(StandardCharsets.US_ASCII)));
        terms.prefixes.forEach(prefix -> {
            Fields.put(to, FIELD_PREFIX, Values.bytes(prefix));
        });
    }

    /** Reads a datagram that came through the gate tunnel, which has proved who sent it. */
    public static Parsed<Reply> parse(byte[] datagram) {
        if (datagram.length < FIELDS_OFFSET
                || datagram.length > InnerUdp.MAX_PAYLOAD
                || ByteBuffer.wrap(datagram).getInt() != Request.MAGIC) {
            return new Parsed.Refused<>(Refusal.NOT_GATE);
        }
        if (datagram[Request.VERSION_OFFSET] != Request.VERSION) {
            return new Parsed.Refused<>(Refusal.VERSION);
        }
        Optional<Operation> operation = Operation.of((datagram[Request.OPERATION_OFFSET] & 0xff) - ANSWER);
        if (operation.isEmpty()) {
            return new Parsed.Refused<>(Refusal.OPERATION);
        }
        if (datagram[CODE_OFFSET + 1] != 0) {
            return new Parsed.Refused<>(Refusal.RESERVED);
        }
        String sentence = "";
        Optional<PublicKey> hubKey = Optional.empty();
        List<Endpoint> endpoints = new ArrayList<>();
        List<Cidr> prefixes = new ArrayList<>();
        Optional<Duration> lease = Optional.empty();
        Optional<Boolean> up = Optional.empty();
        Optional<String> hubInUse = Optional.empty();
        boolean permanent = false;
        Optional<Identifier> last = Optional.empty();
        var fields = new Fields(datagram, FIELDS_OFFSET);
        while (fields.next()) {
            int type = fields.type();
            byte[] value = fields.value();
            if (type != FIELD_ENDPOINT && type != FIELD_PREFIX) {
                fields.once();
            }
            switch (type) {
                case FIELD_SENTENCE ->
                    sentence = fields.valid(Values.text(value)).orElse("");
                case FIELD_HUB_KEY -> hubKey = fields.valid(Values.key(value));
                case FIELD_ENDPOINT -> fields.valid(Values.endpoint(value)).ifPresent(endpoints::add);
                case FIELD_PREFIX -> fields.valid(Values.prefix(value)).ifPresent(prefixes::add);
                case FIELD_LEASE -> lease = fields.valid(Values.duration(value));
                case FIELD_STATE -> up = fields.valid(Values.flag(value));
                case FIELD_HUB_IN_USE -> hubInUse = fields.valid(Values.text(value));
                case FIELD_PERMANENT ->
                    permanent = fields.valid(Values.flag(value)).orElse(false);
                case FIELD_LAST -> last = fields.valid(Values.identifier(value));
                default -> fields.refuse(Refusal.FIELD_UNKNOWN);
            }
        }
        if (fields.refusal().isPresent()) {
            return new Parsed.Refused<>(fields.refusal().get());
        }
        return new Parsed.Read<>(new Reply(
                operation.get(),
                Code.of(datagram[CODE_OFFSET] & 0xff),
                Request.identifier(datagram),
                Request.productionKey(datagram),
                sentence,
                hubKey.map(key -> new Terms(key, endpoints, prefixes)),
                lease,
                up,
                hubInUse,
                permanent,
                last));
    }
}
