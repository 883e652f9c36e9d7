package anubis.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.crypto.Primitives;
import anubis.crypto.PublicKey;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DeadlinesTest {
    private final Deadlines deadlines = new Deadlines();
    private final Random random = new Random(3);

    private static List<Peer> peers(int count) {
        WireGuard wireGuard =
                new WireGuard(Primitives.get(), bytes -> {}, InstantSource.system(), InstantSource.system(), () -> {});
        List<Peer> peers = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            byte[] key = ByteBuffer.allocate(Primitives.KEY_LENGTH).putInt(i).array();
            peers.add(wireGuard.addPeer(PublicKey.of(key)).orElseThrow());
        }
        return peers;
    }

    @Test
    void aPeerHasOneEntryHoweverOftenItsDeadlineIsMoved() {
        List<Peer> peers = peers(20_000);
        Map<Peer, Long> earliest = new HashMap<>();
        for (int round = 50; round > 0; round--) {
            for (Peer peer : peers) {
                long at = round * 1_000L + random.nextInt(2_000);
                deadlines.add(peer, at);
                earliest.merge(peer, at, Math::min);
            }
        }
        assertThat(deadlines.size()).isEqualTo(20_000);

        long last = Long.MIN_VALUE;
        for (int i = 0; i < 20_000; i++) {
            long first = deadlines.first();
            assertThat(first).isGreaterThanOrEqualTo(last);
            last = first;
            assertThat(deadlines.poll(first - 1)).isNull();
            Peer peer = deadlines.poll(first);
            assertThat(earliest.remove(peer)).isEqualTo(first);
        }
        assertThat(deadlines.first()).isEqualTo(Long.MAX_VALUE);
        assertThat(deadlines.poll(Long.MAX_VALUE - 1)).isNull();
        assertThat(deadlines.size()).isZero();
    }

    @Test
    void whatComesBeforeAllOthersIsSaid() {
        List<Peer> peers = peers(2);
        assertThat(deadlines.add(peers.get(0), 10)).isTrue();
        assertThat(deadlines.add(peers.get(0), 10)).isFalse();
        assertThat(deadlines.add(peers.get(0), 11)).isFalse();
        assertThat(deadlines.add(peers.get(1), 10)).isFalse();
        assertThat(deadlines.add(peers.get(1), 9)).isTrue();
        assertThat(deadlines.poll(20)).isSameAs(peers.get(1));
        assertThat(deadlines.poll(20)).isSameAs(peers.get(0));
    }

    @Test
    void aPeerThatIsRemovedHasNoEntry() {
        List<Peer> peers = peers(2);
        deadlines.add(peers.get(0), 1);
        deadlines.add(peers.get(1), 2);
        deadlines.remove(peers.get(0));
        deadlines.remove(peers.get(0));
        assertThat(deadlines.first()).isEqualTo(2);
        assertThat(deadlines.size()).isOne();
    }
}
