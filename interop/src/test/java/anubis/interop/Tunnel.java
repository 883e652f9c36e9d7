package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.lab.Lab;
import anubis.lab.LabHost;
import anubis.lab.LabLink;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * Two hosts and a tunnel between them. Outside they have {@code 10.1.0.1} and {@code 10.1.0.2}, {@code fd01::1} and
 * {@code fd01::2}; inside {@code 10.9.0.1} and {@code 10.9.0.2}, {@code fd09::1} and {@code fd09::2}. The left one
 * knows the right one's endpoint, not the other way round.
 */
final class Tunnel implements AutoCloseable {
    static final String LEFT = "10.9.0.1";
    static final String RIGHT = "10.9.0.2";
    static final String LEFT_V6 = "fd09::1";
    static final String RIGHT_V6 = "fd09::2";
    static final String OUTER_RIGHT = "10.1.0.2:51820";
    static final String OUTER_RIGHT_V6 = "[fd01::2]:51820";

    private static final Optional<String> OBSTACLE = Lab.obstacle();

    private final Lab lab;
    private final LabLink link;
    private final Device left;
    private final Device right;
    private final KeyPair leftKeys;
    private final KeyPair rightKeys;
    private final String presharedKey;

    /** A tunnel like {@link #unconnected} between two hosts of a lab that reach each other by these interfaces. */
    Tunnel(Lab lab, LabLink link, Pair pair) {
        this.lab = lab;
        this.link = link;
        LabHost leftHost = link.left().host();
        LabHost rightHost = link.right().host();
        this.leftKeys = KeyPair.generate(leftHost);
        this.rightKeys = KeyPair.generate(rightHost);
        this.presharedKey = leftHost.run("wg", "genpsk").strip();
        this.left = Device.start(pair.left(), leftHost);
        this.right = Device.start(pair.right(), rightHost);
        left.link().mtu(1420).address(LEFT + "/24", LEFT_V6 + "/64").up();
        right.link().mtu(1420).address(RIGHT + "/24", RIGHT_V6 + "/64").up();
        left.wgFile("setconf", "[Interface]\nPrivateKey = " + leftKeys.privateKey() + "\n");
        right.wgFile(
                "setconf",
                "[Interface]\nPrivateKey = " + rightKeys.privateKey() + "\nListenPort = 51820\n" + leftAsPeer());
    }

    /** Skips the test, by name, where it cannot run. */
    static void assume(Pair pair) {
        Stream.of(OBSTACLE, pair.left().obstacle(), pair.right().obstacle())
                .flatMap(Optional::stream)
                .forEach(why -> assumeTrue(false, why));
        pair.left().prepare();
        pair.right().prepare();
    }

    /** A tunnel whose ends know each other's keys; the left one has no peer yet. */
    static Tunnel unconnected(Pair pair) {
        assume(pair);
        Lab lab = Lab.open();
        try {
            LabLink link = lab.link(lab.host("left"), lab.host("right"));
            link.addresses("10.1.0.1/24", "10.1.0.2/24").addresses("fd01::1/64", "fd01::2/64");
            return new Tunnel(lab, link, pair);
        } catch (RuntimeException | Error e) {
            lab.close();
            throw e;
        }
    }

    /** A tunnel that is ready for its first packet from the left. */
    static Tunnel between(Pair pair) {
        Tunnel tunnel = unconnected(pair);
        tunnel.connect(OUTER_RIGHT);
        return tunnel;
    }

    /** Gives the left end its peer, at this endpoint. */
    void connect(String endpoint) {
        left.wgFile("addconf", rightAsPeer() + "Endpoint = " + endpoint + "\n");
    }

    /** The right end as a section of the left one's configuration, without endpoint. */
    String rightAsPeer() {
        return "[Peer]\nPublicKey = " + rightKeys.publicKey() + "\nPresharedKey = " + presharedKey
                + "\nAllowedIPs = 10.9.0.2/32, fd09::2/128\n";
    }

    /** The left end as a section of the right one's configuration, without endpoint. */
    String leftAsPeer() {
        return "[Peer]\nPublicKey = " + leftKeys.publicKey() + "\nPresharedKey = " + presharedKey
                + "\nAllowedIPs = 10.9.0.1/32, fd09::1/128\n";
    }

    Lab lab() {
        return lab;
    }

    /** The interfaces outside: commonly the two ends of one cable. */
    LabLink link() {
        return link;
    }

    Device left() {
        return left;
    }

    Device right() {
        return right;
    }

    KeyPair leftKeys() {
        return leftKeys;
    }

    KeyPair rightKeys() {
        return rightKeys;
    }

    /** Waits until a ping goes from the left to the right and back through the tunnel. */
    void awaitPing() {
        await("a ping through the tunnel", () -> left.host().reaches(RIGHT));
    }

    /** Waits for a condition; its absence after {@link Device#SOON} is a failure with both logs. */
    void await(String what, BooleanSupplier condition) {
        await(what, Device.SOON, condition);
    }

    void await(String what, Duration atMost, BooleanSupplier condition) {
        assertThat(Lab.poll(atMost, condition))
                .as(() -> what + "\nleft: " + left.log() + "\nright: " + right.log())
                .isTrue();
    }

    @Override
    public void close() {
        lab.close();
    }
}
