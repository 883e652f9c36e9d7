package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTextTest {
    @ParameterizedTest
    @CsvSource({
        "10.0.0.1/24, 10.0.0.1/24, 10.0.0.0/24",
        "10.255.255.255/9, 10.255.255.255/9, 10.128.0.0/9",
        "1.2.3.4, 1.2.3.4/32, 1.2.3.4/32",
        "1.2.3.4/0, 1.2.3.4/0, 0.0.0.0/0",
        "::, ::/128, ::/128",
        "::1, ::1/128, ::1/128",
        "2001:DB8:0:0:1::/70, 2001:db8:0:0:1::/70, 2001:db8::/70",
        "2001:0:0:1:0:0:0:1, 2001:0:0:1::1/128, 2001:0:0:1::1/128",
        "0:0:1:0:0:1:0:0, ::1:0:0:1:0:0/128, ::1:0:0:1:0:0/128",
        "1:0:3:4:5:6:7:8, 1:0:3:4:5:6:7:8/128, 1:0:3:4:5:6:7:8/128",
        "1:2:3:4:5:6:7::, 1:2:3:4:5:6:7:0/128, 1:2:3:4:5:6:7:0/128",
        "::ffff:1.2.3.4/112, ::ffff:1.2.3.4/112, ::ffff:1.2.0.0/112",
        "::1.2.3.4, ::1.2.3.4/128, ::1.2.3.4/128",
        "::1:0, ::0.1.0.0/128, ::0.1.0.0/128",
        "1:2:3:4:5:6:1.2.3.4, 1:2:3:4:5:6:102:304/128, 1:2:3:4:5:6:102:304/128",
        "10.0.0.0/008, 10.0.0.0/8, 10.0.0.0/8"
    })
    void prefixesPrintAsWgPrintsThem(String text, String printed, String masked) {
        assertThat(Cidr.parse(text)).hasToString(printed);
        assertThat(Cidr.parse(text).masked()).hasToString(masked);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/8",
                "10.0/8",
                "010.0.0.0",
                "1.2.3.4.5",
                "1.2.3.256",
                "1.2.3.4/33",
                "1.2.3.4/-1",
                "1.2.3.4/+5",
                "::/129",
                "12345::",
                "00001::",
                ":1::",
                "1::2::3",
                ":::",
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8::",
                "1:2:3:4:5:6:7:8:9",
                "1:2:3:4::5:6:7:8",
                "::1.2.3",
                "1:2:3:4:5:6:7:1.2.3.4",
                "1.2.3.4::",
                "fe80::1%lo",
                "::g",
                "::١",
                "١.2.3.4",
                "localhost"
            })
    void noPrefix(String text) {
        assertThatThrownBy(() -> Cidr.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "1.2.3.4:5, 1.2.3.4:5, true",
        "[1.2.3.4]:5, 1.2.3.4:5, true",
        "[2001:DB8::0]:65535, [2001:db8::]:65535, true",
        "::1:5, [::1]:5, true",
        "[fe80::1%eth0]:0, [fe80::1%eth0]:0, true",
        "vpn.example.org:51820, vpn.example.org:51820, false",
        "1.2.3:5, 1.2.3:5, false"
    })
    void endpoints(String text, String printed, boolean literal) {
        assertThat(Endpoint.parse(text)).hasToString(printed);
        assertThat(Endpoint.parse(text).isLiteral()).isEqualTo(literal);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "a:", ":5", "[]:5", "[::1]", "[::1]5", "a:65536", "a b:5", "a%b:5", "[::1%]:5", "é:5"})
    void noEndpoint(String text) {
        assertThatThrownBy(() -> Endpoint.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
}
