package anubis.host;

import anubis.config.Cidr;
import anubis.config.ConfigException;
import anubis.config.ConfigText;
import anubis.config.Difference;
import anubis.config.Facts;
import anubis.config.HostState;
import anubis.config.Observed;
import anubis.config.QuickConfig;
import anubis.config.QuickConfig.Hook;
import anubis.config.Step;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * An interface of this host that is brought up from a configuration file, changed and taken down again, as wg-quick(8)
 * does it, but as one difference: what is there, what should be, and the steps between, all or none. One process at a
 * time does so.
 */
public final class Tunnel {
    private static final Duration END_PATIENCE = Duration.ofSeconds(10);
    private static final int LAST_LOOK = 3;

    private final String name;
    private final Consumer<String> warnings;
    private final RunFiles files;

    /** Makes the interface itself, which is down and has nothing yet. */
    @FunctionalInterface
    public interface Maker {
        void make(String name) throws IOException;
    }

    /**
     * The interface {@code name}.
     *
     * @param warnings told, a line each, what went wrong and did not stop anything
     */
    public Tunnel(String name, Consumer<String> warnings) {
        this.name = name;
        this.warnings = warnings;
        this.files = new RunFiles(RunFiles.DIRECTORY, name);
    }

    /** What a file asks for, read. */
    private record Wanted(Applied applied, QuickConfig config, HostState state) {
        static Wanted of(Applied applied) throws ConfigException {
            QuickConfig config = applied.config();
            return new Wanted(applied, config, HostState.of(applied.name(), config, applied.facts()));
        }
    }

    /**
     * Brings the interface up.
     *
     * @param maker makes it, where the configuration does not ask for the kernel's
     * @param within if given, it is taken down again unless {@link #confirm} comes within that time
     * @throws IOException if that cannot be done; the host is then as it was, but for the work of hooks
     */
    public void up(ConfigFile file, Maker maker, Optional<Duration> within) throws IOException, ConfigException {
        QuickConfig config = file.lint().orThrow();
        try (FileChannel _ = files.lock()) {
            if (Observer.exists(name)) {
                throw new IOException(name + " is up already; 'anubis reload " + name + "' puts changes in force");
            }
            Optional<Applied> left = files.applied();
            if (left.isPresent()) {
                remove(Wanted.of(left.get()));
            }
            Map<String, InetAddress> addresses = Surroundings.resolve(config, warnings);
            Hooks.run(config, Hook.When.PRE_UP, name);
            Optional<Wanted> reached = Optional.empty();
            try {
                make(config, maker);
                WireGuardInterface device = device(config);
                Facts facts = Surroundings.find(name, config, device.get(), OptionalInt.empty(), addresses);
                Wanted wanted = Wanted.of(new Applied(name, source(file), facts, file.text()));
                reached = Optional.of(wanted);
                awaitConfirmation(within, Optional.empty());
                Transaction.apply(device, stepsTo(Optional.empty(), wanted), warnings);
                files.applied(wanted.applied());
                Hooks.run(config, Hook.When.POST_UP, name);
            } catch (IOException | ConfigException e) {
                if (reached.isPresent()) {
                    remove(reached.get());
                } else {
                    delete();
                }
                throw e;
            }
        }
    }

    /** What {@link #reload} would do now. */
    public List<Step> difference(ConfigFile file) throws IOException, ConfigException {
        try (FileChannel _ = files.lock()) {
            Wanted before = Wanted.of(applied());
            return stepsTo(Optional.of(before.state()), wanted(file, before));
        }
    }

    /**
     * Puts a changed configuration in force on the interface, which is up.
     *
     * @param within if given, what was before is put back unless {@link #confirm} comes within that time
     * @return what was done
     * @throws IOException if that cannot be done; all is then as it was, but for the work of hooks
     */
    public List<Step> reload(ConfigFile file, Optional<Duration> within) throws IOException, ConfigException {
        try (FileChannel _ = files.lock()) {
            Wanted before = Wanted.of(applied());
            Wanted after = wanted(file, before);
            awaitConfirmation(within, Optional.of(before.applied()));
            try {
                return become(before, after);
            } catch (IOException | ConfigException e) {
                forgetConfirmation();
                throw e;
            }
        }
    }

    /**
     * Keeps a change that is put back otherwise.
     *
     * @return whether there was one
     */
    public boolean confirm() throws IOException {
        try (FileChannel _ = files.lock()) {
            boolean waited = files.read("confirm").isPresent();
            forgetConfirmation();
            return waited;
        }
    }

    /** Puts back what was before the change that {@code token} names, if that still waits to be confirmed. */
    public void rollBack(String token) throws IOException, ConfigException {
        try (FileChannel _ = files.lock()) {
            if (!files.read("confirm").equals(Optional.of(token))) {
                return;
            }
            Optional<Applied> previous = files.previous();
            Wanted now = Wanted.of(applied());
            if (previous.isPresent()) {
                become(now, Wanted.of(previous.get()));
            } else {
                end(now);
            }
            forgetConfirmation();
        }
    }

    /** Whoever puts the change back starts before it is made, for after it nobody may come through any more. */
    private void awaitConfirmation(Optional<Duration> within, Optional<Applied> previous) throws IOException {
        if (within.isEmpty()) {
            forgetConfirmation();
            return;
        }
        if (files.read("confirm").isEmpty() && previous.isPresent()) {
            files.write("previous", previous.get().format());
        }
        String token = UUID.randomUUID().toString();
        files.write("confirm", token);
        Launcher.startRollback(name, token, within.get());
    }

    private void forgetConfirmation() throws IOException {
        files.delete("confirm");
        files.delete("previous");
    }

    /**
     * Fits the interface to what has become of the host since: names that mean something else, peers that have moved, other
     * ways to them.
     *
     * @param addresses what the names of its endpoints mean now
     */
    void refit(Map<String, InetAddress> addresses) throws IOException, ConfigException {
        try (FileChannel _ = files.lock()) {
            Wanted before = Wanted.of(applied());
            Facts facts = Surroundings.find(
                    name,
                    before.config(),
                    device(before.config()).get(),
                    OptionalInt.of(before.applied().facts().slot()),
                    addresses);
            Applied applied = before.applied();
            change(before, Wanted.of(new Applied(name, applied.source(), facts, applied.text())));
        }
    }

    /**
     * Takes the interface down.
     *
     * @throws IOException if it is not up, or was brought up by others
     */
    public void down() throws IOException, ConfigException {
        try (FileChannel _ = files.lock()) {
            end(Wanted.of(applied()));
        }
    }

    /**
     * Writes what the interface is now into the file that it was brought up from, whose comments and names stay.
     *
     * @throws IOException if it is not up, or the file cannot be written
     */
    public void save() throws IOException, ConfigException {
        try (FileChannel _ = files.lock()) {
            save(Wanted.of(applied()));
        }
    }

    private void save(Wanted wanted) throws IOException {
        Applied applied = wanted.applied();
        Observed now =
                Observer.observe(name, device(wanted.config()), applied.facts().slot());
        List<Cidr> addresses = Stream.concat(
                        wanted.state().addresses().stream().filter(now.addresses()::contains),
                        now.addresses().stream()
                                .filter(address -> !wanted.state().addresses().contains(address))
                                .filter(address -> !address.address().isLinkLocalAddress()))
                .toList();
        String text = ConfigText.saved(applied.text(), wanted.config(), wanted.state(), now, addresses);
        PrivateFile.write(applied.source(), text.getBytes(StandardCharsets.UTF_8));
        files.applied(new Applied(name, applied.source(), applied.facts(), text));
    }

    /** Takes the interface down, or what is left of it, unless somebody else has. */
    public void downIfUp() throws IOException, ConfigException {
        try (FileChannel _ = files.lock()) {
            Optional<Applied> applied = files.applied();
            if (applied.isPresent()) {
                end(Wanted.of(applied.get()));
            }
        }
    }

    private void end(Wanted wanted) throws IOException {
        hooks(wanted.config(), Hook.When.PRE_DOWN);
        if (wanted.config().saveConfig() && Observer.exists(name)) {
            try {
                save(wanted);
            } catch (IOException e) {
                warnings.accept("could not be saved: " + e.getMessage());
            }
        }
        remove(wanted);
        hooks(wanted.config(), Hook.When.POST_DOWN);
    }

    /** Where the commands of both configurations differ, those of the old one end its work and those of the new begin. */
    private List<Step> become(Wanted before, Wanted after) throws IOException, ConfigException {
        boolean hooked = !before.config().hooks().equals(after.config().hooks());
        if (hooked) {
            hooks(before.config(), Hook.When.PRE_DOWN);
            hooks(after.config(), Hook.When.PRE_UP);
        }
        List<Step> steps = change(before, after);
        if (hooked) {
            hooks(before.config(), Hook.When.POST_DOWN);
            hooks(after.config(), Hook.When.POST_UP);
        }
        return steps;
    }

    /** Whether this program has brought it up. */
    public boolean isUp() throws IOException {
        return files.applied().isPresent();
    }

    /** The file that it was brought up from. */
    public Path source() throws IOException {
        return applied().source();
    }

    private List<Step> change(Wanted before, Wanted after) throws IOException, ConfigException {
        WireGuardInterface device = device(after.config());
        List<Step> all = new ArrayList<>();
        List<Step> steps = stepsTo(Optional.of(before.state()), after);
        // An address taken away takes others and routes along, as the kernel sees it: so look again.
        for (int look = 1; !steps.isEmpty() && look < LAST_LOOK; look++) {
            Transaction.apply(device, steps, warnings);
            all.addAll(steps);
            steps = stepsTo(Optional.of(after.state()), after);
        }
        files.applied(after.applied());
        return all;
    }

    private List<Step> stepsTo(Optional<HostState> before, Wanted wanted) throws IOException {
        return Difference.between(
                before,
                Observer.observe(
                        name, device(wanted.config()), wanted.applied().facts().slot()),
                wanted.state());
    }

    private Wanted wanted(ConfigFile file, Wanted before) throws IOException, ConfigException {
        QuickConfig config = file.lint().orThrow();
        if (config.kernel() != before.config().kernel()) {
            throw new IOException(
                    file.path() + ": Kernel cannot change while " + name + " is up; take it down and up again");
        }
        Facts facts = Surroundings.find(
                name,
                config,
                device(config).get(),
                OptionalInt.of(before.applied().facts().slot()),
                Surroundings.resolve(config, warnings));
        return Wanted.of(new Applied(name, source(file), facts, file.text()));
    }

    private Applied applied() throws IOException {
        Optional<Applied> applied = files.applied();
        if (applied.isEmpty()) {
            throw new IOException(
                    Observer.exists(name)
                            ? name + " was not brought up by anubis: use what brought it up"
                            : name + " is not up");
        }
        return applied.get();
    }

    private void make(QuickConfig config, Maker maker) throws IOException {
        if (config.kernel()) {
            Command.run("ip", "link", "add", name, "type", "wireguard").orThrow();
        } else {
            maker.make(name);
        }
        // Or an IPv4 address that is taken away would take along those of its network, and the routes.
        Files.writeString(Path.of("/proc/sys/net/ipv4/conf", name, "promote_secondaries"), "1\n");
    }

    private WireGuardInterface device(QuickConfig config) {
        return config.kernel() ? new KernelInterface(name) : new UapiClient(name);
    }

    private static Path source(ConfigFile file) {
        return file.path().toAbsolutePath().normalize();
    }

    private void remove(Wanted wanted) throws IOException {
        delete();
        Transaction.applyAll(
                device(wanted.config()),
                Difference.remains(
                        wanted.state(), Observer.rules(wanted.applied().facts().slot())),
                warnings);
        files.delete("conf");
        forgetConfirmation();
    }

    /** Deletes the interface, and waits for its process to end. */
    private void delete() throws IOException {
        if (Observer.exists(name)) {
            Command.run("ip", "link", "delete", name).orThrow();
        }
        Path socket = UapiClient.DIRECTORY.resolve(name + ".sock");
        long end = System.nanoTime() + END_PATIENCE.toNanos();
        while (Files.exists(socket) && new UapiClient(name).answers() && System.nanoTime() - end < 0) {
            try {
                Thread.sleep(5);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void hooks(QuickConfig config, Hook.When when) {
        try {
            Hooks.run(config, when, name);
        } catch (IOException e) {
            warnings.accept(Objects.requireNonNullElse(e.getMessage(), e.toString()));
        }
    }
}
