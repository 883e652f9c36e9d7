package anubis.protocol;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** When each peer is to be called next: one entry for each at most. Any thread may call. */
final class Deadlines {
    private final TreeSet<Entry> entries =
            new TreeSet<>(Comparator.comparingLong(Entry::at).thenComparingLong(Entry::number));
    private final Map<Peer, Entry> ofPeer = new HashMap<>();
    private long number;

    /** The number tells entries of the same time apart. */
    private record Entry(long at, long number, Peer peer) {}

    /** Has the peer called at {@code at} (ns) or earlier; true if that comes before all that was known. */
    synchronized boolean add(Peer peer, long at) {
        Entry known = ofPeer.get(peer);
        if (known != null && known.at <= at) {
            return false;
        }
        remove(peer);
        Entry entry = new Entry(at, number++, peer);
        ofPeer.put(peer, entry);
        entries.add(entry);
        return entries.first().equals(entry);
    }

    /** The earliest time, {@code Long.MAX_VALUE} if there is none. */
    synchronized long first() {
        return entries.isEmpty() ? Long.MAX_VALUE : entries.first().at;
    }

    /** Takes the peer whose time came first, null if none has come yet. */
    synchronized @Nullable Peer poll(long now) {
        if (first() > now) {
            return null;
        }
        Peer peer = entries.first().peer;
        remove(peer);
        return peer;
    }

    synchronized void remove(Peer peer) {
        Entry entry = ofPeer.remove(peer);
        if (entry != null) {
            entries.remove(entry);
        }
    }

    synchronized int size() {
        return entries.size();
    }
}
