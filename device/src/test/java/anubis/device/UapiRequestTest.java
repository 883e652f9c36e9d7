package anubis.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UapiRequestTest {
    private static final String KEY = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20";

    @Test
    void everyKeyIsRead() throws UapiRequest.Refused {
        UapiRequest request = read(
                "private_key=" + KEY,
                "listen_port=51820",
                "fwmark=4294967295",
                "replace_peers=true",
                "public_key=" + KEY,
                "update_only=true",
                "preshared_key=" + KEY,
                "endpoint=[2001:db8::1]:53",
                "persistent_keepalive_interval=25",
                "replace_allowed_ips=true",
                "allowed_ip=10.1.2.3/8",
                "allowed_ip=-fd00::/64",
                "protocol_version=1",
                "public_key=" + KEY.replace('0', 'a'),
                "remove=true");
        assertThat(request.privateKey).isPresent();
        assertThat(request.listenPort).hasValue(51820);
        assertThat(request.mark).hasValue(-1);
        assertThat(request.replacePeers).isTrue();
        assertThat(request.peers).hasSize(2);
        UapiRequest.PeerChange peer = request.peers.getFirst();
        assertThat(peer.updateOnly).isTrue();
        assertThat(peer.remove).isFalse();
        assertThat(peer.presharedKey).isPresent();
        assertThat(peer.endpoint.orElseThrow()).hasToString("[2001:db8::1]:53");
        assertThat(peer.persistentKeepalive).hasValue(25);
        assertThat(peer.replaceAllowedIps).isTrue();
        assertThat(peer.allowedIps).hasSize(2);
        assertThat(peer.allowedIps.getFirst().prefix()).hasToString("10.0.0.0/8");
        assertThat(peer.allowedIps.getLast().remove()).isTrue();
        assertThat(request.peers.getLast().remove).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "private_key",
                "private_key=00",
                "listen_port=65536",
                "listen_port=-1",
                "listen_port=",
                "listen_port=+1",
                "listen_port= 1",
                "fwmark=4294967296",
                "fwmark=0x1",
                "replace_peers=false",
                "endpoint=192.0.2.1:1",
                "unknown=1",
                "public_key=zz",
            })
    void whatTheInterfaceCannotBeToldIsRefused(String line) {
        assertThatExceptionOfType(UapiRequest.Refused.class).isThrownBy(() -> read(line));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "endpoint=192.0.2.1",
                "endpoint=192.0.2.1:65536",
                "endpoint=[192.0.2.1]:1",
                "endpoint=2001:db8::1:1",
                "endpoint=name.example:1",
                "endpoint=:1",
                "allowed_ip=10.0.0.0/33",
                "allowed_ip=fd00::/129",
                "allowed_ip=10.0.0.0/",
                "allowed_ip=/0",
                "allowed_ip=--10.0.0.0/8",
                "persistent_keepalive_interval=65536",
                "persistent_keepalive_interval=off",
                "preshared_key=" + KEY + "00",
                "protocol_version=2",
                "update_only=1",
                "remove=",
                "listen_port=1",
            })
    void whatAPeerCannotBeToldIsRefused(String line) {
        assertThatExceptionOfType(UapiRequest.Refused.class).isThrownBy(() -> read("public_key=" + KEY, line));
    }

    @Test
    void aRefusalDoesNotRepeatTheKey() {
        assertThatExceptionOfType(UapiRequest.Refused.class)
                .isThrownBy(() -> read("private_key=" + KEY + "1"))
                .withMessageContaining("private_key")
                .withMessageNotContaining(KEY.substring(0, 8));
    }

    private static UapiRequest read(String... lines) throws UapiRequest.Refused {
        UapiRequest request = new UapiRequest();
        for (String line : lines) {
            request.line(line);
        }
        return request;
    }
}
