package anubis.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AllowedIpsTest {
    private final AllowedIps<Owner> ips = new AllowedIps<>();
    private final Owner a = new Owner("a");
    private final Owner b = new Owner("b");
    private final Owner c = new Owner("c");
    private final Owner d = new Owner("d");

    private static final class Owner {
        private final String name;

        Owner(String name) {
            this.name = name;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Prefix prefix(String text) {
        int slash = text.indexOf('/');
        byte[] address = InetAddress.ofLiteral(text.substring(0, slash)).getAddress();
        return Prefix.of(address, Integer.parseInt(text, slash + 1, text.length(), 10));
    }

    private @Nullable Owner lookup(String address) {
        ByteBuffer bytes = ByteBuffer.wrap(InetAddress.ofLiteral(address).getAddress());
        return bytes.limit() == 4 ? ips.lookupIpv4(bytes.getInt()) : ips.lookupIpv6(bytes.getLong(), bytes.getLong());
    }

    private static <V> int nodes(AllowedIps<V> ips) {
        return nodes(ips.ipv4.zero, ips.ipv4) + nodes(ips.ipv6.zero, ips.ipv6);
    }

    /** Counts the nodes, and checks that none is superfluous or in the wrong place. */
    private static <V> int nodes(AllowedIps.@Nullable Node<V> node, AllowedIps.Node<V> parent) {
        if (node == null) {
            return 0;
        }
        assertThat(parent.common(node.high, node.low)).isGreaterThanOrEqualTo(parent.length());
        if (!(node instanceof AllowedIps.Entry<V>)) {
            assertThat(node.zero).isNotNull();
            assertThat(node.one).isNotNull();
        }
        for (AllowedIps.Node<V> child : Arrays.asList(node.zero, node.one)) {
            assertThat(child == null || child.length() > node.length()).isTrue();
        }
        return 1 + nodes(node.zero, node) + nodes(node.one, node);
    }

    private void assertEmpty() {
        assertThat(nodes(ips)).isZero();
        assertThat(ips.ipv4.one).isNull();
        assertThat(ips.ipv6.one).isNull();
    }

    @Test
    void truthTableForIpv4() {
        ips.insert(prefix("192.168.4.0/24"), a);
        ips.insert(prefix("192.168.4.4/32"), b);
        ips.insert(prefix("192.168.0.0/16"), c);
        ips.insert(prefix("192.95.5.64/27"), d);
        ips.insert(prefix("192.95.5.65/27"), c);
        ips.insert(prefix("0.0.0.0/0"), d);
        ips.insert(prefix("64.15.112.0/20"), a);
        ips.insert(prefix("64.15.123.211/25"), b);
        ips.insert(prefix("10.0.0.0/25"), a);
        ips.insert(prefix("10.0.0.128/25"), b);
        ips.insert(prefix("10.1.0.0/30"), a);
        ips.insert(prefix("10.1.0.4/30"), b);
        ips.insert(prefix("10.1.0.8/29"), c);
        ips.insert(prefix("10.1.0.16/29"), d);
        record Row(int number, String address, Owner owner) {}
        for (Row row : List.of(
                new Row(1, "192.168.4.20", a),
                new Row(2, "192.168.4.4", b),
                new Row(3, "192.168.4.0", a),
                new Row(4, "192.168.200.182", c),
                new Row(5, "192.95.5.68", c),
                new Row(6, "192.95.5.96", d),
                new Row(7, "64.15.116.26", a),
                new Row(8, "64.15.127.3", a),
                new Row(9, "64.15.123.128", b),
                new Row(10, "64.15.128.0", d),
                new Row(11, "10.0.0.52", a),
                new Row(12, "10.0.0.220", b),
                new Row(13, "10.1.0.2", a),
                new Row(14, "10.1.0.6", b),
                new Row(15, "10.1.0.10", c),
                new Row(16, "10.1.0.20", d),
                new Row(17, "10.1.0.24", d),
                new Row(18, "255.255.255.255", d),
                new Row(19, "0.0.0.0", d))) {
            assertThat(lookup(row.address))
                    .as("row %d: %s", row.number, row.address)
                    .isSameAs(row.owner);
        }
        assertThat(lookup("::")).as("the families are apart").isNull();
    }

    @Test
    void truthTableForIpv6() {
        ips.insert(prefix("2607:5300:60:6b00::c05f:543/128"), d);
        ips.insert(prefix("2607:5300:60:6b00::/64"), c);
        ips.insert(prefix("2000::/3"), b);
        ips.insert(prefix("2404:6800::/32"), a);
        ips.insert(prefix("2404:6800:4004:800:dead:beef::/96"), b);
        ips.insert(prefix("2404:6800:4004:806:dead:beef:dead:beef/128"), d);
        ips.insert(prefix("2404:6800:4004:806::/63"), c);
        ips.insert(prefix("8000::/1"), a);
        record Row(int number, String address, @Nullable Owner owner) {}
        for (Row row : List.of(
                new Row(1, "2607:5300:60:6b00::c05f:543", d),
                new Row(2, "2607:5300:60:6b00::c02e:1ee", c),
                new Row(3, "2607:5300:60:6b01::", b),
                new Row(4, "2404:6800:4004:806::1006", c),
                new Row(5, "2404:6800:4004:807:1234::5678", c),
                new Row(6, "2404:6800:4004:806:dead:beef:dead:beef", d),
                new Row(7, "2404:6800:4004:806:dead:beef:dead:beee", c),
                new Row(8, "2404:6800:4004:800:dead:beef::1", b),
                new Row(9, "2404:6800:4004:800:dead:bee0::1", a),
                new Row(10, "2404:6801::", b),
                new Row(11, "3fff::", b),
                new Row(12, "4000::", null),
                new Row(13, "::", null),
                new Row(14, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", a))) {
            assertThat(lookup(row.address))
                    .as("row %d: %s", row.number, row.address)
                    .isSameAs(row.owner);
        }
        assertThat(lookup("128.0.0.1")).as("the families are apart").isNull();
    }

    @Test
    void aPrefixGivenToAnotherIsTakenFromTheFirst() {
        Prefix prefix = prefix("10.0.0.0/8");
        assertThat(ips.insert(prefix, a)).isNull();
        assertThat(ips.insert(prefix, a)).as("it has it already").isNull();
        assertThat(ips.insert(prefix("10.0.0.0/9"), a)).isNull();
        assertThat(ips.insert(prefix, b)).isSameAs(a);
        assertThat(ips.of(a)).containsExactly(prefix("10.0.0.0/9"));
        assertThat(ips.of(b)).containsExactly(prefix);
        assertThat(lookup("10.200.0.1")).isSameAs(b);
        assertThat(lookup("10.100.0.1")).isSameAs(a);
    }

    @Test
    void onlyTheOwnerLosesAPrefix() {
        ips.insert(prefix("10.0.0.0/8"), a);
        ips.insert(prefix("10.1.0.0/16"), b);
        ips.insert(prefix("10.2.0.0/16"), b);
        assertThat(ips.remove(prefix("10.0.0.0/8"), b)).isFalse();
        assertThat(ips.remove(prefix("10.0.0.0/14"), a))
                .as("a branch, not an entry")
                .isFalse();
        assertThat(ips.remove(prefix("10.1.0.0/17"), b)).isFalse();
        assertThat(ips.remove(prefix("11.1.0.0/16"), b)).isFalse();
        assertThat(ips.remove(prefix("::/0"), b)).isFalse();
        assertThat(nodes(ips)).isEqualTo(4);
        assertThat(ips.remove(prefix("10.1.0.0/16"), b)).isTrue();
        assertThat(ips.remove(prefix("10.1.0.0/16"), b)).isFalse();
        assertThat(nodes(ips)).isEqualTo(2);
        assertThat(lookup("10.1.0.1")).isSameAs(a);
        assertThat(lookup("10.2.0.1")).isSameAs(b);
    }

    @Test
    void theEverythingPrefixesCanBeTakenBack() {
        ips.insert(prefix("0.0.0.0/0"), a);
        ips.insert(prefix("::/0"), b);
        assertThat(lookup("1.2.3.4")).isSameAs(a);
        assertThat(lookup("255.2.3.4")).isSameAs(a);
        assertThat(lookup("::1")).isSameAs(b);
        assertThat(lookup("ffff::1")).isSameAs(b);
        ips.insert(prefix("128.0.0.0/1"), b);
        ips.insert(prefix("0.0.0.0/1"), c);
        assertThat(ips.remove(prefix("0.0.0.0/0"), a)).isTrue();
        assertThat(lookup("255.2.3.4")).isSameAs(b);
        assertThat(lookup("1.2.3.4")).isSameAs(c);
        ips.removeAll(b);
        ips.removeAll(c);
        assertEmpty();
    }

    @Test
    void prefixesOfAnOwnerKeepTheOrderOfTheirInsertion() {
        List<Prefix> inserted = List.of(
                prefix("10.9.0.0/16"),
                prefix("fd00::/8"),
                prefix("10.0.0.0/8"),
                prefix("0.0.0.0/0"),
                prefix("::1/128"));
        inserted.forEach(prefix -> ips.insert(prefix, a));
        assertThat(ips.of(a)).isEqualTo(inserted);
        ips.insert(inserted.get(0), a); // as with the kernel, it is then the last
        assertThat(ips.of(a).getLast()).isEqualTo(inserted.get(0));
        ips.remove(inserted.get(0), a);
        ips.remove(inserted.get(2), a);
        ips.remove(inserted.get(4), a);
        assertThat(ips.of(a)).containsExactly(inserted.get(1), inserted.get(3));
        ips.insert(inserted.get(0), a);
        assertThat(ips.of(a)).containsExactly(inserted.get(1), inserted.get(3), inserted.get(0));
        assertThat(ips.of(b)).isEmpty();
        ips.removeAll(b);
        ips.removeAll(a);
        assertThat(ips.of(a)).isEmpty();
        assertEmpty();
    }

    @Test
    void readsTheAddressesOfAPacketWhereItLies() throws Exception {
        ips.insert(prefix("10.0.0.1/32"), a);
        ips.insert(prefix("10.0.0.2/32"), b);
        ips.insert(prefix("fd00::1/128"), c);
        ips.insert(prefix("fd00::2/128"), d);
        try (Arena arena = Arena.ofConfined()) {
            for (long offset : new long[] {0, 1, 16, 23}) {
                MemorySegment packet = arena.allocate(offset + 40, 8);
                packet.set(ValueLayout.JAVA_BYTE, offset, (byte) 0x4f);
                put(packet, offset + 12, "10.0.0.1");
                put(packet, offset + 16, "10.0.0.2");
                assertThat(ips.source(packet.asSlice(0, offset + 20), offset)).isSameAs(a);
                assertThat(ips.destination(packet.asSlice(0, offset + 20), offset))
                        .isSameAs(b);

                packet.set(ValueLayout.JAVA_BYTE, offset, (byte) 0x6f);
                put(packet, offset + 8, "fd00::1");
                put(packet, offset + 24, "fd00::2");
                assertThat(ips.source(packet, offset)).isSameAs(c);
                assertThat(ips.destination(packet, offset)).isSameAs(d);

                for (int version : new int[] {0, 0x50, 0x70, 0x80, 0xc0, 0xe0, 0xf0}) {
                    packet.set(ValueLayout.JAVA_BYTE, offset, (byte) version);
                    assertThat(ips.source(packet, offset)).isNull();
                    assertThat(ips.destination(packet, offset)).isNull();
                }
            }
        }
    }

    private static void put(MemorySegment packet, long offset, String address) {
        MemorySegment bytes =
                MemorySegment.ofArray(InetAddress.ofLiteral(address).getAddress());
        packet.asSlice(offset, bytes.byteSize()).copyFrom(bytes);
    }

    /** Looks at every prefix, in no clever way. */
    private static final class Oracle {
        private final Map<Prefix, Owner> owners = new LinkedHashMap<>();

        @Nullable
        Owner insert(Prefix prefix, Owner owner) {
            Owner before = owners.remove(prefix);
            owners.put(prefix, owner);
            return before == owner ? null : before;
        }

        boolean remove(Prefix prefix, Owner owner) {
            return owners.remove(prefix, owner);
        }

        List<Prefix> of(Owner owner) {
            List<Prefix> prefixes = new ArrayList<>(owners.keySet());
            prefixes.removeIf(prefix -> owners.get(prefix) != owner);
            return prefixes;
        }

        @Nullable
        Owner lookup(boolean ipv6, long high, long low) {
            Prefix longest = null;
            for (Prefix prefix : owners.keySet()) {
                boolean holds = prefix.ipv6() == ipv6 && new Prefix(ipv6, high, low, prefix.length()).equals(prefix);
                if (holds && (longest == null || prefix.length() > longest.length())) {
                    longest = prefix;
                }
            }
            return longest == null ? null : owners.get(longest);
        }
    }

    /** An address with few bits set, so that prefixes lie in one another. */
    private static Prefix random(Random random, int length) {
        boolean ipv6 = random.nextBoolean();
        int longest = ipv6 ? 128 : 32;
        long high = random.nextInt(4) == 0 ? sparse(random) : 0x2001_0db8_0000_0000L;
        return new Prefix(ipv6, high, sparse(random), length < 0 ? random.nextInt(longest + 1) : longest);
    }

    private static long sparse(Random random) {
        long bits = 0;
        for (int i = random.nextInt(12); i > 0; i--) {
            bits |= 1L << random.nextInt(Long.SIZE);
        }
        return bits;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void agreesWithALinearOracle(long seed) {
        Random random = new Random(seed);
        Oracle oracle = new Oracle();
        List<Owner> owners = List.of(a, b, c, d);
        List<Prefix> used = new ArrayList<>();
        for (int i = 0; i < 1_500; i++) {
            Owner owner = owners.get(random.nextInt(owners.size()));
            int dice = random.nextInt(100);
            if (dice < 50 || used.isEmpty()) {
                Prefix prefix = random(random, -1);
                used.add(prefix);
                assertThat(ips.insert(prefix, owner)).isSameAs(oracle.insert(prefix, owner));
            } else if (dice < 60) {
                Prefix prefix = used.get(random.nextInt(used.size()));
                assertThat(ips.insert(prefix, owner)).isSameAs(oracle.insert(prefix, owner));
            } else if (dice < 99) {
                Prefix prefix = used.get(random.nextInt(used.size()));
                assertThat(ips.remove(prefix, owner)).isEqualTo(oracle.remove(prefix, owner));
            } else {
                ips.removeAll(owner);
                oracle.owners.values().removeIf(other -> other == owner);
            }
            if (i % 50 == 0) {
                assertThat(nodes(ips)).isLessThanOrEqualTo(2 * oracle.owners.size());
                owners.forEach(one -> assertThat(ips.of(one)).isEqualTo(oracle.of(one)));
            }
            for (int j = 0; j < 4; j++) {
                // Half of the addresses lie in a prefix that is or was there.
                Prefix in = used.get(random.nextInt(used.size()));
                Prefix address = random(random, 128);
                boolean ipv6 = j % 2 == 0 ? in.ipv6() : address.ipv6();
                long high = j % 2 == 0 ? in.high() : address.high();
                long low = j % 2 == 0 ? in.low() | random.nextInt(4) : address.low();
                assertThat(ipv6 ? ips.lookupIpv6(high, low) : ips.lookupIpv4((int) low))
                        .isSameAs(oracle.lookup(ipv6, high, low));
            }
        }
        owners.forEach(ips::removeAll);
        assertEmpty();
    }

    @Test
    void nothingIsLeftAfterManyChanges() {
        Random random = new Random(20954);
        List<Prefix> prefixes = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            prefixes.add(random(random, -1));
        }
        for (int round = 0; round < 50; round++) {
            for (Prefix prefix : prefixes) {
                ips.insert(prefix, round % 2 == 0 ? a : b);
            }
            for (Prefix prefix : prefixes.subList(random.nextInt(1_000), 1_000)) {
                ips.remove(prefix, round % 2 == 0 ? a : b);
            }
            assertThat(nodes(ips)).isLessThan(2_000);
        }
        assertThat(ips.of(a).size() + ips.of(b).size()).isLessThanOrEqualTo(1_000);
        ips.removeAll(a);
        ips.removeAll(b);
        assertEmpty();
    }

    @Test
    void aThousandPrefixesOnOnePeer() {
        List<Prefix> prefixes = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            prefixes.add(new Prefix(false, 0, 0x0a00_0000L | i << 8, 24));
        }
        prefixes.forEach(prefix -> ips.insert(prefix, a));
        assertThat(ips.of(a)).isEqualTo(prefixes);
        for (int i = 0; i < 1_000; i++) {
            assertThat(ips.lookupIpv4(0x0a00_0007 | i << 8)).isSameAs(a);
        }
        assertThat(ips.lookupIpv4(0x0a00_0007 | 1_000 << 8)).isNull();
        prefixes.forEach(prefix -> assertThat(ips.remove(prefix, a)).isTrue());
        assertEmpty();
    }

    @Test
    void aHundredThousandPeersWithAnAddressOfEachFamily() {
        int peers = 100_000;
        Owner[] owners = new Owner[peers];
        for (int i = 0; i < peers; i++) {
            owners[i] = new Owner("peer");
            assertThat(ips.insert(new Prefix(false, 0, 0x0a00_0000L + i, 32), owners[i]))
                    .isNull();
            assertThat(ips.insert(new Prefix(true, 0xfd00L << 48, i, 128), owners[i]))
                    .isNull();
        }
        assertThat(nodes(ips)).isEqualTo(2 * (2 * peers - 1));
        for (int i = 0; i < peers; i++) {
            assertThat(ips.lookupIpv4(0x0a00_0000 + i)).isSameAs(owners[i]);
            assertThat(ips.lookupIpv6(0xfd00L << 48, i)).isSameAs(owners[i]);
        }
        for (Owner owner : owners) {
            ips.removeAll(owner);
        }
        assertEmpty();
    }

    /** Two readers check what they see while the test changes the trie; {@code check} throws if it is wrong. */
    private static void beside(Callable<?> check, Runnable changes) throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        Callable<Integer> reader = () -> {
            int checks = 0;
            while (!done.get() || checks < 1_000) {
                check.call();
                checks++;
            }
            return checks;
        };
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Future<Integer>> readers = List.of(threads.submit(reader), threads.submit(reader));
            try {
                changes.run();
            } finally {
                done.set(true);
            }
            for (Future<Integer> future : readers) {
                assertThat(future.get()).isGreaterThanOrEqualTo(1_000);
            }
        }
    }

    @Test
    void readersAlwaysSeeWhatStays() throws Exception {
        // Each owner but the last two only ever has the prefix of the same number, so a reader can tell a wrong answer.
        Random random = new Random(77);
        List<Prefix> prefixes = new ArrayList<>();
        IdentityHashMap<Owner, Prefix> ofOwner = new IdentityHashMap<>();
        List<Owner> owners = new ArrayList<>();
        while (prefixes.size() < 300) {
            Prefix prefix = new Prefix(false, 0, 0x0a00_0000L | random.nextInt(1 << 24), random.nextInt(17, 33));
            if (!prefixes.contains(prefix)) {
                Owner owner = new Owner(prefix.toString());
                prefixes.add(prefix);
                owners.add(owner);
                ofOwner.put(owner, prefix);
            }
        }
        ips.insert(prefix("0.0.0.0/0"), a);
        ips.insert(prefix("10.0.0.0/16"), b);
        ofOwner.put(a, prefix("0.0.0.0/0"));
        ofOwner.put(b, prefix("10.0.0.0/16"));
        Callable<?> check = () -> {
            Random dice = new Random(5);
            for (int i = 0; i < 500; i++) {
                int address = (int) prefixes.get(dice.nextInt(prefixes.size())).low() | dice.nextInt(2);
                Prefix seen = ofOwner.get(ips.lookupIpv4(address));
                boolean inB = address >>> 16 == 0x0a00;
                if (seen == null
                        || !new Prefix(false, 0, address, seen.length()).equals(seen)
                        || seen.length() < (inB ? 16 : 0)) {
                    throw new AssertionError("address " + Integer.toHexString(address) + " belongs to " + seen);
                }
            }
            return true;
        };
        beside(check, () -> {
            for (int i = 0; i < 300_000; i++) {
                int which = random.nextInt(prefixes.size());
                if (random.nextBoolean()) {
                    ips.insert(prefixes.get(which), owners.get(which));
                } else {
                    ips.remove(prefixes.get(which), owners.get(which));
                }
            }
        });
        owners.forEach(ips::removeAll);
        assertThat(nodes(ips)).isEqualTo(2);
    }

    @Test
    void anOwnerKeepsNoMoreThanItIsToRetain() {
        ips.insert(prefix("10.0.0.0/8"), a);
        ips.insert(prefix("fd00::/8"), a);
        ips.insert(prefix("10.1.0.0/16"), b);
        ips.retain(Set.of(prefix("fd00::/8"), prefix("10.1.0.0/16")), a);
        assertThat(ips.of(a)).containsExactly(prefix("fd00::/8"));
        assertThat(ips.of(b)).containsExactly(prefix("10.1.0.0/16"));
        List.of(a, b).forEach(ips::removeAll);
        assertEmpty();
    }

    @Test
    void aPrefixThatMovesAlwaysHasAnOwner() throws Exception {
        Prefix prefix = prefix("fd00::/64");
        ips.insert(prefix, a);
        Callable<?> check = () -> {
            Owner owner = ips.lookupIpv6(0xfd00L << 48, 1);
            if (owner != a && owner != b) {
                throw new AssertionError("belongs to " + owner);
            }
            return true;
        };
        beside(check, () -> {
            long high = prefix.high();
            long elsewhere = 1L << 32;
            for (int i = 0; i < 100_000; i++) {
                ips.insert(prefix, i % 2 == 0 ? b : a);
                ips.insert(new Prefix(true, high, 0, i % 64), c);
                ips.insert(new Prefix(true, high, elsewhere, 96 + i % 32), d);
                ips.remove(new Prefix(true, high, 0, (i + 7) % 64), c);
                ips.remove(new Prefix(true, high, elsewhere, 96 + (i + 7) % 32), d);
            }
        });
        List.of(a, b, c, d).forEach(ips::removeAll);
        assertEmpty();
    }
}
