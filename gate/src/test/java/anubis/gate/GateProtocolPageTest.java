package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** The test vectors of docs/gate-protocol.md, which were made by another program. */
class GateProtocolPageTest {
    private static final Primitives PRIMITIVES = Primitives.get();

    private static byte[] vector(String name) throws IOException {
        return Files.readAllLines(Path.of("../docs/gate-protocol.md")).stream()
                .filter(line -> line.startsWith(name + ": "))
                .map(line -> HexFormat.of().parseHex(line.substring(name.length() + 2)))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void thePageSaysWhatTheCodeDoes() throws IOException {
        PrivateKey client = PrivateKey.of(vector("client production private key"));
        PublicKey hub = PublicKey.of(vector("hub gate public key"));
        byte[] datagram = vector("request");
        Request request = ((Parsed.Read<Request>) Request.parse(datagram)).value();
        byte[] random = Arrays.copyOf(vector("nonce"), 40);
        System.arraycopy(vector("sealed secret"), 0, random, 24, 16);
        assertThat(Proof.seal(request, client, hub, new Given(random), PRIMITIVES))
                .isEqualTo(datagram);
        InetAddress from = GateAddress.of(client.publicKey(PRIMITIVES), PRIMITIVES);
        InetAddress to = GateAddress.of(hub, PRIMITIVES);
        assertThat(to.getAddress()).isEqualTo(vector("hub gate address"));
        assertThat(InnerUdp.build(from, to, datagram)).isEqualTo(vector("packet"));
        assertThat(InnerUdp.parse(vector("packet"), from, to)).isInstanceOf(Parsed.Read.class);
        Reply reply = ((Parsed.Read<Reply>) Reply.parse(vector("reply"))).value();
        assertThat(reply.bytes()).isEqualTo(vector("reply"));
    }

    /** Gives the bytes it was given. */
    private static final class Given implements RandomGenerator {
        private final byte[] bytes;
        private int at;

        Given(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public void nextBytes(byte[] to) {
            System.arraycopy(bytes, at, to, 0, to.length);
            at += to.length;
        }

        @Override
        public long nextLong() {
            throw new IllegalStateException("whole arrays only");
        }
    }
}
