package anubis.host;

import anubis.config.QuickConfig.DnsSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name servers that are asked through an interface: told to systemd-resolved where it runs, else to resolvconf, as
 * wg-quick does.
 */
final class NameServers {
    private static final Path RESOLVED = Path.of("/run/systemd/resolve/io.systemd.Resolve");

    private static final Path ORDER = Path.of("/etc/resolvconf/interface-order");
    private static final Pattern FIRST_KIND = Pattern.compile("([A-Za-z0-9-]+)\\*");

    private NameServers() {}

    /**
     * Sets what is asked through {@code name}, or with {@link DnsSettings#NONE} that nothing is.
     *
     * @throws IOException if this host has nobody to tell it to
     */
    static void set(String name, DnsSettings dns) throws IOException {
        if (Files.exists(RESOLVED) && Command.installed("resolvectl")) {
            resolved(name, dns);
        } else if (Command.installed("resolvconf")) {
            resolvconf(name, dns);
        } else if (!dns.servers().isEmpty()) {
            throw new IOException(
                    "DNS cannot be set: neither systemd-resolved runs nor resolvconf is installed"
                            + " (on Debian: apt install systemd-resolved, or openresolv), or leave DNS out of the configuration");
        }
    }

    private static void resolved(String name, DnsSettings dns) throws IOException {
        if (dns.equals(DnsSettings.NONE)) {
            if (Observer.exists(name)) {
                Command.run("resolvectl", "revert", name).orThrow();
            }
            return;
        }
        resolvectl("dns", name, dns.servers());
        // "~." sends every name there, as wg-quick's exclusive setting does.
        List<String> domains = new ArrayList<>(dns.domains());
        if (!dns.servers().isEmpty()) {
            domains.add("~.");
        }
        resolvectl("domain", name, domains);
    }

    private static void resolvectl(String verb, String name, List<String> values) throws IOException {
        List<String> argv = new ArrayList<>(List.of("resolvectl", verb, name));
        argv.addAll(values.isEmpty() ? List.of("") : values); // without any it would only tell
        Command.run("", argv).orThrow();
    }

    private static void resolvconf(String name, DnsSettings dns) throws IOException {
        String entry = prefix() + name;
        if (dns.servers().isEmpty()) { // domains alone would leave the host without a name server
            Command.run("resolvconf", "-d", entry, "-f").orThrow();
            return;
        }
        StringBuilder lines = new StringBuilder();
        dns.servers()
                .forEach(server -> lines.append("nameserver ").append(server).append('\n'));
        if (!dns.domains().isEmpty()) {
            lines.append("search ").append(String.join(" ", dns.domains())).append('\n');
        }
        Command.run(lines.toString(), List.of("resolvconf", "-a", entry, "-m", "0", "-x"))
                .orThrow();
    }

    /** Debian's own resolvconf ranks interfaces by their names: this one is to be of the first kind that it knows. */
    private static String prefix() throws IOException {
        if (!Files.exists(ORDER)) {
            return "";
        }
        return Files.readAllLines(ORDER).stream()
                .map(FIRST_KIND::matcher)
                .filter(Matcher::matches)
                .map(kind -> kind.group(1) + ".")
                .findFirst()
                .orElse("");
    }
}
