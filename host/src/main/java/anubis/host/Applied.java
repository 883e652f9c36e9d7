package anubis.host;

import anubis.config.ConfigException;
import anubis.config.Facts;
import anubis.config.QuickConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What has been put in force: a configuration, word for word, whence it came, and what was known of the host then. It is
 * kept in {@code /run/anubis/NAME.conf}: that text, below comments for the rest.
 *
 * @param source the file that {@code up} was given
 */
record Applied(String name, Path source, Facts facts, String text) {
    private static final String MARK = "# anubis:";

    /** The end of the comments that are ours: the text may begin with any. */
    private static final String END = "end";

    QuickConfig config() throws ConfigException {
        return QuickConfig.parse(source.toString(), text);
    }

    String format() {
        StringBuilder out = new StringBuilder();
        line(out, "source", source.toString());
        line(out, "mtu", String.valueOf(facts.mtu()));
        line(out, "slot", String.valueOf(facts.slot()));
        line(out, "moved", String.valueOf(facts.movedInside()));
        facts.addresses().forEach((host, address) -> line(out, "name", host + " " + address.getHostAddress()));
        line(out, END, "of what anubis keeps");
        return out.append(text).toString();
    }

    /** Without the keys. */
    @Override
    public String toString() {
        return "Applied(" + name + ", " + source + ")";
    }

    private static void line(StringBuilder out, String key, String value) {
        out.append(MARK).append(key).append(' ').append(value).append('\n');
    }

    /** The reverse of {@link #format}; nothing if it is not that. */
    static Optional<Applied> parse(String name, String formatted) throws IOException {
        Map<String, String> header = new HashMap<>();
        Map<String, InetAddress> addresses = new HashMap<>();
        int at = 0;
        while (!header.containsKey(END)) {
            int end = formatted.indexOf('\n', at);
            if (end < 0 || !formatted.startsWith(MARK, at)) {
                return Optional.empty();
            }
            String[] words = formatted.substring(at + MARK.length(), end).split(" ", 2);
            at = end + 1;
            if (words.length < 2) {
                return Optional.empty();
            }
            if (words[0].equals("name")) {
                String[] meaning = words[1].split(" ", 2);
                addresses.put(meaning[0], InetAddress.getByName(meaning[meaning.length - 1]));
            } else {
                header.put(words[0], words[1]);
            }
        }
        String source = header.get("source");
        if (source == null) {
            return Optional.empty();
        }
        try {
            Facts facts = new Facts(
                    Integer.parseInt(header.getOrDefault("mtu", "")),
                    Integer.parseInt(header.getOrDefault("slot", "")),
                    Boolean.parseBoolean(header.get("moved")),
                    addresses);
            return Optional.of(new Applied(name, Path.of(source), facts, formatted.substring(at)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
