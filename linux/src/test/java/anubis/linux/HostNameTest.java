package anubis.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.Inet6Address;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;

class HostNameTest {
    @Test
    void resolvesANameOfThisHost() throws Exception {
        assertThat(HostName.resolve("localhost").isLoopbackAddress()).isTrue();
    }

    @Test
    void resolvesAddressesOfBothKinds() throws Exception {
        assertThat(HostName.resolve("192.0.2.1")).isEqualTo(InetAddress.ofLiteral("192.0.2.1"));
        assertThat(HostName.resolve("2001:db8::1")).isEqualTo(InetAddress.ofLiteral("2001:db8::1"));
        assertThat(((Inet6Address) HostName.resolve("fe80::1%1")).getScopeId()).isEqualTo(1);
    }

    @Test
    void tellsThatANameCannotExist() {
        assertThatThrownBy(() -> HostName.resolve("a".repeat(64) + ".invalid"))
                .isInstanceOfSatisfying(
                        HostName.LookupException.class,
                        e -> assertThat(e.lasting()).isTrue())
                .hasMessageContaining("a.invalid: ");
    }
}
