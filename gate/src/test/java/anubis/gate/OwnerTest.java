package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import anubis.gate.Registry.ConflictException;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;

class OwnerTest {
    private final Registry registry = new MemoryRegistry();
    private final Owner owner = new Owner(registry, InstantSource.fixed(RegistryContract.NOW));
    private final Entry alice = RegistryContract.plain("alice", "10.0.0.1/32");
    private final Entry bob = RegistryContract.plain("bob", "10.0.0.2/32");

    private List<String> log() {
        return registry.log(99).stream()
                .map(line -> line.name() + " " + line.what() + " " + line.from() + " "
                        + line.verdict().orElseThrow())
                .toList();
    }

    @Test
    void eachChangeIsALineAndWhatIsSoAlreadyIsNone() {
        owner.add(alice);
        owner.enable("alice", true);
        owner.enable("alice", false);
        assertThat(owner.entry("alice").enabled()).isFalse();
        owner.enable("alice", false);
        owner.enable("alice", true);
        assertThat(registry.list()).containsExactly(alice);
        owner.remove("alice");
        assertThat(registry.list()).isEmpty();
        assertThat(log())
                .containsExactly(
                        "alice added owner DONE",
                        "alice disabled owner DONE",
                        "alice enabled owner DONE",
                        "alice removed owner DONE");
    }

    @Test
    void whoIsUnknownIsNamed() {
        assertThatThrownBy(() -> owner.enable("carol", true)).hasMessageContaining("'carol'");
        assertThatThrownBy(() -> owner.remove("carol")).hasMessageContaining("'carol'");
        assertThatThrownBy(() -> owner.entry("carol")).hasMessageContaining("'carol'");
    }

    @Test
    void importedPeersComeInThePlaceOfThoseOfTheirName() {
        assertThat(owner.enter(List.of(alice, bob))).isEqualTo(new Owner.Imported(2, 0, 0));
        Entry carol = RegistryContract.plain("carol");
        // They have exchanged their addresses.
        Entry newAlice = RegistryContract.entry("alice", alice.gateKey(), bob.productionKey(), "10.0.0.2/32");
        Entry newBob = RegistryContract.entry("bob", bob.gateKey(), alice.productionKey(), "10.0.0.1/32");
        assertThat(owner.enter(List.of(newAlice, carol, newBob))).isEqualTo(new Owner.Imported(1, 2, 0));
        assertThat(owner.enter(List.of(newAlice, carol))).isEqualTo(new Owner.Imported(0, 0, 2));
        assertThat(registry.list()).containsExactly(newAlice, newBob, carol);
        assertThat(log())
                .containsExactly(
                        "alice imported owner DONE",
                        "bob imported owner DONE",
                        "alice replaced owner DONE",
                        "bob replaced owner DONE",
                        "carol imported owner DONE");
    }

    @Test
    void ofAnImportThatConflictsNothingIsDone() {
        owner.add(alice);
        owner.add(bob);
        Entry changed = alice.enabled(false);
        Entry taking = RegistryContract.plain("carol", "10.0.0.2/32");
        assertThatThrownBy(() -> owner.enter(List.of(changed, taking))).isInstanceOf(ConflictException.class);
        assertThat(registry.list()).containsExactly(alice, bob);
        assertThat(log()).hasSize(2);
    }
}
