package anubis.plan;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A state of the world in which the plan must hold.
 *
 * @param name unique in the description
 * @param note what people call it
 * @param away hosts that are not at home, and the wild segment each is on
 * @param absent hosts that are switched off
 * @param using hosts whose tunnel leads to another hub than usual, and that hub
 * @param off hosts whose tunnel is down
 */
public record Situation(
        String name,
        String note,
        Map<String, String> away,
        Set<String> absent,
        Map<String, String> using,
        Set<String> off) {
    public Situation {
        away = Collections.unmodifiableMap(new LinkedHashMap<>(away));
        absent = Set.copyOf(absent);
        using = Collections.unmodifiableMap(new LinkedHashMap<>(using));
        off = Set.copyOf(off);
    }
}
