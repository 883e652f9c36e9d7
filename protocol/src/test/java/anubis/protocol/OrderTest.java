package anubis.protocol;

import static anubis.protocol.World.MILLISECOND;
import static anubis.protocol.World.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import anubis.protocol.World.Datagram;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** No packet overtakes those that have waited for the handshake. */
class OrderTest {
    private final World world = new World();
    private final World.Host a = world.host(1);
    private final World.Host b = world.host(2);

    @BeforeEach
    void introduce() {
        World.introduce(a, b);
    }

    @Test
    void whatComesBeforeTheStagedPacketsAreSentWaitsBehindThem() {
        List<Datagram> confirmation = new ArrayList<>();
        world.carries = datagram -> datagram.isHandshake() || !confirmation.add(datagram);
        a.send(b, 0);
        world.run(25 * MILLISECOND);
        world.carries = datagram -> true;
        b.send(a, 1); // It has no keypair until the other end has confirmed one.

        world.inject(confirmation.getFirst().bytes(), a.address, b);
        b.send(a, 2);
        b.send(a, 3);
        world.run(SECOND);

        assertThat(a.delivered).containsExactly(1L, 2L, 3L);
    }

    @Test
    void whoComesWhileTheStagedPacketsAreSentWaitsForThat() {
        Thread worker = Thread.ofPlatform().daemon().unstarted(() -> b.canSend(a));
        a.send(b, 0);
        world.run(15 * MILLISECOND);
        b.send(a, 1);
        world.carries = datagram -> {
            if (datagram.sender() == b && datagram.isData()) {
                worker.start();
                while (worker.getState() != Thread.State.BLOCKED) {
                    assertThat(worker.isAlive()).isTrue();
                    Thread.onSpinWait();
                }
            }
            return true;
        };
        world.run(SECOND);

        assertThat(a.delivered).containsExactly(1L);
        assertThat(b.canSend(a)).isTrue();
    }
}
