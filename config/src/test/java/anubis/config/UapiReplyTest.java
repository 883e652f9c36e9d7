package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import anubis.crypto.PublicKey;
import java.net.ProtocolException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UapiReplyTest {
    private static final String KEY = "c809f3e5317e9575c9b5ed78b638b7ce530dabe85ddab614220241801ddf0669";
    private static final String ZERO = "0".repeat(64);

    @Test
    void aWholeReply() throws ProtocolException {
        UapiDevice device = UapiReply.parse("private_key=" + KEY + "\nlisten_port=51820\nfwmark=16\npublic_key=" + KEY
                + "\npreshared_key=" + ZERO + "\nprotocol_version=1\nendpoint=[2001:db8::1]:5\nrx_bytes=7\ntx_bytes=8\n"
                + "last_handshake_time_sec=9\nlast_handshake_time_nsec=10\npersistent_keepalive_interval=11\n"
                + "allowed_ip=10.0.0.0/8\nallowed_ip=::/0\nsomething_new=1\npublic_key=" + ZERO + "\nerrno=0");
        assertThat(device.privateKey()).isPresent();
        assertThat(device.listenPort()).isEqualTo(51820);
        assertThat(device.fwMark()).isEqualTo(16);
        assertThat(device.peers())
                .containsExactly(
                        new UapiPeer(
                                PublicKey.ofHex(KEY),
                                Optional.empty(),
                                1,
                                Optional.of(new Endpoint("2001:db8::1", 5)),
                                11,
                                List.of(Cidr.parse("10.0.0.0/8"), Cidr.parse("::/0")),
                                7,
                                8,
                                Optional.of(Instant.ofEpochSecond(9, 10))),
                        new UapiPeer(
                                PublicKey.ofHex(ZERO),
                                Optional.empty(),
                                1,
                                Optional.empty(),
                                0,
                                List.of(),
                                0,
                                0,
                                Optional.empty()));
    }

    @Test
    void anErrorIsPositiveWhateverItsSign() throws ProtocolException {
        UapiReply reply = new UapiReply();
        reply.accept("errno=-22");
        assertThat(reply.errno()).isEqualTo(22);
        reply.accept("errno=98");
        assertThat(reply.errno()).isEqualTo(98);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text",
                "listen_port=65536",
                "fwmark=0x10",
                "fwmark=4294967296",
                "errno=",
                "errno=--1",
                "private_key=c809f3e5317e9575c9b5ed78b638b7ce530dabe85ddab614220241801ddf06",
                "public_key=" + KEY + "\nrx_bytes=9223372036854775808",
                "public_key=" + KEY + "\nlast_handshake_time_nsec=1000000000",
                "public_key=" + KEY + "\nlast_handshake_time_sec=9223372036854775807",
                "public_key=" + KEY + "\nendpoint=x",
                "public_key=" + KEY + "\nallowed_ip=10.0.0.0/33"
            })
    void whatIsNoReplyIsRefusedWithoutRepeatingAKey(String text) {
        assertThatThrownBy(() -> UapiReply.parse(text))
                .isInstanceOf(ProtocolException.class)
                .message()
                .doesNotContain("c809f3e5");
    }

    @Test
    void aRequestForEveryKindOfChange() {
        PublicKey peer = PublicKey.ofHex(KEY);
        PeerChange update = new PeerChange(
                peer,
                PeerChange.Mode.UPDATE,
                Optional.empty(),
                Optional.empty(),
                OptionalInt.of(0),
                Optional.of(AllowedIps.changed(List.of(Cidr.parse("10.0.0.0/8")), List.of(Cidr.parse("::/0")))));
        DeviceChange change = new DeviceChange(
                Optional.empty(),
                OptionalInt.of(1),
                OptionalLong.of(16),
                false,
                List.of(update, PeerChange.remove(peer)));
        assertThat(change.request())
                .isEqualTo("set=1\nlisten_port=1\nfwmark=16\npublic_key=" + KEY
                        + "\nupdate_only=true\npersistent_keepalive_interval=0\n"
                        + "allowed_ip=10.0.0.0/8\nallowed_ip=-::/0\npublic_key=" + KEY + "\nremove=true\n\n");
    }

    @Test
    void aDeviceIsNeverAskedToResolveAName() throws ConfigException {
        WireGuardConfig config = ConfigParser.parse(
                "f",
                "[Peer]\nPublicKey=yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\nEndpoint=vpn.example.org:1",
                ConfigParser.Dialect.WG);
        assertThatThrownBy(() -> DeviceChange.adding(config)).hasMessageContaining("resolve vpn.example.org:1 first");
        PeerConfig resolved = config.peers().getFirst().withEndpoint(Optional.of(new Endpoint("192.0.2.1", 1)));
        assertThat(PeerChange.of(resolved).endpoint()).isPresent();
    }
}
