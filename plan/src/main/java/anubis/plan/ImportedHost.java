package anubis.plan;

import anubis.config.PeerConfig;
import anubis.config.QuickConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A host, of its file if there is one, and of what others' files say of it. For one thread. */
final class ImportedHost {
    final HostDraft draft;
    final Optional<QuickConfig> file;
    /** By whose file, and what it says. */
    final Map<ImportedHost, PeerConfig> told = new LinkedHashMap<>();

    ImportedHost(HostDraft draft, Optional<QuickConfig> file) {
        this.draft = draft;
        this.file = file;
    }

    List<PeerConfig> peers() {
        return file.map(each -> each.wireguard().peers()).orElse(List.of());
    }
}
