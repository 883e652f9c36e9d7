package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PhoneConfigTest {
    private static final String INTERFACE = """
            [Interface]
            PrivateKey = UMlAztNylJahPmTyjthNAQm7HMVlsE4AelA6Ansk2GI=
            Address = 10.0.0.2/32
            """;
    private static final String PEER = "[Peer]\nPublicKey = Qu3nLiZfjn1JQbf257LaTTRh12fADisYeNw+++ue5g0=\n";
    private static final String OTHER = "[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n";

    private static PhoneConfig phone(String text) throws ConfigException {
        return PhoneConfig.of("phone.conf", QuickConfig.parse("phone.conf", text));
    }

    @Test
    void nothingThatAPhoneCanDoWithout() throws ConfigException {
        PhoneConfig phone = phone("""
                # The phone of the example
                [Interface]
                PrivateKey = UMlAztNylJahPmTyjthNAQm7HMVlsE4AelA6Ansk2GI=
                Address = 10.192.122.3/32, fd00:abc::3/64
                DNS = 10.192.122.1
                DNS = example.org
                MTU = 1380
                ListenPort = 0
                FwMark = 0x77
                Table = 1234
                SaveConfig = true
                PostUp = echo up
                PreDown = echo down
                PostUp = echo again
                #: Kernel = true

                [Peer]
                #: Name = hub
                PublicKey = Qu3nLiZfjn1JQbf257LaTTRh12fADisYeNw+++ue5g0=
                PresharedKey = UMlAztNylJahPmTyjthNAQm7HMVlsE4AelA6Ansk2GI=
                AllowedIPs = 10.1.2.3/8, fd00::/65, fd00:0:0:0:8000::/65
                Endpoint = [2001:db8::1]:51820
                PersistentKeepalive = off
                """);

        assertThat(phone.text()).isEqualTo("""
                [Interface]
                PrivateKey=UMlAztNylJahPmTyjthNAQm7HMVlsE4AelA6Ansk2GI=
                Address=10.192.122.3,FD00:ABC::3/64
                DNS=10.192.122.1,example.org
                MTU=1380
                [Peer]
                PublicKey=Qu3nLiZfjn1JQbf257LaTTRh12fADisYeNw+++ue5g0=
                PresharedKey=UMlAztNylJahPmTyjthNAQm7HMVlsE4AelA6Ansk2GI=
                AllowedIPs=10.0.0.0/8,FD00::/64
                Endpoint=[2001:db8::1]:51820""");
        assertThat(phone.leftOut()).containsExactly("FwMark", "Table", "SaveConfig", "PostUp", "PreDown");
        assertThat(phone).asString().doesNotContain("UMlAztN");
    }

    @Test
    void defaultsAreLeftOutWithoutAWord() throws ConfigException {
        PhoneConfig phone = phone(INTERFACE + "FwMark = off\nTable = auto\nSaveConfig = false\n#: Kernel = true\n");

        assertThat(phone.text()).doesNotContain("FwMark", "Table", "SaveConfig", "Kernel");
        assertThat(phone.leftOut()).isEmpty();
    }

    @Test
    void saysWhatAPhoneCannotDoWithout() {
        assertThatThrownBy(() -> phone("[Interface]\n" + PEER))
                .isInstanceOf(ConfigException.class)
                .hasMessage("""
                        phone.conf:1: PrivateKey: a phone cannot do without; add it below [Interface]
                        phone.conf:1: Address: a phone cannot do without; add it below [Interface]""");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                10.0.0.0/9, 10.128.0.0/9                    | 10.0.0.0/8
                10.0.0.128/25, 10.0.0.0/26, 10.0.0.64/26    | 10.0.0.0/24
                10.0.0.0/8, 10.1.0.0/16, 10.0.0.0/8         | 10.0.0.0/8
                10.0.1.0/24, 10.0.2.0/24                    | 10.0.1.0/24, 10.0.2.0/24
                0.0.0.0/1, 128.0.0.0/1, ::/1, 8000::/1      | 0.0.0.0/1, 128.0.0.0/1, ::/1, 8000::/1
                0.0.0.0/0, 10.0.0.0/8, ::/0, fd00::/8       | 0.0.0.0/0, ::/0
                10.0.0.2/32, 10.0.0.3/32, fd00::2, fd00::3  | 10.0.0.2/31, fd00::2/127
                ::/96, 0.0.0.0/32                           | 0.0.0.0/32, ::/96
                """)
    void adjacentAndContainedPrefixesAreMerged(String given, String merged) {
        assertThat(PhoneConfig.aggregated(prefixes(given))).isEqualTo(prefixes(merged));
    }

    private static List<Cidr> prefixes(String text) {
        return Stream.of(text.split(", ", -1)).map(Cidr::parse).toList();
    }

    /** A table of bits says which addresses of a /24 are in a prefix; the result has just these, and could be no shorter. */
    @Test
    void mergedPrefixesHoldTheSameAddresses() {
        Random random = new Random(20);
        for (int round = 0; round < 2000; round++) {
            List<Cidr> given = new ArrayList<>();
            for (int i = random.nextInt(12); i >= 0; i--) {
                given.add(Cidr.parse("10.0.0." + random.nextInt(256) + "/" + (25 + random.nextInt(8))));
            }
            List<Cidr> merged = PhoneConfig.aggregated(given);
            assertThat(addresses(merged)).as("%s", given).isEqualTo(addresses(given));
            assertThat(merged).as("%s", given).hasSize(fewest(addresses(given), 0, 256));
        }
    }

    private static BitSet addresses(List<Cidr> prefixes) {
        BitSet addresses = new BitSet();
        for (Cidr prefix : prefixes) {
            int first = prefix.masked().address().getAddress()[3] & 0xff;
            addresses.set(first, first + (1 << (32 - prefix.length())));
        }
        return addresses;
    }

    private static int fewest(BitSet addresses, int from, int to) {
        int count = addresses.get(from, to).cardinality();
        if (count == 0 || count == to - from) {
            return count == 0 ? 0 : 1;
        }
        int half = (from + to) / 2;
        return fewest(addresses, from, half) + fewest(addresses, half, to);
    }

    /** The longest prefix decides whose an address is, so nothing that another peer has a part in may change its length. */
    @Test
    void prefixesThatOverlapAnotherPeersStayAsTheyAre() throws ConfigException {
        PhoneConfig phone = phone(INTERFACE + PEER + "AllowedIPs = 10.0.0.0/8, 10.1.2.0/24, 10.1.3.1/24\n" + OTHER
                + "AllowedIPs = 10.1.0.0/16, 172.16.0.0/13, 172.24.0.0/13\n"
                + "[Peer]\nPublicKey = TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=\n"
                + "AllowedIPs = 192.168.0.0/17, 192.168.128.0/17\n");

        assertThat(phone.text())
                .contains("AllowedIPs=10.0.0.0/8,10.1.2.0/24,10.1.3.0/24\n")
                .contains("AllowedIPs=10.1.0.0/16,172.16.0.0/13,172.24.0.0/13\n")
                .contains("AllowedIPs=192.168.0.0/16");
    }

    @Test
    void readAgainItIsTheSameConfiguration() throws ConfigException {
        String text = INTERFACE + "DNS = 9.9.9.9\nMTU = 1300\nListenPort = 7\n" + PEER
                + "AllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = vpn.example.org:51820\nPersistentKeepalive = 25\n";
        QuickConfig before = QuickConfig.parse("before", text);
        QuickConfig after = QuickConfig.parse("after", phone(text).text());

        assertThat(after.wireguard().device()).isEqualTo(before.wireguard().device());
        assertThat(after.wireguard().peers()).isEqualTo(before.wireguard().peers());
        assertThat(after.addresses()).isEqualTo(before.addresses());
        assertThat(after.dns()).isEqualTo(before.dns());
        assertThat(after.mtu()).isEqualTo(before.mtu());
    }
}
