package anubis.interop;

import anubis.lab.CommandResult;
import anubis.lab.LabHost;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A clean Debian in a folder, whose network is that of a host of the lab. */
record Chroot(LabHost host, Path root) {
    /** Each command has mounts of its own, which are gone with it. */
    private static final String ENTER = "mount --bind /dev \"$0/dev\" && mount -t proc proc \"$0/proc\""
            + " && exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot \"$0\" sh -ec \"$1\"";
    /** With less than that, as a service has it: some folders cannot be written. */
    private static final String CLOSE = "mount --bind \"$0%1$s\" \"$0%1$s\" && mount -o remount,bind,ro \"$0%1$s\" && ";

    /** Runs a script of the shell. */
    CommandResult tryRun(String script) {
        return host.execute(command(ENTER, script));
    }

    String run(String script) {
        return tryRun(script).orThrow();
    }

    /** Starts a script as systemd starts a service whose unit protects the system: it cannot write in these folders. */
    Process startAsService(String script, Consumer<ProcessBuilder> setup, String... closed) {
        String mounts = Stream.of(closed).map(CLOSE::formatted).collect(Collectors.joining());
        return host.start(setup, command(mounts + ENTER, script));
    }

    private String[] command(String enter, String script) {
        return new String[] {"unshare", "-m", "sh", "-ec", enter, root.toString(), script};
    }

    Path path(String inside) {
        return root.resolve(inside.substring(1));
    }

    /** Every file, with its kind and mode, but those of the kernel and logs. */
    List<String> files() {
        return run("find / \\( -path /proc -o -path /dev -o -path /var/log \\) -prune -o -printf '%y %m %p\\n' | sort")
                .lines()
                .toList();
    }
}
