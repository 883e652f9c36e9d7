package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;

class AddressTextFuzzTest {
    /** Any text is refused, or is an address that another parser reads in the same way. */
    @FuzzTest
    void address(byte[] data) throws UnknownHostException {
        String text = new String(data, StandardCharsets.ISO_8859_1);
        var address = IpLiteral.parse(text);
        if (address.isPresent()) {
            // It takes an IPv4-mapped address for IPv4.
            InetAddress expected = InetAddress.getByAddress(address.get().getAddress());
            assertThat(InetAddress.ofLiteral(text)).isEqualTo(expected);
            assertThat(IpLiteral.parse(IpLiteral.format(address.get()))).isEqualTo(address);
        }
    }

    /** Any text is refused, or is a prefix or an endpoint that prints as what is read again. */
    @FuzzTest
    void prefixAndEndpoint(byte[] data) {
        String text = new String(data, StandardCharsets.ISO_8859_1);
        try {
            Cidr prefix = Cidr.parse(text);
            assertThat(Cidr.parse(prefix.toString())).isEqualTo(prefix);
            assertThat(prefix.masked().masked()).isEqualTo(prefix.masked());
        } catch (IllegalArgumentException refused) {
            assertThat(refused).hasMessageNotContainingAny("Index", "null");
        }
        try {
            Endpoint endpoint = Endpoint.parse(text);
            assertThat(Endpoint.parse(endpoint.toString())).isEqualTo(endpoint);
        } catch (IllegalArgumentException refused) {
            assertThat(refused).hasMessageNotContainingAny("Index", "null");
        }
    }
}
