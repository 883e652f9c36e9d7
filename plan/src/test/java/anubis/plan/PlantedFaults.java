package anubis.plan;

import anubis.config.ConfigException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * CouchNet with the faults of {@link PlantedFaultsTest}, to be built for real.
 *
 * @param worlds by what is wrong in each
 */
public record PlantedFaults(Network network, Map<String, World> worlds) {
    /** All of them. */
    public static PlantedFaults all() throws IOException, ConfigException {
        Network network = PlantedFaultsTest.couchnet();
        Map<String, World> worlds = new LinkedHashMap<>();
        PlantedFaultsTest.faults()
                .forEach(planted -> worlds.put(
                        planted.name(),
                        PlantedFaultsTest.world(network, planted.situation(), planted.host(), planted.spoil())));
        return new PlantedFaults(network, worlds);
    }
}
