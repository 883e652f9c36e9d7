package anubis.host;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/**
 * What is kept of an interface while it is up, in {@code /run/anubis}, for this user alone: {@code NAME.conf}, what is in
 * force; {@code NAME.previous}, what was before a change that waits to be confirmed; {@code NAME.confirm}, who waits for
 * that; {@code NAME.peers}, what is known of the peers. All of it is gone with a restart of the machine, as the interface is.
 */
final class RunFiles {
    static final Path DIRECTORY = Path.of("/run/anubis");

    private final Path directory;
    private final String name;

    RunFiles(Path directory, String name) {
        this.directory = directory;
        this.name = name;
    }

    /** Whatever changes the interface holds this, and waits until nobody else does. */
    FileChannel lock() throws IOException {
        makeDirectory();
        FileChannel channel = FileChannel.open(
                directory.resolve(name + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            channel.lock();
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    Optional<Applied> applied() throws IOException {
        Optional<String> text = read("conf");
        return text.isEmpty() ? Optional.empty() : Applied.parse(name, text.get());
    }

    void applied(Applied applied) throws IOException {
        write("conf", applied.format());
    }

    Optional<Applied> previous() throws IOException {
        Optional<String> text = read("previous");
        return text.isEmpty() ? Optional.empty() : Applied.parse(name, text.get());
    }

    Optional<String> read(String kind) throws IOException {
        try {
            return Optional.of(Files.readString(directory.resolve(name + "." + kind)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** Replaces a file in one step; it can be read by this user only, at every moment. */
    void write(String kind, String text) throws IOException {
        makeDirectory();
        PrivateFile.write(directory.resolve(name + "." + kind), text.getBytes(StandardCharsets.UTF_8));
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
