package anubis.host;

import anubis.config.Step;
import anubis.plan.HostFile;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What of a host's files is not as a plan has it. */
final class PlannedFiles {
    private static final Path HOSTS = Path.of("/etc/hosts");
    private static final String BEGIN =
            "# Names of the network: 'anubis apply' writes what is between this line and the next of its kind.";
    private static final String END = "# End of the names of the network.";
    private static final Pattern NAMES =
            Pattern.compile("(?m)^" + Pattern.quote(BEGIN) + "\n(?:.*\n)*?" + Pattern.quote(END) + "$\n?");

    /** What the file of a unit that is masked leads to (systemctl(1)). */
    private static final Path MASK = Path.of("/dev/null");

    private static final String ASIDE = ".before-plan";

    private PlannedFiles() {}

    /** The steps after which a file has that text: what was there, and of no plan, is put aside; a unit that is masked stays so. */
    static List<Step> write(Path path, String text, boolean secret) throws IOException {
        if (Files.exists(path) && Files.isSameFile(path, MASK)) {
            return List.of();
        }
        Optional<String> before = content(path);
        if (before.equals(Optional.of(text))) {
            return List.of();
        }
        List<Step> steps = new ArrayList<>(2);
        if (before.isPresent() && !isPlanned(before.get())) {
            steps.add(new Step.WriteFile(aside(path).toString(), before.get(), Optional.empty(), true));
        }
        steps.add(new Step.WriteFile(path.toString(), text, before, secret));
        return steps;
    }

    /** Whether there is a file that is of no plan. */
    static boolean isOfOthers(Path path) throws IOException {
        return content(path).filter(text -> !isPlanned(text)).isPresent();
    }

    private static boolean isPlanned(String text) {
        return text.lines().findFirst().orElse("").contains(HostFile.MADE_BY);
    }

    private static Path aside(Path path) {
        Path aside = Path.of(path + ASIDE);
        for (int i = 2; Files.exists(aside); i++) {
            aside = Path.of(path + ASIDE + i);
        }
        return aside;
    }

    /** The names stand between two lines of their own, and the rest of the file is others'. */
    static List<Step> names(String lines) throws IOException {
        Optional<String> before = content(HOSTS);
        String all = before.orElse("");
        String block = BEGIN + "\n" + lines + END + "\n";
        Matcher present = NAMES.matcher(all);
        String wanted = present.find()
                ? all.substring(0, present.start()) + block + all.substring(present.end())
                : all + (all.isEmpty() || all.endsWith("\n") ? "" : "\n") + block;
        return wanted.equals(all) ? List.of() : List.of(new Step.WriteFile(HOSTS.toString(), wanted, before, false));
    }

    private static Optional<String> content(Path path) throws IOException {
        try {
            return Optional.of(Files.readString(path));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (CharacterCodingException e) {
            throw new IOException(path + ": it is not text in UTF-8, so it is not ours; put it elsewhere", e);
        } catch (IOException e) {
            throw new IOException(path + ": it cannot be read (" + e.getMessage() + "); put it elsewhere", e);
        }
    }
}
