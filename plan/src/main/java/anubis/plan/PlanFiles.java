package anubis.plan;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

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
        Map<String, Map<String, HostPlan>> plans = new LinkedHashMap<>();
        network.situations().forEach(situation -> plans.put(situation.name(), Planner.plan(network, situation)));
        return of(network, plans);
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
        usual.forEach((host, plan) -> all.host(plan).forEach((name, text) -> all.files.put(host + "/" + name, text)));
        for (Situation situation : network.situations()) {
            plans.getOrDefault(situation.name(), Map.of()).forEach((host, plan) -> {
                if (!plan.equals(usual.get(host)) && !situation.absent().contains(host)) {
                    all.host(plan).forEach((name, text) -> {
                        if (!text.equals(all.files.get(host + "/" + name))) {
                            all.files.put(host + "/situations/" + safe(situation.name()) + "/" + name, text);
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

    private Map<String, String> host(HostPlan plan) {
        Map<String, String> own = new LinkedHashMap<>();
        HostFile.of(network, plan).forEach(file -> own.put(file.name(), file.text()));
        Host host = network.host(plan.host());
        own.putAll(gates.files(host, head(host.name() + " (" + host.role() + ")")));
        return own;
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
        if (!network.domain().isEmpty()) {
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
