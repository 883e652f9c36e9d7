package anubis.bench;

import java.io.IOException;

/**
 * A VPN between two hosts that {@link GateBenchmark} asks for its tunnel, over and over. {@link GateHosts#TARGET} must be the
 * hub's, and reached through the tunnel alone. One thread uses it.
 */
interface Rival {
    /** Starts a rival's daemons, so that all that is left to be done at the request is what an administrator waits for. */
    interface Opening {
        /** What is started ends, and what is written to the folder is deleted, when the hosts are closed. */
        Rival on(GateHosts hosts) throws IOException;
    }

    /** As the table calls it: the program, and what is asked of it. */
    String name();

    /** Asks for the tunnel, and returns as soon as the program that is asked says that it is up. */
    void up();

    /** Takes the tunnel down and returns when it can be asked for anew. */
    void down();
}
