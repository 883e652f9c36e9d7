package anubis.plan;

import anubis.crypto.PublicKey;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What people, and the scripts that they use, call peers by in comments of wg-quick files: {@code # anna}, {@code ### Client anna},
 * {@code ### begin anna ###}, {@code # Client: anna (ID)}, {@code # friendly_name = anna}; in the line before {@code [Peer]}, or
 * below it.
 */
final class PeerComments {
    private static final Pattern NAME = Pattern.compile(
            "#+:? *(?:(?:begin(?:_peer)?|client|peer|(?:friendly_)?name)(?: *[:=] *| +))?([^#()]*?)(?: *\\([^)]*\\))? *#*",
            Pattern.CASE_INSENSITIVE);

    /** Nothing longer is a name, least of all what may be a key. */
    private static final Pattern SHORT = Pattern.compile("[\\p{L}\\p{N}'._-]{1,30}(?: [\\p{L}\\p{N}'._-]{1,15}){0,2}");

    private static final Pattern KEY =
            Pattern.compile("publickey\\s*=\\s*(\\S+)\\s*(?:#.*)?", Pattern.CASE_INSENSITIVE);

    private PeerComments() {}

    /** The names of peers in a file that can be read. */
    static Map<PublicKey, String> of(String text) {
        Map<PublicKey, String> names = new LinkedHashMap<>();
        String called = "";
        boolean peer = false;
        for (String line : text.lines().map(String::strip).toList()) {
            Matcher key = KEY.matcher(line);
            if (line.toLowerCase(Locale.ROOT).startsWith("[peer]")) {
                peer = true;
            } else if (line.startsWith("#")) {
                called = name(line);
            } else if (key.matches() && peer) {
                if (!called.isEmpty()) {
                    names.putIfAbsent(PublicKey.ofBase64(key.group(1)), called);
                }
                peer = false;
                called = "";
            } else {
                called = peer ? called : "";
            }
        }
        return names;
    }

    private static String name(String comment) {
        Matcher name = NAME.matcher(comment);
        return name.matches() && SHORT.matcher(name.group(1)).matches() ? name.group(1) : "";
    }
}
