package anubis.protocol;

import static anubis.protocol.World.MILLISECOND;
import static anubis.protocol.World.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A day of bursts and pauses between three hosts, on a network that loses every fifth datagram, repeats every tenth and
 * reorders them, while hosts move, sleep and come under load.
 */
class SimulatedDayTest {
    private static final long DAY = 24 * 3600 * SECOND;

    private final List<World.Host> hosts = new ArrayList<>();
    /** The numbers of the packets for each host. */
    private final List<Set<Long>> sentTo = new ArrayList<>();

    private long id;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void whatArrivesWasSentAndTheTunnelsRecover(long seed) {
        World world = new World(seed);
        Random random = new Random(seed);
        world.recording = false;
        world.loss = 0.2;
        world.repetition = 0.1;
        world.spread = 300 * MILLISECOND;
        for (int i = 1; i <= 3; i++) {
            World.Host host = world.host(i);
            hosts.forEach(other -> World.introduce(host, other));
            hosts.add(host);
            sentTo.add(new HashSet<>());
        }
        while (world.now() < DAY) {
            for (World.Host host : hosts) {
                host.underLoad = random.nextInt(4) == 0;
            }
            World.Host mover = hosts.get(random.nextInt(3));
            mover.moveTo(random.nextInt(), 1 + random.nextInt(65_535));
            burst(world, random);
            if (random.nextBoolean()) {
                world.sleep(random.nextLong(300 * SECOND));
            }
            world.run(random.nextLong(1_800 * SECOND));
            for (World.Host host : hosts) {
                assertThat(host.indices()).as("indices of " + host).isLessThanOrEqualTo(8);
            }
            assertThat(world.waitingEvents()).isLessThan(1_000);
        }
        world.loss = 0;
        world.run(1_200 * SECOND);
        long sent = 0;
        long delivered = 0;
        for (World.Host host : hosts) {
            Set<Long> distinct = new HashSet<>(host.delivered);
            assertThat(distinct).as("none twice").hasSize(host.delivered.size());
            assertThat(sentTo.get(host.number - 1).containsAll(distinct))
                    .as("none but those sent")
                    .isTrue();
            assertThat(host.indices()).as("keys after so long a silence").isZero();
            assertThat(host.wireGuard.nextDeadline()).isEqualTo(Long.MAX_VALUE);
            sent += sentTo.get(host.number - 1).size();
            delivered += host.delivered.size();
        }
        assertThat(delivered).isGreaterThan(sent * 7 / 10);
    }

    /** Everyone sends to everyone, and within a minute everyone is heard by everyone. */
    private void burst(World world, Random random) {
        long end = world.now() + 90 * SECOND + random.nextLong(120 * SECOND);
        long first = id + 1;
        Set<Integer> silent = new HashSet<>();
        int[] heard = new int[4];
        hosts.forEach(host -> heard[host.number] = host.delivered.size());
        while (world.now() < end) {
            for (World.Host from : hosts) {
                for (World.Host to : hosts) {
                    if (from != to) {
                        // The number says who sends, too.
                        id += 4 - id % 4 + from.number;
                        silent.add(from.number * 10 + to.number);
                        sentTo.get(to.number - 1).add(id);
                        from.sendPacket(World.packet(from, to, id, 28 + random.nextInt(200)));
                    }
                }
            }
            world.run(random.nextLong(6 * SECOND));
        }
        world.run(SECOND);
        for (World.Host host : hosts) {
            for (long packet : host.delivered.subList(heard[host.number], host.delivered.size())) {
                if (packet >= first) {
                    silent.remove((int) (packet % 4) * 10 + host.number);
                }
            }
        }
        assertThat(silent)
                .as("pairs that did not hear one another until " + world.now())
                .isEmpty();
    }
}
