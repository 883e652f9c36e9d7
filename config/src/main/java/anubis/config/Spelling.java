package anubis.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** What somebody may have meant who misspelt a word. */
public final class Spelling {
    /** More letters in place of others, too many or too few, and it is another word. */
    private static final int MAX_DISTANCE = 2;

    private static final int SHORTEST_PART = 4;

    private Spelling() {}

    /** The nearest of the words that is a slip away from {@code word}, or of which it is a part; capitals do not count. */
    public static Optional<String> nearest(String word, Collection<String> words) {
        String small = word.toLowerCase(Locale.ROOT);
        return words.stream()
                .filter(each -> near(small, each.toLowerCase(Locale.ROOT)))
                .min(Comparator.comparingInt(each -> distance(small, each.toLowerCase(Locale.ROOT))));
    }

    private static boolean near(String word, String other) {
        return distance(word, other) <= Math.min(MAX_DISTANCE, other.length() / 2)
                || (word.length() >= SHORTEST_PART && other.contains(word));
    }

    /** How many letters have to be changed, added or removed (Levenshtein). */
    private static int distance(String one, String other) {
        int[] row = new int[other.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= one.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int changed = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(changed, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[other.length()];
    }
}
