package anubis.bench;

import anubis.lab.Lab;
import anubis.lab.LabHost;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Two hosts on a cable, and a folder for the files of the VPN between them that only its owner can look into. */
final class GateHosts implements AutoCloseable {
    /** The client's address on the cable, /24. */
    static final String CLIENT = "10.1.0.2";

    /** The hub's address on the cable, /24. */
    static final String HUB = "10.1.0.1";

    /** The client's address in the tunnel, where the VPN does not choose it itself. */
    static final String SOURCE = "10.9.0.2";

    /** The hub's address in the tunnel. */
    static final String TARGET = "10.9.0.1";

    private final Lab lab = Lab.open();
    private final LabHost client = lab.host("client");
    private final LabHost hub = lab.host("hub");
    private final Path folder;
    private final List<Runnable> ends = new ArrayList<>();

    GateHosts() throws IOException {
        folder = Files.createTempDirectory("anubis-gate");
        lab.link(client, hub).addresses(CLIENT + "/24", HUB + "/24");
    }

    LabHost client() {
        return client;
    }

    LabHost hub() {
        return hub;
    }

    /** The path of a file in the folder, whether it is there or not. */
    Path file(String name) {
        return folder.resolve(name);
    }

    Path write(String name, String text) throws IOException {
        return Files.writeString(file(name), text);
    }

    /** Has something done before the hosts are closed, for what would outlive them; the last first. */
    void atEnd(Runnable end) {
        ends.addFirst(end);
    }

    @Override
    public void close() {
        ends.forEach(Runnable::run);
        lab.close();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
