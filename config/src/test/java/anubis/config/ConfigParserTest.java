package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import anubis.config.ConfigParser.Dialect;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigParserTest {
    private static final String KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
    private static final String PEER = "[Peer]\nPublicKey = " + KEY + "\n";

    private static WireGuardConfig parse(String text) throws ConfigException {
        return ConfigParser.parse("wg0.conf", text, Dialect.WG);
    }

    private static List<ConfigException.Problem> problems(String text) {
        return catchThrowableOfType(ConfigException.class, () -> parse(text)).problems();
    }

    @Test
    void theExampleOfTheManual() throws ConfigException {
        WireGuardConfig config = parse("""
                [Interface]
                PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=
                ListenPort = 51820

                [Peer]
                PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
                Endpoint = 192.95.5.67:1234
                AllowedIPs = 10.192.122.3/32, 10.192.124.1/24

                [Peer]
                PublicKey = gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA=
                Endpoint = test.wireguard.com:18981
                AllowedIPs = 10.10.10.230/32
                """);
        assertThat(config.device().listenPort()).hasValue(51820);
        assertThat(config.device().privateKey()).isPresent();
        assertThat(config.device().fwMark()).isEmpty();
        PeerConfig first = config.peers().getFirst();
        assertThat(first.endpoint()).contains(new Endpoint("192.95.5.67", 1234));
        assertThat(first.allowedIps().prefixes())
                .containsExactly(Cidr.parse("10.192.122.3"), Cidr.parse("10.192.124.1/24"));
        assertThat(config.peers().getLast().endpoint().orElseThrow().isLiteral())
                .isFalse();
    }

    @Test
    void theLastOfARepeatedKeyCountsButAllowedIpsAddUp() throws ConfigException {
        WireGuardConfig config = parse("[Interface]\nListenPort=1\n" + PEER
                + "AllowedIPs=::/0\nAllowedIPs=\nAllowedIPs=1.1.1.1\n[Interface]\nListenPort=2");
        assertThat(config.device().listenPort()).hasValue(2);
        assertThat(config.peers().getFirst().allowedIps().prefixes()).hasSize(2);
    }

    @Test
    void allowedIpsWithSignsAreAChange() throws ConfigException {
        AllowedIps ips = parse(PEER + "AllowedIPs = +10.0.0.0/8, -::/0")
                .peers()
                .getFirst()
                .allowedIps();
        assertThat(ips).isEqualTo(AllowedIps.changed(List.of(Cidr.parse("10.0.0.0/8")), List.of(Cidr.parse("::/0"))));
    }

    @Test
    void wgQuickKeepsTheWhiteSpaceOfACommand() throws ConfigException {
        String text = "[Interface]\npostup =  ip  rule add # why\nAddress=10.0.0.1/24\n";
        WireGuardConfig config = ConfigParser.parse("wg0.conf", text, Dialect.WG_QUICK);
        assertThat(config.quick())
                .containsExactly(
                        new QuickSetting(2, QuickSetting.Key.PostUp, "ip  rule add"),
                        new QuickSetting(3, QuickSetting.Key.Address, "10.0.0.1/24"));
        assertThat(problems(text)).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        PrivateKey=                                      | this is not a key
        PrivateKey=yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBml= | this is not a key
        ListenPort=                                      | the value is missing
        ListenPort=65536                                 | '65536' will not do
        ListenPort=+5                                    | '+5' will not do
        ListenPort=٥                                     | a value of 1 characters will not do
        ListenPort=yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJ   | a value of 35 characters will not do
        FwMark=0x100000000                               | '0x100000000' will not do
        FwMark=0x                                        | '0x' will not do
        FwMark=-1                                        | '-1' will not do
        PublicKey=x                                      | this setting does not belong here
        Address=10.0.0.1/24                              | only wg-quick knows this setting
        Foo=1                                            | there is no such setting in [Interface]
        yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=     | this is neither a section nor a setting
        [Foo]                                            | this is neither a section nor a setting
        ; text                                           | this is neither a section nor a setting
        """)
    void whatIsWrongInAnInterface(String line, String fault) {
        assertThat(problems("[Interface]\n" + line)).singleElement().satisfies(problem -> {
            assertThat(problem.line()).isEqualTo(2);
            assertThat(problem.fault()).isEqualTo(fault);
            assertThat(problem.remedy()).isNotBlank();
            assertThat(problem.toString()).startsWith("wg0.conf:2: ").doesNotContain("yAnz5TF+lXX");
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "AllowedIPs=10.0.0.0/8,",
                "AllowedIPs=10.0.0.0/33",
                "AllowedIPs=10.0.0.0/",
                "AllowedIPs=+",
                "AllowedIPs=::1%lo",
                "Endpoint=1.2.3.4",
                "Endpoint=1.2.3.4:",
                "Endpoint=[::1]",
                "Endpoint=[::1]5",
                "Endpoint=:5",
                "Endpoint=a:70000",
                "PersistentKeepalive=65536",
                "PresharedKey=x",
                "ListenPort=5",
                "Address=10.0.0.1/24"
            })
    void whatIsWrongInAPeer(String line) {
        assertThat(problems(PEER + line))
                .singleElement()
                .extracting(ConfigException.Problem::line)
                .isEqualTo(3);
    }

    @Test
    void everythingWrongIsSaidAtOnceAndInTheOrderOfLines() {
        assertThat(problems("X=1\n[Interface]\nListenPort=x\n[Peer]\nEndpoint=y\n[Peer]\nPublicKey=z\nFwMark=1"))
                .extracting(ConfigException.Problem::line)
                .containsExactly(1, 3, 5, 4, 7, 8);
    }
}
