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

/** What hubs tell each other of their clients. */
class HubsTest {
    private static final Primitives PRIMITIVES = Primitives.get();
    private static final Random RANDOM = new Random(1);
    private static final Instant NOW = Instant.parse("2026-11-24T12:00:00Z");

    private final PrivateKey hubKey = PrivateKey.generate(RANDOM);
    private final Party client = new Party("client", false);
    private final Party other = new Party("other", true);
    private final Party third = new Party("third", true);
    private final MemoryRegistry registry = new MemoryRegistry();
    private final Hub hub = new Hub(
            new Reply.Terms(
                    hubKey.publicKey(PRIMITIVES),
                    List.of(Endpoint.parse("192.0.2.1:51820")),
                    List.of(Cidr.parse("10.0.0.0/8"))),
            Duration.ofHours(1),
            Optional.empty());
    private final Decisions decisions = new Decisions(hub, registry, hubKey, PRIMITIVES);
    private int identifier = 100;

    /** Somebody in the registry. */
    private static final class Party {
        final PrivateKey production = PrivateKey.generate(RANDOM);
        final PublicKey key = production.publicKey(PRIMITIVES);
        final PublicKey gateKey = PrivateKey.generate(RANDOM).publicKey(PRIMITIVES);
        final Entry entry;

        Party(String name, boolean hub) {
            entry = new Entry(
                    name,
                    gateKey,
                    key,
                    List.of(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    true,
                    false,
                    Optional.empty(),
                    hub,
                    "");
        }
    }

    HubsTest() {
        registry.add(List.of(client.entry, other.entry, third.entry));
    }

    private Decision decide(Party from, Operation operation, int id, Optional<Request.Client> of) {
        var request = new Request(operation, new Identifier(0, id), from.key, Optional.empty(), Optional.empty(), of);
        byte[] datagram = Proof.seal(request, from.production, hubKey.publicKey(PRIMITIVES), RANDOM, PRIMITIVES);
        return decisions.decide(from.gateKey, datagram, "192.0.2.7:9", NOW);
    }

    private Decision tell(Party hub, Operation what, int since) {
        return decide(hub, what, identifier++, Optional.of(new Request.Client(client.key, new Identifier(0, since))));
    }

    private Decision up(int id) {
        return decide(client, Operation.UP, id, Optional.empty());
    }

    private Code code(Decision decision) {
        return switch (decision) {
            case Act act -> decisions.settle(act, Code.DONE, NOW).code();
            case Answer(Reply reply) -> reply.code();
            case Silence silence -> throw new AssertionError(silence);
        };
    }

    private Standing standing() {
        return registry.standing(client.key);
    }

    @Test
    void aClientGoesToTheHubWhereItCameLast() {
        assertThat(code(up(1))).isEqualTo(Code.DONE);
        Act act = (Act) tell(other, Operation.HAS, 2);
        assertThat(act.action()).isEqualTo(Action.MOVE_AWAY);
        // It is never to be up here after a crash, even before the device was changed.
        assertThat(standing().leaseEnd()).isEmpty();
        assertThat(standing().held()).isTrue();
        assertThat(standing().at()).contains(other.key);
        assertThat(code(act)).isEqualTo(Code.DONE);
        assertThat(standing().held()).isFalse();
        assertThat(code(up(3))).isEqualTo(Code.DONE);
        assertThat(standing().at()).isEmpty();
        assertThat(standing().leaseEnd()).isPresent();
    }

    @Test
    void whatIsToldLateOrAgainChangesNothing() {
        code(up(5));
        assertThat(code(tell(other, Operation.HAS, 4))).isEqualTo(Code.ALREADY);
        assertThat(code(tell(other, Operation.HAS, 5))).isEqualTo(Code.ALREADY);
        assertThat(standing().leaseEnd()).isPresent();
        code(tell(other, Operation.HAS, 6));
        assertThat(code(tell(third, Operation.HAS, 5))).isEqualTo(Code.ALREADY);
        assertThat(code(tell(third, Operation.HAS_NOT, 6))).isEqualTo(Code.ALREADY);
        assertThat(code(tell(other, Operation.HAS_NOT, 5))).isEqualTo(Code.ALREADY);
        assertThat(standing().at()).contains(other.key);
        assertThat(((Act) tell(other, Operation.HAS_NOT, 6)).action()).isEqualTo(Action.TAKE_BACK);
    }

    @Test
    void aClientThatIsGoneIsTakenBack() {
        code(tell(other, Operation.HAS, 6));
        assertThat(code(tell(other, Operation.HAS_NOT, 6))).isEqualTo(Code.DONE);
        assertThat(standing().at()).isEmpty();
        assertThat(code(tell(other, Operation.HAS, 6))).isEqualTo(Code.ALREADY);
    }

    /** Else it would be put back and moved away again, in turn. */
    @Test
    void aPermanentClientIsNotWantedWhileItIsElsewhere() {
        Entry permanent = new Entry(
                client.entry.name(),
                client.gateKey,
                client.key,
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                true,
                true,
                Optional.empty(),
                false,
                "");
        registry.replace(
                permanent,
                new AuditLine(NOW, "client", client.gateKey, client.key, "replaced", "test", Optional.of(Code.DONE)));
        assertThat(hub.wants(permanent, standing(), NOW)).isTrue();
        code(tell(other, Operation.HAS, 2));
        assertThat(hub.wants(permanent, standing(), NOW)).isFalse();
        code(tell(other, Operation.HAS_NOT, 2));
        assertThat(hub.wants(permanent, standing(), NOW)).isTrue();
    }

    @Test
    void aDownHereLeavesTheClientAtTheOtherHub() {
        code(up(1));
        code(tell(other, Operation.HAS, 2));
        assertThat(code(decide(client, Operation.DOWN, 3, Optional.empty()))).isEqualTo(Code.ALREADY);
        assertThat(standing().at()).contains(other.key);
    }

    @Test
    void whatConcernsAClientThatIsBeingMovedWaits() {
        Act act = (Act) tell(other, Operation.HAS, 2);
        assertThat(up(3)).isEqualTo(new Silence(Refusal.BUSY));
        code(act);
        Act coming = (Act) up(4);
        assertThat(tell(other, Operation.HAS, 3)).isEqualTo(new Silence(Refusal.BUSY));
        code(coming);
        assertThat(standing().at()).isEmpty();
    }

    @Test
    void onlyHubsTellAndOnlyOfClients() {
        Decision client = decide(
                this.client, Operation.HAS, 1, Optional.of(new Request.Client(this.client.key, new Identifier(0, 9))));
        assertThat(code(client)).isEqualTo(Code.NOT_AUTHORISED);
        for (PublicKey of : List.of(third.key, PrivateKey.generate(RANDOM).publicKey(PRIMITIVES))) {
            assertThat(code(decide(
                            other,
                            Operation.HAS,
                            identifier++,
                            Optional.of(new Request.Client(of, new Identifier(0, 9))))))
                    .isEqualTo(Code.NOT_AUTHORISED);
        }
        assertThat(standing().at()).isEmpty();
    }

    @Test
    void aHubIsNoPeerThatComesAndGoes() {
        assertThat(code(decide(other, Operation.UP, 1, Optional.empty()))).isEqualTo(Code.PERMANENT);
        assertThat(code(decide(other, Operation.DOWN, 2, Optional.empty()))).isEqualTo(Code.PERMANENT);
    }

    @Test
    void aHubMayTellOfManyClientsAtATime() {
        for (int i = 0; i < 5 * Rates.BURST; i++) {
            assertThat(code(tell(other, Operation.HAS, 2))).isIn(Code.DONE, Code.ALREADY);
        }
    }
}
