package anubis.cli;

import anubis.config.ConfigException;
import anubis.config.QuickConfig;
import anubis.host.ConfigFile;
import anubis.plan.ForeignFiles;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** The files of hosts that {@code prove --files} is given, each of the kind that its name and its content say. */
final class HostFiles {
    /** A wg-quick file has sections; one of sysctl.d(5) has none. */
    private static final Pattern SECTION = Pattern.compile("(?m)^\\s*\\[");

    private final Map<String, ConfigFile> tunnels = new LinkedHashMap<>();
    private final Map<String, Map<String, String>> others = new LinkedHashMap<>();

    /** A file of a host, or all of a folder's that are of these kinds. */
    void add(String host, Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            file(host, path);
            return;
        }
        try (DirectoryStream<Path> folder = Files.newDirectoryStream(path, "*.{conf,nft}")) {
            List<Path> files = new ArrayList<>();
            folder.forEach(files::add);
            for (Path file : new TreeSet<>(files)) {
                file(host, file);
            }
        }
    }

    private void file(String host, Path path) throws IOException {
        // What is there is no name of an interface.
        ConfigFile file = ConfigFile.read((Files.exists(path) ? path.toAbsolutePath() : path).toString());
        if (path.toString().endsWith(".nft") || !SECTION.matcher(file.text()).find()) {
            others.computeIfAbsent(host, _ -> new LinkedHashMap<>())
                    .put(String.valueOf(path.getFileName()), file.text());
            return;
        }
        ConfigFile other = tunnels.putIfAbsent(host, file);
        if (other != null) {
            throw new Anubis.UsageException("--files: " + host + " has two tunnels, " + other.path() + " and " + path
                    + ", and of a host only one can be followed");
        }
    }

    /** All of them, by host. */
    Map<String, ForeignFiles.File> all() throws ConfigException {
        Map<String, ForeignFiles.File> files = new LinkedHashMap<>();
        for (Map.Entry<String, ConfigFile> tunnel : tunnels.entrySet()) {
            ConfigFile file = tunnel.getValue();
            files.put(
                    tunnel.getKey(),
                    new ForeignFiles.File(
                            file.name().orElse("wg0"),
                            QuickConfig.parse(file.path().toString(), file.text()),
                            Optional.empty(),
                            others.getOrDefault(tunnel.getKey(), Map.of())));
        }
        if (files.size() < 2) {
            throw new Anubis.UsageException(
                    "--files: name the files of two hosts, or more, to see how they reach each other");
        }
        others.keySet().stream()
                .filter(host -> !tunnels.containsKey(host))
                .findFirst()
                .ifPresent(host -> {
                    throw new Anubis.UsageException("--files: there is no wg-quick file of " + host);
                });
        return files;
    }
}
