package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.net.InetAddress;
import java.net.UnknownHostException;

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
}
