package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.gate.Decision.Act;
import anubis.gate.Decision.Action;
import anubis.gate.Decision.Answer;
import anubis.gate.Decision.Silence;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DecisionsTest {
    private static final Primitives PRIMITIVES = Primitives.get();
    private static final Random RANDOM = new Random(1);
    private static final Instant NOW = Instant.parse("2026-11-24T12:00:00Z");

    private final PrivateKey hubKey = PrivateKey.generate(RANDOM);
    private final PrivateKey production = PrivateKey.generate(RANDOM);
    private final PublicKey gateKey = PrivateKey.generate(RANDOM).publicKey(PRIMITIVES);
    private final MemoryRegistry registry = new MemoryRegistry();
    private final Hub hub = new Hub(
            new Reply.Terms(
                    hubKey.publicKey(PRIMITIVES),
                    List.of(Endpoint.parse("192.0.2.1:51820")),
                    List.of(Cidr.parse("10.0.0.0/8"))),
            Duration.ofHours(1),
            Optional.empty());
    private Decisions decisions = new Decisions(hub, registry, hubKey, PRIMITIVES);

    DecisionsTest() {
        enter(true, false, Optional.empty());
    }

    private void enter(boolean enabled, boolean permanent, Optional<Instant> expiry) {
        Entry entry = new Entry(
                "set",
                gateKey,
                production.publicKey(PRIMITIVES),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                expiry,
                enabled,
                permanent,
                Optional.empty(),
                false,
                "");
        AuditLine line =
                new AuditLine(NOW, "set", gateKey, entry.productionKey(), "entered", "owner", Optional.of(Code.DONE));
        if (registry.byName("set").isPresent()) {
            registry.replace(entry, line);
        } else {
            registry.add(List.of(entry), line);
        }
    }

    private byte[] datagram(Operation operation, int identifier, PrivateKey prover) {
        var request = new Request(
                operation,
                new Identifier(0, identifier),
                production.publicKey(PRIMITIVES),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        return Proof.seal(request, prover, hubKey.publicKey(PRIMITIVES), RANDOM, PRIMITIVES);
    }

    private Decision ask(Operation operation, int identifier) {
        return ask(datagram(operation, identifier, production));
    }

    private Decision ask(byte[] datagram) {
        return decisions.decide(gateKey, datagram, "192.0.2.7:9", NOW);
    }

    private Code code(Decision decision) {
        return switch (decision) {
            case Act act -> decisions.settle(act, Code.DONE, NOW).code();
            case Answer(Reply reply) -> reply.code();
            case Silence silence -> throw new AssertionError(silence);
        };
    }

    private boolean wanted() {
        Entry entry = registry.list().getFirst();
        return hub.wants(entry, registry.standing(entry.productionKey()), NOW);
    }

    @Test
    void upIsDoneOnceAndRepeatedByteForByte() {
        byte[] up = datagram(Operation.UP, 1, production);
        Act act = (Act) ask(up);
        assertThat(act.action()).isEqualTo(Action.BRING_UP);
        assertThat(ask(up)).isEqualTo(new Silence(Refusal.BUSY));
        assertThat(wanted()).isFalse();
        Reply reply = decisions.settle(act, Code.DONE, NOW);
        assertThat(reply.code()).isEqualTo(Code.DONE);
        assertThat(wanted()).isTrue();
        assertThat(ask(up)).isEqualTo(new Answer(reply));
        assertThat(code(ask(Operation.UP, 2))).isEqualTo(Code.ALREADY);
    }

    @Test
    void whoLacksTheProductionKeyGetsNothingDone() {
        assertThat(code(ask(datagram(Operation.UP, 1, PrivateKey.generate(RANDOM)))))
                .isEqualTo(Code.NOT_AUTHORISED);
        assertThat(registry.standing(production.publicKey(PRIMITIVES))).isEqualTo(Standing.NEW);
    }

    @Test
    void anyByteChangedBreaksTheProof() {
        byte[] up = datagram(Operation.UP, 1, production);
        for (int i = 8; i < up.length; i++) {
            up[i] ^= 1;
            assertThat(Proof.holds(up, hubKey, hubKey.publicKey(PRIMITIVES), PRIMITIVES))
                    .isFalse();
            up[i] ^= 1;
        }
    }

    @Test
    void anOldGoodbyeEndsNothing() {
        byte[] goodbye = datagram(Operation.GOODBYE, 2, production);
        assertThat(code(ask(Operation.UP, 3))).isEqualTo(Code.DONE);
        assertThat(code(ask(goodbye))).isEqualTo(Code.TOO_OLD);
        assertThat(wanted()).isTrue();
    }

    @Test
    void aGoodbyeEndsTheLeaseAndRenewDoesNotRevive() {
        code(ask(Operation.UP, 1));
        assertThat(code(ask(Operation.GOODBYE, 2))).isEqualTo(Code.DONE);
        assertThat(code(ask(Operation.RENEW, 3))).isEqualTo(Code.NOT_UP);
        assertThat(wanted()).isFalse();
    }

    @Test
    void afterARestartAnOldRequestStaysOld() {
        byte[] up = datagram(Operation.UP, 1, production);
        ask(up);
        decisions = new Decisions(hub, registry, hubKey, PRIMITIVES);
        assertThat(code(ask(up))).isEqualTo(Code.TOO_OLD);
        assertThat(wanted()).isFalse();
    }

    @Test
    void disabledIsSilenceExpiredIsSaidPermanentStays() {
        enter(false, false, Optional.empty());
        assertThat(ask(Operation.UP, 1)).isEqualTo(new Silence(Refusal.STRANGER));
        enter(true, false, Optional.of(NOW));
        assertThat(code(ask(Operation.UP, 1))).isEqualTo(Code.EXPIRED);
        enter(true, true, Optional.empty());
        assertThat(code(ask(Operation.DOWN, 2))).isEqualTo(Code.PERMANENT);
        assertThat(wanted()).isTrue();
    }

    @Test
    void aFullDiskMeansNothingIsDone() {
        registry.full = true;
        assertThat(code(ask(Operation.UP, 1))).isEqualTo(Code.INTERNAL);
        assertThat(registry.standing(production.publicKey(PRIMITIVES))).isEqualTo(Standing.NEW);
    }

    @Test
    void aFloodIsSilenced() {
        for (int i = 1; i <= Rates.BURST; i++) {
            code(ask(Operation.STATUS, i));
        }
        assertThat(ask(Operation.STATUS, 100)).isEqualTo(new Silence(Refusal.RATE));
    }
}
