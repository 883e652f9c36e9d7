package anubis.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PathMtuTest {
    @ParameterizedTest
    @ValueSource(ints = {128, 129, 576, 1279, 1280, 1281, 1328, 1419, 1420})
    void theLargestIsFound(int limit) throws Exception {
        List<Integer> asked = new ArrayList<>();
        assertThat(PathMtu.largest(128, 1420, size -> {
                    asked.add(size);
                    return size <= limit;
                }))
                .hasValue(limit);
        assertThat(asked).doesNotHaveDuplicates().hasSizeLessThan(15);
    }

    @Test
    void noAnswerAtAll() throws Exception {
        assertThat(PathMtu.largest(128, 1420, size -> false)).isEmpty();
        assertThat(PathMtu.largest(1280, 1280, size -> true)).hasValue(1280);
    }

    /** Outside, 0 stands for not known. */
    @ParameterizedTest
    @CsvSource({
        // set, inside, outside, overhead: over IPv4, over IPv6
        "1420, 1420, 1500, 60, 1440, 1420",
        "1420, 1420, 0, 60, 1420, 1400",
        "1420, 1420, 1400, 60, 1340, 1320",
        "1420, 1328, 1500, 60, 1328, 1308",
        "1420, 1328, 0, 60, 1328, 1308",
        "1420, 1328, 0, 80, 1348, 1328",
        "1280, 1280, 1500, 80, 1440, 1420",
        "1420, 1420, 1492, 80, 1432, 1412",
    })
    void whatItShouldBe(int set, int inside, int outside, int overhead, int overIpv4, int overIpv6) {
        PathMtu found =
                new PathMtu(set, inside, outside == 0 ? OptionalInt.empty() : OptionalInt.of(outside), overhead);
        assertThat(found.recommended(PathMtu.OVERHEAD_V4)).isEqualTo(overIpv4);
        assertThat(found.recommended(PathMtu.OVERHEAD_V6)).isEqualTo(overIpv6);
        assertThat(found.recommended()).isEqualTo(overhead == 60 ? overIpv4 : overIpv6);
    }
}
