package anubis.interop;

import java.util.stream.Stream;

/**
 * Who stands at the two ends of a tunnel.
 *
 * @param left knows its peer's endpoint, so initiates
 * @param right learns its peer's endpoint, so responds
 */
record Pair(Implementation left, Implementation right) {
    /**
     * The pairs to be tested: the property {@code interop.pairs}, by default ours with each other implementation in both roles.
     * {@code wireguard-go:wireguard-go} tests the tests.
     */
    static Stream<Pair> all() {
        return Stream.of(System.getProperty("interop.pairs", "anubis:wireguard-go,wireguard-go:anubis")
                        .split(","))
                .map(pair -> pair.split(":"))
                .map(pair -> new Pair(Implementation.named(pair[0]), Implementation.named(pair[1])));
    }

    @Override
    public String toString() {
        return left.label() + " to " + right.label();
    }
}
