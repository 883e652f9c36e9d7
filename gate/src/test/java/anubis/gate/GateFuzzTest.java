package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.ConfigException;
import anubis.crypto.PublicKey;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class GateFuzzTest {
    /** Any bytes are refused without an exception, or are a request that says the same when written again. */
    @FuzzTest
    void request(byte[] data) {
        if (Request.parse(data) instanceof Parsed.Read<Request>(Request request)) {
            assertThat(Request.parse(request.unsealed())).isEqualTo(new Parsed.Read<>(request));
        }
    }

    /** Any bytes are refused without an exception, or are a reply that says the same when written again. */
    @FuzzTest
    void reply(byte[] data) {
        if (Reply.parse(data) instanceof Parsed.Read<Reply>(Reply reply)) {
            assertThat(Reply.parse(reply.bytes())).isEqualTo(new Parsed.Read<>(reply));
        }
    }

    /** Any bytes are refused without an exception, or are a packet of which the payload makes another such. */
    @FuzzTest
    void packet(byte[] data) throws UnknownHostException {
        InetAddress any = InetAddress.getByName("::");
        if (InnerUdp.parse(data, any, any) instanceof Parsed.Read<byte[]>(byte[] payload)) {
            assertThat(InnerUdp.build(any, any, payload)).hasSameSizeAs(data);
        }
    }

    /** Any value of the field by which a hub names a client is refused without an exception, or read as what it is. */
    @FuzzTest
    void client(byte[] data) {
        var frame = new Request(
                Operation.HAS,
                new Identifier(0, 1),
                PublicKey.of(new byte[32]),
                Optional.empty(),
                Optional.empty(),
                Optional.of(new Request.Client(PublicKey.of(new byte[32]), new Identifier(0, 0))));
        byte[] before = Arrays.copyOf(frame.unsealed(), Request.FIELDS_OFFSET);
        byte[] datagram = Arrays.copyOf(before, before.length + data.length);
        System.arraycopy(data, 0, datagram, before.length, data.length);
        if (Request.parse(datagram) instanceof Parsed.Read<Request>(Request request)) {
            assertThat(request.client()).isPresent();
            assertThat(Request.parse(request.unsealed())).isEqualTo(new Parsed.Read<>(request));
        }
    }

    /** Any text over the control socket is refused with a message, or is lines that say the same when written again. */
    @FuzzTest
    void control(byte[] data) {
        String text = new String(data, StandardCharsets.UTF_8);
        try {
            Map<String, String> values = Control.read(new BufferedReader(new StringReader(text)));
            var again = new StringBuilder();
            values.forEach(
                    (key, value) -> again.append(key).append('=').append(value).append('\n'));
            assertThat(Control.read(new BufferedReader(
                            new StringReader(again.append('\n').toString()))))
                    .isEqualTo(values);
        } catch (IOException refused) {
            assertThat(refused).hasMessageContaining("the gate");
        }
    }

    /** Any file is refused with its lines, or is a configuration. */
    @FuzzTest
    void config(byte[] data) throws IOException {
        withFile(data, file -> {
            try {
                assertThat(GateConfig.read(file).interfaceName()).isNotEmpty();
            } catch (ConfigException refused) {
                assertThat(refused).hasMessageContaining(file.toString());
            } catch (IOException unreadable) {
                assertThat(new String(data, StandardCharsets.UTF_8)).contains("\ufffd");
            }
        });
    }

    /** Any text is refused with its lines, or is a registry that says the same when written again. */
    @FuzzTest
    void registry(byte[] data) throws ConfigException {
        List<Entry> entries;
        try {
            entries = RegistryToml.parse("peers.toml", new String(data, StandardCharsets.UTF_8));
        } catch (ConfigException refused) {
            assertThat(refused).hasMessageContaining("peers.toml");
            return;
        }
        assertThat(RegistryToml.parse("peers.toml", RegistryToml.format(entries)))
                .isEqualTo(entries);
    }

    /** Any file is no session, or one that can be gone on with and written again. */
    @FuzzTest
    void session(byte[] data) throws IOException {
        withFile(data, file -> {
            Optional<Session> session = Session.read(file);
            if (session.isPresent()) {
                session.get().renewal();
                session.get().write(file);
                assertThat(Session.read(file)).isEqualTo(session);
            }
        });
    }

    private interface Use {
        void of(Path file) throws IOException;
    }

    private static void withFile(byte[] data, Use use) throws IOException {
        Path file = Files.createTempFile("gate-fuzz", ".toml"); // 0600
        try {
            Files.write(file, data);
            use.of(file);
        } finally {
            Files.delete(file);
        }
    }
}
