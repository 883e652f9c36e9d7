package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import anubis.config.Cidr;
import anubis.crypto.PresharedKey;
import anubis.crypto.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What any registry does. */
abstract class RegistryContract {
    static final Instant NOW = Instant.parse("2026-11-24T12:00:00.123456789Z");
    private static final Random RANDOM = new Random(2);
    static final Entry PLAIN = plain("plain", "10.0.0.1/32");

    /** With all that an entry can have. */
    static final Entry FULL = new Entry(
            "a.full_ONE-1",
            key(),
            key(),
            List.of(Cidr.parse("2001:db8:1::/48"), Cidr.parse("10.9.0.0/16"), Cidr.parse("::ffff:1.2.3.4/128")),
            Optional.of(PresharedKey.generate(RANDOM)),
            Optional.of(Hours.parse("Mon-Fri,Sun 22:00-06:30 Europe/Berlin")),
            Optional.of(NOW),
            false,
            true,
            Optional.of(Totp.generate(RANDOM)),
            true,
            "says \"hello\\\", for ℵ and 🐕; 100 %");

    Registry registry = new MemoryRegistry();

    /** An empty one. */
    abstract Registry open();

    @BeforeEach
    void openIt() {
        registry = open();
    }

    @AfterEach
    void closeIt() {
        registry.close();
    }

    /** Any that somebody may have. */
    static PublicKey key() {
        byte[] bytes = new byte[32];
        RANDOM.nextBytes(bytes);
        return PublicKey.of(bytes);
    }

    static Entry plain(String name, String... prefixes) {
        return entry(name, key(), key(), prefixes);
    }

    static Entry entry(String name, PublicKey gateKey, PublicKey productionKey, String... prefixes) {
        return new Entry(
                name,
                gateKey,
                productionKey,
                Stream.of(prefixes).map(Cidr::parse).toList(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                true,
                false,
                Optional.empty(),
                false,
                "");
    }

    static AuditLine line(Entry entry, String what) {
        return new AuditLine(
                NOW, entry.name(), entry.gateKey(), entry.productionKey(), what, "owner", Optional.of(Code.DONE));
    }

    static Standing standing(int last) {
        return Standing.NEW.asked(new Identifier(-last, last));
    }

    void add(Entry... entries) {
        registry.add(
                List.of(entries),
                Arrays.stream(entries).map(entry -> line(entry, "added")).toArray(AuditLine[]::new));
    }

    // Who is authorised.

    @Test
    void isEmptyAtFirst() {
        isEmpty();
    }

    private void isEmpty() {
        assertThat(registry.list()).isEmpty();
        assertThat(registry.byName("plain")).isEmpty();
        assertThat(registry.byGateKey(key())).isEmpty();
        assertThat(registry.byProductionKey(key())).isEmpty();
        assertThat(registry.standing(key())).isEqualTo(Standing.NEW);
        assertThat(registry.concerned()).isEmpty();
        assertThat(registry.log(10)).isEmpty();
    }

    @Test
    void findsWhatWasAddedByNameAndByEitherKey() {
        add(PLAIN, FULL);
        for (Entry entry : List.of(PLAIN, FULL)) {
            assertThat(registry.byName(entry.name())).contains(entry);
            assertThat(registry.byProductionKey(entry.productionKey())).contains(entry);
            assertThat(registry.byGateKey(entry.gateKey())).containsExactly(entry);
        }
        assertThat(registry.byGateKey(PLAIN.productionKey())).isEmpty();
        assertThat(registry.byProductionKey(PLAIN.gateKey())).isEmpty();
        assertThat(registry.byName("PLAIN")).isEmpty();
    }

    @Test
    void listsAllByName() {
        add(PLAIN, FULL);
        assertThat(registry.list()).containsExactly(FULL, PLAIN);
    }

    @Test
    void aGateKeyMayBeSharedAndItsDisabledPeersAreFoundToo() {
        Entry second = entry("second", PLAIN.gateKey(), key()).enabled(false);
        add(PLAIN, second);
        assertThat(registry.byGateKey(PLAIN.gateKey())).containsExactly(PLAIN, second);
    }

    @Test
    void noTwoHaveTheSameNameProductionKeyOrPrefix() {
        add(PLAIN);
        refusesToAdd(plain("plain"), "'plain'");
        refusesToAdd(
                entry("other", key(), PLAIN.productionKey()),
                "'plain'",
                "'other'",
                PLAIN.productionKey().toString());
        refusesToAdd(plain("other", "10.0.0.2", "10.0.0.1/32"), "'plain'", "'other'", "10.0.0.1/32");
        add(plain("other", "10.0.0.0/31", "10.0.0.0/24"));
    }

    private void refusesToAdd(Entry entry, String... words) {
        Entry before = plain("before");
        assertThatThrownBy(() -> add(before, entry))
                .isInstanceOf(Registry.ConflictException.class)
                .hasMessageContainingAll(words);
        assertThat(registry.list()).containsExactly(PLAIN);
        assertThat(registry.log(9)).containsExactly(line(PLAIN, "added"));
    }

    @Test
    void thoseAddedTogetherMustAgreeToo() {
        assertThatThrownBy(() -> add(PLAIN, plain("other", "10.0.0.1/32")))
                .isInstanceOf(Registry.ConflictException.class)
                .hasMessageContainingAll("'plain'", "'other'", "10.0.0.1/32");
        assertThat(registry.list()).isEmpty();
    }

    @Test
    void bitsAfterThePrefixDoNotCount() {
        assertThat(plain("other", "10.0.0.7/24", "10.0.0.9/24").allowedIps())
                .containsExactly(Cidr.parse("10.0.0.0/24"));
    }

    @Test
    void replacesAllOfAnEntry() {
        add(PLAIN);
        Entry other = entry("plain", FULL.gateKey(), FULL.productionKey(), "10.0.0.9/32", "10.0.0.1/32");
        registry.replace(other, line(other, "replaced"));
        assertThat(registry.list()).containsExactly(other);
        assertThat(registry.byProductionKey(PLAIN.productionKey())).isEmpty();
        registry.replace(PLAIN, line(PLAIN, "replaced"));
        assertThat(registry.list()).containsExactly(PLAIN);
        add(plain("free", "10.0.0.9/32"));
    }

    @Test
    void aReplacementThatConflictsChangesNothing() {
        add(PLAIN, FULL);
        Entry taking = entry("plain", key(), key(), "10.9.0.0/16");
        assertThatThrownBy(() -> registry.replace(taking, line(taking, "replaced")))
                .isInstanceOf(Registry.ConflictException.class)
                .hasMessageContainingAll("'plain'", "'a.full_ONE-1'", "10.9.0.0/16");
        Entry unknown = plain("unknown");
        assertThatThrownBy(() -> registry.replace(unknown, line(unknown, "replaced")))
                .isInstanceOf(Registry.ConflictException.class)
                .hasMessageContaining("'unknown'");
        assertThat(registry.list()).containsExactly(FULL, PLAIN);
        assertThat(registry.log(9)).hasSize(2);
    }

    @Test
    void whatIsRemovedIsFreeAndItsStandingStays() {
        add(PLAIN);
        registry.put(standing(7), line(PLAIN, "up"));
        registry.remove("plain", line(PLAIN, "removed"));
        assertThat(registry.list()).isEmpty();
        assertThat(registry.byGateKey(PLAIN.gateKey())).isEmpty();
        assertThat(registry.standing(PLAIN.productionKey())).isEqualTo(standing(7));
        assertThatThrownBy(() -> registry.remove("plain", line(PLAIN, "removed")))
                .isInstanceOf(Registry.ConflictException.class)
                .hasMessageContaining("'plain'");
        add(PLAIN);
        assertThat(registry.standing(PLAIN.productionKey())).isEqualTo(standing(7));
        assertThat(registry.log(9)).extracting(AuditLine::what).containsExactly("added", "up", "removed", "added");
    }

    // What is remembered.

    @Test
    void remembersTheLastStandingOfEachKeyExactly() {
        Standing whole = new Standing(
                Optional.of(new Identifier(-1, Integer.MIN_VALUE)),
                Optional.of(NOW.plusNanos(1)),
                Duration.ofSeconds(1, 1),
                Optional.of(new Identifier(0, 1)),
                Optional.of(FULL.productionKey()),
                true);
        registry.put(whole, line(PLAIN, "up"));
        registry.put(standing(1), line(FULL, "up"));
        assertThat(registry.standing(PLAIN.productionKey())).isEqualTo(whole);
        assertThat(registry.standing(FULL.productionKey())).isEqualTo(standing(1));
        registry.put(standing(2), line(PLAIN, "down"));
        assertThat(registry.standing(PLAIN.productionKey())).isEqualTo(standing(2));
    }

    @Test
    void knowsWhoIsConcerned() {
        Entry permanent = FULL;
        Entry held = plain("held");
        Entry leased = plain("leased");
        Entry asked = plain("asked");
        Entry elsewhere = plain("elsewhere");
        add(PLAIN, permanent, held, leased, asked, elsewhere);
        registry.put(standing(1).at(Optional.of(key()), new Identifier(0, 1)), line(elsewhere, "up"));
        registry.put(standing(1).held(true), line(held, "up"));
        registry.put(standing(1).lease(NOW, Duration.ofHours(1)), line(leased, "up"));
        registry.put(standing(1), line(asked, "status"));
        registry.put(standing(1).held(true), line(permanent, "up"));
        assertThat(registry.concerned())
                .containsExactlyInAnyOrder(
                        permanent.productionKey(),
                        held.productionKey(),
                        leased.productionKey(),
                        elsewhere.productionKey());
        registry.remove("held", line(held, "removed"));
        assertThat(registry.concerned()).contains(held.productionKey());
        registry.put(standing(2), line(held, "down"));
        registry.put(standing(2).withoutLease(), line(leased, "down"));
        registry.put(standing(2), line(elsewhere, "down"));
        assertThat(registry.concerned()).containsExactly(permanent.productionKey());
    }

    @Test
    void theLogTellsTheLastLinesTheOldestFirst() {
        AuditLine begun = new AuditLine(
                NOW, "plain", PLAIN.gateKey(), PLAIN.productionKey(), "up", "[2001:db8::1]:9", Optional.empty());
        registry.append(begun);
        for (Code code : Code.values()) {
            registry.append(new AuditLine(
                    NOW, "plain", PLAIN.gateKey(), PLAIN.productionKey(), "up", "hub", Optional.of(code)));
        }
        assertThat(registry.log(100)).first().isEqualTo(begun);
        assertThat(registry.log(100).stream().flatMap(line -> line.verdict().stream()))
                .containsExactly(Code.values());
        assertThat(registry.log(2))
                .extracting(AuditLine::verdict)
                .containsExactly(Optional.of(Code.NOT_UP), Optional.of(Code.PERMANENT));
        assertThat(registry.log(0)).isEmpty();
    }

    @Test
    void atOnceIsAllOrNothing() {
        IllegalStateException thrown = new IllegalStateException("thrown");
        assertThatThrownBy(() -> registry.atOnce(() -> {
                    add(PLAIN);
                    registry.put(standing(1).held(true), line(PLAIN, "up"));
                    assertThat(registry.byName("plain")).isPresent();
                    throw thrown;
                }))
                .isSameAs(thrown);
        isEmpty();
        assertThat(registry.standing(PLAIN.productionKey())).isEqualTo(Standing.NEW);
        registry.atOnce(() -> {
            add(PLAIN);
            assertThatThrownBy(() -> add(plain("half"), plain("plain"))).isInstanceOf(Registry.ConflictException.class);
            registry.atOnce(() -> registry.put(standing(1).held(true), line(PLAIN, "up")));
        });
        assertThat(registry.list()).containsExactly(PLAIN);
        assertThat(registry.concerned()).containsExactly(PLAIN.productionKey());
    }

    @Test
    void ownChangesAreNoNewVersion() {
        long version = registry.version();
        add(PLAIN);
        registry.append(line(PLAIN, "up"));
        assertThat(registry.version()).isEqualTo(version);
    }
}
