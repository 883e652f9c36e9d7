package anubis.plan;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.plan.Proof.Checked;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ProofTextTest {
    @Test
    void aMatrixAndEachFaultOnce() {
        SmallWorld small = new SmallWorld();
        small.laptop.peer("hub", "198.51.100.10:4296", 0, "0.0.0.0/0 ::/0");
        small.server.unknown.add("PostUp runs magic");
        Checked checked = Proof.check(small.world(), List.of("hub", "leaf", "laptop", "server"), Service.PING);
        assertThat(ProofText.of(checked)).isEqualTo("""
                        small
                                     1  2  3  4
                           1 hub     \\  +  x  ?
                           2 leaf    +  \\  x  ?
                           3 laptop  +  +  \\  ?
                           4 server  ?  ?  ?  \\
                          + fine   - shut out   x fails   ! arrives, but must not   ? unknown   . nothing is asked
                        4 machines, 24 packets followed: of the pairs 4 fine, 2 failing, 6 unknown
                          failing: hub: no end can begin: none knows where the other is: it has no endpoint for laptop, which does\
                         not begin by itself: no keepalive for hub; 4 of them, as hub to 10.9.0.7 of laptop
                          unknown: cannot be said: server: PostUp runs magic; 12 of them, as hub to 10.9.0.9 of server

                        """);
    }

    @Test
    void ofManyOnlyWhatIsWrong() {
        SmallWorld small = new SmallWorld();
        List<String> many = IntStream.range(0, 40).mapToObj(i -> "host" + i).toList();
        many.forEach(name -> small.add(name)
                .on("lan", "eth0", "192.168.1." + (100 + many.indexOf(name)) + "/24")
                .wg("10.9.0." + (100 + many.indexOf(name)) + "/32")
                .peer("hub", "192.168.1.1:4296", 0, "0.0.0.0/0")
                .ruled()
                .tunnelled("10.9.0.0/24"));
        String text = ProofText.of(Proof.check(small.world(), many, Service.PING));
        assertThat(text.lines().count()).isLessThan(60);
        assertThat(text).contains("host0 asks 39 others in vain").contains("does not know the key of wg0 on host0");
    }
}
