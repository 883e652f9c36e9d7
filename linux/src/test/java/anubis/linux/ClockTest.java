package anubis.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ClockTest {
    @Test
    void isTheUptimeInNanoseconds() throws Exception {
        long before = Clock.boottime();
        // /proc/uptime is CLOCK_BOOTTIME in seconds, cut to hundredths.
        String uptime = Files.readString(Path.of("/proc/uptime"));
        long after = Clock.boottime();
        String seconds = uptime.substring(0, uptime.indexOf(' '));
        long between = new BigDecimal(seconds).movePointRight(9).longValueExact();
        assertThat(between).isBetween(before - 10_000_000, after);
    }

    @Test
    void neverGoesBack() {
        long last = Clock.boottime();
        for (int i = 0; i < 100_000; i++) {
            long now = Clock.boottime();
            assertThat(now >= last).isTrue();
            last = now;
        }
    }
}
