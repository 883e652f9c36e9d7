package anubis.plan;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * All files of a plan, by their paths: {@code HOST/wg0.conf} and its siblings for the usual situation, and in
 * {@code HOST/situations/NAME/} those that are others in that situation; for all hosts {@code PLAN.md}, the names, and a map of
 * each situation. There is no key in them that is not public.
 */
public final class PlanFiles {
    /** The page for people. */
    public static final String PAGE = "PLAN.md";

    /** The names of all hosts, as {@code /etc/hosts} has them. */
    public static final String HOSTS = "network.hosts";

    private static final Pattern UNSAFE = Pattern.compile("[^A-Za-z0-9_-]+");

    private final Network network;
    private final GateText gates;
    private final SortedMap<String, String> files = new TreeMap<>();

    private PlanFiles(Network network, Map<String, Map<String, HostPlan>> plans) {
        this.network = network;
        this.gates = new GateText(network, plans.values());
    }

    /** The files of all hosts in all situations. */
    public static SortedMap<String, String> of(Network network) {
        return of(network, plans(network));
    }

    private static Map<String, Map<String, HostPlan>> plans(Network network) {
        Map<String, Map<String, HostPlan>> plans = new LinkedHashMap<>();
        network.situations().forEach(situation -> plans.put(situation.name(), Planner.plan(network, situation)));
        return plans;
    }

    /** The files of one host that has {@code plan}. */
    public static List<HostFile> host(Network network, HostPlan plan) {
        // Only gates have to do with other situations.
        return new PlanFiles(network, network.gatePort().isPresent() ? plans(network) : Map.of()).host(plan);
    }

    /**
     * The same of plans that are there already.
     *
     * @param plans by the situation's name, then by the host's
     */
    public static SortedMap<String, String> of(Network network, Map<String, Map<String, HostPlan>> plans) {
        PlanFiles all = new PlanFiles(network, plans);
        Map<String, HostPlan> usual =
                plans.getOrDefault(network.situations().getFirst().name(), Map.of());
        usual.forEach((host, plan) ->
                all.host(plan).forEach(file -> all.files.put(host + "/" + file.name(), file.text())));
        for (Situation situation : network.situations()) {
            plans.getOrDefault(situation.name(), Map.of()).forEach((host, plan) -> {
                if (!plan.equals(usual.get(host)) && !situation.absent().contains(host)) {
                    all.host(plan).forEach(file -> {
                        if (!file.text().equals(all.files.get(host + "/" + file.name()))) {
                            all.files.put(
                                    host + "/situations/" + safe(situation.name()) + "/" + file.name(), file.text());
                        }
                    });
                }
            });
            all.files.put(
                    map(situation), NetworkMap.of(network, situation, plans.getOrDefault(situation.name(), Map.of())));
        }
        all.names();
        all.files.putAll(PlanPage.of(network, usual, all.files.keySet()));
        return Collections.unmodifiableSortedMap(all.files);
    }

    /** The path of the map of a situation, which Graphviz reads. */
    public static String map(Situation situation) {
        return "map-" + safe(situation.name()) + ".dot";
    }

    /** The map of a situation, for Graphviz. */
    public static String map(Network network, Situation situation) {
        return NetworkMap.of(network, situation, Planner.plan(network, situation));
    }

    static String safe(String name) {
        return UNSAFE.matcher(name).replaceAll("-");
    }

    private String head(String what) {
        return HostFile.head(network, what);
    }

    private List<HostFile> host(HostPlan plan) {
        return Stream.concat(HostFile.of(network, plan).stream(), gates.files(network.host(plan.host())).stream())
                .toList();
    }

    /** The names of all hosts, as {@code /etc/hosts} of that one has them. */
    public static String names(Network network, Host host) {
        Optional<Segment> viewer = network.segments().values().stream()
                .filter(segment -> !segment.mapped().isEmpty()
                        && !host.moves()
                        && !host.addressesOn(segment.name()).isEmpty())
                .findFirst();
        return new NameText(network, viewer).hosts("");
    }

    private void names() {
        files.put(HOSTS, new NameText(network, Optional.empty()).hosts(head("The names")));
        for (Segment segment : network.segments().values()) {
            if (!segment.mapped().isEmpty()) {
                files.put(
                        safe(segment.name()) + ".hosts",
                        new NameText(network, Optional.of(segment))
                                .hosts(head("The names, for hosts on " + segment.name() + ",")));
            }
        }
        if (!network.domain().isEmpty() && !network.hosts().isEmpty()) {
            files.put(
                    network.domain() + ".zone",
                    new NameText(network, Optional.empty()).zone(head("The zone " + network.domain())));
        }
    }

    /**
     * The file of a tunnel with the private key in it, in the place of the command or line that stands for it.
     *
     * @param text the file {@code HOST/wg0.conf} of a plan
     * @param key in base64
     */
    public static String withPrivateKey(String text, String key) {
        return text.replace(QuickText.KEY_PLACE + "\n", "")
                .replace("PostUp = " + QuickText.KEY_COMMAND + "\n", "")
                .replace("[Interface]\n", "[Interface]\nPrivateKey = " + key + "\n");
    }
}
