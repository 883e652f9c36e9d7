package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What cannot be asked is refused to whoever wants to ask it, and the gate goes on. */
class AskerTest {
    private static final Instant NOW = Instant.parse("2026-11-24T12:00:00Z");

    private final SecureRandom random = new SecureRandom();
    private final PublicKey hub = PrivateKey.generate(random).publicKey(Primitives.get());
    private final PrivateKey production = PrivateKey.generate(random);
    private final PublicKey productionKey = production.publicKey(Primitives.get());
    private final GateTunnel tunnel;
    private final Asker asker;

    AskerTest() throws Exception {
        tunnel = GateTunnel.open(
                new GateTunnel.Setup(PrivateKey.generate(random), 0, InstantSource.system()),
                _ -> false,
                (_, _, _) -> {});
        asker = new Asker(tunnel, InstantSource.fixed(NOW));
    }

    @AfterEach
    void close() {
        tunnel.close();
    }

    private CompletableFuture<Reply> ask(Optional<String> code, Optional<Duration> lease) {
        CompletableFuture<Reply> answer = new CompletableFuture<>();
        var question = new Asker.Question(hub, Operation.UP, code, lease, Optional.empty());
        tunnel.execute(() -> asker.ask(question, production.duplicate(), answer));
        return answer;
    }

    @Test
    void aCodeOrALeaseThatIsNone() {
        assertThatThrownBy(() -> ask(Optional.of("12345"), Optional.empty()).get(10, TimeUnit.SECONDS))
                .hasMessageContaining("6 to 8 digits");
        assertThatThrownBy(
                        () -> ask(Optional.empty(), Optional.of(Duration.ZERO)).get(10, TimeUnit.SECONDS))
                .hasMessageContaining("a lease is");
        assertThat(tunnel.hasEnded()).isFalse();
    }

    @Test
    void aHubThatSaysThatNoIdentifierIsLeftIsNotBelieved() throws Exception {
        CompletableFuture<Reply> answer = ask(Optional.empty(), Optional.empty());
        var asked = new Identifier((1L << 62) + 10 + NOW.getEpochSecond(), 0);
        Reply reply = Reply.of(Operation.UP, Code.TOO_OLD, asked, productionKey)
                .withLast(Optional.of(new Identifier(-1, -1)));
        tunnel.execute(() -> asker.received(hub, reply));
        assertThat(answer.get(10, TimeUnit.SECONDS).code()).isEqualTo(Code.TOO_OLD);
        // Else no hub would accept anything of this key any more.
        CompletableFuture<Reply> next = ask(Optional.empty(), Optional.empty());
        var following = new Identifier(asked.high(), 1);
        tunnel.execute(() -> asker.received(hub, Reply.of(Operation.UP, Code.EXPIRED, following, productionKey)));
        assertThat(next.get(10, TimeUnit.SECONDS).code()).isEqualTo(Code.EXPIRED);
        assertThat(tunnel.hasEnded()).isFalse();
    }
}
