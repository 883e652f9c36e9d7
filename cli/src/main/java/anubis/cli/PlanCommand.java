package anubis.cli;

import anubis.config.ConfigException;
import anubis.plan.Network;
import anubis.plan.PlanFiles;
import anubis.plan.Situation;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code anubis plan} and {@code anubis diagram}: what every host of a network gets, and its map. */
final class PlanCommand {
    private static final int PATIENCE = 120;

    private PlanCommand() {}

    static CommandSpec plan() {
        PositionalParamSpec file = NetworkArgument.file();
        OptionSpec to = TextOption.of(
                "-o --output", "FOLDER", "Where to write; else the network's name without .toml, beside it.");
        OptionSpec json = Json.option();
        CommandSpec spec = Anubis.verb(
                "plan",
                "Works out what every host of a network needs, and writes it into a folder.",
                () -> plan(
                        NetworkArgument.read(Optional.ofNullable(file.getValue())),
                        Optional.<String>ofNullable(to.getValue()).map(Path::of),
                        json.getValue()));
        spec.usageMessage()
                .footer(
                        "Nothing is changed but that folder. 'anubis prove' shows that all reach each other; 'anubis apply'"
                                + " puts a host's part in force there.");
        spec.addSubcommand("init", PlanInitCommands.init());
        spec.addSubcommand("import", PlanInitCommands.fromFiles());
        return spec.addPositional(file).addOption(to).addOption(json);
    }

    static CommandSpec diagram() {
        PositionalParamSpec file = NetworkArgument.file();
        OptionSpec situation = NetworkArgument.situationOption("the first");
        OptionSpec to = TextOption.of(
                "-o --output",
                "FILE",
                "Where to write, by the ending as .svg, .png, .pdf or .dot; else SVG to the standard output.");
        CommandSpec spec = Anubis.verb(
                "diagram",
                "Draws a network: hosts, tunnels, ranges, and who is where in a situation.",
                () -> diagram(
                        NetworkArgument.read(Optional.ofNullable(file.getValue()))
                                .network(),
                        Optional.ofNullable(situation.getValue()),
                        Optional.<String>ofNullable(to.getValue()).map(Path::of)));
        spec.usageMessage().footer("Graphviz draws it (on Debian: apt install graphviz).");
        return spec.addPositional(file).addOption(situation).addOption(to);
    }

    private static void plan(NetworkArgument.Read read, Optional<Path> asked, boolean json)
            throws IOException, ConfigException {
        Network network = read.network();
        Path folder = asked.orElseGet(() -> read.file()
                .resolveSibling(String.valueOf(read.file().getFileName()).replaceFirst("\\.toml$", "") + ".plan"));
        SortedMap<String, String> files = new TreeMap<>(PlanFiles.of(network));
        List<String> pictures = new ArrayList<>();
        write(folder, files);
        boolean drawn = true;
        for (Situation situation : network.situations()) {
            String dot = PlanFiles.map(situation);
            String picture = dot.replaceFirst("\\.dot$", ".svg");
            drawn = drawn && draw(files.getOrDefault(dot, ""), "svg", folder.resolve(picture));
            pictures.add(picture);
        }
        if (!drawn) {
            Anubis.warn(
                    "note: the maps are not drawn, for Graphviz is not installed (on Debian: apt install graphviz)");
        }
        if (json) {
            Json.print(generator -> {
                generator.writeStartObject();
                generator.writeStringField("folder", folder.toString());
                generator.writeArrayFieldStart("files");
                for (String name : files.keySet()) {
                    generator.writeString(name);
                }
                generator.writeEndArray();
                generator.writeEndObject();
            });
            return;
        }
        PrintWriter out = new PrintWriter(System.out, false, StandardCharsets.UTF_8);
        out.println(network.name() + ": " + network.hosts().size() + " hosts, "
                + network.situations().size() + (network.situations().size() == 1 ? " situation, " : " situations, ")
                + files.size() + " files in " + folder);
        out.println(
                "read:  " + folder.resolve(PlanFiles.PAGE) + (drawn ? ", " + folder.resolve(pictures.getFirst()) : ""));
        out.println("prove: anubis prove " + read.file());
        out.flush();
    }

    /** What an earlier plan has left there and this one has not is removed; what is not of a plan stays. */
    private static void write(Path folder, Map<String, String> files) throws IOException {
        Path list = folder.resolve(".files");
        if (Files.exists(list)) {
            for (String old : Files.readAllLines(list)) {
                Path file = folder.resolve(old).normalize();
                if (!files.containsKey(old) && file.startsWith(folder.normalize())) {
                    Files.deleteIfExists(file);
                }
            }
        } else if (Files.isDirectory(folder)) {
            try (var there = Files.list(folder)) {
                if (there.findAny().isPresent()) {
                    throw new IOException(folder + ": there is something else in that folder; name another with -o");
                }
            }
        }
        Files.createDirectories(folder);
        Files.write(list, files.keySet());
        for (Map.Entry<String, String> file : files.entrySet()) {
            Path path = folder.resolve(file.getKey());
            Files.createDirectories(path.resolveSibling("."));
            Files.writeString(path, file.getValue());
        }
    }

    private static void diagram(Network network, Optional<String> named, Optional<Path> to)
            throws IOException, ConfigException {
        Situation situation = named.map(name -> NetworkArgument.situation(network, name))
                .orElse(network.situations().getFirst());
        String dot = PlanFiles.map(network, situation);
        String format = to.map(path -> String.valueOf(path.getFileName()).replaceFirst(".*\\.", ""))
                .orElse("svg");
        if (format.equals("dot")) {
            Files.writeString(to.orElseThrow(), dot);
        } else if (!draw(dot, format, to.orElse(Path.of("/dev/stdout")))) {
            throw new IOException("Graphviz is not installed (on Debian: apt install graphviz)");
        }
    }

    /** Whether it could be drawn: without Graphviz it cannot. */
    static boolean draw(String dot, String format, Path to) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("dot", "-T" + format)
                .redirectOutput(
                        to.toString().equals("/dev/stdout")
                                ? ProcessBuilder.Redirect.INHERIT
                                : ProcessBuilder.Redirect.to(to.toFile()))
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            return false;
        }
        try (var in = process.getOutputStream()) {
            in.write(dot.getBytes(StandardCharsets.UTF_8));
        }
        try {
            if (!process.waitFor(PATIENCE, TimeUnit.SECONDS) || process.exitValue() != 0) {
                process.destroyForcibly();
                throw new IOException("Graphviz could not draw it as " + format);
            }
            return true;
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while Graphviz drew", e);
        }
    }
}
