package anubis.gate;

import anubis.gate.Registry.ConflictException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the owner of a hub does with its registry. Each change of an entry is a line of the audit log; what is so already
 * is none. A hub that is running takes notice by {@link Registry#version}.
 */
public final class Owner {
    private final Registry registry;
    private final InstantSource clock;

    public Owner(Registry registry, InstantSource clock) {
        this.registry = registry;
        this.clock = clock;
    }

    /** How many peers an import has added, replaced, and found to be so already. */
    public record Imported(int added, int replaced, int unchanged) {}

    /** The entry of that name; a {@link ConflictException} if there is none. */
    public Entry entry(String name) {
        return registry.byName(name)
                .orElseThrow(() ->
                        new ConflictException("there is no peer '" + name + "'; anubis gate peer list shows all"));
    }

    /** As {@link Registry#add}. */
    public void add(Entry entry) {
        registry.add(List.of(entry), line(entry, "added"));
    }

    /** Enables or disables a peer. */
    public void enable(String name, boolean enabled) {
        registry.atOnce(() -> {
            Entry entry = entry(name);
            if (entry.enabled() != enabled) {
                registry.replace(entry.enabled(enabled), line(entry, enabled ? "enabled" : "disabled"));
            }
        });
    }

    /** Removes a peer; what is remembered of its production key stays. */
    public void remove(String name) {
        registry.atOnce(() -> registry.remove(name, line(entry(name), "removed")));
    }

    /**
     * Enters peers, each in the place of that of the same name, if there is one: all or none.
     *
     * @throws ConflictException if a peer would have what another has
     */
    public Imported enter(List<Entry> entries) {
        List<Entry> fresh = new ArrayList<>();
        List<AuditLine> lines = new ArrayList<>();
        int[] replaced = {0};
        registry.atOnce(() -> {
            for (Entry entry : entries) {
                Optional<Entry> old = registry.byName(entry.name());
                if (old.isEmpty()) {
                    lines.add(line(entry, "imported"));
                } else if (!old.get().equals(entry)) {
                    // All that go are gone before any comes: they may have exchanged what no two can have.
                    registry.remove(entry.name(), line(entry, "replaced"));
                    replaced[0]++;
                }
                if (!old.equals(Optional.of(entry))) {
                    fresh.add(entry);
                }
            }
            registry.add(fresh, lines.toArray(AuditLine[]::new));
        });
        return new Imported(lines.size(), replaced[0], entries.size() - fresh.size());
    }

    private AuditLine line(Entry entry, String what) {
        return new AuditLine(
                clock.instant(),
                entry.name(),
                entry.gateKey(),
                entry.productionKey(),
                what,
                "owner",
                Optional.of(Code.DONE));
    }
}
