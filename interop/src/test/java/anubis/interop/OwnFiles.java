package anubis.interop;

import anubis.lab.CommandResult;
import anubis.lab.LabHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A host with its own name, whose {@code /etc}, {@code /run} and {@code /var} are of its own as far as a plan and a gate write to them. */
record OwnFiles(LabHost host, Path root) {
    /** What is written to, each a folder below the root. */
    private static final List<String> FOLDERS = List.of(
            "/etc/wireguard",
            "/etc/anubis",
            "/etc/sysctl.d",
            "/etc/systemd/system",
            "/run/anubis",
            "/run/wireguard",
            "/var/lib/anubis");

    /** Mounted by itself, as in a container. */
    private static final String NAMES = "/etc/hosts";

    private static final String MOUNT = FOLDERS.stream()
            .map(folder -> "mkdir -p " + folder + " && mount --bind \"$0" + folder + "\" " + folder)
            .collect(Collectors.joining(
                    " && ",
                    "",
                    // Or systemd would be asked, which knows nothing of these folders.
                    " && mount --bind \"$0" + NAMES + "\" " + NAMES
                            + " && SYSTEMD_OFFLINE=1 STATE_DIRECTORY=/var/lib/anubis exec \"$@\""));

    /** With the units of the package, and nothing else. */
    static OwnFiles of(LabHost host, Path root) throws IOException {
        for (String folder : FOLDERS) {
            Files.createDirectories(root.resolve(folder.substring(1)));
        }
        Files.writeString(root.resolve("etc/hosts"), "127.0.0.1\tlocalhost\n");
        Path units = Path.of("../packaging/tree/usr/lib/systemd/system");
        for (String unit : List.of("anubis@.service", "anubis-gate.service")) {
            Files.copy(units.resolve(unit), root.resolve("etc/systemd/system").resolve(unit));
        }
        return new OwnFiles(host, root);
    }

    /** Makes a key pair, of which the private key is in a file, and gives the public one. */
    String key(String path) throws IOException {
        KeyPair keys = KeyPair.generate(host);
        write(path, keys.privateKey() + "\n");
        return keys.publicKey();
    }

    /** Writes a file that is its owner's alone. */
    void write(String path, String text) throws IOException {
        Path file = Files.writeString(root.resolve(path), text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }

    /** What {@code anubis} does here. */
    CommandResult execute(String... words) {
        return host.execute(command(words));
    }

    /** Starts {@code anubis} here, which says what it has to in a file. */
    Process start(Path log, String... words) {
        return host.start(builder -> builder.redirectErrorStream(true).redirectOutput(log.toFile()), command(words));
    }

    /** The command that does so. */
    String[] command(String... words) {
        return Stream.concat(
                        Stream.of(
                                "unshare",
                                "-m",
                                "-u",
                                "sh",
                                "-c",
                                "hostname " + host.name() + " && " + MOUNT,
                                root.toString()),
                        Stream.of(Implementation.verb(words)))
                .toArray(String[]::new);
    }
}
