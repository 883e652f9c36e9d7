package anubis.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** A WireGuard program that runs in user space, known by the command that starts it. */
enum Implementation {
    /** {@code ANUBIS_LAUNCHER}, by default the file {@code anubis} of the source tree. */
    ANUBIS("ANUBIS_LAUNCHER"),
    /** {@code ANUBIS_WIREGUARD_GO} names the executable. */
    WIREGUARD_GO("ANUBIS_WIREGUARD_GO");

    private static boolean prepared;

    private final String variable;

    Implementation(String variable) {
        this.variable = variable;
    }

    /** The implementation by its name in the options of this test-suite: {@code anubis}, {@code wireguard-go}. */
    static Implementation named(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    /** Those whose life as a process is tested: the property {@code interop.devices}, by default ours. */
    static Stream<Implementation> devices() {
        return Stream.of(System.getProperty("interop.devices", "anubis").split(","))
                .map(Implementation::named);
    }

    /** Those that our tools are tested with: the property {@code interop.tools}, by default all. */
    static Stream<Implementation> tools() {
        return Stream.of(System.getProperty("interop.tools", "anubis,wireguard-go")
                        .split(","))
                .map(Implementation::named);
    }

    /** Why it cannot be started here, or nothing if it can. */
    Optional<String> obstacle() {
        return Files.isExecutable(executable())
                ? Optional.empty()
                : Optional.of(label() + " is missing: " + executable() + " is no executable; set " + variable);
    }

    /** Lets the launcher build what has to be built, so that no test waits for it. */
    void prepare() {
        if (this == ANUBIS && !prepared) {
            try {
                Process process = new ProcessBuilder(executable().toString(), "--version")
                        .redirectErrorStream(true)
                        .redirectOutput(Device.log("build").toFile())
                        .start();
                if (process.waitFor() != 0) {
                    throw new AssertionError("the launcher fails: " + Files.readString(Device.log("build")));
                }
                prepared = true;
            } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    /** The command that runs a device in the foreground. */
    List<String> foreground(String interfaceName) {
        return this == ANUBIS
                ? List.of(executable().toString(), "device", "-f", interfaceName)
                : List.of(executable().toString(), "-f", interfaceName);
    }

    /** The command that makes a device and returns. */
    List<String> background(String interfaceName) {
        return foreground(interfaceName).stream()
                .filter(word -> !word.equals("-f"))
                .toList();
    }

    /** The command that runs a verb of ours. */
    static String[] verb(String... words) {
        return Stream.concat(Stream.of(ANUBIS.executable().toString()), Stream.of(words))
                .toArray(String[]::new);
    }

    /** The executable that {@code wg-quick} can call with an interface name alone. */
    Path forWgQuick() {
        return this == ANUBIS ? executable().resolveSibling("wireguard-anubis") : executable();
    }

    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    Path executable() {
        String given = System.getenv(variable);
        if (given != null) {
            return Path.of(given).toAbsolutePath();
        }
        return this == ANUBIS ? Path.of("..", "anubis").toAbsolutePath().normalize() : Path.of("wireguard-go");
    }
}
