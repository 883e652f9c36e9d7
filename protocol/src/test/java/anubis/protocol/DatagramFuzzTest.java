package anubis.protocol;

import static anubis.protocol.World.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import anubis.protocol.World.Address;
import anubis.protocol.World.Datagram;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Whatever comes that is not authentic is counted once, changes nothing and is not answered, but under load with a
 * cookie for whoever knows our public key. Never is an exception thrown.
 */
class DatagramFuzzTest {
    private static final Address ATTACKER = new Address(0xcb00_7142, 4500, true);

    private final World world = new World(5);
    private final World.Host a = world.host(1);
    private final World.Host b = world.host(2);
    /** One of each type, which {@link #a} would accept at this moment. */
    private final List<byte[]> authentic;

    DatagramFuzzTest() {
        World.introduce(a, b);
        a.send(b, 0);
        world.run(130 * SECOND);
        world.carries = datagram -> datagram.sender() == a; // From now on b's answers are held back.
        b.underLoad = true;
        a.send(b, 1); // Begins a new handshake as well, to which b answers with a cookie reply,
        world.run(SECOND);
        byte[] cookieReply = last(Messages.TYPE_COOKIE_REPLY);
        b.underLoad = false;
        world.inject(world.sentBy(a, Messages.TYPE_INITIATION).getLast().bytes(), a.address, b); // then a response.
        byte[] response = last(Messages.TYPE_RESPONSE);
        b.send(a, 2);
        byte[] data = last(Messages.TYPE_TRANSPORT);
        b.wireGuard.down();
        b.wireGuard.up(world.now());
        b.send(a, 3);
        world.run(0);
        authentic = List.of(last(Messages.TYPE_INITIATION), response, cookieReply, data);
    }

    private byte[] last(int type) {
        return world.sentBy(b, type).getLast().bytes();
    }

    private record State(
            int indices,
            Address endpoint,
            long received,
            long sent,
            Optional<Instant> handshake,
            long deadline,
            @Nullable Keypair sending,
            int delivered) {}

    private State state() {
        Peer peer = a.peer(b);
        return new State(
                a.indices(),
                a.endpoint(b),
                peer.receivedBytes(),
                peer.sentBytes(),
                peer.latestHandshake(),
                a.wireGuard.nextDeadline(),
                peer.sendingKeypair(world.now()),
                a.delivered.size());
    }

    private void expectRefused(byte[] datagram, boolean underLoad) {
        world.forgetWire();
        a.underLoad = underLoad;
        State before = state();
        long drops = a.wireGuard.drops().total();
        long demanded = a.drops(Drop.COOKIE_DEMANDED);

        world.inject(datagram, ATTACKER, a);

        assertThat(state()).isEqualTo(before);
        assertThat(a.wireGuard.drops().total()).as("one counter, once").isEqualTo(drops + 1);
        if (a.drops(Drop.COOKIE_DEMANDED) == demanded) {
            assertThat(world.wire).isEmpty();
        } else {
            assertThat(underLoad).isTrue();
            assertThat(world.wire).hasSize(1);
            Datagram reply = world.wire.getFirst();
            assertThat(reply.type()).isEqualTo(Messages.TYPE_COOKIE_REPLY);
            assertThat(reply.to()).isEqualTo(ATTACKER);
            assertThat(reply.bytes()).hasSizeLessThan(datagram.length);
        }
    }

    @FuzzTest
    void anyBytes(byte[] data) {
        if (data.length > 2_000) {
            return;
        }
        expectRefused(data, false);
        expectRefused(data, true);
    }

    /**
     * An authentic message, changed. The recipe: the message; flags (1 under load, 2 cut at the offset, 4 longer, 8 mac1
     * made right again); the offset, two bytes; bytes that are combined with those at the offset.
     */
    @FuzzTest
    void changed(byte[] recipe) {
        if (recipe.length < 4 || recipe.length > 2_000) {
            return;
        }
        ByteBuffer in = ByteBuffer.wrap(recipe);
        byte[] original = authentic.get(in.get() & 3);
        int flags = in.get();
        int offset = (in.getShort() & 0xffff) % original.length;
        byte[] message = original.clone();
        if ((flags & 2) != 0) {
            message = Arrays.copyOf(message, offset);
        } else if ((flags & 4) != 0) {
            message = Arrays.copyOf(message, message.length + 1 + offset);
        }
        for (int i = offset; i < message.length && in.hasRemaining(); i++) {
            message[i] ^= in.get();
        }
        boolean hasMacs = original.length == Messages.INITIATION_LENGTH || original.length == Messages.RESPONSE_LENGTH;
        if ((flags & 8) != 0 && hasMacs && message.length >= 32) {
            Whitepaper.withMac1(message, a.publicKey().bytes());
        }
        boolean underLoad = (flags & 1) != 0;
        boolean mac1Valid = hasMacs && (flags & 8) != 0;
        if (!Arrays.equals(proven(original, hasMacs, mac1Valid), proven(message, hasMacs, mac1Valid))
                || (underLoad && hasMacs)) {
            expectRefused(message, underLoad);
        }
    }

    /**
     * What makes a message authentic: without load not mac2, and not the sender index of one whose mac1 was made right
     * again, which everyone can who knows the receiver.
     */
    private static byte[] proven(byte[] message, boolean hasMacs, boolean mac1Valid) {
        byte[] proven = message.clone();
        if (hasMacs && message.length >= 40) {
            Arrays.fill(proven, message.length - (mac1Valid ? 32 : 16), message.length, (byte) 0);
            Arrays.fill(proven, 4, mac1Valid ? 8 : 4, (byte) 0);
        }
        return proven;
    }

    @Test
    void manyChangedMessages() {
        Random random = new Random(11);
        for (int i = 0; i < 5_000; i++) {
            byte[] recipe = new byte[4 + 1 + random.nextInt(random.nextInt(10) == 0 ? 64 : 4)];
            random.nextBytes(recipe);
            recipe[1] &= (byte) random.nextInt();
            changed(recipe);
        }
        assertThat(List.of(Drop.values()).stream().filter(reason -> a.drops(reason) > 0))
                .contains(
                        Drop.MALFORMED,
                        Drop.WRONG_MAC1,
                        Drop.COOKIE_DEMANDED,
                        Drop.HANDSHAKE_NOT_AUTHENTIC,
                        Drop.UNKNOWN_INDEX,
                        Drop.COOKIE_NOT_AUTHENTIC,
                        Drop.NOT_AUTHENTIC);
    }

    @Test
    void manyBytes() {
        Random random = new Random(12);
        for (int i = 0; i < 5_000; i++) {
            byte[] data = new byte[random.nextInt(200)];
            random.nextBytes(data);
            if (data.length > 4 && random.nextBoolean()) {
                Messages.putInt(data, 0, random.nextInt(6));
            }
            anyBytes(data);
        }
    }

    /** Or else the tests above prove nothing. */
    @Test
    void theOriginalsAreAccepted() {
        a.underLoad = false;
        State before = state();
        world.inject(authentic.get(3), b.address, a);
        assertThat(a.delivered).contains(2L);
        world.inject(authentic.get(2), b.address, a);
        world.inject(authentic.get(1), b.address, a);
        assertThat(state().sending()).isNotSameAs(before.sending());
        world.forgetWire();
        world.inject(authentic.get(0), b.address, a);
        assertThat(world.sentBy(a, Messages.TYPE_RESPONSE)).hasSize(1);
        assertThat(a.wireGuard.drops().total()).isZero();
    }
}
