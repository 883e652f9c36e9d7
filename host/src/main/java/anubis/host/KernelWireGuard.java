package anubis.host;

import anubis.config.ShowDump;
import anubis.config.UapiDevice;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The WireGuard interfaces of the kernel, which have no socket: iproute2 lists them, and wg(8) drives them. */
public final class KernelWireGuard {
    private static final Pattern OWN_DESCRIPTOR = Pattern.compile("/(?:dev|proc/self)/fd/([0-9]{1,9})");

    private KernelWireGuard() {}

    /** Their names in this network namespace; none where there is no iproute2. */
    public static List<String> interfaces() throws IOException {
        Process ip;
        try {
            ip = new ProcessBuilder("ip", "-br", "link", "show", "type", "wireguard")
                    .redirectError(Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            return List.of();
        }
        return output(ip).lines().map(line -> line.split("[ @]", 2)[0]).toList();
    }

    /** Whether {@code name} is one of them and not of a process that answers its socket, as {@code wg} has it. */
    public static boolean has(String name) throws IOException {
        return !new UapiClient(name).answers() && interfaces().contains(name);
    }

    /**
     * Runs {@code wg} with these arguments and with this process's standard streams.
     *
     * @return its exit status
     * @throws IOException if it is not installed
     */
    public static int wg(List<String> arguments) throws IOException {
        return await(start(new ProcessBuilder(command(arguments)).inheritIO()));
    }

    /**
     * The state of the interface {@code name}; times are whole seconds.
     *
     * @throws IOException if {@code wg} is not installed or fails
     */
    public static UapiDevice get(String name) throws IOException {
        Process wg = start(new ProcessBuilder(command(List.of("show", name, "dump"))).redirectError(Redirect.INHERIT));
        String dump = output(wg);
        if (await(wg) != 0) {
            throw new IOException("wg show " + name + " dump has failed");
        }
        return ShowDump.parse(dump);
    }

    private static List<String> command(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of("wg"));
        arguments.forEach(argument -> command.add(shared(argument)));
        return command;
    }

    /** A child has only the first three descriptors of ours: another is named so that it finds it, too. */
    private static String shared(String argument) {
        Matcher own = OWN_DESCRIPTOR.matcher(argument);
        return own.matches() && Integer.parseInt(own.group(1)) > 2
                ? "/proc/" + ProcessHandle.current().pid() + "/fd/" + own.group(1)
                : argument;
    }

    private static Process start(ProcessBuilder wg) throws IOException {
        try {
            return wg.start();
        } catch (IOException e) {
            throw new IOException(
                    "only wg can reach an interface of the kernel's, and it cannot be run: install wireguard-tools", e);
        }
    }

    private static String output(Process process) throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static int await(Process process) throws IOException {
        try {
            return process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while wg was running", e);
        }
    }
}
