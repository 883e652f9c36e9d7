package anubis.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RateLimiterTest {
    private static final long MILLISECOND = 1_000_000;
    private static final long SECOND = 1_000 * MILLISECOND;
    private static final byte[] SOURCE = {10, 0, 0, 1};

    private final RateLimiter limiter = new RateLimiter();

    private static byte[] ip(String literal) {
        return InetAddress.ofLiteral(literal).getAddress();
    }

    private static byte[] ipv4(int address) {
        return ByteBuffer.allocate(4).putInt(address).array();
    }

    private int allowed(byte[] source, long now, int tries) {
        int allowed = 0;
        for (int i = 0; i < tries; i++) {
            allowed += limiter.allows(source, now) ? 1 : 0;
        }
        return allowed;
    }

    private record Step(int number, long afterMilliseconds, boolean allowed) {}

    @Test
    void truthTable() {
        Step[] steps = {
            new Step(1, 0, true),
            new Step(2, 0, true),
            new Step(3, 0, true),
            new Step(4, 0, true),
            new Step(5, 0, true),
            new Step(6, 0, false),
            new Step(7, 50, true),
            new Step(8, 0, false),
            new Step(9, 49, false),
            new Step(10, 1, true),
            new Step(11, 0, false),
            new Step(12, 101, true),
            new Step(13, 0, true),
            new Step(14, 0, false),
            new Step(15, 49, true),
            new Step(16, 0, false),
            new Step(17, 900, true),
            new Step(18, 0, true),
            new Step(19, 0, true),
            new Step(20, 0, true),
            new Step(21, 0, true),
            new Step(22, 0, false),
            new Step(23, 10_000, true),
            new Step(24, 0, true),
            new Step(25, 0, true),
            new Step(26, 0, true),
            new Step(27, 0, true),
            new Step(28, 0, false),
        };
        // The middle of the run lies where a counter of nanoseconds wraps.
        long now = Long.MAX_VALUE - 100 * MILLISECOND;
        for (Step step : steps) {
            now += step.afterMilliseconds * MILLISECOND;
            assertThat(limiter.allows(SOURCE, now)).as("step %d", step.number).isEqualTo(step.allowed);
        }
    }

    @Test
    void twentyASecondInTheLongRun() {
        int allowed = 0;
        for (long now = 0; now < 100 * SECOND; now += MILLISECOND) {
            allowed += limiter.allows(SOURCE, now) ? 1 : 0;
        }
        assertThat(allowed).isBetween(2_000, 2_005);
    }

    @Test
    void eachIpv4AddressIsASourceOfItsOwn() {
        assertThat(allowed(ip("192.0.2.1"), 0, 9)).isEqualTo(5);
        assertThat(allowed(ip("192.0.2.2"), 0, 9)).isEqualTo(5);
        assertThat(allowed(ip("193.0.2.1"), 0, 9)).isEqualTo(5);
        assertThat(limiter.size()).isEqualTo(3);
    }

    @Test
    void anIpv6NetworkOf64BitsIsOneSource() {
        assertThat(allowed(ip("2001:db8:1:2::1"), 0, 3)).isEqualTo(3);
        assertThat(allowed(ip("2001:db8:1:2:ffff:ffff:ffff:ffff"), 0, 9)).isEqualTo(2);
        assertThat(allowed(ip("2001:db8:1:3::1"), 0, 9)).isEqualTo(5);
        assertThat(allowed(ip("2002:db8:1:2::1"), 0, 9)).isEqualTo(5);
        assertThat(limiter.size()).isEqualTo(3);
    }

    @Test
    void aFloodFromManySourcesNeitherGrowsTheTableNorLocksOutThoseWhoKeepComing() {
        Random random = new Random(20);
        assertThat(allowed(SOURCE, 0, 9)).isEqualTo(5);
        int honest = 0;
        for (int i = 0; i < 200_000; i++) {
            limiter.allows(ipv4(random.nextInt() | 1 << 31), i * 10_000L);
            assertThat(limiter.size()).isLessThanOrEqualTo(RateLimiter.MAX_SOURCES);
            if (i % 10_000 == 9_999) {
                honest += limiter.allows(SOURCE, i * 10_000L) ? 1 : 0;
            }
        }
        assertThat(honest).isEqualTo(20);
    }

    @Test
    void theSourceSeenLongestAgoGivesWay() {
        for (int i = 0; i < RateLimiter.MAX_SOURCES; i++) {
            assertThat(allowed(ipv4(i), 0, 6)).isEqualTo(5);
        }
        assertThat(limiter.allows(ipv4(0), 0)).isFalse();
        assertThat(limiter.allows(ipv4(-1), 0)).isTrue();
        assertThat(limiter.size()).isEqualTo(RateLimiter.MAX_SOURCES);
        assertThat(limiter.allows(ipv4(0), 0)).isFalse();
        assertThat(limiter.allows(ipv4(2), 0)).isFalse();
        assertThat(limiter.allows(ipv4(1), 0))
                .as("forgotten, so it begins anew")
                .isTrue();
    }

    @Test
    void sourcesIdleForASecondAreForgotten() {
        for (int i = 0; i < 1_000; i++) {
            limiter.allows(ipv4(i), i * MILLISECOND);
        }
        assertThat(limiter.size()).isEqualTo(1_000);
        limiter.allows(SOURCE, 1_500 * MILLISECOND);
        assertThat(limiter.size()).isEqualTo(501);
        limiter.allows(SOURCE, 10_000 * MILLISECOND);
        assertThat(limiter.size()).isEqualTo(1);
    }

    @Test
    void aClockThatGoesBackEarnsNothingAndLocksOutNobody() {
        assertThat(allowed(SOURCE, SECOND, 9)).isEqualTo(5);
        assertThat(allowed(SOURCE, SECOND - 400 * MILLISECOND, 9)).isZero();
        assertThat(allowed(SOURCE, SECOND - 350 * MILLISECOND, 9)).isEqualTo(1);
        assertThat(allowed(SOURCE, -3600 * SECOND, 9)).isEqualTo(5);
        assertThat(allowed(SOURCE, -3600 * SECOND, 9)).isZero();
        assertThat(allowed(SOURCE, Long.MIN_VALUE + 5, 9)).isEqualTo(5);
        assertThat(allowed(SOURCE, Long.MAX_VALUE - 5, 9)).isZero();
        assertThat(limiter.size()).isEqualTo(1);
    }
}
