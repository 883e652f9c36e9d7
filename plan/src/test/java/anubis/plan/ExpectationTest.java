package anubis.plan;

import static anubis.plan.MachineMaker.ip;
import static org.assertj.core.api.Assertions.assertThat;

import anubis.plan.Expectation.Wish;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is asked of CouchNet, and of two offices with the same addresses. */
class ExpectationTest {
    @ParameterizedTest
    @CsvSource({
        // At home all reach all; what moves is reached by its tunnel alone.
        "couchnet, home, holly, iris, 192.168.10.21, MUST",
        "couchnet, home, holly, xena, 10.42.0.33, MUST",
        "couchnet, home, holly, xena, 192.168.10.33, FREE",
        "couchnet, home, dusty, petra, 192.168.12.2, MUST",
        "couchnet, home, petra, dusty, 192.168.10.90, MUST",
        "couchnet, home, holly, surya, 192.168.8.1, MUST",
        "couchnet, home, holly, stranger, 198.18.0.22, MUST",
        "couchnet, home, holly, stranger, 2001:2:0:5::2, MUST",
        // On the road.
        "couchnet, xena-away, iris, petra, 10.42.0.34, MUST",
        "couchnet, xena-away, iris, xena, 172.20.10.2, FREE",
        "couchnet, xena-away, xena, stranger, 2001:2:0:5::2, MUST",
        // From outside.
        "couchnet, home, stranger, jacinth, 203.0.113.77, MUST_NOT",
        "couchnet, home, stranger, holly, 2001:db8:306:1::14, MUST_NOT",
        "couchnet, selen-away, stranger, selen, 100.64.0.2, FREE",
        // With the house in boxes.
        "couchnet, packed, selen, petra, 192.168.12.2, MUST",
        "couchnet, packed, selen, holly, 192.168.10.20, FREE",
        // Without the tunnel: the LAN.
        "couchnet, selen-off, selen, holly, 192.168.10.20, MUST",
        "couchnet, selen-off, holly, selen, 192.168.10.40, MUST",
        "couchnet, selen-off, holly, selen, 10.42.0.40, FREE",
        // What both offices have is asked for by its own name where it is, and elsewhere by the other.
        "two-offices, usual, desk-m, printer, 192.168.1.40, MUST",
        "two-offices, usual, desk-m, printer, 10.1.2.40, FREE",
        "two-offices, usual, files, printer, 10.1.2.40, MUST",
        "two-offices, usual, files, printer, 192.168.1.40, FREE",
    })
    void followsFromTheDescription(String example, String situation, String from, String to, String address, Wish wish)
            throws Exception {
        Network network =
                NetworkFile.parse(example, Files.readString(Path.of("../docs/examples/" + example + ".toml")));
        Situation there = network.situations().stream()
                .filter(each -> each.name().equals(situation))
                .findFirst()
                .orElseThrow();
        assertThat(new Expectation(network, there).wish(from, to, ip(address), Service.PING))
                .isEqualTo(wish);
    }
}
