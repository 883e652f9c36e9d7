package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.Endpoint;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A client that another hub does not want to hear of keeps none of the others waiting. */
class AnnouncementsTest {
    private static final Random RANDOM = new Random(1);

    private final BlockingQueue<PublicKey> heard = new LinkedBlockingQueue<>();
    private final Request.Client one = client();
    private final Request.Client two = client();

    private static PublicKey key() {
        return PrivateKey.generate(RANDOM).publicKey(Primitives.get());
    }

    private static Request.Client client() {
        return new Request.Client(key(), new Identifier(0, 1));
    }

    private Announcements answered(Code code) {
        HubAddress hub = new HubAddress("other", key(), Endpoint.parse("192.0.2.1:4297"), Optional.empty());
        return new Announcements(
                List.of(hub),
                (_, question) -> {
                    heard.add(question.client().orElseThrow().productionKey());
                    return Reply.of(question.operation(), code, new Identifier(0, 1), key());
                },
                _ -> {});
    }

    @Test
    void oneThatIsRefused() throws Exception {
        Announcements announcements = answered(Code.NOT_AUTHORISED);
        announcements.tell(Operation.HAS, one);
        announcements.tell(Operation.HAS, two);
        assertThat(heard.poll(5, TimeUnit.SECONDS)).isEqualTo(one.productionKey());
        assertThat(heard.poll(5, TimeUnit.SECONDS)).isEqualTo(two.productionKey());
    }
}
