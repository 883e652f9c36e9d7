package anubis.host;

import anubis.config.Cidr;
import anubis.config.ConfigException;
import anubis.config.ConfigText;
import anubis.config.Difference;
import anubis.config.Facts;
import anubis.config.Observed;
import anubis.config.PeerConfig;
import anubis.config.QuickConfig;
import anubis.config.QuickSetting;
import anubis.config.Rule;
import anubis.config.Step;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * An interface of this host that is brought up from a configuration file, changed and taken down again, as wg-quick(8)
 * does it, but as one difference: what is there, what should be, and the steps between, all or none. One process at a
 * time does so.
 */
public final class Tunnel {
    /** The system property that puts another folder in the place of {@code /run/anubis}, for a rehearsal. */
    public static final String DIRECTORY_PROPERTY = "anubis.run";

    private static final Duration END_PATIENCE = Duration.ofSeconds(10);

    /** Stands above the peers that come and go, in what is kept of what is in force. */
    private static final String GUESTS = "\n# anubis: peers that come and go\n";

    private final String name;
    private final UapiClient uapi;
    private final Consumer<String> warnings;
    private final RunFiles files;
    private final Confirmation confirmation;

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
        this(name, new UapiClient(name), warnings);
    }

    Tunnel(String name, UapiClient uapi, Consumer<String> warnings) {
        this.name = name;
        this.uapi = uapi;
        this.warnings = warnings;
        this.files = new RunFiles(RunFiles.DIRECTORY, name);
        this.confirmation = new Confirmation(name, files);
    }

    /** A configuration that is to be put in force, whence it came, and what the names of its endpoints mean. */
    private record Asked(Path source, String text, QuickConfig config, Map<String, InetAddress> addresses) {
        /** What has been in force, asked for again. */
        static Asked again(Applied applied) throws ConfigException {
            return new Asked(
                    applied.source(),
                    applied.text(),
                    applied.config(),
                    applied.facts().addresses());
        }

        /** Without the keys. */
        @Override
        public String toString() {
            return "Asked(" + source + ")";
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
        up(file, maker, within, Beside.NOTHING);
    }

    /** The same, and {@code beside} before it. */
    void up(ConfigFile file, Maker maker, Optional<Duration> within, Beside beside)
            throws IOException, ConfigException {
        QuickConfig config = file.lint().orThrow();
        try (RunFiles.Lock _ = files.lock()) {
            if (Observer.exists(name)) {
                throw new IOException(name + " is up already; 'anubis reload " + name + "' puts changes in force");
            }
            Optional<Applied> left = files.applied();
            if (left.isPresent()) {
                remove(left.get());
            }
            Asked asked = asked(file, config);
            if (within.isPresent()) {
                confirmation.await(within.get(), Optional.empty(), beside);
            }
            boolean begun = false;
            try {
                Transaction.apply(device(config), beside.before(), warnings);
                begun = true;
                Hooks.run(asked.source(), config, QuickSetting.Key.PreUp, name);
                make(config, maker);
                establish(asked);
                Hooks.run(asked.source(), config, QuickSetting.Key.PostUp, name);
            } catch (IOException | RuntimeException e) {
                delete();
                Optional<Applied> reached = files.applied();
                if (reached.isPresent()) {
                    remove(reached.get());
                }
                if (begun) {
                    Transaction.takeBack(device(config), beside.before(), warnings);
                }
                confirmation.forget();
                throw e;
            }
        }
    }

    /**
     * Gives the interface peers besides those of its file, in the place of those that the last call gave it: they are
     * there until the next call, or until the interface is down. A reload leaves them alone, and no file is written.
     *
     * @param guests sections of a configuration file; none if empty
     * @return whether that is so now; else {@link #up} has not brought the interface up, and it is left alone
     * @throws IOException if it cannot be done; all is then as it was
     */
    public boolean guests(String guests) throws IOException, ConfigException {
        try (RunFiles.Lock _ = files.lock()) {
            Optional<Applied> inForce = files.applied();
            if (inForce.isEmpty() || !Observer.exists(name)) {
                return false;
            }
            Applied applied = inForce.get();
            Wanted before = Wanted.of(applied);
            String text = ownText(applied.text()) + (guests.isEmpty() ? "" : GUESTS + guests);
            QuickConfig config = QuickConfig.parse(applied.source().toString(), text);
            Asked asked = new Asked(applied.source(), text, config, Surroundings.resolve(config, warnings));
            change(before, asked, observe(config), Beside.NOTHING);
            return true;
        }
    }

    private static String ownText(String text) {
        int guests = text.indexOf(GUESTS);
        return guests < 0 ? text : text.substring(0, guests);
    }

    private static String guestsOf(String text) {
        return text.substring(ownText(text).length());
    }

    /** What {@link #reload} would do now. */
    public List<Step> difference(ConfigFile file) throws IOException, ConfigException {
        try (RunFiles.Lock _ = files.lock()) {
            Reload reload = reload(file);
            return plan(Optional.of(reload.before()), reload.asked(), reload.now())
                    .steps();
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
        return reload(file, within, Beside.NOTHING);
    }

    /** The same, and {@code beside} with it, in one. */
    List<Step> reload(ConfigFile file, Optional<Duration> within, Beside beside) throws IOException, ConfigException {
        try (RunFiles.Lock _ = files.lock()) {
            Reload reload = reload(file);
            Wanted before = reload.before();
            Optional<String> pending = confirmation.pending();
            try {
                if (within.isPresent()) {
                    confirmation.await(within.get(), Optional.of(before.applied()), beside);
                }
                List<Step> steps = become(before, reload.asked(), reload.now(), beside);
                if (within.isEmpty()) {
                    confirmation.forget();
                }
                return steps;
            } catch (IOException | RuntimeException e) {
                confirmation.resume(pending);
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
        try (RunFiles.Lock _ = files.lock()) {
            boolean waited = confirmation.pending().isPresent();
            confirmation.forget();
            return waited;
        }
    }

    /** Puts back what was before the change that {@code token} names, if that still waits to be confirmed. */
    public void rollBack(String token) throws IOException, ConfigException {
        try (RunFiles.Lock _ = files.lock()) {
            if (!confirmation.pending().equals(Optional.of(token))) {
                return;
            }
            Optional<Applied> previous = confirmation.previous();
            Wanted now = Wanted.of(applied());
            if (previous.isPresent()) {
                become(now, Asked.again(previous.get()), observe(now.config()), Beside.NOTHING);
            } else {
                end(now);
            }
            confirmation.takeBackBeside(warnings);
            confirmation.forget();
        }
    }

    /**
     * Fits the interface to what has become of the host since: names that mean something else, peers that have moved, other
     * ways to them.
     *
     * @param addresses what the names of its endpoints mean now
     */
    void refit(Map<String, InetAddress> addresses) throws IOException, ConfigException {
        try (RunFiles.Lock _ = files.lock()) {
            Wanted before = Wanted.of(applied());
            Applied applied = before.applied();
            Asked asked = new Asked(applied.source(), applied.text(), before.config(), addresses);
            change(before, asked, observe(asked.config()), Beside.NOTHING);
        }
    }

    /**
     * Takes the interface down.
     *
     * @throws IOException if it is not up, or was brought up by others
     */
    public void down() throws IOException, ConfigException {
        try (RunFiles.Lock _ = files.lock()) {
            end(Wanted.of(applied()));
        }
    }

    /** Takes the interface down, or what is left of it, unless somebody else has. */
    public void downIfUp() throws IOException, ConfigException {
        try (RunFiles.Lock _ = files.lock()) {
            Optional<Applied> applied = files.applied();
            if (applied.isPresent()) {
                end(Wanted.of(applied.get()));
            }
        }
    }

    /**
     * Writes what the interface is now into the file that it was brought up from, whose comments and names stay.
     *
     * @throws IOException if it is not up, or the file cannot be written
     */
    public void save() throws IOException, ConfigException {
        try (RunFiles.Lock _ = files.lock()) {
            save(Wanted.of(applied()));
        }
    }

    private void save(Wanted wanted) throws IOException, ConfigException {
        Applied applied = wanted.applied();
        String own = ownText(applied.text());
        String guests = guestsOf(applied.text());
        Observed now = observe(wanted.config())
                .without(QuickConfig.parse(applied.source().toString(), guests).wireguard().peers().stream()
                        .map(PeerConfig::publicKey)
                        .collect(Collectors.toSet()));
        List<Cidr> addresses = Stream.concat(
                        wanted.state().addresses().stream().filter(now.addresses()::contains),
                        now.addresses().stream()
                                .filter(address -> !wanted.state().addresses().contains(address))
                                .filter(address -> !address.address().isLinkLocalAddress()))
                .toList();
        String text = ConfigText.saved(own, wanted.config(), wanted.state(), now, addresses);
        PrivateFile.write(applied.source(), text.getBytes(StandardCharsets.UTF_8));
        files.applied(new Applied(name, applied.source(), applied.facts(), text + guests));
    }

    /** The file that it was brought up from. */
    public Path source() throws IOException {
        return applied().source();
    }

    private void end(Wanted wanted) throws IOException, ConfigException {
        hooks(wanted.applied().source(), wanted.config(), QuickSetting.Key.PreDown);
        if (wanted.config().saveConfig() && Observer.exists(name)) {
            try {
                save(wanted);
            } catch (IOException e) {
                warnings.accept("could not be saved: " + e.getMessage());
            }
        }
        delete();
        remove(wanted.applied());
        hooks(wanted.applied().source(), wanted.config(), QuickSetting.Key.PostDown);
    }

    /**
     * Where the commands of both configurations differ, those of the old one end its work and those of the new begin.
     *
     * @param now as it is before any of them
     */
    private List<Step> become(Wanted before, Asked asked, Observed now, Beside beside) throws IOException {
        boolean hooked = beside.hooks().isEmpty()
                && !before.config().hooks().equals(asked.config().hooks());
        if (hooked) {
            hooks(before.applied().source(), before.config(), QuickSetting.Key.PreDown);
            hooks(asked.source(), asked.config(), QuickSetting.Key.PreUp);
        }
        List<Step> steps = change(before, asked, hooked ? observe(asked.config()) : now, beside);
        if (hooked) {
            hooks(before.applied().source(), before.config(), QuickSetting.Key.PostDown);
            hooks(asked.source(), asked.config(), QuickSetting.Key.PostUp);
        }
        return steps;
    }

    /** Gives the interface, which has been made, all that is asked for. Before, it is noted what that will be. */
    private void establish(Asked asked) throws IOException {
        try (RunFiles.Lock _ = files.lockRules()) {
            Plan plan = plan(Optional.empty(), asked, observe(asked.config()));
            files.applied(plan.wanted().applied());
            Transaction.apply(device(asked.config()), plan.steps(), warnings);
        }
    }

    private List<Step> change(Wanted before, Asked asked, Observed now, Beside beside) throws IOException {
        try (RunFiles.Lock _ = files.lockRules()) {
            WireGuardInterface device = device(asked.config());
            Plan plan = plan(Optional.of(before), asked, now);
            List<Step> all = beside.around(plan.steps());
            Transaction.apply(device, all, warnings);
            Wanted after = plan.wanted();
            files.applied(after.applied());
            if (after.state().addresses().containsAll(before.state().addresses())) {
                return all;
            }
            // With its last IPv4 address an interface loses its IPv4 routes.
            List<Step> more = steps(Optional.of(after), after, Observer.observe(name, device));
            Transaction.apply(device, more, warnings);
            return Stream.concat(all.stream(), more.stream()).toList();
        }
    }

    /** What there will be, and how it comes to be. */
    private record Plan(Wanted wanted, List<Step> steps) {}

    private Plan plan(Optional<Wanted> before, Asked asked, Observed now) throws IOException {
        Facts facts = Surroundings.find(name, asked.config(), now.device(), before, asked.addresses());
        Wanted wanted = Wanted.of(new Applied(name, asked.source(), facts, asked.text()), asked.config());
        return new Plan(wanted, steps(before, wanted, now));
    }

    private static List<Step> steps(Optional<Wanted> before, Wanted wanted, Observed now) throws IOException {
        Set<Rule> rules = before.filter(Wanted::hasSlot).orElse(wanted).rules();
        return Difference.between(before.map(Wanted::state), now.withRules(rules), wanted.state());
    }

    /** What is in force, what is to be, and what is there. */
    private record Reload(Wanted before, Asked asked, Observed now) {}

    private Reload reload(ConfigFile changed) throws IOException, ConfigException {
        Applied applied = applied();
        ConfigFile file = new ConfigFile(changed.name(), changed.path(), changed.text() + guestsOf(applied.text()));
        Meanwhile<Observed> now = Meanwhile.of(() -> Observer.observe(name, WireGuardInterface.of(name)));
        changed.lint().orThrow();
        QuickConfig config =
                QuickConfig.parse(file.path().toString(), file.text()); // a guest may have what was another's
        Wanted before = Wanted.of(applied); // by now the code that reads it has been compiled
        if (config.kernel() != before.config().kernel()) {
            throw new IOException(
                    file.path() + ": Kernel cannot change while " + name + " is up; take it down and up again");
        }
        return new Reload(before, asked(file, config), now.get());
    }

    private Asked asked(ConfigFile file, QuickConfig config) {
        return new Asked(
                file.path().toAbsolutePath().normalize(), file.text(), config, Surroundings.resolve(config, warnings));
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
            Command.run("ip", "link", "add", "dev", name, "type", "wireguard").orThrow();
        } else {
            maker.make(name);
        }
        try {
            // Or an IPv4 address that is taken away would take along those of its network.
            Files.writeString(Path.of("/proc/sys/net/ipv4/conf", name, "promote_secondaries"), "1\n");
        } catch (IOException e) {
            // In a container /proc/sys may be read-only; then a reload gives them back a moment later.
        }
    }

    private Observed observe(QuickConfig config) throws IOException {
        return Observer.observe(name, device(config));
    }

    private WireGuardInterface device(QuickConfig config) {
        return config.kernel() ? new KernelInterface(name) : uapi;
    }

    /** Removes what outlives the interface. */
    private void remove(Applied applied) throws IOException, ConfigException {
        Wanted wanted = Wanted.of(applied);
        Transaction.applyAll(device(wanted.config()), Difference.remains(wanted.state(), wanted.rules()), warnings);
        files.delete("conf");
        confirmation.forget();
    }

    /** Deletes the interface, and waits for its process to end. */
    private void delete() throws IOException {
        if (Observer.exists(name)) {
            Command.run("ip", "link", "delete", "dev", name).orThrow();
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

    private void hooks(Path source, QuickConfig config, QuickSetting.Key when) {
        try {
            Hooks.run(source, config, when, name);
        } catch (IOException e) {
            warnings.accept(Objects.requireNonNullElse(e.getMessage(), e.toString()));
        }
    }
}
