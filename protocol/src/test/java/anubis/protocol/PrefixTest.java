package anubis.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrefixTest {
    @ParameterizedTest
    @CsvSource({
        "10.1.2.3, 8, 10.0.0.0/8",
        "255.255.255.255, 0, 0.0.0.0/0",
        "255.255.255.255, 1, 128.0.0.0/1",
        "255.255.255.255, 31, 255.255.255.254/31",
        "192.168.7.9, 32, 192.168.7.9/32",
        "2001:db8:ffff::1, 33, 2001:db8:8000::/33",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, 0, ::/0",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, 63, ffff:ffff:ffff:fffe::/63",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, 64, ffff:ffff:ffff:ffff::/64",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, 65, ffff:ffff:ffff:ffff:8000::/65",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, 127, ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127",
        "::1, 128, ::1/128",
        "1::, 128, 1::/128",
        "2001:db8:0:1:1:1:1:1, 128, 2001:db8:0:1:1:1:1:1/128",
        "2001:0:0:1:0:0:0:1, 128, 2001:0:0:1::1/128",
        "2001:db8:0:0:1:0:0:1, 128, 2001:db8::1:0:0:1/128",
        "2001:DB8::00AB, 128, 2001:db8::ab/128",
        "0:0:1::, 128, 0:0:1::/128",
        "2001:db8::ffff:a00:1, 128, 2001:db8::ffff:a00:1/128",
        "0:1:2:3:4:5:6:0, 128, 0:1:2:3:4:5:6:0/128",
    })
    void hasOneText(String address, int length, String text) {
        Prefix prefix = Prefix.of(InetAddress.ofLiteral(address).getAddress(), length);
        assertThat(prefix).hasToString(text);
        String network = text.substring(0, text.indexOf('/'));
        assertThat(Prefix.of(InetAddress.ofLiteral(network).getAddress(), length))
                .isEqualTo(prefix)
                .hasSameHashCodeAs(prefix);
    }

    @Test
    void anIpv4AddressInIpv6IsWrittenWithDots() {
        byte[] mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte) 0xff, (byte) 0xff, 10, 0, 0, 1};
        assertThat(Prefix.of(mapped, 128)).hasToString("::ffff:10.0.0.1/128");
        assertThat(Prefix.of(mapped, 96)).hasToString("::ffff:0.0.0.0/96");
        assertThat(Prefix.of(mapped, 90)).hasToString("::ffc0:0:0/90");
    }

    @Test
    void bitsThatDoNotCountAreCleared() {
        assertThat(new Prefix(false, -1, -1, 24)).isEqualTo(new Prefix(false, 0, 0xffff_ff00L, 24));
        assertThat(new Prefix(false, -1, -1, 0)).isEqualTo(new Prefix(false, 0, 0, 0));
        assertThat(new Prefix(false, -1, -1, 32).low()).isEqualTo(0xffff_ffffL);
        assertThat(new Prefix(true, -1, -1, 0)).isEqualTo(new Prefix(true, 0, 0, 0));
        assertThat(new Prefix(true, -1, -1, 64)).isEqualTo(new Prefix(true, -1, 0, 64));
        assertThat(new Prefix(true, -1, -1, 128)).isEqualTo(new Prefix(true, -1, -1, 128));
        assertThat(new Prefix(true, 0, 0, 0)).isNotEqualTo(new Prefix(false, 0, 0, 0));
    }

    @Test
    void lengthsThatDoNotFitAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Prefix(false, 0, 0, 33))
                .withMessage("an IPv4 prefix has 0 to 32 bits, not 33");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Prefix(true, 0, 0, 129))
                .withMessage("an IPv6 prefix has 0 to 128 bits, not 129");
        assertThatIllegalArgumentException().isThrownBy(() -> new Prefix(true, 0, 0, -1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Prefix.of(new byte[5], 0))
                .withMessage("an IP address has 4 or 16 bytes, not 5");
    }
}
