package anubis.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CidrTest {
    @Test
    void equalsWhatHasTheSameAddressAndLength() {
        assertEquals(Cidr.parse("10.0.0.0/8"), Cidr.parse("10.0.0.0/8"));
        assertEquals(
                Cidr.parse("2001:db8::/32").hashCode(),
                Cidr.parse("2001:db8:0::/32").hashCode());
        assertTrue(Set.of(Cidr.parse("10.0.0.0/9"), Cidr.parse("10.0.0.1/8"), Cidr.parse("::a00:0/104")).stream()
                .noneMatch(Cidr.parse("10.0.0.0/8")::equals));
    }

    /** With one bucket for many of them, a reload of thousands of peers would take half as long again. */
    @Test
    void spreadsNetworksOverTheBucketsOfMaps() {
        Set<Integer> buckets = IntStream.range(0, 10_000)
                .mapToObj(i -> Cidr.parse("10." + (100 + i / 256) + "." + i % 256 + ".0/28"))
                .map(cidr -> (cidr.hashCode() ^ cidr.hashCode() >>> 16) & 16_383) // as a HashMap of so many does
                .collect(Collectors.toSet());
        assertTrue(buckets.size() > 5000, buckets.size() + " buckets for 10,000 networks");
    }
}
