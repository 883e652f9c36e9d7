package anubis.host;

import anubis.config.ConfigException.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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
    private static final Pattern FILE = Pattern.compile("([a-zA-Z0-9_=+.-]{1,15})\\.conf");

    /**
     * Reads the file of an interface, {@code /etc/wireguard/NAME.conf}, or any file. As with wg-quick(8) a word that
     * could name an interface does so, except that one which ends in {@code .conf} is a file.
     *
     * @throws IOException if it cannot be read; the message names the file and what to do
     */
    public static ConfigFile read(String nameOrFile) throws IOException {
        boolean named = NAME.matcher(nameOrFile).matches() && !nameOrFile.endsWith(".conf");
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
                            + (named ? "; write ./" + asked + " for a file that is elsewhere" : ""),
                    e);
        } catch (AccessDeniedException e) {
            throw new IOException(path + ": this user may not read it; try as root", e);
        } catch (IOException e) {
            throw new IOException(path + ": it cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /**
     * What is wrong with the permissions of this file, if anything is: somebody but its owner can write it, and so say
     * which commands are run by root, or read it though it has {@code secrets}.
     */
    public Optional<Problem> exposure(boolean secrets) {
        return PrivateFile.exposure(path, secrets);
    }

    /** Without the keys. */
    @Override
    public String toString() {
        return "ConfigFile(" + path + ")";
    }
}
