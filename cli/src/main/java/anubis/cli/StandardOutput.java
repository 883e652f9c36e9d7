package anubis.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Pattern;

/** What the standard output is. */
final class StandardOutput {
    private static final Path FILE = Path.of("/proc/self/fd/1");
    private static final Pattern TERMINAL = Pattern.compile("/dev/(pts/|tty|console|hvc).*");
    private static final Set<PosixFilePermission> EVERYONE = EnumSet.of(
            PosixFilePermission.OTHERS_READ, PosixFilePermission.OTHERS_WRITE, PosixFilePermission.OTHERS_EXECUTE);

    private StandardOutput() {}

    static boolean isTerminal() {
        try {
            return TERMINAL.matcher(Files.readSymbolicLink(FILE).toString()).matches();
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether it is an ordinary file that is open to every user. */
    static boolean isFileForEveryone() {
        try {
            PosixFileAttributes file = Files.readAttributes(FILE, PosixFileAttributes.class);
            return file.isRegularFile() && !Collections.disjoint(file.permissions(), EVERYONE);
        } catch (IOException e) {
            return false;
        }
    }
}
