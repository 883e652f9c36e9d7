package anubis.plan;

import java.util.List;

/** What becomes of a request and its answer. */
public sealed interface Outcome {
    /** The ways that they have gone, as far as they came. */
    List<Hop> there();

    /** The same of the answer. */
    List<Hop> back();

    /** Both arrive. */
    record Reached(List<Hop> there, List<Hop> back) implements Outcome {
        public Reached {
            there = List.copyOf(there);
            back = List.copyOf(back);
        }
    }

    /**
     * One is lost.
     *
     * @param machine where
     * @param detail what exactly: addresses, peers, tables
     */
    record Lost(Reason reason, String machine, String detail, List<Hop> there, List<Hop> back) implements Outcome {
        public Lost {
            there = List.copyOf(there);
            back = List.copyOf(back);
        }
    }

    /** It cannot be said: it would pass a machine of which not all is understood. */
    record Unknown(String machine, String detail, List<Hop> there, List<Hop> back) implements Outcome {
        public Unknown {
            there = List.copyOf(there);
            back = List.copyOf(back);
        }
    }
}
