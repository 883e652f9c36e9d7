package anubis.host;

import anubis.config.ConfigException.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** Files that only their owner should read or write: keys, configurations, and what is drawn of them. */
public final class PrivateFile {
    static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private static final int STICKY = 01000;
    private static final int WRITABLE_BY_OTHERS = 022;
    private static final int ROOT = 0;

    private PrivateFile() {}

    /**
     * What is wrong with the permissions of {@code file}, if it is a regular file: somebody but its owner can write it or put
     * another in its place, and so say what is done by root, or read it though it has {@code secrets}. A directory above it
     * that others cannot enter protects it.
     */
    public static Optional<Problem> exposure(Path file, boolean secrets) {
        try {
            Path real = file.toRealPath();
            if (!Files.isRegularFile(real)) {
                return Optional.empty(); // a pipe is nobody else's
            }
            Set<PosixFilePermission> open = reachable(real);
            if (isWritable(open) || (secrets && isReadable(open))) {
                return Optional.of(new Problem(
                        file.toString(),
                        1,
                        "file",
                        "others than its owner can " + (isWritable(open) ? "change it" : "read its secret keys"),
                        "chmod " + (secrets ? "600 " : "go-w ") + file));
            }
            return replaceable(real)
                    .map(directory -> new Problem(
                            file.toString(),
                            1,
                            "file",
                            "others than its owner can put another in its place",
                            "chmod go-w " + directory));
        } catch (IOException | UnsupportedOperationException e) {
            return Optional.empty(); // who reads it will say why
        }
    }

    private static boolean isWritable(Set<PosixFilePermission> open) {
        return open.contains(PosixFilePermission.GROUP_WRITE) || open.contains(PosixFilePermission.OTHERS_WRITE);
    }

    private static boolean isReadable(Set<PosixFilePermission> open) {
        return open.contains(PosixFilePermission.GROUP_READ) || open.contains(PosixFilePermission.OTHERS_READ);
    }

    /** The directory above a file in which others can give its name, or that of a directory on the way, to something else. */
    private static Optional<Path> replaceable(Path real) throws IOException {
        for (Path above = real.getParent(); above != null; above = above.getParent()) {
            if (isWritable(reachable(above)) && (mode(above) & STICKY) == 0) {
                return Optional.of(above);
            }
        }
        return Optional.empty();
    }

    private static int mode(Path path) throws IOException {
        return (int) Files.getAttribute(path, "unix:mode");
    }

    /** What others may do with a file or directory, as far as the directories above it let them come. */
    private static Set<PosixFilePermission> reachable(Path real) throws IOException {
        Set<PosixFilePermission> open = EnumSet.copyOf(Files.getPosixFilePermissions(real));
        for (Path above = real.getParent(); above != null; above = above.getParent()) {
            Set<PosixFilePermission> directory = Files.getPosixFilePermissions(above);
            boolean others = directory.contains(PosixFilePermission.OTHERS_EXECUTE);
            if (!others) {
                open.removeAll(PosixFilePermissions.fromString("------rwx"));
            }
            if (!others && !directory.contains(PosixFilePermission.GROUP_EXECUTE)) {
                open.removeAll(PosixFilePermissions.fromString("---rwx---"));
            }
        }
        return open;
    }

    /**
     * The text of a file that has secrets.
     *
     * @throws IOException if it cannot be read, or if others can do so, too; the message names the file and what to do
     */
    public static String read(Path file) throws IOException {
        Optional<Problem> problem = exposure(file, true);
        if (problem.isPresent()) {
            throw new IOException(problem.get().toString());
        }
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw new IOException(file + ": there is no such file", e);
        } catch (AccessDeniedException e) {
            throw new IOException(file + ": this user may not read it; try as root", e);
        }
    }

    /**
     * Writes a file that has secrets: whole or not at all, and readable by its owner only, whatever was there before. What is
     * no regular file, such as a terminal, is written to as it is. Links are followed and pipes written to only where nobody
     * but root and this user can have put them; others are replaced, for they would say what is overwritten or who reads it.
     */
    public static void write(Path path, byte[] content) throws IOException {
        write(path, content, StandardOpenOption.WRITE, StandardOpenOption.SYNC);
    }

    /** As {@link #write}, but without waiting for a disk: for what is worth nothing after a restart of the machine. */
    public static void writeUntilRestart(Path path, byte[] content) throws IOException {
        write(path, content, StandardOpenOption.WRITE);
    }

    private static void write(Path path, byte[] content, OpenOption... options) throws IOException {
        Path target = path.toAbsolutePath();
        boolean followed = Files.isSymbolicLink(target) && isOurs(target.resolveSibling("."));
        boolean link = Files.isSymbolicLink(target) && !followed;
        if (!link && Files.exists(target) && !Files.isRegularFile(target) && isTrusted(target)) {
            Files.write(target, content);
            return;
        }
        Path real = followed && Files.exists(target) ? target.toRealPath() : target;
        Path directory = Optional.ofNullable(real.getParent()).orElse(real);
        Path whole = Files.createTempFile(directory, ".anubis", ".new", OWNER_ONLY);
        try {
            Files.write(whole, content, options);
            Files.move(whole, real, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(whole);
        }
    }

    /** Whether nobody but root and this user can write there. */
    private static boolean isOurs(Path directory) throws IOException {
        return isTrusted(directory) && (mode(directory) & WRITABLE_BY_OTHERS) == 0;
    }

    /** Whether it belongs to root or to this user. */
    private static boolean isTrusted(Path path) throws IOException {
        int owner = owner(path);
        return owner == ROOT || owner == owner(Path.of("/proc/self"));
    }

    private static int owner(Path path) throws IOException {
        return (int) Files.getAttribute(path, "unix:uid");
    }
}
