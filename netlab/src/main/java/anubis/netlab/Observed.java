package anubis.netlab;

import java.util.List;

/**
 * What has become of a ping.
 *
 * @param answered whether the answer has arrived at the program that asked
 * @param there where the request was seen, in the order of its way
 * @param back where the answer was seen
 */
public record Observed(boolean answered, List<Sight> there, List<Sight> back) {
    public Observed {
        there = List.copyOf(there);
        back = List.copyOf(back);
    }
}
