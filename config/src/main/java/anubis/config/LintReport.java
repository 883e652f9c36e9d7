package anubis.config;

import anubis.config.ConfigException.Problem;
import anubis.config.ConfigParser.Place;
import anubis.config.Finding.Rule;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What has been found in a file so far, and where each of its settings stands. */
final class LintReport {
    /** Settings that may be given more than once, and sections. */
    private static final Set<String> REPEATABLE =
            Set.of("[interface]", "[peer]", "allowedips", "address", "dns", "preup", "postup", "predown", "postdown");

    private final String file;
    private final List<Place> places;
    private final Map<Integer, Map<String, List<Integer>>> lines = new TreeMap<>();
    private final List<Finding> findings = new ArrayList<>();

    LintReport(String file, List<Place> places) {
        this.file = file;
        this.places = places;
    }

    /** The lines of each setting of each peer; made once something is wrong. */
    private Map<Integer, Map<String, List<Integer>>> lines() {
        if (lines.isEmpty()) {
            places.forEach(place -> lines.computeIfAbsent(place.peer(), _ -> new TreeMap<>())
                    .computeIfAbsent(place.key(), _ -> new ArrayList<>())
                    .add(place.line()));
        }
        return lines;
    }

    private List<Integer> lines(int peer, String key) {
        return lines().getOrDefault(peer, Map.of()).getOrDefault(key.toLowerCase(Locale.ROOT), List.of());
    }

    /** Where the prefix of a peer stands that is number {@code index} of its own, counted from 0. */
    int lineOfPrefix(int peer, int index) {
        return lines(peer, "AllowedIPs").get(index);
    }

    /** Where the section of a peer begins. */
    int lineOf(int peer) {
        return lines(peer, "[peer]").getFirst();
    }

    /** Adds what is wrong with {@code line}. */
    void at(int line, Rule rule, String key, String fault, String remedy) {
        findings.add(new Finding(rule, new Problem(file, line, key, fault, remedy)));
    }

    /** Adds what is wrong with a setting of a peer, or of the interface; if it is given more than once, with the last. */
    void of(int peer, Rule rule, String key, String fault, String remedy) {
        List<Integer> places = lines(peer, key);
        List<Integer> sections = lines(peer, peer == Place.INTERFACE ? "[interface]" : "[peer]");
        at(
                !places.isEmpty() ? places.getLast() : sections.isEmpty() ? 1 : sections.getFirst(),
                rule,
                key,
                fault,
                remedy);
    }

    /** Adds the settings of which all but the last are without effect. */
    void settingsGivenTwice() {
        Set<String> ofInterface = new HashSet<>();
        Set<String> ofPeer = new HashSet<>();
        int peer = 0;
        for (Place place : places) {
            boolean own = place.peer() == Place.INTERFACE;
            if (!own && place.peer() != peer) {
                ofPeer.clear();
                peer = place.peer();
            }
            if (!(own ? ofInterface : ofPeer).add(place.key()) && !REPEATABLE.contains(place.key())) {
                tellSettingsGivenTwice();
                return;
            }
        }
    }

    private void tellSettingsGivenTwice() {
        lines().forEach((peer, settings) -> settings.forEach((key, places) -> {
            if (places.size() > 1 && !REPEATABLE.contains(key)) {
                of(
                        peer,
                        Rule.SETTING_TWICE,
                        ConfigParser.spelled(key),
                        "given in line " + places.getFirst() + " already, and only the last counts",
                        "remove one of them" + (peer == Place.INTERFACE ? "" : ", or begin a new [Peer] before this"));
            }
        }));
    }

    /** In the order of lines. */
    List<Finding> findings() {
        return findings.stream()
                .sorted(Comparator.comparingInt(finding -> finding.problem().line()))
                .toList();
    }
}
