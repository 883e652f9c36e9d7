package anubis.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * A network interface of a host of the lab.
 *
 * @param host the host it is in
 * @param name its name there
 */
public record LabInterface(LabHost host, String name) {
    /** Adds addresses, each with its prefix length, as in {@code 10.0.0.1/24} or {@code fd00::1/64}. */
    public LabInterface address(String... addresses) {
        for (String address : addresses) {
            // Without nodad an IPv6 address could not be used for the first second or two.
            if (address.indexOf(':') >= 0) {
                host.run("ip", "address", "add", address, "dev", name, "nodad");
            } else {
                host.run("ip", "address", "add", address, "dev", name);
            }
        }
        return this;
    }

    /** Takes an address away; the format is that of {@link #address}. */
    public LabInterface removeAddress(String address) {
        host.run("ip", "address", "del", address, "dev", name);
        return this;
    }

    /** Sets the MTU, in bytes. */
    public LabInterface mtu(int bytes) {
        host.run("ip", "link", "set", name, "mtu", Integer.toString(bytes));
        return this;
    }

    /** Sets the link up. */
    public LabInterface up() {
        host.run("ip", "link", "set", name, "up");
        return this;
    }

    /**
     * The process that has the TUN device behind this interface open.
     *
     * @throws IllegalStateException if there is none, or this process may not see it
     */
    public ProcessHandle holder() {
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            return all.filter(process -> holds(process.pid()))
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("no process holds the TUN " + name));
        }
    }

    private boolean holds(long pid) {
        try (Stream<Path> files = Files.list(Path.of("/proc", Long.toString(pid), "fdinfo"))) {
            return files.anyMatch(file -> {
                try {
                    return Files.readString(file).contains("iff:\t" + name + "\n");
                } catch (IOException e) {
                    return false; // closed since it was listed
                }
            });
        } catch (IOException | UncheckedIOException e) {
            return false; // ended since it was listed
        }
    }

    /** Sets the link down; the kernel forgets its IPv6 addresses and its routes then. */
    public LabInterface down() {
        host.run("ip", "link", "set", name, "down");
        return this;
    }
}
