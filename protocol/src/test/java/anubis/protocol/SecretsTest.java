package anubis.protocol;

import static anubis.protocol.World.SECOND;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import anubis.crypto.PresharedKey;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What is secret is wiped when it has had its use: every shared secret, every key that Noise has derived, every
 * ephemeral private key.
 */
class SecretsTest {
    private static final Set<String> YIELD_SECRETS = Set.of("x25519", "hmac");

    private final List<byte[]> secrets = new ArrayList<>();
    private final World world = new World();
    private World.Host a = world.host(1);
    private World.Host b = world.host(2);

    @BeforeEach
    void introduce() {
        world.primitives = watched();
        a = world.host(1);
        b = world.host(2);
        World.introduce(a, b);
    }

    /** The primitives, with a note of each result that is secret. */
    private Primitives watched() {
        return (Primitives) Proxy.newProxyInstance(
                Primitives.class.getClassLoader(), new Class<?>[] {Primitives.class}, (_, method, arguments) -> {
                    Object result = method.invoke(Primitives.get(), arguments);
                    if (YIELD_SECRETS.contains(method.getName())) {
                        secrets.add((byte[]) result);
                    }
                    return result;
                });
    }

    private void shakeHands() {
        a.send(b, 0);
        world.run(SECOND);
        assertThat(b.delivered).hasSize(1);
    }

    private byte[] last(World.Host host, int type) {
        return world.sentBy(host, type).getLast().bytes().clone();
    }

    /** Something that ends in no keypair. */
    private void assertLeavesNothing(World.Host host, Runnable failure) {
        secrets.clear();
        host.scalars.clear();
        failure.run();
        assertThat(secrets).isNotEmpty();
        assertAllWiped();
    }

    private void assertAllWiped() {
        assertThat(secrets).allSatisfy(secret -> assertThat(secret).containsOnly(0));
        for (World.Host host : List.of(a, b)) {
            assertThat(host.scalars).allSatisfy(scalar -> assertThat(scalar).containsOnly(0));
        }
    }

    private void assertRefused(World.Host host, byte[] message, Drop reason) {
        long before = host.drops(reason);
        assertLeavesNothing(host, () -> world.inject(message, host == a ? b.address : a.address, host));
        assertThat(host.drops(reason)).isEqualTo(before + 1);
    }

    @Test
    void nothingIsLeftOfWhatHasEnded() {
        shakeHands();
        world.run(130 * SECOND);
        a.send(b, 1);
        world.run(SECOND);
        assertThat(a.wireGuard.handshakes()).isEqualTo(2);
        for (World.Host host : List.of(a, b)) {
            host.wireGuard.removePeers();
            host.wireGuard.clearPrivateKey();
        }
        assertThat(secrets).hasSizeGreaterThan(50);
        assertThat(a.scalars).hasSize(2);
        assertAllWiped();
    }

    @Test
    void anInitiationThatIsRefusedLeavesNothing() {
        shakeHands();
        byte[] initiation = last(a, Messages.TYPE_INITIATION);
        assertRefused(b, initiation, Drop.STALE_TIMESTAMP);
        for (int offset : new int[] {Messages.INITIATION_STATIC, Messages.INITIATION_TIMESTAMP}) {
            byte[] forged = initiation.clone();
            forged[offset] ^= 1;
            Whitepaper.withMac1(forged, b.publicKey().bytes());
            assertRefused(b, forged, Drop.HANDSHAKE_NOT_AUTHENTIC);
        }
        byte[] lowOrder = initiation.clone();
        Arrays.fill(lowOrder, Messages.INITIATION_EPHEMERAL, Messages.INITIATION_STATIC, (byte) 0);
        Whitepaper.withMac1(lowOrder, b.publicKey().bytes());
        assertRefused(b, lowOrder, Drop.HANDSHAKE_NOT_AUTHENTIC);
        b.wireGuard.removePeer(a.publicKey());
        assertRefused(b, initiation, Drop.UNKNOWN_PEER);
    }

    @Test
    void aResponseThatIsRefusedLeavesNothing() {
        world.carries = datagram -> datagram.sender() == a;
        a.send(b, 0);
        world.run(SECOND);
        byte[] response = last(b, Messages.TYPE_RESPONSE);
        response[Messages.RESPONSE_NOTHING] ^= 1;
        Whitepaper.withMac1(response, a.publicKey().bytes());
        byte[] kept = a.scalars.getLast();
        assertRefused(a, response, Drop.HANDSHAKE_NOT_AUTHENTIC);
        assertThat(kept).as("the handshake is still pending").isNotEqualTo(new byte[32]);
    }

    @Test
    void anInitiationThatCannotBeMadeLeavesNothing() {
        Peer nobody = a.wireGuard.addPeer(PublicKey.of(new byte[32])).orElseThrow();
        nobody.endpoint(b.address);
        assertLeavesNothing(a, () -> {
            nobody.persistentKeepalive(25, world.now());
            world.run(SECOND);
        });
        assertThat(a.scalars).hasSize(1);
        assertThat(world.wire).isEmpty();
    }

    @Test
    void theSharedSecretOfAPeerThatWasRemovedIsNotKept() {
        shakeHands();
        Peer peer = b.peer(a);
        Identity own = b.identity();
        b.wireGuard.removePeer(a.publicKey());
        assertLeavesNothing(b, () -> Arrays.fill(peer.staticStatic(own), (byte) 0)); // As the reader of an initiation.
    }

    @Test
    void aPrivateKeyThatWasReplacedIsDestroyedAndTheCallersIsNot() {
        Identity old = a.identity();
        byte[] point = b.publicKey().bytes();
        assertThat(old.dh(point)).isNotEqualTo(new byte[32]);
        assertThat(a.wireGuard.privateKeyBytes()).hasValue(a.key.bytes());

        a.wireGuard.privateKey(PrivateKey.generate(new Random(5)));

        assertThat(old.dh(point)).as("as with a point of low order").containsOnly(0);
        assertThatIllegalStateException().isThrownBy(old.privateKey::bytes);
        assertThat(a.key.bytes()).isNotEqualTo(new byte[32]);
        Identity last = a.identity();
        a.wireGuard.clearPrivateKey();
        assertThatIllegalStateException().isThrownBy(last.privateKey::bytes);
        assertThat(a.wireGuard.privateKeyBytes()).isEmpty();
    }

    @Test
    void aPresharedKeyThatWasReplacedIsDestroyedAndTheCallersIsNot() {
        PresharedKey given = PresharedKey.generate(new Random(6));
        Peer peer = a.peer(b);
        peer.presharedKey(given);
        PresharedKey old = peer.presharedKey;
        assertThat(peer.presharedKeyBytes()).isEqualTo(given.bytes());

        peer.presharedKey(PresharedKey.generate(new Random(7)));

        assertThatIllegalStateException().isThrownBy(old::bytes);
        assertThat(given.bytes()).isNotEqualTo(new byte[32]);
        PresharedKey last = peer.presharedKey;
        a.wireGuard.removePeer(b.publicKey());
        assertThatIllegalStateException().isThrownBy(last::bytes);
        assertThat(peer.presharedKeyBytes()).containsOnly(0);
        assertThat(PresharedKey.NONE.bytes()).containsOnly(0);
    }
}
