package anubis.host;

import anubis.config.ConfigException.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** Files that only their owner should read or write: keys, configurations, and what is drawn of them. */
public final class PrivateFile {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");

    private PrivateFile() {}

    /**
     * What is wrong with the permissions of {@code file}, if it is a regular file: somebody but its owner can write it, and
     * so say what is done by root, or read it though it has {@code secrets}. A directory above it that others cannot enter
     * protects it.
     */
    public static Optional<Problem> exposure(Path file, boolean secrets) {
        try {
            Path real = file.toRealPath();
            if (!Files.isRegularFile(real)) {
                return Optional.empty(); // a pipe is nobody else's
            }
            Set<PosixFilePermission> open = reachable(real);
            boolean writable =
                    open.contains(PosixFilePermission.GROUP_WRITE) || open.contains(PosixFilePermission.OTHERS_WRITE);
            boolean readable =
                    open.contains(PosixFilePermission.GROUP_READ) || open.contains(PosixFilePermission.OTHERS_READ);
            return writable || (secrets && readable)
                    ? Optional.of(new Problem(
                            file.toString(),
                            1,
                            "file",
                            "others than its owner can " + (writable ? "change it" : "read its secret keys"),
                            "chmod " + (secrets ? "600 " : "go-w ") + file))
                    : Optional.empty();
        } catch (IOException | UnsupportedOperationException e) {
            return Optional.empty(); // who reads it will say why
        }
    }

    /** What others may do with a file, as far as the directories above it let them come. */
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
     * Writes a file that has secrets: whole or not at all, and readable by its owner only, whatever was there before.
     * What is no regular file, such as a terminal, is written to as it is.
     */
    public static void write(Path path, byte[] content) throws IOException {
        Path target = Files.exists(path) ? path.toRealPath() : path.toAbsolutePath();
        if (Files.exists(target) && !Files.isRegularFile(target)) {
            Files.write(target, content);
            return;
        }
        Path directory = Optional.ofNullable(target.getParent()).orElse(target);
        Path whole =
                Files.createTempFile(directory, ".anubis", ".new", PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        try {
            Files.write(whole, content);
            Files.move(whole, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(whole);
        }
    }
}
