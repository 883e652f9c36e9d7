package anubis.host;

import anubis.config.DeviceChange;
import anubis.config.ShowDump;
import anubis.config.UapiDevice;
import java.io.IOException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** An interface of the kernel's WireGuard, driven by running {@code wg}. */
public final class KernelInterface implements WireGuardInterface {
    private static final Pattern DESCRIPTOR = Pattern.compile("/(?:dev|proc/self)/fd/([0-9]{1,9})");
    private static final int LAST_STANDARD = 2;

    private final String name;

    public KernelInterface(String name) {
        this.name = name;
    }

    /** The names of all in this network namespace; none where iproute2 is not installed. */
    public static List<String> names() throws IOException {
        return Command.installed("ip")
                ? Command.run("ip", "-br", "link", "show", "type", "wireguard")
                        .orThrow()
                        .lines()
                        .map(line -> line.split("[ @]", 2)[0])
                        .toList()
                : List.of();
    }

    /** Whether there is one of this name, and no process in user space that answers for it: {@code wg} prefers that. */
    public static boolean exists(String name) throws IOException {
        return !new UapiClient(name).answers() && names().contains(name);
    }

    /**
     * Runs {@code wg} with these arguments and with the standard streams of this process.
     *
     * @return its exit status
     * @throws IOException if it is not installed
     */
    public static int passOn(List<String> arguments) throws IOException {
        requireWg();
        List<String> command = Stream.concat(Stream.of("wg"), arguments.stream().map(KernelInterface::shared))
                .toList();
        try {
            return new ProcessBuilder(Command.located(command))
                    .inheritIO()
                    .start()
                    .waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while wg ran", e);
        }
    }

    /** A child inherits the standard streams only: another open file, as of {@code <(…)}, it finds as one of ours. */
    private static String shared(String argument) {
        Matcher descriptor = DESCRIPTOR.matcher(argument);
        return descriptor.matches() && Integer.parseInt(descriptor.group(1)) > LAST_STANDARD
                ? "/proc/" + ProcessHandle.current().pid() + "/fd/" + descriptor.group(1)
                : argument;
    }

    @Override
    public boolean exists() throws IOException {
        return names().contains(name);
    }

    @Override
    public UapiDevice get() throws IOException {
        return ShowDump.parse(wg("", "show", name, "dump"));
    }

    /** {@code wg syncconf} leaves alone what is as it should be, so it is told the whole. */
    @Override
    public void set(DeviceChange change) throws IOException {
        wg(get().after(change).config().showconf(), "syncconf", name, "/dev/stdin");
    }

    private static String wg(String input, String verb, String name, String what) throws IOException {
        requireWg();
        return Command.run(input, List.of("wg", verb, name, what)).orThrow();
    }

    private static void requireWg() throws IOException {
        if (!Command.installed("wg")) {
            throw new IOException("wg is not installed, and a kernel interface is driven by it"
                    + " (on Debian: apt install wireguard-tools)");
        }
    }
}
