package anubis.host;

import anubis.config.ConfigException.Problem;
import anubis.config.Finding;
import anubis.config.Lint;
import anubis.config.QuickConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A configuration file as it was found.
 *
 * @param name of the interface, if that of the file is {@code NAME.conf}
 * @param path as it was asked for; errors call the file so
 * @param text with its keys
 */
public record ConfigFile(Optional<String> name, Path path, String text) {
    /** Where wg-quick(8) looks for {@code NAME.conf}. */
    public static final Path DIRECTORY = Path.of("/etc/wireguard");

    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_=+.-]{1,15}");
    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");
    private static final Pattern FILE = Pattern.compile("([a-zA-Z0-9_=+.-]{1,15})\\.conf");

    /** What {@code wg set} reads a key from. */
    private static final Pattern KEY_FILE =
            Pattern.compile("\\b(?:private|preshared)-key\\s+[\"']?(/[^\\s\\p{Cntrl}\"';|&<>()$]+)");

    /**
     * Reads the file of an interface, {@code /etc/wireguard/NAME.conf}, or any file. As with wg-quick(8) a word that
     * could name an interface does so, except that one which ends in {@code .conf} is a file.
     *
     * @throws IOException if it cannot be read; the message names the file and what to do
     */
    public static ConfigFile read(String nameOrFile) throws IOException {
        boolean named = NAME.matcher(nameOrFile).matches() && !nameOrFile.endsWith(".conf");
        if (CONTROL.matcher(nameOrFile).find()) { // it would be a line of its own in what is noted, and in errors
            throw new IOException("the name of the file has characters that cannot be printed: rename it");
        }
        Path path = named ? DIRECTORY.resolve(nameOrFile + ".conf") : Path.of(nameOrFile);
        Matcher file = FILE.matcher(String.valueOf(path.getFileName()));
        return new ConfigFile(
                file.matches() ? Optional.of(file.group(1)) : Optional.empty(), path, read(path, named, nameOrFile));
    }

    private static String read(Path path, boolean named, String asked) throws IOException {
        try {
            return new String(Files.readAllBytes(path), StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw new IOException(
                    path + ": there is no such file"
                            + (named ? "; write ./" + asked + ".conf for a file that is elsewhere" : ""),
                    e);
        } catch (AccessDeniedException e) {
            throw new IOException(path + ": this user may not read it; try as root", e);
        } catch (IOException e) {
            throw new IOException(path + ": it cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /** What is wrong with this file: with its text, with its permissions, and with those of the keys it names. */
    public Lint.Result lint() {
        Lint.Result text = Lint.of(name, path.toString(), this.text);
        return new Lint.Result(
                Stream.concat(exposed(text.config()), text.findings().stream()).toList(), text.config());
    }

    /**
     * What is wrong with the permissions of this file, and of the files of keys that its commands read: somebody but the
     * owner can write them, and so say what root does, or read a secret key.
     *
     * @param config what is in this file; nothing if that could not be understood, and may be secret
     */
    private Stream<Finding> exposed(Optional<QuickConfig> config) {
        boolean secrets = config.map(each -> each.wireguard().hasSecrets()).orElse(true);
        Stream<Problem> own = PrivateFile.exposure(path, secrets).stream();
        Stream<Problem> keys = config.stream()
                .flatMap(each -> each.wireguard().quick().stream())
                .filter(setting -> setting.key().isHook())
                .flatMap(setting -> KEY_FILE.matcher(setting.value().replace("%i", name.orElse("%i")))
                        .results()
                        .flatMap(match -> PrivateFile.exposure(Path.of(match.group(1)), true).stream())
                        .map(problem -> new Problem(
                                path.toString(),
                                setting.line(),
                                setting.key().name(),
                                problem.file() + ": " + problem.fault(),
                                problem.remedy())));
        return Stream.concat(own, keys).map(problem -> new Finding(Finding.Rule.EXPOSED_FILE, problem));
    }

    /** Without the keys. */
    @Override
    public String toString() {
        return "ConfigFile(" + path + ")";
    }
}
