package anubis.gate;

import anubis.config.Cidr;
import anubis.crypto.PublicKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A registry that forgets all at the end. */
final class MemoryRegistry implements Registry {
    private final TreeMap<String, Entry> entries = new TreeMap<>();
    private final Map<PublicKey, Standing> standings = new HashMap<>();
    private final List<AuditLine> log = new ArrayList<>();
    /** Whether writing is to fail. */
    boolean full;
    /** Whether reading what is there of a production key is to fail. */
    volatile boolean locked;
    /** As if another process had changed something. */
    long version;

    private void read() {
        if (locked) {
            throw new RegistryException("somebody else has locked it");
        }
    }

    @Override
    public List<Entry> byGateKey(PublicKey gateKey) {
        return entries.values().stream()
                .filter(entry -> entry.gateKey().equals(gateKey))
                .toList();
    }

    @Override
    public Optional<Entry> byProductionKey(PublicKey productionKey) {
        read();
        return entries.values().stream()
                .filter(entry -> entry.productionKey().equals(productionKey))
                .findFirst();
    }

    @Override
    public Optional<Entry> byName(String name) {
        return Optional.ofNullable(entries.get(name));
    }

    @Override
    public List<Entry> list() {
        return List.copyOf(entries.values());
    }

    @Override
    public void add(List<Entry> added, AuditLine... lines) {
        atOnce(() -> {
            for (Entry entry : added) {
                if (entries.containsKey(entry.name())) {
                    throw new ConflictException("the name '" + entry.name() + "' is taken");
                }
                enter(entry);
            }
            List.of(lines).forEach(this::append);
        });
    }

    @Override
    public void replace(Entry entry, AuditLine line) {
        atOnce(() -> {
            removed(entry.name());
            enter(entry);
            append(line);
        });
    }

    @Override
    public void remove(String name, AuditLine line) {
        atOnce(() -> {
            removed(name);
            append(line);
        });
    }

    private void removed(String name) {
        if (entries.remove(name) == null) {
            throw new ConflictException("there is no peer '" + name + "'");
        }
    }

    private void enter(Entry entry) {
        for (Entry other : entries.values()) {
            if (other.productionKey().equals(entry.productionKey())) {
                throw conflict(other, entry, entry.productionKey());
            }
            for (Cidr prefix : entry.allowedIps()) {
                if (other.allowedIps().contains(prefix)) {
                    throw conflict(other, entry, prefix);
                }
            }
        }
        entries.put(entry.name(), entry);
    }

    private static ConflictException conflict(Entry other, Entry entry, Object what) {
        return new ConflictException("'" + other.name() + "' and '" + entry.name() + "' both have " + what);
    }

    @Override
    public Standing standing(PublicKey productionKey) {
        read();
        return standings.getOrDefault(productionKey, Standing.NEW);
    }

    @Override
    public void put(Standing standing, AuditLine line) {
        append(line);
        standings.put(line.productionKey(), standing);
    }

    @Override
    public List<PublicKey> concerned() {
        List<PublicKey> keys = new ArrayList<>();
        standings.forEach((key, standing) -> {
            if (standing.held()
                    || standing.leaseEnd().isPresent()
                    || standing.at().isPresent()) {
                keys.add(key);
            }
        });
        entries.values().stream()
                .filter(Entry::permanent)
                .map(Entry::productionKey)
                .filter(key -> !keys.contains(key))
                .forEach(keys::add);
        return keys;
    }

    @Override
    public void append(AuditLine line) {
        if (full) {
            throw new RegistryException("the disk is full");
        }
        log.add(line);
    }

    @Override
    public List<AuditLine> log(int atMost) {
        return List.copyOf(log.subList(Math.max(0, log.size() - atMost), log.size()));
    }

    @Override
    public long version() {
        return version;
    }

    @Override
    public void atOnce(Runnable work) {
        Map<String, Entry> entriesBefore = Map.copyOf(entries);
        Map<PublicKey, Standing> standingsBefore = Map.copyOf(standings);
        int lines = log.size();
        try {
            work.run();
        } catch (Throwable e) {
            entries.clear();
            entries.putAll(entriesBefore);
            standings.clear();
            standings.putAll(standingsBefore);
            log.subList(lines, log.size()).clear();
            throw e;
        }
    }

    @Override
    public void close() {}
}
