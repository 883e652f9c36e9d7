package anubis.host;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;

/**
 * The time that handshake timestamps are made of, which no restart sets back. A peer refuses an initiation whose timestamp
 * is not later than the last one it saw, so that a host without a clock battery, which starts in 1970, would be refused
 * until its clock is right.
 *
 * <p>The file {@code clock} in a state directory has the mark, in milliseconds since 1970: no device of this machine has used a
 * time at or past it. The mark is moved ahead, on the disk, before a time past it is used, so that neither {@code kill -9}
 * nor a loss of power sets it back. A clock that is behind the mark at the start goes on from there as time elapses.
 *
 * <p>Without a directory to write to the clock is the wall clock and no more. Any thread may call.
 */
public final class HandshakeClock implements InstantSource, AutoCloseable {
    /** How far ahead of the time the mark is set, in ms: so often the file is written at most. */
    static final long AHEAD = 60_000;

    /** Timestamps are rounded, and count up by nanoseconds where there are many in a moment; in ms. */
    private static final long LEEWAY = 2_000;

    private static final FileAttribute<?> OWNER_ONLY_DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private final Path directory;
    private final InstantSource wall;
    private final LongSupplier nanoTime;
    private final Consumer<String> log;
    private final Instant floor;
    private final long openedAt;
    // Guarded by this; in ms since 1970.
    private long mark;
    private long markOfOthers;
    private long lastUsed;
    private boolean warned;

    /** @param nanoTime how time elapses, in ns, whatever happens to the wall clock */
    HandshakeClock(Path directory, InstantSource wall, LongSupplier nanoTime, Consumer<String> log) {
        this.directory = directory;
        this.wall = wall;
        this.nanoTime = nanoTime;
        this.log = log;
        this.openedAt = nanoTime.getAsLong();
        this.floor = Instant.ofEpochMilli(reserve(wall.millis()));
    }

    /**
     * Opens the clock of this machine, or one that shares a directory with it.
     *
     * @param wall what time it is, as far as this host knows
     * @param log takes one line if the directory cannot be used
     */
    public static HandshakeClock open(Path directory, InstantSource wall, Consumer<String> log) {
        return new HandshakeClock(directory, wall, System::nanoTime, log);
    }

    /** {@code $STATE_DIRECTORY}, the first if a service has several, else {@code /var/lib/anubis}. */
    public static Path stateDirectory() {
        return Path.of(Optional.ofNullable(System.getenv("STATE_DIRECTORY"))
                .map(directories -> directories.split(":", 2)[0])
                .filter(first -> !first.isEmpty())
                .orElse("/var/lib/anubis"));
    }

    /** Not before any time that was used before the start. May write to the disk. */
    @Override
    public synchronized Instant instant() {
        Instant now = wall.instant();
        Instant least = floor.plusNanos(nanoTime.getAsLong() - openedAt);
        Instant time = now.isBefore(least) ? least : now;
        long millis = time.toEpochMilli();
        if (millis + LEEWAY >= mark) {
            reserve(millis);
        }
        lastUsed = Math.max(lastUsed, millis);
        return time;
    }

    /** Takes the mark back to what was used, so that many a restart does not drive it ahead of the time. */
    @Override
    public synchronized void close() {
        change(stored -> stored == mark ? Math.max(markOfOthers, lastUsed + LEEWAY) : stored);
    }

    /** Moves the mark ahead of {@code millis}, and past what others have set, so that it is ours; returns the old one. */
    private synchronized long reserve(long millis) {
        LongUnaryOperator ahead = old -> Math.max(millis + AHEAD, old + 1);
        long stored = change(ahead);
        markOfOthers = stored == mark ? markOfOthers : stored;
        mark = ahead.applyAsLong(stored);
        return stored;
    }

    /** Puts a new mark on the disk, while no other device does; returns the old one, 0 if there is none. */
    private long change(LongUnaryOperator change) {
        // A process cannot wait for a lock that it has itself.
        synchronized (HandshakeClock.class) {
            long stored = 0;
            try {
                if (!Files.isDirectory(directory)) {
                    Files.createDirectories(directory, OWNER_ONLY_DIRECTORY);
                }
                try (FileChannel lock = channel("clock.lock")) {
                    lock.lock();
                    stored = read();
                    long fresh = change.applyAsLong(stored);
                    if (fresh != stored) {
                        write(fresh);
                    }
                }
            } catch (IOException | UnsupportedOperationException e) {
                warn("no handshake timestamps can be kept for the next start, when the clock may be behind (" + e
                        + "): let this user write to " + directory + ", or set STATE_DIRECTORY");
            }
            return stored;
        }
    }

    private long read() throws IOException {
        Path file = directory.resolve("clock");
        try {
            String text = Files.readString(file, StandardCharsets.ISO_8859_1).strip();
            if (text.matches("[0-9]{1,15}")) {
                return Long.parseLong(text);
            }
            warn(file + " is damaged and made anew");
        } catch (NoSuchFileException none) {
            // The first start.
        }
        return 0;
    }

    private void write(long fresh) throws IOException {
        try (FileChannel channel = channel("clock.new")) {
            channel.truncate(0);
            channel.write(StandardCharsets.US_ASCII.encode(fresh + "\n"));
            channel.force(true);
        }
        Files.move(directory.resolve("clock.new"), directory.resolve("clock"), StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel entries = FileChannel.open(directory, StandardOpenOption.READ)) {
            entries.force(true);
        }
    }

    private FileChannel channel(String name) throws IOException {
        return FileChannel.open(
                directory.resolve(name),
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                PrivateFile.OWNER_ONLY);
    }

    private void warn(String line) {
        if (!warned) {
            warned = true;
            log.accept(line);
        }
    }
}
