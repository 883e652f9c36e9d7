package anubis.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UdpAddressTest {
    @ParameterizedTest
    @CsvSource({
        "192.0.2.1, 192.0.2.1:51820",
        "255.255.255.255, 255.255.255.255:51820",
        "2001:db8:0:0:0:0:0:1, [2001:db8::1]:51820",
        "2001:0DB8:0:0:1:0:0:1, [2001:db8::1:0:0:1]:51820",
        "2001:db8:0:1:1:1:1:1, [2001:db8:0:1:1:1:1:1]:51820",
        "2001:0:0:1:0:0:0:1, [2001:0:0:1::1]:51820",
        "0:0:0:0:0:0:0:0, [::]:51820",
        "0:0:0:0:0:0:0:1, [::1]:51820",
        "fe80:0:0:0:0:0:0:0, [fe80::]:51820",
        "0:0:1:0:0:0:1:0, [0:0:1::1:0]:51820",
    })
    void prints(String address, String text) throws Exception {
        assertThat(address(address, 51820)).hasToString(text);
    }

    @Test
    void whatItPrintsIsReadBackAsTheSameAddress() throws Exception {
        Random random = new Random(1);
        for (int i = 0; i < 2000; i++) {
            byte[] bytes = new byte[16];
            random.nextBytes(bytes);
            bytes[0] = 0x20; // anything else could be IPv4-mapped, which InetAddress shortens
            for (int group = 1; group < 8; group++) {
                if (random.nextInt(2) == 0) {
                    Arrays.fill(bytes, 2 * group, 2 * group + 2, (byte) 0);
                }
            }
            UdpAddress address = new UdpAddress(bytes, i, 0);
            String text = address.toString();
            assertThat(InetAddress.ofLiteral(text.substring(1, text.indexOf(']')))
                            .getAddress())
                    .isEqualTo(bytes);
            assertThat(address.address()).isEqualTo(bytes);
            assertThat(address.port()).isEqualTo(i);
        }
    }

    @Test
    void printsTheScopeOfALinkLocalAddress() throws Exception {
        byte[] bytes = InetAddress.ofLiteral("fe80::1").getAddress();
        assertThat(new UdpAddress(bytes, 1, 7)).hasToString("[fe80::1%7]:1");
    }

    @Test
    void isEqualByAllFieldsAndTheSameRemoteWhateverTheSource() throws Exception {
        byte[] remote = {10, 0, 0, 1};
        byte[] local = {10, 0, 0, 2};
        UdpAddress address = new UdpAddress(remote, 1, 0, local, 3);
        assertThat(address)
                .isEqualTo(new UdpAddress(remote, 1, 0, local, 3))
                .hasSameHashCodeAs(new UdpAddress(remote, 1, 0, local, 3))
                .isNotEqualTo(new UdpAddress(remote, 2, 0, local, 3))
                .isNotEqualTo(new UdpAddress(remote, 1, 1, local, 3))
                .isNotEqualTo(new UdpAddress(local, 1, 0, local, 3))
                .isNotEqualTo(new UdpAddress(remote, 1, 0, remote, 3))
                .isNotEqualTo(new UdpAddress(remote, 1, 0, local, 4))
                .isNotEqualTo(new UdpAddress(remote, 1, 0));
        assertThat(address.withoutSource()).isEqualTo(new UdpAddress(remote, 1, 0));
        assertThat(address.sameRemote(address.withoutSource())).isTrue();
        assertThat(address.sameRemote(new UdpAddress(remote, 2, 0))).isFalse();
        assertThat(address.local()).isEqualTo(local);
        assertThat(address.withoutSource().local()).isEmpty();
        assertThat(new UdpAddress(new byte[4], 1, 0)).isNotEqualTo(new UdpAddress(new byte[16], 1, 0));
        // A source 0.0.0.0 is not the same as none.
        assertThat(new UdpAddress(remote, 1, 0, new byte[4], 0)).isNotEqualTo(new UdpAddress(remote, 1, 0));
    }

    @Test
    void refusesWhatIsNoAddress() {
        assertThatThrownBy(() -> new UdpAddress(new byte[5], 1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new UdpAddress(new byte[4], 65536, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new UdpAddress(new byte[4], -1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new UdpAddress(new byte[4], 1, 0, new byte[16], 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    static UdpAddress address(String literal, int port) {
        return new UdpAddress(InetAddress.ofLiteral(literal).getAddress(), port, 0);
    }
}
