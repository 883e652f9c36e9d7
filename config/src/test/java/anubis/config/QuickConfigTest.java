package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import anubis.config.QuickConfig.DnsSettings;
import anubis.config.QuickConfig.ExtraPorts;
import anubis.config.QuickConfig.Hook;
import anubis.config.QuickConfig.Table;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuickConfigTest {
    @Test
    void readsEverySetting() throws ConfigException {
        QuickConfig config = QuickConfig.parse("wg0.conf", """
                [Interface]
                ListenPort = 4296
                Address = 10.0.0.1/24, fd00::1/64
                address = 10.0.1.1
                DNS = 10.0.0.53, example.org,
                MTU = 1380
                Table = 1234
                PreUp = echo %i; true
                PostUp = a  b
                PostUp = c
                PostDown = d # a comment
                SaveConfig = true
                #: Kernel = true
                #: ExtraPorts = 53,443 on eth0
                # : nothing = of ours
                [Peer]
                #: Name = Xena's laptop
                PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
                """);

        assertThat(config.addresses()).map(Cidr::toString).containsExactly("10.0.0.1/24", "fd00::1/64", "10.0.1.1/32");
        assertThat(config.dns()).isEqualTo(new DnsSettings(List.of("10.0.0.53"), List.of("example.org")));
        assertThat(config.mtu()).hasValue(1380);
        assertThat(config.table()).isEqualTo(new Table.Numbered(1234));
        assertThat(config.hooks())
                .containsExactly(
                        new Hook(QuickSetting.Key.PreUp, "echo %i; true"),
                        new Hook(QuickSetting.Key.PostUp, "a  b"),
                        new Hook(QuickSetting.Key.PostUp, "c"),
                        new Hook(QuickSetting.Key.PostDown, "d"));
        assertThat(config.saveConfig()).isTrue();
        assertThat(config.kernel()).isTrue();
        assertThat(config.extraPorts()).contains(new ExtraPorts(List.of(53, 443), List.of("eth0")));
        assertThat(config.wireguard().peers().getFirst().name()).isEqualTo(Optional.of("Xena's laptop"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            Address = 10.0.0.300/24          | Address: this value will not do; write 10.0.0.1/24
            DNS = a!b                        | DNS: this value will not do
            DNS = 10.0.0.53, --help          | DNS: this value will not do
            MTU = 100                        | MTU: this value will not do; write a number of bytes
            Table = fast                     | Table: this value will not do; write auto, off, main
            SaveConfig = yes                 | SaveConfig: this value will not do; write true or false
            '#: ExtraPorts = 53'               | ExtraPorts: this value will not do; write ports and interfaces
            '#: ExtraPorts = 0 on eth0'        | ExtraPorts: this value will not do
            '#: ExtraPorts = 53 on ../x'       | ExtraPorts: this value will not do
            ExtraPorts = 53 on eth0          | ExtraPorts: wg-quick does not know this setting; write it in a comment: #: ExtraPorts
            '#: MTU = 1400'                    | MTU: this setting is in a comment; write it without #:
            '#: ListenPort = 1'                | ListenPort: this setting is in a comment
            '#: Colour = red'                  | Colour: there is no such setting
            '#: [Peer]'                        | line: this is neither
            Name = x                         | Name: there is no such setting
            """)
    void saysWhatIsWrongAndWhere(String line, String complaint) {
        assertThatThrownBy(() -> QuickConfig.parse("wg0.conf", "[Interface]\n" + line + "\n"))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("wg0.conf:2: " + complaint);
    }

    @Test
    void blanksSeparateAsCommasDoAndTruthIsOfAnyCase() throws ConfigException {
        QuickConfig config = QuickConfig.parse(
                "wg0.conf", "[Interface]\nAddress = 10.0.0.1/24 fd00::1/64\nDNS = 10.0.0.53\ta.b c.d\nSaveConfig=True");

        assertThat(config.addresses()).map(Cidr::toString).containsExactly("10.0.0.1/24", "fd00::1/64");
        assertThat(config.dns()).isEqualTo(new DnsSettings(List.of("10.0.0.53"), List.of("a.b", "c.d")));
        assertThat(config.saveConfig()).isTrue();
    }

    @Test
    void extraPortsNeedAPortToLeadTo() {
        assertThatThrownBy(() -> QuickConfig.parse("wg0.conf", "[Interface]\n#: ExtraPorts = 53 on eth0\n"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("ExtraPorts: there is no port");
    }

    @Test
    void aFileCannotTakeAllowedIpsAway() {
        assertThatThrownBy(() -> QuickConfig.parse(
                        "wg0.conf", "[Interface]\n[Peer]\n" + HostStateTest.KEY + "AllowedIPs = -10.0.0.0/8\n"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("cannot take allowed IPs away");
    }
}
