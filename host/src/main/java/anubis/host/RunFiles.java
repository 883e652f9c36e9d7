package anubis.host;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/**
 * What is kept of an interface while it is up, in {@code /run/anubis}, for this user alone: {@code NAME.conf}, what is in
 * force; {@code NAME.previous}, what was before a change that waits to be confirmed; {@code NAME.confirm}, who waits for
 * that; {@code NAME.peers}, what is known of the peers. All of it is gone with a restart of the machine, as the interface is.
 */
final class RunFiles {
    static final Path DIRECTORY = Path.of(System.getProperty(Tunnel.DIRECTORY_PROPERTY, "/run/anubis"));

    /** No interface has so long a name. */
    private static final String RULES = "policy-rules-of-all";

    private static final String KEEPER_OF = "keeper-of-kernel-interface-";

    /** File locks are between processes: the threads of one wait for each other here. */
    private static final Map<Path, Semaphore> TURNS = new ConcurrentHashMap<>();

    private final Path directory;
    private final String name;

    RunFiles(Path directory, String name) {
        this.directory = directory;
        this.name = name;
    }

    /** What is held while something is changed. */
    record Lock(FileChannel channel, Semaphore turn) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            try {
                channel.close();
            } finally {
                turn.release();
            }
        }
    }

    /** Whatever changes the interface holds this, and waits until nobody else does. */
    Lock lock() throws IOException {
        return lock(name);
    }

    /** Whatever adds policy rules holds this too, so that no two interfaces choose the same. No hook runs meanwhile. */
    Lock lockRules() throws IOException {
        return lock(RULES);
    }

    /** Who keeps a kernel interface, as long as it does; its successor waits for its end. */
    Lock lockKeeping() throws IOException {
        return lock(KEEPER_OF + name);
    }

    private Lock lock(String what) throws IOException {
        Path file = directory.resolve(what + ".lock");
        FileChannel channel = open(file);
        Lock lock = new Lock(channel, TURNS.computeIfAbsent(file, _ -> new Semaphore(1)));
        try {
            lock.turn().acquire();
        } catch (InterruptedException e) {
            channel.close();
            Thread.currentThread().interrupt();
            throw new ClosedByInterruptException();
        }
        try {
            channel.lock();
            return lock;
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    private FileChannel open(Path file) throws IOException {
        try {
            makeDirectory();
            // Whoever could open it could hold it, too.
            return FileChannel.open(
                    file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), PrivateFile.OWNER_ONLY);
        } catch (AccessDeniedException e) {
            throw new IOException("this user may not write to " + directory + ": run this as root", e);
        }
    }

    /** What is in force, if this program has brought the interface up. */
    Optional<Applied> applied() throws IOException {
        return applied("conf");
    }

    void applied(Applied applied) throws IOException {
        write("conf", applied.format());
    }

    Optional<Applied> applied(String kind) throws IOException {
        Optional<String> text = read(kind);
        return text.isEmpty() ? Optional.empty() : Applied.parse(name, text.get());
    }

    Optional<String> read(String kind) throws IOException {
        try {
            return Optional.of(Files.readString(directory.resolve(name + "." + kind)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (AccessDeniedException e) {
            throw new IOException("this user may not look into " + directory + ": run this as root", e);
        }
    }

    /** Replaces a file in one step; it can be read by this user only, at every moment. */
    void write(String kind, String text) throws IOException {
        makeDirectory();
        PrivateFile.writeUntilRestart(directory.resolve(name + "." + kind), text.getBytes(StandardCharsets.UTF_8));
    }

    void delete(String kind) throws IOException {
        Files.deleteIfExists(directory.resolve(name + "." + kind));
    }

    private void makeDirectory() throws IOException {
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
    }
}
