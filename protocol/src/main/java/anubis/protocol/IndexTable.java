package anubis.protocol;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * What a sender index belongs to: a handshake or a keypair. The indices are unpredictable, so that nobody who cannot
 * read our messages can address one. Any thread may call; {@link #lookup} takes no lock and allocates nothing.
 *
 * <p>An open-addressed table with linear probing. An entry never moves and a slot that was used never becomes empty
 * again while its table is in force, so a reader never misses an entry that is there; when too many slots are used, or
 * too few, the entries are copied to a new table and that is published.
 */
final class IndexTable<T> {
    private static final int MIN_CAPACITY = 16;

    volatile AtomicReferenceArray<Entry<T>> table = new AtomicReferenceArray<>(MIN_CAPACITY);
    /** Entries that are in force. */
    private int size;
    /** Slots of the table that are not empty, those of removed entries included. */
    private int used;

    /** An index in use; in a slot whose entry has been removed, without a value. */
    record Entry<T>(int index, @Nullable T value) {}

    /** Adds {@code value} under an index that nothing else has, and returns the index. */
    synchronized int insert(T value, Randomness randomness) {
        int index = randomness.nextInt();
        while (lookup(index) != null) {
            index = randomness.nextInt();
        }
        if (used >= table.length() / 4 * 3) {
            resize();
        }
        put(table, new Entry<>(index, value));
        return index;
    }

    /** Removes {@code value}; false, and nothing changed, if it is not there. */
    synchronized boolean remove(int index, T value) {
        if (!replace(index, value, null)) {
            return false;
        }
        size--;
        if (size < table.length() / 8 && table.length() > MIN_CAPACITY) {
            resize();
        }
        return true;
    }

    /** What the index belongs to, null if to nothing. */
    @Nullable
    T lookup(int index) {
        AtomicReferenceArray<Entry<T>> current = table;
        int mask = current.length() - 1;
        for (int slot = index & mask; ; slot = slot + 1 & mask) {
            Entry<T> entry = current.getAcquire(slot);
            if (entry == null) {
                return null;
            }
            if (entry.index == index && entry.value != null) {
                return entry.value;
            }
        }
    }

    /** How many indices are in use. */
    synchronized int size() {
        return size;
    }

    /** Puts {@code value} in the place of {@code expected}; false, and nothing changed, if that is not there. */
    @SuppressWarnings("ReferenceEquality") // the very object is meant
    synchronized boolean replace(int index, T expected, @Nullable T value) {
        AtomicReferenceArray<Entry<T>> current = table;
        int mask = current.length() - 1;
        int slot = index & mask;
        Entry<T> entry = current.getPlain(slot);
        while (entry != null) {
            if (entry.index == index && entry.value == expected) {
                current.setRelease(slot, new Entry<>(index, value));
                return true;
            }
            slot = slot + 1 & mask;
            entry = current.getPlain(slot);
        }
        return false;
    }

    /** Puts a new entry in the first empty slot. Indices are random, hence their own hash. */
    private void put(AtomicReferenceArray<Entry<T>> to, Entry<T> entry) {
        int mask = to.length() - 1;
        int slot = entry.index & mask;
        while (to.getPlain(slot) != null) {
            slot = slot + 1 & mask;
        }
        to.setRelease(slot, entry);
        size++;
        used++;
    }

    /** Copies the entries to a table of which they fill a quarter to a half. */
    private void resize() {
        AtomicReferenceArray<Entry<T>> from = table;
        int capacity = Math.max(MIN_CAPACITY, Integer.highestOneBit(size) * 4);
        AtomicReferenceArray<Entry<T>> to = new AtomicReferenceArray<>(capacity);
        size = 0;
        used = 0;
        for (int slot = 0; slot < from.length(); slot++) {
            Entry<T> entry = from.getPlain(slot);
            if (entry != null && entry.value != null) {
                put(to, entry);
            }
        }
        table = to;
    }
}
