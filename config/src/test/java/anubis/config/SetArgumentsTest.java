package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The arguments of {@code wg set}, beside the real one. */
class SetArgumentsTest {
    private static final String KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
    private static final String PEER = "peer " + KEY + " ";

    /** Reads files, and knows one name. */
    private static final SetArguments.Outside OUTSIDE = new SetArguments.Outside() {
        @Override
        public String read(String file) throws IOException {
            return Files.readString(Path.of(file), StandardCharsets.ISO_8859_1);
        }

        @Override
        public Endpoint resolve(Endpoint endpoint) throws IOException {
            if (endpoint.host().equals("localhost")) {
                return new Endpoint("127.0.0.1", endpoint.port());
            }
            return endpoint;
        }
    };

    @TempDir
    Path directory;

    private SocketDevice device;

    @BeforeEach
    void listen() throws Exception {
        device = new SocketDevice(directory);
        Files.writeString(directory.resolve("key"), KEY + "\n");
        Files.writeString(directory.resolve("bare-key"), KEY);
        Files.writeString(directory.resolve("empty"), "");
        Files.writeString(directory.resolve("blank"), "\n");
        Files.writeString(directory.resolve("short"), KEY.substring(1) + "\n");
        Files.writeString(directory.resolve("two"), KEY + "\n" + KEY + "\n");
    }

    @AfterEach
    void close() throws IOException {
        if (device != null) {
            device.close();
        }
    }

    /** Words are separated by one blank, and two quotes are an empty one. */
    private String[] words(String line) {
        String[] words = line.replace("DIR", directory.toString()).split(" ");
        for (int i = 0; i < words.length; i++) {
            words[i] = words[i].replace("''", "").replace('~', ' ');
        }
        return words;
    }

    private String sentByWg(String line) throws Exception {
        return device.sentBy(words("set wg0 " + line));
    }

    private String ours(String line) throws IOException {
        return SetArguments.parse(List.of(words(line)), OUTSIDE).request();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "listen-port 0",
                "listen-port 00080 fwmark 0xff",
                "fwmark off",
                "fwmark OFF listen-port 1 listen-port 2",
                "private-key DIR/key",
                "private-key DIR/bare-key",
                "private-key DIR/empty",
                "private-key /dev/null",
                PEER,
                PEER + "remove",
                PEER + "endpoint 192.0.2.1:1 remove",
                PEER + "preshared-key DIR/key endpoint [2001:db8::1]:1 persistent-keepalive 25 allowed-ips 10.0.0.0/8",
                PEER + "preshared-key DIR/empty",
                PEER + "persistent-keepalive off endpoint 127.0.0.1:65535",
                PEER + "allowed-ips ''",
                PEER + "allowed-ips 10.0.0.0/8,~::/0~,1.2.3.4",
                PEER + "allowed-ips 10.0.0.0/8 allowed-ips ::/0",
                PEER + "endpoint [fe80::1%lo]:5",
                "fwmark 7 " + PEER + "allowed-ips 10.0.0.0/8 " + PEER + "remove",
            })
    void theSameRequest(String line) throws Exception {
        assertThat(ours(line)).isEqualTo(sentByWg(line));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "listen-port",
                "listen-port 0x10",
                "listen-port ''",
                "listen-port -1",
                "fwmark 4294967296",
                "fwmark x",
                "private-key DIR/blank",
                "private-key DIR/short",
                "private-key DIR/two",
                "private-key DIR/none",
                "peer",
                "peer x",
                "remove",
                "endpoint 192.0.2.1:1",
                PEER + "listen-port 5",
                PEER + "private-key DIR/key",
                PEER + "endpoint 192.0.2.1",
                PEER + "endpoint ''",
                PEER + "persistent-keepalive 65536",
                PEER + "persistent-keepalive -1",
                PEER + "allowed-ips 10.0.0.0/33",
                PEER + "allowed-ips ,",
                PEER + "allowed-ips",
                PEER + "preshared-key DIR/short",
                "dance",
                "LISTEN-PORT 5",
            })
    void bothRefuse(String line) throws Exception {
        assertThat(sentByWg(line)).isEmpty();
        assertThatThrownBy(() -> ours(line)).isInstanceOfAny(IllegalArgumentException.class, IOException.class);
    }

    /** Newer releases of {@code wg} take them so. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "+10.0.0.0/8|allowed_ip=10.0.0.0/8",
                "-10.0.0.0/8,+::/0|allowed_ip=::/0 allowed_ip=-10.0.0.0/8",
                "10.0.0.0/8|replace_allowed_ips=true allowed_ip=10.0.0.0/8",
            })
    void allowedIpsAreAddedAndTakenAway(String list, String lines) throws Exception {
        assertThat(ours(PEER + "allowed-ips " + list).lines().skip(2).toList())
                .isEqualTo(List.of((lines + " ").split(" ", -1)));
    }

    @Test
    void aNameIsResolved() throws Exception {
        assertThat(ours(PEER + "endpoint localhost:7")).contains("endpoint=127.0.0.1:7\n");
    }

    @Test
    void aSecretIsNotRepeated() {
        assertThatThrownBy(() -> ours("private-key DIR/short")).hasMessageNotContaining(KEY.substring(1));
        assertThatThrownBy(() -> ours("private-key DIR/two")).hasMessageNotContaining(KEY);
    }
}
