package anubis.gate;

import anubis.config.Cidr;
import anubis.crypto.PresharedKey;
import anubis.crypto.PublicKey;
import anubis.gate.Sqlite.Safety;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The registry in a file of SQLite's. Nothing of it is kept in the heap: each question is a look-up in an index, so
 * that a hundred thousand peers cost no more than one.
 *
 * <p>What an owner does ({@link #add}, {@link #replace}, {@link #remove}), and {@link #atOnce} whatever is done in it,
 * is on the disk when it returns, and survives a loss of power. What the hub does by itself ({@link #put}, {@link
 * #append}) survives the end of the process and is not waited for any longer: after a loss of power the last of it may be
 * lacking, but never a part without the other. Then a request that was answered in the last moments before could be answered once more,
 * by whoever has recorded its bytes and has the gate key of its client.
 *
 * <p>Lines of the audit log can be added, and neither changed nor removed, by any program that does not first take the
 * triggers away.
 */
public final class SqliteRegistry implements Registry {
    /** The file in its folder; two more, of which the names begin so, are SQLite's journal. */
    public static final String FILE = "gate.db";

    /** Of the schema. */
    private static final int VERSION = 1;

    private static final List<String> SCHEMA = List.of(
            """
            CREATE TABLE peer (
              id INTEGER PRIMARY KEY,
              name TEXT NOT NULL UNIQUE,
              gate_key BLOB NOT NULL CHECK (length(gate_key) = 32),
              production_key BLOB NOT NULL UNIQUE CHECK (length(production_key) = 32),
              preshared_key BLOB CHECK (length(preshared_key) = 32),
              hours TEXT,
              expiry TEXT,
              enabled INTEGER NOT NULL,
              permanent INTEGER NOT NULL,
              second_factor TEXT,
              hub INTEGER NOT NULL,
              note TEXT NOT NULL)""",
            "CREATE INDEX peer_gate_key ON peer (gate_key)",
            "CREATE INDEX peer_permanent ON peer (production_key) WHERE permanent",
            """
            CREATE TABLE allowed_ip (
              prefix TEXT PRIMARY KEY,
              peer INTEGER NOT NULL REFERENCES peer ON DELETE CASCADE,
              position INTEGER NOT NULL) WITHOUT ROWID""",
            "CREATE INDEX allowed_ip_peer ON allowed_ip (peer)",
            """
            CREATE TABLE standing (
              production_key BLOB PRIMARY KEY CHECK (length(production_key) = 32),
              last BLOB CHECK (length(last) = 12),
              lease_end TEXT,
              lease TEXT NOT NULL,
              since BLOB CHECK (length(since) = 12),
              at_hub BLOB CHECK (length(at_hub) = 32),
              held INTEGER NOT NULL) WITHOUT ROWID""",
            """
            CREATE INDEX standing_concerned ON standing (production_key)
              WHERE held OR lease_end IS NOT NULL OR at_hub IS NOT NULL""",
            """
            CREATE TABLE audit (
              id INTEGER PRIMARY KEY,
              at TEXT NOT NULL,
              name TEXT NOT NULL,
              gate_key BLOB NOT NULL,
              production_key BLOB NOT NULL,
              what TEXT NOT NULL,
              origin TEXT NOT NULL,
              verdict INTEGER)""",
            trigger("update", "UPDATE ON audit"),
            trigger("delete", "DELETE ON audit"),
            // INSERT OR REPLACE asks no trigger of DELETE.
            trigger("replace", "INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)"),
            "PRAGMA user_version = " + VERSION);

    private static String trigger(String name, String event) {
        return "CREATE TRIGGER audit_" + name + " BEFORE " + event
                + " BEGIN SELECT RAISE(ABORT, 'lines of the audit log are only ever added'); END";
    }

    static final String ENTRY = """
            SELECT name, gate_key, production_key,
              (SELECT group_concat(prefix ORDER BY position) FROM allowed_ip WHERE peer = peer.id) AS allowed_ips,
              preshared_key, hours, expiry, enabled, permanent, second_factor, hub, note FROM peer\s""";

    private final Sqlite sqlite;

    /**
     * Opens the registry in a folder, and makes it if it is not there: readable by its owner only, as keys are in it.
     *
     * @throws RegistryException if it cannot be opened, others can read it, or a newer version of this program has made it
     */
    public static SqliteRegistry open(Path folder) {
        Path file = folder.resolve(FILE);
        Sqlite sqlite = new Sqlite(file);
        try {
            int version = version(sqlite);
            if (version > VERSION) {
                throw new RegistryException(file + ": its schema is version " + version + " and this program knows "
                        + VERSION + ": a newer anubis has made it; use that one");
            }
            sqlite.query("PRAGMA journal_mode = WAL", rows -> rows.getString(1));
            if (version == 0) {
                sqlite.write(Safety.POWER, () -> {
                    if (version(sqlite) == 0) { // else another process was quicker
                        SCHEMA.forEach(sqlite::execute);
                    }
                });
            }
            return new SqliteRegistry(sqlite);
        } catch (RegistryException e) {
            sqlite.close();
            throw e;
        }
    }

    private static int version(Sqlite sqlite) {
        return sqlite.query("PRAGMA user_version", rows -> rows.getInt(1)).getFirst();
    }

    private SqliteRegistry(Sqlite sqlite) {
        this.sqlite = sqlite;
    }

    // Who is authorised.

    @Override
    public List<Entry> byGateKey(PublicKey gateKey) {
        return sqlite.query(ENTRY + "WHERE gate_key = ? ORDER BY name", SqliteRegistry::entry, gateKey.bytes());
    }

    @Override
    public Optional<Entry> byProductionKey(PublicKey productionKey) {
        return sqlite.query(ENTRY + "WHERE production_key = ?", SqliteRegistry::entry, productionKey.bytes()).stream()
                .findFirst();
    }

    @Override
    public Optional<Entry> byName(String name) {
        return sqlite.query(ENTRY + "WHERE name = ?", SqliteRegistry::entry, name).stream()
                .findFirst();
    }

    @Override
    public List<Entry> list() {
        return sqlite.query(ENTRY + "ORDER BY name", SqliteRegistry::entry);
    }

    private static Entry entry(ResultSet row) throws SQLException {
        String name = row.getString("name");
        try {
            return new Entry(
                    name,
                    PublicKey.of(row.getBytes("gate_key")),
                    PublicKey.of(row.getBytes("production_key")),
                    Optional.ofNullable(row.getString("allowed_ips")).stream()
                            .flatMap(list -> Stream.of(list.split(",")))
                            .map(Cidr::parse)
                            .toList(),
                    presharedKey(row),
                    Optional.ofNullable(row.getString("hours")).map(Hours::parse),
                    Optional.ofNullable(row.getString("expiry")).map(Instant::parse),
                    row.getBoolean("enabled"),
                    row.getBoolean("permanent"),
                    Optional.ofNullable(row.getString("second_factor")).map(SecondFactor::parse),
                    row.getBoolean("hub"),
                    row.getString("note"));
        } catch (IllegalArgumentException | DateTimeException e) {
            throw new SQLException("the peer '" + name + "' is damaged (" + e.getMessage() + "); enter it anew", e);
        }
    }

    private static Optional<PresharedKey> presharedKey(ResultSet row) throws SQLException {
        byte[] bytes = row.getBytes("preshared_key");
        try {
            return Optional.ofNullable(bytes).map(PresharedKey::of);
        } finally {
            if (bytes != null) {
                Arrays.fill(bytes, (byte) 0);
            }
        }
    }

    @Override
    public void add(List<Entry> entries, AuditLine... lines) {
        sqlite.write(Safety.POWER, () -> {
            for (Entry entry : entries) {
                if (byName(entry.name()).isPresent()) {
                    throw new ConflictException("there is a peer '" + entry.name()
                            + "' already, and two peers cannot have the same name: choose another");
                }
                save("""
                        INSERT INTO peer (gate_key, production_key, preshared_key, hours, expiry, enabled, permanent,
                          second_factor, hub, note, name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""", entry);
            }
            for (AuditLine line : lines) {
                append(line);
            }
        });
    }

    @Override
    public void replace(Entry entry, AuditLine line) {
        sqlite.write(Safety.POWER, () -> {
            if (byName(entry.name()).isEmpty()) {
                throw unknown(entry.name());
            }
            sqlite.execute("DELETE FROM allowed_ip WHERE peer = (SELECT id FROM peer WHERE name = ?)", entry.name());
            save("""
                    UPDATE peer SET gate_key = ?, production_key = ?, preshared_key = ?, hours = ?, expiry = ?, enabled = ?,
                      permanent = ?, second_factor = ?, hub = ?, note = ? WHERE name = ?""", entry);
            append(line);
        });
    }

    /** Writes the row of an entry and its prefixes, if they are nobody else's. */
    private void save(String sql, Entry entry) {
        byProductionKey(entry.productionKey())
                .filter(other -> !other.name().equals(entry.name()))
                .ifPresent(other -> {
                    throw conflict(other.name(), entry, "production key " + entry.productionKey());
                });
        byte[] presharedKey = entry.presharedKey().map(PresharedKey::bytes).orElse(null);
        sqlite.execute(
                sql,
                entry.gateKey().bytes(),
                entry.productionKey().bytes(),
                presharedKey,
                entry.hours().map(Hours::toString).orElse(null),
                entry.expiry().map(Instant::toString).orElse(null),
                entry.enabled(),
                entry.permanent(),
                entry.secondFactor().map(SecondFactor::text).orElse(null),
                entry.hub(),
                entry.note(),
                entry.name());
        if (presharedKey != null) {
            Arrays.fill(presharedKey, (byte) 0);
        }
        int position = 0;
        for (Cidr prefix : entry.allowedIps()) {
            sqlite.query(
                            "SELECT name FROM peer WHERE id = (SELECT peer FROM allowed_ip WHERE prefix = ?)",
                            rows -> rows.getString(1),
                            prefix.toString())
                    .forEach(other -> {
                        throw conflict(other, entry, "allowed IP " + prefix);
                    });
            sqlite.execute(
                    "INSERT INTO allowed_ip (prefix, peer, position) SELECT ?, id, ? FROM peer WHERE name = ?",
                    prefix.toString(),
                    position++,
                    entry.name());
        }
    }

    private static ConflictException conflict(String other, Entry entry, String what) {
        return new ConflictException("the peers '" + other + "' and '" + entry.name() + "' cannot both have the " + what
                + ": take it from one of them");
    }

    private static ConflictException unknown(String name) {
        return new ConflictException("there is no peer '" + name + "'");
    }

    @Override
    public void remove(String name, AuditLine line) {
        sqlite.write(Safety.POWER, () -> {
            if (sqlite.execute("DELETE FROM peer WHERE name = ?", name) == 0) {
                throw unknown(name);
            }
            append(line);
        });
    }

    // What is remembered.

    @Override
    public Standing standing(PublicKey productionKey) {
        return sqlite
                .query(
                        "SELECT last, lease_end, lease, since, at_hub, held FROM standing WHERE production_key = ?",
                        SqliteRegistry::standing,
                        productionKey.bytes())
                .stream()
                .findFirst()
                .orElse(Standing.NEW);
    }

    private static Standing standing(ResultSet row) throws SQLException {
        try {
            return new Standing(
                    Optional.ofNullable(row.getBytes("last")).map(Identifier::of),
                    Optional.ofNullable(row.getString("lease_end")).map(Instant::parse),
                    Duration.parse(row.getString("lease")),
                    Optional.ofNullable(row.getBytes("since")).map(Identifier::of),
                    Optional.ofNullable(row.getBytes("at_hub")).map(PublicKey::of),
                    row.getBoolean("held"));
        } catch (IllegalArgumentException | DateTimeException e) {
            throw new SQLException("what is remembered of a peer is damaged (" + e.getMessage() + ")", e);
        }
    }

    @Override
    public void put(Standing standing, AuditLine line) {
        sqlite.write(Safety.KILL, () -> {
            sqlite.execute(
                    """
                    INSERT INTO standing (production_key, last, lease_end, lease, since, at_hub, held)
                      VALUES (?, ?, ?, ?, ?, ?, ?)
                      ON CONFLICT DO UPDATE SET last = excluded.last, lease_end = excluded.lease_end,
                      lease = excluded.lease, since = excluded.since, at_hub = excluded.at_hub, held = excluded.held""",
                    line.productionKey().bytes(),
                    standing.last().map(Identifier::bytes).orElse(null),
                    standing.leaseEnd().map(Instant::toString).orElse(null),
                    standing.lease().toString(),
                    standing.since().map(Identifier::bytes).orElse(null),
                    standing.at().map(PublicKey::bytes).orElse(null),
                    standing.held());
            append(line);
        });
    }

    @Override
    public List<PublicKey> concerned() {
        return sqlite.query("""
                SELECT production_key FROM standing INDEXED BY standing_concerned
                  WHERE held OR lease_end IS NOT NULL OR at_hub IS NOT NULL
                UNION SELECT production_key FROM peer INDEXED BY peer_permanent WHERE permanent""", row -> PublicKey.of(row.getBytes(1)));
    }

    @Override
    public void append(AuditLine line) {
        sqlite.execute(
                """
                INSERT INTO audit (at, name, gate_key, production_key, what, origin, verdict)
                  VALUES (?, ?, ?, ?, ?, ?, ?)""",
                line.at().toString(),
                line.name(),
                line.gateKey().bytes(),
                line.productionKey().bytes(),
                line.what(),
                line.from(),
                line.verdict().map(Code::number).orElse(null));
    }

    @Override
    public List<AuditLine> log(int atMost) {
        return sqlite.query("SELECT * FROM audit ORDER BY id DESC LIMIT ?", SqliteRegistry::line, atMost)
                .reversed();
    }

    private static AuditLine line(ResultSet row) throws SQLException {
        int verdict = row.getInt("verdict");
        boolean begun = row.wasNull();
        return new AuditLine(
                Instant.parse(row.getString("at")),
                row.getString("name"),
                PublicKey.of(row.getBytes("gate_key")),
                PublicKey.of(row.getBytes("production_key")),
                row.getString("what"),
                row.getString("origin"),
                begun ? Optional.empty() : Optional.of(Code.of(verdict)));
    }

    @Override
    public long version() {
        return sqlite.query("PRAGMA data_version", rows -> rows.getLong(1)).getFirst();
    }

    @Override
    public void atOnce(Runnable work) {
        sqlite.write(Safety.POWER, work);
    }

    @Override
    public void close() {
        sqlite.close();
    }
}
