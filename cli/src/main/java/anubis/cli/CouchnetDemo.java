package anubis.cli;

import anubis.config.ConfigException;
import anubis.config.IpLiteral;
import anubis.netlab.Observed;
import anubis.netlab.Probe;
import anubis.netlab.Reality;
import anubis.netlab.Sight;
import anubis.plan.Host;
import anubis.plan.HostPlan;
import anubis.plan.Network;
import anubis.plan.NetworkFile;
import anubis.plan.PlanFiles;
import anubis.plan.Planner;
import anubis.plan.Proof;
import anubis.plan.Prover;
import anubis.plan.Service;
import anubis.plan.Situation;
import anubis.plan.World;
import anubis.plan.WorldBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A whole network from one file: what {@code anubis demo couchnet} shows. Nothing of it is left when the process ends, but for the
 * maps. Confined to one thread.
 */
final class CouchnetDemo {
    private static final String FILE = "couchnet.toml";
    private static final int WAYS = 3;
    private static final int COLUMN = 9;

    private final PrintStream out = System.out;
    private final Network network;
    /** The ways that have been told, so that each situation shows what is different in it. */
    private final Map<Probe, Observed> before = new HashMap<>();

    CouchnetDemo() throws IOException, ConfigException {
        try (InputStream in = CouchnetDemo.class.getResourceAsStream(FILE)) {
            if (in == null) {
                throw new IOException(FILE + " is not in the program");
            }
            network = NetworkFile.parse(FILE, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    void show() throws Exception {
        describe();
        plan();
        prove();
        step(
                "Now it is built, each host a network namespace with a WireGuard device, and each pings all addresses of the others.");
        seen(
                "What is not answered must not be, or is not promised: the firewalls keep strangers out, and pings to addresses in");
        seen("the wild; who moves trusts its tunnel alone, at home too.");
        int pairs = 0;
        for (Situation situation : network.situations()) {
            pairs += situation(situation);
        }
        step("%,d pings in %d situations: every one as proved, answered or not, on its whole way."
                .formatted(pairs, network.situations().size()));
        maps();
    }

    private void step(String text) {
        out.println();
        out.println(text);
        out.flush();
    }

    private void seen(String text) {
        out.println("  " + text);
    }

    private void describe() {
        step(network.name()
                + " is a home with its servers, and those of it who are on the road. One file says what there is:");
        network.hosts()
                .values()
                .forEach(host -> seen("%-9s %-10s %s"
                        .formatted(
                                host.name(),
                                host.role(),
                                host.on().keySet().stream().collect(Collectors.joining(", ", "on ", "")))));
    }

    private void plan() {
        Map<String, HostPlan> plans = Planner.plan(network, network.situations().getFirst());
        step("From that follows what every host gets:");
        seen(plans.size() + " tunnels' configurations with "
                + plans.values().stream()
                        .mapToInt(plan -> plan.device().peers().size())
                        .sum()
                + " peers, "
                + plans.values().stream().mapToInt(plan -> plan.routes().size()).sum() + " routes and throw routes, "
                + plans.values().stream().mapToInt(plan -> plan.rules().size()).sum()
                + " policy rules, and firewalls.");
    }

    private void prove() {
        Proof proof = Proof.of(network, Service.PING);
        long questions =
                proof.situations().stream().mapToLong(Proof.Checked::questions).sum();
        must(proof.holds(), "the proof holds");
        step("It is proved before anything is built:");
        seen("%,d packets and their answers followed from host to host, in %d situations; all arrive that must."
                .formatted(questions, network.situations().size()));
    }

    // A situation.

    private int situation(Situation situation) throws Exception {
        World world = WorldBuilder.build(network, situation, Planner.plan(network, situation));
        List<Probe> probes = Reality.probes(world, machine -> asks(machine.name()));
        Prover prover = new Prover(world);
        long start = System.nanoTime();
        Reality reality = Reality.compare(
                world, probes, probe -> prover.trace(probe.from(), Optional.empty(), probe.address(), Service.PING));
        long millis = (System.nanoTime() - start) / 1_000_000;
        step("%s: %s.".formatted(situation.name(), situation.note()));
        matrix(
                world.machines().stream()
                        .map(machine -> machine.name())
                        .filter(this::asks)
                        .toList(),
                reality.seen());
        ways(reality.seen());
        seen("%d machines built, %d pings, %d answered, all as proved; %.1f s."
                .formatted(
                        world.machines().size(),
                        probes.size(),
                        reality.seen().values().stream()
                                .filter(Observed::answered)
                                .count(),
                        millis / 1e3));
        must(reality.differences().isEmpty(), String.join("\n", reality.differences()));
        return probes.size();
    }

    private boolean asks(String machine) {
        return network.hosts().containsKey(machine) || machine.equals(Network.STRANGER);
    }

    private void matrix(List<String> names, Map<Probe, Observed> all) {
        seen("who asks \\ who is asked, and how many of its addresses answer:");
        seen(" ".repeat(COLUMN + 1)
                + names.stream()
                        .map(name -> ("%" + COLUMN + "s").formatted(name))
                        .collect(Collectors.joining()));
        for (String from : names) {
            StringBuilder row = new StringBuilder(("%-" + (COLUMN + 1) + "s").formatted(from));
            for (String to : names) {
                List<Observed> cell = all.entrySet().stream()
                        .filter(entry -> entry.getKey().from().equals(from)
                                && entry.getKey().to().equals(to))
                        .map(Map.Entry::getValue)
                        .toList();
                long answered = cell.stream().filter(Observed::answered).count();
                String text = cell.isEmpty() ? "-" : answered + "/" + cell.size();
                row.append(("%" + COLUMN + "s").formatted(text));
            }
            seen(row.toString());
        }
    }

    /** Some ways that are not as they were in the situations before: the longest, each of another sender. */
    private void ways(Map<Probe, Observed> all) {
        Set<String> told = new HashSet<>();
        all.entrySet().stream()
                .filter(entry ->
                        entry.getValue().answered() && !entry.getValue().equals(before.get(entry.getKey())))
                .sorted(Comparator.comparingInt(
                        entry -> -entry.getValue().there().size()))
                .filter(entry -> told.size() < WAYS && told.add(entry.getKey().from()))
                .forEach(entry -> {
                    Probe probe = entry.getKey();
                    seen(probe.from() + " asks " + named(probe) + ":"
                            + words(entry.getValue().there()));
                    seen("   and the answer comes" + words(entry.getValue().back()));
                });
        before.putAll(all);
    }

    /** The name of an address. */
    private String named(Probe probe) {
        boolean tunnel = Optional.ofNullable(network.hosts().get(probe.to()))
                .map(Host::wireguard)
                .filter(own -> own.contains(probe.address()))
                .isPresent();
        return probe.to() + (tunnel ? network.suffix() : "") + " (" + IpLiteral.format(probe.address()) + ")";
    }

    private String words(List<Sight> way) {
        StringBuilder words = new StringBuilder();
        String by = "";
        for (Sight sight : way) {
            if (sight.out()) {
                by = sight.link();
            } else {
                words.append(by.equals(network.interfaceName()) ? " through the tunnel to " : " by " + by + " to ")
                        .append(sight.machine())
                        .append(',');
            }
        }
        return words.isEmpty() ? "" : words.substring(0, words.length() - 1);
    }

    private static void must(boolean seen, String what) {
        if (!seen) {
            throw new IllegalStateException("the demo does not show what it must: " + what);
        }
    }

    // The maps.

    private void maps() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("couchnet-");
        List<Path> drawn = new ArrayList<>();
        boolean svg = true;
        for (Situation situation : network.situations()) {
            Path dot = folder.resolve(PlanFiles.map(situation));
            Files.writeString(dot, PlanFiles.map(network, situation));
            Path picture = folder.resolve(dot.getFileName().toString().replaceAll("\\.dot$", ".svg"));
            svg = svg && draw(dot, picture);
            drawn.add(picture);
        }
        step(
                svg
                        ? "Maps of all situations are in " + folder + "; begin with "
                                + drawn.getFirst().getFileName() + "."
                        : "Maps of all situations are in " + folder
                                + ", for Graphviz: dot -Tsvg -O *.dot (on Debian: sudo apt install graphviz).");
    }

    private static boolean draw(Path dot, Path picture) throws InterruptedException {
        try {
            return new ProcessBuilder("dot", "-Tsvg", "-o", picture.toString(), dot.toString())
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false; // there is no dot
        }
    }
}
