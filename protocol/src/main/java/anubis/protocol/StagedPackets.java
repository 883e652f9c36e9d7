package anubis.protocol;

import java.util.ArrayDeque;

/** Packets that wait for a handshake: at most {@link Limits#MAX_STAGED_PACKETS}. An empty packet is a keepalive. */
final class StagedPackets {
    private static final byte[] KEEPALIVE = {};

    private final ArrayDeque<byte[]> packets = new ArrayDeque<>(1);
    private volatile boolean allSent = true;

    /** Adds a packet; returns how many (0 or 1) it pushed out. */
    synchronized int add(byte[] packet) {
        allSent = false;
        int dropped = 0;
        if (packets.size() >= Limits.MAX_STAGED_PACKETS) {
            packets.removeFirst();
            dropped = 1;
        }
        packets.addLast(packet);
        return dropped;
    }

    synchronized void addIfEmpty() {
        if (packets.isEmpty()) {
            add(KEEPALIVE);
        }
    }

    /** Whether no packet waits, and the last one taken has been {@link #sent}. Takes no lock. */
    boolean isEmpty() {
        return allSent;
    }

    /** What was taken has been sent. */
    synchronized void sent() {
        allSent = packets.isEmpty();
    }

    /** Takes the oldest of those that wait; {@link #sent} is to follow. */
    synchronized byte[] take() {
        return packets.removeFirst();
    }

    /** Removes all; returns how many of them were no keepalives. */
    synchronized int clear() {
        int dropped = (int) packets.stream().filter(packet -> packet.length > 0).count();
        packets.clear();
        allSent = true;
        return dropped;
    }
}
