package anubis.host;

import anubis.config.ConfigException;
import anubis.config.HostState;
import anubis.config.QuickConfig;
import anubis.config.Rule;
import java.io.IOException;
import java.util.Set;

/** What a configuration asks of this host, read and worked out. */
record Wanted(Applied applied, QuickConfig config, HostState state) {
    static Wanted of(Applied applied) throws ConfigException {
        return of(applied, applied.config());
    }

    static Wanted of(Applied applied, QuickConfig config) {
        return new Wanted(applied, config, HostState.of(applied.name(), config, applied.facts()));
    }

    /** Whether it has rules, and so a slot of its own. */
    boolean hasSlot() {
        return !state.rules().isEmpty();
    }

    /** The rules that are found in its slot; without one, those are another interface's. */
    Set<Rule> rules() throws IOException {
        return hasSlot() ? Observer.rules(applied.facts().slot()) : Set.of();
    }
}
