package anubis.gate;

import anubis.host.PrivateFile;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.CodeSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;

/**
 * A file of SQLite's that only its owner can read, and the statements prepared for it. What fails is a
 * {@link RegistryException} that names the file, what is wrong and what to do. To be used by one thread.
 */
final class Sqlite implements AutoCloseable {
    /** How long to wait for another process to finish writing, in ms. */
    static final int PATIENCE = 2_000;

    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final FileAttribute<?> OWNER_ONLY_DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    // Primary result codes (https://www.sqlite.org/rescode.html).
    private static final int PERM = 3;
    private static final int BUSY = 5;
    private static final int LOCKED = 6;
    private static final int READONLY = 8;
    private static final int CORRUPT = 11;
    private static final int FULL = 13;
    private static final int CANTOPEN = 14;
    private static final int NOTADB = 26;

    /** What a write is to survive once it has returned. */
    enum Safety {
        /** The end of the process at any point; not a loss of power. */
        KILL,
        /** A loss of power, too: it is on the disk. */
        POWER
    }

    /** Reads the row that {@code rows} stands at. */
    interface Row<T> {
        T read(ResultSet rows) throws SQLException;
    }

    private final Path file;
    private final Connection connection;
    private final Map<String, PreparedStatement> statements = new HashMap<>();
    private boolean writing;
    /** SQLite may have ended a transaction of which a statement has failed: nothing more may be written then. */
    private boolean broken;

    static {
        loadFromImage();
        // Else its logging tells on the standard error that there is no log.
        System.setProperty("slf4j.internal.verbosity", "ERROR");
    }

    /**
     * Where the jars are installed, the library of SQLite lies beside them: nothing need be unpacked, which a
     * {@code /tmp} that forbids to execute would not let it, and nothing of that is left behind by {@code kill -9}.
     */
    private static void loadFromImage() {
        CodeSource source = Sqlite.class.getProtectionDomain().getCodeSource();
        if (source != null && source.getLocation() != null) {
            Path folder =
                    Path.of(source.getLocation().getPath()).resolveSibling(".").normalize();
            if (Files.exists(folder.resolve(System.mapLibraryName("sqlitejdbc")))) {
                System.setProperty("org.sqlite.lib.path", folder.toString());
            }
        }
    }

    /** Opens the file, and makes it and its folder if they are not there: 0600 in 0700. */
    Sqlite(Path file) {
        this.file = file;
        make();
        PrivateFile.exposure(file, true).ifPresent(problem -> {
            throw new RegistryException(problem.toString());
        });
        SQLiteConfig config = new SQLiteConfig();
        config.setBusyTimeout(PATIENCE);
        config.enforceForeignKeys(true);
        config.setSynchronous(SQLiteConfig.SynchronousMode.NORMAL);
        config.setCacheSize(-2048); // KiB
        config.setJournalSizeLimit(4 << 20); // bytes that are left of a long journal
        config.setPragma(SQLiteConfig.Pragma.SECURE_DELETE, "true"); // keys that are removed are overwritten
        try {
            connection = config.createConnection("jdbc:sqlite:" + file);
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    private void make() {
        try {
            Path folder = file.toAbsolutePath().getParent();
            if (folder != null && !Files.isDirectory(folder)) {
                Files.createDirectories(folder, OWNER_ONLY_DIRECTORY);
            }
            if (!Files.exists(file)) {
                Files.createFile(file, OWNER_ONLY);
            }
        } catch (FileAlreadyExistsException e) {
            // Another process was quicker.
        } catch (AccessDeniedException e) {
            throw new RegistryException(file + ": this user may not make it; try as root", e);
        } catch (IOException e) {
            throw new RegistryException(file + ": it cannot be made (" + e + ")", e);
        }
    }

    /** What a statement finds. */
    <T> List<T> query(String sql, Row<T> row, @Nullable Object... parameters) {
        try {
            PreparedStatement statement = bound(sql, parameters);
            try (ResultSet rows = statement.executeQuery()) {
                List<T> found = new ArrayList<>();
                while (rows.next()) {
                    found.add(row.read(rows));
                }
                return found;
            }
        } catch (SQLException e) {
            throw failure(sql, e);
        }
    }

    /** Executes a statement that finds nothing; returns how many rows it has changed. */
    int execute(String sql, @Nullable Object... parameters) {
        try {
            PreparedStatement statement = bound(sql, parameters);
            statement.execute();
            return statement.getUpdateCount();
        } catch (SQLException e) {
            throw failure(sql, e);
        }
    }

    private PreparedStatement bound(String sql, @Nullable Object... parameters) throws SQLException {
        if (writing && broken) {
            throw new SQLException("what was to be written with it has failed");
        }
        PreparedStatement statement = statements.get(sql);
        if (statement == null) {
            statement = connection.prepareStatement(sql);
            statements.put(sql, statement);
        }
        for (int i = 0; i < parameters.length; i++) {
            statement.setObject(i + 1, parameters[i]);
        }
        return statement;
    }

    /**
     * Executes what {@code work} executes, all or nothing, and while no other process writes. Within another such call it
     * is a part of that, which decides what it survives. What {@code work} throws is thrown on.
     */
    void write(Safety safety, Runnable work) {
        if (writing) {
            attempt("SAVEPOINT part", work, "RELEASE part", "ROLLBACK TO part", "RELEASE part");
            return;
        }
        if (safety == Safety.POWER) {
            synchronous("FULL");
        }
        try {
            attempt(
                    "BEGIN IMMEDIATE",
                    () -> {
                        writing = true;
                        work.run();
                    },
                    "COMMIT",
                    "ROLLBACK");
        } finally {
            writing = false;
            broken = false;
            if (safety == Safety.POWER) {
                quietly(() -> synchronous("NORMAL"));
            }
        }
    }

    /** A pragma does what it does when it is prepared, so that no prepared one is of use. */
    private void synchronous(String mode) {
        try (Statement pragma = connection.createStatement()) {
            pragma.execute("PRAGMA synchronous = " + mode);
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    private void attempt(String begin, Runnable work, String end, String... undo) {
        execute(begin);
        boolean done = false;
        try {
            work.run();
            execute(end);
            done = true;
        } finally {
            if (!done) {
                for (String each : undo) {
                    quietly(() -> execute(each));
                }
            }
        }
    }

    /** What fails here does so because something has failed before, which is told. */
    private void quietly(Runnable end) {
        boolean before = broken;
        broken = false;
        try {
            end.run();
        } catch (RegistryException e) {
            // SQLite itself has ended the transaction.
        } finally {
            broken = before;
        }
    }

    /** A statement that has failed is of no further use to the driver. */
    private RegistryException failure(String sql, SQLException e) {
        PreparedStatement statement = statements.remove(sql);
        if (statement != null) {
            try {
                statement.close();
            } catch (SQLException again) {
                e.addSuppressed(again);
            }
        }
        return failure(e);
    }

    private RegistryException failure(SQLException e) {
        broken = writing;
        String what = switch (e.getErrorCode() & 0xff) {
            case BUSY, LOCKED ->
                "somebody else has locked it; try again, and if that does not help, see who with fuser -v " + file;
            case FULL -> "the disk is full; make room on it";
            case PERM, READONLY, CANTOPEN -> "this user may not open or change it; try as root";
            case CORRUPT, NOTADB -> "it is damaged; put it aside and import an exported registry";
            default -> String.valueOf(e.getMessage());
        };
        return new RegistryException(file + ": " + what, e);
    }

    @Override
    public void close() {
        try {
            for (PreparedStatement statement : statements.values()) {
                statement.close();
            }
            connection.close();
        } catch (SQLException e) {
            throw failure(e);
        }
    }
}
