package anubis.protocol;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Cryptokey routing (whitepaper, section 2): which peer an IP address belongs to, by the longest prefix that holds it.
 * Owners are told apart by identity.
 *
 * <p>Lookups may come from any thread and take no lock. Changes lock each other out; a lookup that runs beside one sees
 * it done or not done.
 *
 * <p>For each address family a binary trie in which a node stands for a prefix, and nodes with one child and no owner
 * are left out. A change is prepared out of sight and then published by one write to a child, so a reader on its way
 * down always stands on a sound trie. The entries of one owner are a ring, in the order of their insertion.
 */
@SuppressWarnings("ReferenceEquality")
public final class AllowedIps<V> {
    private static final int IPV4_SOURCE = 12;
    private static final int IPV4_DESTINATION = 16;
    private static final int IPV6_SOURCE = 8;
    private static final int IPV6_DESTINATION = 24;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    /** Above the root of each trie, which is its child zero. */
    final Node<V> ipv4 = new Node<>(0, 0, 0);

    final Node<V> ipv6 = new Node<>(0, 0, 0);
    private final IdentityHashMap<V, Entry<V>> firsts = new IdentityHashMap<>();

    /** Nobody owns anything. */
    public AllowedIps() {}

    /** A prefix, its bits left-aligned: an IPv4 address is the first half of {@code high}. */
    static class Node<V> {
        final long high;
        final long low;
        private final byte length;
        volatile @Nullable Node<V> zero;
        volatile @Nullable Node<V> one;

        Node(long high, long low, int length) {
            this.high = high;
            this.low = low;
            this.length = (byte) length;
        }

        /** At most 128; kept as a byte. */
        int length() {
            return length & 0xff;
        }

        /** How many bits an address has in common with this prefix, at most 128, without regard to its length. */
        int common(long otherHigh, long otherLow) {
            long difference = high ^ otherHigh;
            return difference != 0
                    ? Long.numberOfLeadingZeros(difference)
                    : Long.SIZE + Long.numberOfLeadingZeros(low ^ otherLow);
        }

        @Nullable
        Node<V> child(boolean side) {
            return side ? one : zero;
        }

        void child(boolean side, @Nullable Node<V> node) {
            if (side) {
                one = node;
            } else {
                zero = node;
            }
        }

        /** The only child or none; the node must not have both. */
        @Nullable
        Node<V> onlyChild() {
            Node<V> first = zero;
            return first != null ? first : one;
        }
    }

    /** A node that has an owner. */
    static final class Entry<V> extends Node<V> {
        private final boolean isIpv6;
        private volatile V owner;
        private Entry<V> next = this;
        private Entry<V> previous = this;

        Entry(boolean isIpv6, long high, long low, int length, V owner) {
            super(high, low, length);
            this.isIpv6 = isIpv6;
            this.owner = owner;
        }
    }

    /**
     * Gives the prefix to {@code owner}.
     *
     * @return the owner it was taken from, null if nobody else had it
     */
    public synchronized @Nullable V insert(Prefix prefix, V owner) {
        long high = high(prefix);
        long low = low(prefix);
        int length = prefix.length();
        Node<V> parent = trie(prefix);
        boolean side = false;
        Node<V> node = parent.zero;
        while (node != null && node.length() < length && node.common(high, low) >= node.length()) {
            parent = node;
            side = bit(high, low, node.length());
            node = node.child(side);
        }
        if (node instanceof Entry<V> entry && entry.length() == length && entry.common(high, low) >= length) {
            V before = entry.owner;
            unlink(entry);
            entry.owner = owner;
            link(entry);
            return before == owner ? null : before;
        }
        Entry<V> entry = new Entry<>(prefix.ipv6(), high, low, length, owner);
        Node<V> top = entry;
        if (node != null) {
            int common = Math.min(node.common(high, low), Math.min(node.length(), length));
            if (common < length) {
                Prefix shared = new Prefix(true, high, low, common);
                top = new Node<>(shared.high(), shared.low(), common);
                top.child(bit(high, low, common), entry);
                top.child(!bit(high, low, common), node);
            } else if (common < node.length()) {
                entry.child(bit(node.high, node.low, common), node);
            } else {
                entry.zero = node.zero;
                entry.one = node.one;
            }
        }
        parent.child(side, top);
        link(entry);
        return null;
    }

    /** Takes the prefix from {@code owner}; false, and nothing changed, if that does not have it. */
    public synchronized boolean remove(Prefix prefix, V owner) {
        long high = high(prefix);
        long low = low(prefix);
        Node<V> grandparent = null;
        Node<V> parent = trie(prefix);
        boolean parentSide = false;
        boolean side = false;
        Node<V> node = parent.zero;
        while (node != null && node.length() < prefix.length() && node.common(high, low) >= node.length()) {
            grandparent = parent;
            parentSide = side;
            parent = node;
            side = bit(high, low, node.length());
            node = node.child(side);
        }
        if (!(node instanceof Entry<V> entry)
                || entry.length() != prefix.length()
                || entry.common(high, low) < prefix.length()
                || entry.owner != owner) {
            return false;
        }
        unlink(entry);
        Node<V> sibling = parent.child(!side);
        if (entry.zero != null && entry.one != null) {
            Node<V> branch = new Node<>(high, low, prefix.length());
            branch.zero = entry.zero;
            branch.one = entry.one;
            parent.child(side, branch);
        } else if (entry.onlyChild() == null && grandparent != null && !(parent instanceof Entry<V>)) {
            grandparent.child(parentSide, sibling);
        } else {
            parent.child(side, entry.onlyChild());
        }
        return true;
    }

    /** Takes all prefixes from {@code owner}. */
    public void removeAll(V owner) {
        retain(Set.of(), owner);
    }

    /** Takes from {@code owner} all prefixes but these. */
    public synchronized void retain(Set<Prefix> prefixes, V owner) {
        of(owner).stream().filter(each -> !prefixes.contains(each)).forEach(each -> remove(each, owner));
    }

    /** The prefixes of {@code owner}, in the order in which it was given them. */
    public synchronized List<Prefix> of(V owner) {
        List<Prefix> prefixes = new ArrayList<>();
        Entry<V> first = firsts.get(owner);
        Entry<V> entry = first;
        while (entry != null) {
            prefixes.add(prefix(entry));
            entry = entry.next == first ? null : entry.next;
        }
        return prefixes;
    }

    /** The owner of an IPv4 address, whose first byte is the highest of {@code address}; null if nobody has it. */
    public @Nullable V lookupIpv4(int address) {
        return lookup(ipv4.zero, (long) address << Integer.SIZE, 0);
    }

    /** The owner of an IPv6 address, whose first byte is the highest of {@code high}; null if nobody has it. */
    public @Nullable V lookupIpv6(long high, long low) {
        return lookup(ipv6.zero, high, low);
    }

    /**
     * The owner of the source address of the IP packet that begins at {@code offset}. The caller has checked that an
     * IPv4 packet has 20 bytes and an IPv6 packet 40.
     *
     * @return null if nobody has the address or the packet is of neither version
     */
    public @Nullable V source(MemorySegment packet, long offset) {
        return lookup(packet, offset, offset + IPV4_SOURCE, offset + IPV6_SOURCE);
    }

    /** The owner of the destination address; see {@link #source}. */
    public @Nullable V destination(MemorySegment packet, long offset) {
        return lookup(packet, offset, offset + IPV4_DESTINATION, offset + IPV6_DESTINATION);
    }

    private @Nullable V lookup(MemorySegment packet, long offset, long ipv4Address, long ipv6Address) {
        return switch (packet.get(ValueLayout.JAVA_BYTE, offset) >> 4) {
            case 4 -> lookupIpv4(packet.get(INT, ipv4Address));
            case 6 -> lookupIpv6(packet.get(LONG, ipv6Address), packet.get(LONG, ipv6Address + Long.BYTES));
            default -> null;
        };
    }

    private static <V> @Nullable V lookup(@Nullable Node<V> root, long high, long low) {
        V owner = null;
        Node<V> node = root;
        while (node != null && node.common(high, low) >= node.length()) {
            if (node instanceof Entry<V> entry) {
                owner = entry.owner;
            }
            node = node.child(bit(high, low, node.length()));
        }
        return owner;
    }

    private Node<V> trie(Prefix prefix) {
        return prefix.ipv6() ? ipv6 : ipv4;
    }

    private static long high(Prefix prefix) {
        return prefix.ipv6() ? prefix.high() : prefix.low() << Integer.SIZE;
    }

    private static long low(Prefix prefix) {
        return prefix.ipv6() ? prefix.low() : 0;
    }

    private static <V> Prefix prefix(Entry<V> entry) {
        return entry.isIpv6
                ? new Prefix(true, entry.high, entry.low, entry.length())
                : new Prefix(false, 0, entry.high >>> Integer.SIZE, entry.length());
    }

    /** The bit that follows the first {@code length}: the side on which a node of that length has the address. */
    private static boolean bit(long high, long low, int length) {
        return (length < Long.SIZE ? high : low) << length < 0;
    }

    /** Appends the entry to its owner's ring. */
    private void link(Entry<V> entry) {
        Entry<V> first = firsts.putIfAbsent(entry.owner, entry);
        if (first != null) {
            entry.next = first;
            entry.previous = first.previous;
            first.previous.next = entry;
            first.previous = entry;
        }
    }

    /** Takes the entry out of its owner's ring. */
    private void unlink(Entry<V> entry) {
        if (entry.next == entry) {
            firsts.remove(entry.owner);
        } else {
            if (firsts.get(entry.owner) == entry) {
                firsts.put(entry.owner, entry.next);
            }
            entry.previous.next = entry.next;
            entry.next.previous = entry.previous;
            entry.next = entry;
            entry.previous = entry;
        }
    }
}
